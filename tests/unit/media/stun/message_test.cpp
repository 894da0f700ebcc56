#include "media/stun/message.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <vector>

namespace media::stun {
namespace {

using Bytes = std::vector<uint8_t>;

Sha1Digest hmac(ByteSpan key, ByteSpan message) {
  Sha1Digest out{};
  unsigned size = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
       out.data(), &size);
  return out;
}

ByteSpan bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";  // RFC 5769 section 2

// RFC 5769 section 2.1.
const Bytes kRequest = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

// RFC 5769 section 2.2.
const Bytes kResponseV4 = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
    0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};

// RFC 5769 section 2.3.
const Bytes kResponseV6 = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
    0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
    0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

constexpr TransactionId kId = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

TEST(StunMessage, ReadsTheRequestOfRfc5769) {
  const auto m = MessageView::parse(kRequest);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->message_class(), Class::Request);
  EXPECT_EQ(m->username(), "evtj:h6vY");
  EXPECT_EQ(m->priority(), 0x6e0001ffU);
  EXPECT_EQ(m->ice_controlled(), 0x932ff9b151263b36ULL);
  EXPECT_FALSE(m->ice_controlling());
  EXPECT_FALSE(m->use_candidate());
  EXPECT_TRUE(m->has_fingerprint());
  EXPECT_TRUE(m->unknown_required().empty());
  EXPECT_TRUE(m->verify_integrity(hmac, bytes_of(kPassword)));
  EXPECT_EQ(peek_username(kRequest), "evtj:h6vY");
}

TEST(StunMessage, ReadsTheResponsesOfRfc5769) {
  const auto v4 = MessageView::parse(kResponseV4);
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->message_class(), Class::Success);
  EXPECT_EQ(v4->xor_mapped_address()->to_string(), "192.0.2.1:32853");
  EXPECT_TRUE(v4->verify_integrity(hmac, bytes_of(kPassword)));

  const auto v6 = MessageView::parse(kResponseV6);
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->xor_mapped_address()->to_string(), "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
  EXPECT_TRUE(v6->verify_integrity(hmac, bytes_of(kPassword)));
}

TEST(StunMessage, IntegrityFailsForAnotherPasswordAndForAnyChangedByte) {
  EXPECT_FALSE(
      MessageView::parse(kRequest)->verify_integrity(hmac, bytes_of("another password here!")));
  // Without the FINGERPRINT (last 8 bytes) every change must be caught by the HMAC alone.
  Bytes bare(kRequest.begin(), kRequest.end() - 8);
  store_be16(bare.data() + 2, static_cast<uint16_t>(bare.size() - kHeaderSize));
  ASSERT_TRUE(MessageView::parse(bare)->verify_integrity(hmac, bytes_of(kPassword)));
  for (size_t i = 0; i < bare.size(); ++i) {
    Bytes changed = bare;
    changed[i] ^= 1;
    const auto m = MessageView::parse(changed);
    EXPECT_FALSE(m && m->verify_integrity(hmac, bytes_of(kPassword))) << "byte " << i;
  }
}

TEST(StunMessage, AnyChangedByteBreaksTheFingerprint) {
  for (size_t i = 0; i < kRequest.size(); ++i) {
    Bytes changed = kRequest;
    changed[i] ^= 0x10;
    const auto m = MessageView::parse(changed);
    EXPECT_FALSE(m && m->has_fingerprint()) << "byte " << i;
  }
}

TEST(StunMessage, EveryTruncationIsRefused) {
  for (size_t n = 0; n < kRequest.size(); ++n) {
    EXPECT_FALSE(MessageView::parse(ByteSpan(kRequest).first(n))) << n;
    EXPECT_TRUE(peek_username(ByteSpan(kRequest).first(n)).empty()) << n;
  }
}

TEST(StunMessage, BuiltRequestReadsBack) {
  std::array<uint8_t, 256> buffer{};
  MessageBuilder b(buffer, Class::Request, kId);
  b.username("server:client").priority(7).use_candidate().ice_controlling(99).software("tongke");
  const size_t size = b.finish(hmac, bytes_of(kPassword));
  ASSERT_NE(size, 0U);
  const auto m = MessageView::parse(ByteSpan(buffer).first(size));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->transaction_id(), kId);
  EXPECT_EQ(m->username(), "server:client");
  EXPECT_EQ(m->priority(), 7U);
  EXPECT_TRUE(m->use_candidate());
  EXPECT_EQ(m->ice_controlling(), 99U);
  EXPECT_TRUE(m->has_fingerprint());
  EXPECT_TRUE(m->verify_integrity(hmac, bytes_of(kPassword)));
}

TEST(StunMessage, BuiltMappedAddressesReadBack) {
  for (const char* ip : {"203.0.113.9", "2001:db8::7"}) {
    const Address address = *Address::parse(ip, 4711);
    std::array<uint8_t, 128> buffer{};
    const size_t size = MessageBuilder(buffer, Class::Success, kId)
                            .xor_mapped_address(address)
                            .finish(hmac, bytes_of(kPassword));
    const auto m = MessageView::parse(ByteSpan(buffer).first(size));
    ASSERT_TRUE(m) << ip;
    EXPECT_EQ(m->xor_mapped_address(), address);
  }
}

TEST(StunMessage, BuiltErrorReadsBack) {
  std::array<uint8_t, 128> buffer{};
  const std::array<uint16_t, 2> unknown = {0x7001, 0x7002};
  MessageBuilder b(buffer, Class::Error, kId);
  b.error_code(kUnknownAttribute, "Unknown Attribute").unknown_attributes(unknown);
  const size_t size = b.finish_without_integrity();
  const auto m = MessageView::parse(ByteSpan(buffer).first(size));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->message_class(), Class::Error);
  EXPECT_EQ(m->error_code(), 420);
  EXPECT_FALSE(m->has_integrity());
  EXPECT_FALSE(m->verify_integrity(hmac, bytes_of(kPassword)));
}

TEST(StunMessage, BuilderSaysWhenTheBufferIsTooSmall) {
  for (size_t room = 0; room < 52; ++room) {
    std::vector<uint8_t> buffer(room);
    EXPECT_EQ(
        MessageBuilder(buffer, Class::Request, kId).priority(1).finish(hmac, bytes_of(kPassword)),
        0U)
        << room;
  }
}

TEST(StunMessage, UnknownRequiredAttributesAreListedOptionalOnesAreNot) {
  Bytes m = {0, 1, 0,    16,   0x21, 0x12, 0xa4, 0x42, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0,
             0, 0, 0x7f, 0x01, 0,    1,    9,    0,    0, 0, 0xff, 0x01, 0, 1, 9, 0, 0, 0};
  const auto view = MessageView::parse(m);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->unknown_required().size(), 1U);
  EXPECT_EQ(view->unknown_required()[0], 0x7f01);
}

TEST(StunMessage, AttributesBehindIntegrityAreNotTrusted) {
  // A USE-CANDIDATE put behind MESSAGE-INTEGRITY is not covered by it and must not count.
  std::array<uint8_t, 256> buffer{};
  MessageBuilder b(buffer, Class::Request, kId);
  b.username("a:b");
  const size_t size = b.finish(hmac, bytes_of(kPassword));
  Bytes forged(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size - 8));
  forged.insert(forged.end(), {0x00, 0x25, 0x00, 0x00});
  store_be16(forged.data() + 2, static_cast<uint16_t>(forged.size() - kHeaderSize));
  const auto m = MessageView::parse(forged);
  ASSERT_TRUE(m);
  EXPECT_TRUE(m->verify_integrity(hmac, bytes_of(kPassword)));
  EXPECT_FALSE(m->use_candidate());
}

TEST(StunMessage, OtherMethodsAndOversizeAreRefusedByName) {
  Bytes allocate = kRequest;
  allocate[1] = 0x03;
  EXPECT_EQ(MessageView::parse(allocate).error().code, Errc::Unsupported);
  EXPECT_EQ(MessageView::parse(Bytes(kMaxMessage + 4)).error().code, Errc::TooLarge);
}

TEST(StunMessage, OfTwoUsernamesTheFirstCountsEverywhere) {
  std::array<uint8_t, 256> buffer{};
  MessageBuilder b(buffer, Class::Request, kId);
  const size_t size = b.username("mine:a").username("other:b").finish(hmac, bytes_of(kPassword));
  const ByteSpan bytes = ByteSpan(buffer).first(size);
  EXPECT_EQ(MessageView::parse(bytes)->username(), "mine:a");
  EXPECT_EQ(peek_username(bytes), "mine:a");
}

TEST(StunMessage, PeekIgnoresResponsesAndMedia) {
  EXPECT_TRUE(peek_username(kResponseV4).empty());
  EXPECT_TRUE(peek_username(Bytes(64, 0x80)).empty());
}

}  // namespace
}  // namespace media::stun
