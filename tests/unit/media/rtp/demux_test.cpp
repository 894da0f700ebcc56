#include "media/rtp/demux.h"

#include <gtest/gtest.h>

#include <array>

namespace media::rtp {
namespace {

Protocol of(uint8_t first, uint8_t second) {
  const std::array<uint8_t, 4> datagram = {first, second, 0, 0};
  return protocol_of(datagram);
}

TEST(Demux, FollowsTheRangesOfRfc7983) {
  for (unsigned b = 0; b < 256; ++b) {
    const Protocol got = of(static_cast<uint8_t>(b), 0);
    const Protocol want = b <= 3                 ? Protocol::Stun
                          : b >= 20 && b <= 63   ? Protocol::Dtls
                          : b >= 128 && b <= 191 ? Protocol::Rtp
                                                 : Protocol::Unknown;
    EXPECT_EQ(got, want) << b;
  }
}

TEST(Demux, TellsRtcpByItsPacketTypeAsRfc5761) {
  for (unsigned type = 0; type < 256; ++type) {
    const bool is_rtcp = type >= 192 && type <= 223;
    EXPECT_EQ(of(0x80, static_cast<uint8_t>(type)), is_rtcp ? Protocol::Rtcp : Protocol::Rtp)
        << type;
  }
}

TEST(Demux, OneByteIsNothing) {
  EXPECT_EQ(protocol_of({}), Protocol::Unknown);
  EXPECT_EQ(protocol_of(std::array<uint8_t, 1>{0x80}), Protocol::Unknown);
}

}  // namespace
}  // namespace media::rtp
