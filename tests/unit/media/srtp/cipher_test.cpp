#include "media/srtp/cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

#include "media/srtp/packet_iv.h"
#include "srtp_fixture.h"

namespace media::srtp {
namespace {

Salt salt_of(const std::string& hex) {
  Salt salt{};
  std::ranges::copy(from_hex(hex), salt.begin());
  return salt;
}

class GcmVectors : public testing::TestWithParam<Backend> {};

// RFC 7714 section 16.1.1.
TEST_P(GcmVectors, seals_the_rtp_packet_of_rfc_7714) {
  GcmCipher cipher(from_hex("000102030405060708090a0b0c0d0e0f"), GetParam());
  const Bytes header = from_hex("8040f17b8041f8d35501a0b2");
  Bytes text =
      from_hex("47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
  Bytes tag(kGcmTag);
  cipher.seal(gcm_iv(salt_of("517569642070726f2071756f"), 0x5501a0b2, 0xf17b), header, text,
              tag.data());
  EXPECT_EQ(
      text,
      from_hex("f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"));
  EXPECT_EQ(tag, from_hex("899d7f27beb16a9152cf765ee4390cce"));
}

// RFC 7714 section 17.1.
TEST_P(GcmVectors, seals_the_rtcp_packet_of_rfc_7714) {
  GcmCipher cipher(from_hex("000102030405060708090a0b0c0d0e0f"), GetParam());
  const Bytes aad = from_hex("81c8000d4d617273800005d4");
  Bytes text = from_hex(
      "4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
  Bytes tag(kGcmTag);
  cipher.seal(gcm_iv(salt_of("517569642070726f2071756f"), 0x4d617273, 0x5d4), aad, text,
              tag.data());
  EXPECT_EQ(
      text,
      from_hex("63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded"
               "0bb9275b"));
  EXPECT_EQ(tag, from_hex("c84aa45896cf4d2fc5abf87245d9eade"));
}

TEST_P(GcmVectors, opens_what_it_sealed_and_refuses_any_changed_bit) {
  GcmCipher cipher(from_hex("000102030405060708090a0b0c0d0e0f"), GetParam());
  const GcmIv iv = gcm_iv(Salt{}, 1, 2);
  const Bytes aad = from_hex("0011223344");
  const Bytes plain = from_hex("00112233445566778899aabbccddeeff0011223344");
  Bytes sealed = plain;
  Bytes tag(kGcmTag);
  cipher.seal(iv, aad, sealed, tag.data());
  for (size_t bit = 0; bit < tag.size() * 8; ++bit) {
    Bytes copy = sealed;
    Bytes wrong = tag;
    wrong[bit / 8] = static_cast<uint8_t>(wrong[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_FALSE(cipher.open(iv, aad, copy, wrong.data())) << bit;
  }
  EXPECT_TRUE(cipher.open(iv, aad, sealed, tag.data()));
  EXPECT_EQ(sealed, plain);
}

INSTANTIATE_TEST_SUITE_P(Backends, GcmVectors, testing::Values(Backend::IpsecMb, Backend::OpenSsl),
                         [](const auto& test) {
                           return test.param == Backend::IpsecMb ? "IpsecMb" : "OpenSsl";
                         });

TEST(GcmBackends, agree_on_every_length_and_key_size) {
  if (!has_ipsec_mb()) GTEST_SKIP() << "this CPU has no AES-NI";
  SplitMix64 rng(7);
  for (const size_t key_bytes : {size_t{16}, size_t{32}}) {
    Bytes key(key_bytes);
    rng.fill(key);
    GcmCipher fast(key, Backend::IpsecMb);
    GcmCipher plain(key, Backend::OpenSsl);
    for (size_t size = 0; size < 1500; size += size < 300 ? 1 : 37) {
      Bytes a(size);
      rng.fill(a);
      Bytes b = a;
      Bytes aad(12 + size % 41);
      rng.fill(aad);
      Bytes tag_a(kGcmTag);
      Bytes tag_b(kGcmTag);
      const GcmIv iv = gcm_iv(Salt{}, rng.next_u32(), static_cast<int64_t>(rng.below(1ULL << 48)));
      fast.seal(iv, aad, a, tag_a.data());
      plain.seal(iv, aad, b, tag_b.data());
      ASSERT_EQ(a, b) << size;
      ASSERT_EQ(tag_a, tag_b) << size;
      ASSERT_TRUE(fast.open(iv, aad, a, tag_b.data()));
      ASSERT_TRUE(plain.open(iv, aad, b, tag_a.data()));
      ASSERT_EQ(a, b);
    }
  }
}

class CmVectors : public testing::TestWithParam<Backend> {};

// RFC 3711 appendix B.2.
TEST_P(CmVectors, makes_the_key_stream_of_rfc_3711) {
  SessionKeys keys;
  std::ranges::copy(from_hex("2B7E151628AED2A6ABF7158809CF4F3C"), keys.cipher.begin());
  CmCipher cipher(keys, GetParam());
  const Salt salt = salt_of("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
  Bytes stream(0xff02 * 16);
  cipher.crypt(cm_iv(salt, 0, 0), stream);
  const auto blocks = [&](size_t first, size_t count) {
    const auto at = stream.begin() + static_cast<std::ptrdiff_t>(first * 16);
    return Bytes(at, at + static_cast<std::ptrdiff_t>(count * 16));
  };
  EXPECT_EQ(
      blocks(0, 3),
      from_hex("E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD"
               "477901E4FCA894C0"));
  EXPECT_EQ(
      blocks(0xfeff, 3),
      from_hex("EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE6A2CC3787889374F"
               "BEB4C81B17BA6C44"));
}

// RFC 2202 test cases 1 and 2, cut to 80 bits.
TEST_P(CmVectors, authenticates_as_rfc_2202) {
  SessionKeys keys;
  keys.auth.fill(0x0b);
  CmCipher cipher(keys, GetParam());
  Bytes message = {'H', 'i', ' ', '_', '_', '_', '_', '_'};
  const Bytes suffix = {'T', 'h', 'e', 'r', 'e'};
  const Bytes before = message;
  Bytes tag(kSha1Tag);
  for (int repeat = 0; repeat < 2; ++repeat) {
    cipher.authenticate(MutableByteSpan(message).first(3), suffix, tag.data());
    EXPECT_EQ(tag, from_hex("b617318655057264e28b"));
    EXPECT_EQ(message, before) << "what the suffix borrowed is as before";
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, CmVectors, testing::Values(Backend::IpsecMb, Backend::OpenSsl),
                         [](const auto& test) {
                           return test.param == Backend::IpsecMb ? "IpsecMb" : "OpenSsl";
                         });

TEST(CmBackends, agree_on_every_length) {
  if (!has_ipsec_mb()) GTEST_SKIP() << "this CPU has no AES-NI";
  SplitMix64 rng(8);
  SessionKeys keys;
  rng.fill(keys.cipher);
  rng.fill(keys.auth);
  CmCipher fast(keys, Backend::IpsecMb);
  CmCipher plain(keys, Backend::OpenSsl);
  for (size_t size = 1; size < 1500; size += size < 300 ? 1 : 37) {
    Bytes a(size + kSha1Tag);
    rng.fill(a);
    Bytes b = a;
    CtrIv iv{};
    rng.fill(iv);
    fast.crypt(iv, MutableByteSpan(a).first(size));
    plain.crypt(iv, MutableByteSpan(b).first(size));
    ASSERT_EQ(a, b) << size;
    const Bytes suffix(size % 5, 0x5a);
    Bytes tag_a(kSha1Tag);
    Bytes tag_b(kSha1Tag);
    fast.authenticate(MutableByteSpan(a).first(size), suffix, tag_a.data());
    plain.authenticate(MutableByteSpan(b).first(size), suffix, tag_b.data());
    ASSERT_EQ(tag_a, tag_b) << size;
    ASSERT_EQ(a, b) << size;
  }
}

// A worker thread seals while another opens: jobs of one must not come out at the other.
TEST(CmBackends, work_on_several_threads_at_once) {
  SessionKeys keys;
  keys.auth.fill(7);
  Bytes expected(kSha1Tag);
  Bytes message(1000, 3);
  CmCipher(keys, Backend::OpenSsl).authenticate(message, {}, expected.data());
  std::vector<std::thread> threads;
  std::array<int, 4> wrong{};
  for (int& count : wrong) {
    threads.emplace_back([&count, &keys, &expected] {
      CmCipher cipher(keys, Backend::IpsecMb);
      Bytes own(1000, 3);
      Bytes tag(kSha1Tag);
      for (int i = 0; i < 2000; ++i) {
        cipher.authenticate(own, {}, tag.data());
        count += tag == expected ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
}

TEST(Backends, say_which_code_was_chosen) {
  const bool fast = has_ipsec_mb();
  EXPECT_STREQ(backend_name(), fast ? "ipsec-mb" : "openssl");
  EXPECT_EQ(std::string(backend_arch()).empty(), !fast);
  EXPECT_EQ(resolve(Backend::IpsecMb, Profile::AesCm128HmacSha1),
            fast ? Backend::IpsecMb : Backend::OpenSsl);
  EXPECT_EQ(resolve(Backend::OpenSsl, Profile::AeadAes128Gcm), Backend::OpenSsl);
}

}  // namespace
}  // namespace media::srtp
