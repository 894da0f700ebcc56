#include "media/engine/recording_sink.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace media::engine {
namespace {

using Type = tap::TapPacket::Type;

sfu::RecordOut step(sfu::RecordOut::Type type, uint32_t track) {
  sfu::RecordOut out;
  out.type = type;
  out.track = TrackId(track);
  return out;
}

TEST(RecordingSink, BeginningsAndEndsSurviveAFullRingInOrder) {
  auto ring = std::make_shared<tap::TapRing>(2);
  RecordingSink sink(ring);
  DropCounters drops;
  for (uint32_t track = 1; track <= 3; ++track)
    sink.write(step(sfu::RecordOut::Type::Start, track), drops);
  sink.write(step(sfu::RecordOut::Type::End, 1), drops);
  sink.stop();
  EXPECT_FALSE(sink.retry());
  std::vector<std::pair<Type, uint32_t>> seen;
  for (int round = 0; round < 5; ++round) {
    while (const tap::TapPacket* packet = ring->front()) {
      seen.emplace_back(packet->type, packet->track.value);
      ring->release();
    }
    sink.retry();
  }
  const std::vector<std::pair<Type, uint32_t>> expected{
      {Type::Start, 1}, {Type::Start, 2}, {Type::Start, 3}, {Type::End, 1}, {Type::Stop, 0}};
  EXPECT_EQ(seen, expected);
  EXPECT_TRUE(sink.retry());
}

TEST(RecordingSink, PacketsThatFindTheRingFullAreCounted) {
  auto ring = std::make_shared<tap::TapRing>(2);
  RecordingSink sink(ring);
  DropCounters drops;
  for (uint32_t track = 1; track <= 3; ++track)
    sink.write(step(sfu::RecordOut::Type::Start, track), drops);
  sink.write(step(sfu::RecordOut::Type::Rtp, 1), drops);
  EXPECT_EQ(ring->lost(), 1U);
  EXPECT_EQ(drops.of(Drop::TapOverflow), 1U);
}

}  // namespace
}  // namespace media::engine
