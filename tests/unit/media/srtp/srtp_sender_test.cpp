#include "media/srtp/srtp_sender.h"

#include <gtest/gtest.h>

#include "srtp_fixture.h"

namespace media::srtp {
namespace {

class Sender : public testing::TestWithParam<Setting> {};

TEST_P(Sender, leaves_the_header_readable_and_hides_the_payload) {
  SrtpSender sender(GetParam().profile, make_master(1), GetParam().backend);
  const Bytes plain = make_rtp(77, 100, 200, 2, true);
  Bytes slot = plain;
  slot.resize(plain.size() + kRoom);
  const size_t header = header_size(2, true);
  const size_t size = sender.seal_rtp(slot, header, plain.size(), 100);
  EXPECT_EQ(size, plain.size() + tag_size(GetParam().profile));
  EXPECT_TRUE(
      std::equal(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(header), slot.begin()));
  EXPECT_FALSE(std::equal(plain.begin() + static_cast<std::ptrdiff_t>(header), plain.end(),
                          slot.begin() + static_cast<std::ptrdiff_t>(header)));
}

TEST_P(Sender, protects_the_same_sequence_number_differently_after_a_rollover) {
  SrtpSender sender(GetParam().profile, make_master(1), GetParam().backend);
  Bytes first = make_rtp(77, 100, 50);
  first.resize(first.size() + kRoom);
  Bytes second = first;
  sender.seal_rtp(first, 12, 62, 100);
  sender.seal_rtp(second, 12, 62, 65536 + 100);
  EXPECT_NE(first, second);
}

TEST_P(Sender, numbers_rtcp_from_one) {
  SrtpSender sender(GetParam().profile, make_master(1), GetParam().backend);
  for (uint32_t i = 1; i <= 3; ++i) {
    Bytes slot = make_rtcp(9);
    const size_t plain = slot.size();
    slot.resize(plain + kRoom);
    const size_t size = sender.seal_rtcp(slot, plain);
    ASSERT_EQ(size, plain + tag_size(GetParam().profile) + kRtcpIndex);
    const size_t at = is_aead(GetParam().profile) ? size - 4 : plain;
    EXPECT_EQ(load_be32(slot.data() + at), 0x80000000u | i);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Sender, testing::ValuesIn(all_settings()), setting_name);

}  // namespace
}  // namespace media::srtp
