#include "media/srtp/srtp_receiver.h"

#include <gtest/gtest.h>

#include "media/srtp/cipher.h"
#include "media/srtp/packet_iv.h"
#include "media/srtp/srtp_sender.h"
#include "srtp_fixture.h"

namespace media::srtp {
namespace {

class Receiver : public testing::TestWithParam<Setting> {
 protected:
  Bytes seal(uint32_t ssrc, int64_t index, size_t payload = 40, size_t csrcs = 0,
             bool extension = false) {
    Bytes slot = make_rtp(ssrc, static_cast<uint16_t>(index), payload, csrcs, extension);
    const size_t plain = slot.size();
    slot.resize(plain + kRoom);
    slot.resize(sender_.seal_rtp(slot, header_size(csrcs, extension), plain, index));
    return slot;
  }
  Bytes seal_rtcp(uint32_t ssrc) {
    Bytes slot = make_rtcp(ssrc);
    const size_t plain = slot.size();
    slot.resize(plain + kRoom);
    slot.resize(sender_.seal_rtcp(slot, plain));
    return slot;
  }
  // What became of a copy of `packet`: nothing when it was opened.
  std::optional<Errc> open(Bytes packet) {
    const auto plain = receiver_.open_rtp(packet);
    return plain ? std::nullopt : std::optional(plain.error().code);
  }
  std::optional<Errc> open_rtcp(Bytes packet) {
    const auto plain = receiver_.open_rtcp(packet);
    return plain ? std::nullopt : std::optional(plain.error().code);
  }

  SrtpSender sender_{GetParam().profile, make_master(3), GetParam().backend};
  SrtpReceiver receiver_{GetParam().profile, make_master(3), GetParam().backend};
};

TEST_P(Receiver, opens_every_header_shape_and_payload_length) {
  int64_t index = 1;
  for (size_t payload = 0; payload < 400; payload += 13) {
    for (const size_t csrcs : {size_t{0}, size_t{3}, size_t{15}}) {
      for (const bool extension : {false, true}) {
        Bytes packet = seal(5, index, payload, csrcs, extension);
        const auto plain = receiver_.open_rtp(packet);
        ASSERT_TRUE(plain) << plain.error().what;
        EXPECT_EQ(Bytes(plain->begin(), plain->end()),
                  make_rtp(5, static_cast<uint16_t>(index), payload, csrcs, extension));
        ++index;
      }
    }
  }
}

TEST_P(Receiver, takes_no_packet_twice) {
  const Bytes packet = seal(5, 10);
  EXPECT_EQ(open(packet), std::nullopt);
  EXPECT_EQ(open(packet), Errc::Replayed);
  const Bytes report = seal_rtcp(5);
  EXPECT_EQ(open_rtcp(report), std::nullopt);
  EXPECT_EQ(open_rtcp(report), Errc::Replayed);
}

TEST_P(Receiver, takes_packets_late_by_1023_and_not_by_1024) {
  const Bytes late = seal(5, 2000 - 1023);
  const Bytes too_late = seal(5, 2000 - 1024);
  EXPECT_EQ(open(seal(5, 2000)), std::nullopt);
  EXPECT_EQ(open(late), std::nullopt);
  EXPECT_EQ(open(too_late), Errc::Replayed);
}

TEST_P(Receiver, follows_the_rollover_counter_with_loss_and_reordering_around_the_wrap) {
  const Bytes before = seal(5, 65530);
  for (const int64_t index : {int64_t{65000}, int64_t{65500}, int64_t{65540}}) {
    EXPECT_EQ(open(seal(5, index)), std::nullopt) << index;
  }
  EXPECT_EQ(open(before), std::nullopt) << "a late packet from before the wrap";
  for (int64_t index = 66000; index < 400000; index += 20000) {
    EXPECT_EQ(open(seal(5, index)), std::nullopt) << index;
  }
}

TEST_P(Receiver, is_not_moved_by_packets_that_fail_authentication) {
  EXPECT_EQ(open(seal(5, 1000)), std::nullopt);
  for (int i = 0; i < 100; ++i) {
    Bytes forged = make_rtp(5, static_cast<uint16_t>(31000 + i * 10), 60);
    forged.resize(forged.size() + tag_size(GetParam().profile));
    EXPECT_EQ(open(forged), Errc::Unauthorized);
    forged = seal(5, 1000 + 30000);
    forged.back() = static_cast<uint8_t>(forged.back() ^ 1);
    EXPECT_EQ(open(forged), Errc::Unauthorized);
  }
  EXPECT_EQ(open(seal(5, 1001)), std::nullopt);
  EXPECT_EQ(open(seal(5, 999)), std::nullopt);
}

TEST_P(Receiver, is_not_moved_by_forged_reports) {
  Bytes forged = seal_rtcp(5);
  const size_t index_at = is_aead(GetParam().profile) ? forged.size() - 4 : forged.size() - 14;
  store_be32(forged.data() + index_at, 0xF0000000);
  EXPECT_EQ(open_rtcp(forged), Errc::Unauthorized);
  EXPECT_EQ(open_rtcp(seal_rtcp(5)), std::nullopt);
}

TEST_P(Receiver, forged_packets_use_up_no_source) {
  for (uint32_t ssrc = 1; ssrc < 1000; ++ssrc) {
    Bytes forged = make_rtp(ssrc, 1, 60);
    forged.resize(forged.size() + tag_size(GetParam().profile));
    EXPECT_EQ(open(forged), Errc::Unauthorized);
  }
  EXPECT_EQ(open(seal(5, 1)), std::nullopt);
}

TEST_P(Receiver, stops_at_32_sources_without_harm_to_those_it_has) {
  for (uint32_t ssrc = 1; ssrc <= kMaxReceiveSsrcs; ++ssrc) {
    EXPECT_EQ(open(seal(ssrc, 1)), std::nullopt);
    EXPECT_EQ(open_rtcp(seal_rtcp(ssrc)), std::nullopt);
  }
  EXPECT_EQ(open(seal(1000, 1)), Errc::TooLarge);
  EXPECT_EQ(open_rtcp(seal_rtcp(1000)), Errc::TooLarge);
  EXPECT_EQ(open(seal(32, 2)), std::nullopt);
}

TEST_P(Receiver, refuses_what_cannot_be_srtp) {
  const size_t tag = tag_size(GetParam().profile);
  EXPECT_EQ(open({}), Errc::Truncated);
  EXPECT_EQ(open(Bytes(11 + tag, 0x80)), Errc::Truncated);
  EXPECT_EQ(open(Bytes(100, 0x00)), Errc::Malformed);
  Bytes long_extension = make_rtp(5, 1, 40, 0, true);
  store_be16(long_extension.data() + 14, 0xffff);
  EXPECT_EQ(open(long_extension), Errc::Malformed);
  Bytes many_csrcs = make_rtp(5, 1, 20);
  many_csrcs[0] = 0x8f;
  EXPECT_EQ(open(many_csrcs), Errc::Malformed);
  EXPECT_EQ(open_rtcp(Bytes(11 + tag, 0x80)), Errc::Truncated);
}

TEST_P(Receiver, refuses_packets_of_another_key) {
  SrtpReceiver other(GetParam().profile, make_master(4), GetParam().backend);
  Bytes packet = seal(5, 1);
  EXPECT_FALSE(other.open_rtp(packet));
  Bytes report = seal_rtcp(5);
  EXPECT_FALSE(other.open_rtcp(report));
}

INSTANTIATE_TEST_SUITE_P(All, Receiver, testing::ValuesIn(all_settings()), setting_name);

// RFC 7714 section 9.3: a report that is authenticated but not encrypted (E = 0).
TEST(UnencryptedReports, takes_reports_that_are_authenticated_only) {
  const SessionKeys keys = derive(Profile::AeadAes128Gcm, make_master(3), Stream::Rtcp);
  GcmCipher cipher(ByteSpan(keys.cipher).first(16), Backend::Automatic);
  const Bytes plain = make_rtcp(9);
  Bytes aad = plain;
  aad.insert(aad.end(), {0, 0, 0, 42});
  Bytes packet = plain;
  packet.resize(plain.size() + kGcmTag + kRtcpIndex);
  cipher.seal(gcm_iv(keys.salt, 9, 42), aad, {}, packet.data() + plain.size());
  store_be32(packet.data() + plain.size() + kGcmTag, 42);
  SrtpReceiver receiver(Profile::AeadAes128Gcm, make_master(3));
  const auto opened = receiver.open_rtcp(packet);
  ASSERT_TRUE(opened);
  EXPECT_EQ(Bytes(opened->begin(), opened->end()), plain);
}

}  // namespace
}  // namespace media::srtp
