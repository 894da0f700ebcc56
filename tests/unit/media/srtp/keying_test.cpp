#include "media/srtp/keying.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "srtp_fixture.h"

namespace media::srtp {
namespace {

template <size_t N>
Bytes head(const std::array<uint8_t, N>& all, size_t n) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)};
}

TEST(Keying, derives_the_session_keys_of_rfc_3711_appendix_b_3) {
  MasterKey master;
  std::ranges::copy(from_hex("E1F97A0D3E018BE0D64FA32C06DE4139"), master.key.begin());
  std::ranges::copy(from_hex("0EC675AD498AFEEBB6960B3AABE6"), master.salt.begin());
  const SessionKeys keys = derive(Profile::AesCm128HmacSha1, master, Stream::Rtp);
  EXPECT_EQ(head(keys.cipher, 16), from_hex("C61E7A93744F39EE10734AFE3FF7A087"));
  EXPECT_EQ(head(keys.salt, 14), from_hex("30CBBC08863D8C85D49DB34A9AE1"));
  EXPECT_EQ(head(keys.auth, 20), from_hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

TEST(Keying, splits_the_exporter_block_client_first) {
  Bytes block(exporter_size(Profile::AeadAes128Gcm));
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>(i);
  const auto keys = split_exporter(Profile::AeadAes128Gcm, block);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->client.key[0], 0);
  EXPECT_EQ(keys->server.key[0], 16);
  EXPECT_EQ(keys->client.salt[0], 32);
  EXPECT_EQ(keys->server.salt[0], 44);
}

TEST(Keying, refuses_an_exporter_block_of_another_profile) {
  const Bytes block(exporter_size(Profile::AeadAes128Gcm));
  EXPECT_FALSE(split_exporter(Profile::AesCm128HmacSha1, block));
}

}  // namespace
}  // namespace media::srtp
