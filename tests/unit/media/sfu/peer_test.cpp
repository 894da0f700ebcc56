#include "media/sfu/peer.h"

#include "room_fixture.h"

namespace media::sfu {
namespace {

class PeerTest : public RoomFixture {};

TEST_F(PeerTest, StrangersAmongSsrcsAndPayloadTypesAreRefused) {
  tests::RtpSample s;
  s.ssrc = Ssrc(900);
  s.payload_type = 77;
  s.payload = {1, 2, 3};
  s.extensions.mid = "v";
  give(s);
  EXPECT_EQ(outbox.drops.of(Drop::RtpUnknownPayloadType), 1U);
  s.extensions.mid = "none";
  give(s);
  EXPECT_EQ(outbox.drops.of(Drop::RtpUnknownSsrc), 1U);
  EXPECT_EQ(publisher->on_rtp(now, Duration(), std::vector<uint8_t>{0x80, 96}, pool, outbox.drops),
            nullptr);
  EXPECT_EQ(outbox.drops.of(Drop::RtpMalformed), 1U);
}

TEST_F(PeerTest, EveryOutgoingPacketGetsTheNextTransportSequence) {
  voice(1);
  voice(2);
  tests::Bytes buffer(1460);
  std::vector<uint16_t> numbers;
  for (const RtpOut& out : outbox.rtp) {
    const auto written = watcher->write_rtp(now, out, buffer);
    const auto view = rtp::PacketView::parse(ByteSpan(buffer).first(written.size));
    numbers.push_back(*rtp::parse_extensions(*view, tests::usual_extensions()).transport_cc);
  }
  ASSERT_EQ(numbers.size(), 2U);
  EXPECT_EQ(numbers[1], numbers[0] + 1);
}

TEST_F(PeerTest, QualityTellsLossAndRateOfTheLastSecond) {
  publisher->take_quality(now);
  for (uint16_t s = 1; s <= 100; ++s) {
    if (s % 5 != 0) voice(s);
  }
  voice(101);
  now += Duration::seconds(1);
  const auto q = publisher->take_quality(now);
  EXPECT_NEAR(q.uplink_loss, 0.2, 0.01);
  EXPECT_GT(q.uplink_bps, 50'000);
}

}  // namespace
}  // namespace media::sfu
