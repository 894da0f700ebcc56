#include "media/mesh/pipe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "media/base/bytes.h"

namespace media::mesh {
namespace {

sfu::RelayPacketOut packet_of(PacketPool& pool, uint32_t number) {
  std::vector<uint8_t> bytes(100 + number % 1000, static_cast<uint8_t>(number));
  store_be32(bytes.data(), number);
  sfu::RelayPacketOut out;
  out.room = RoomId(1);
  out.track = TrackId(2);
  out.packet.packet = pool.copy(bytes);
  send::SourceFacts facts;
  facts.sequence = number;
  out.packet.packet.set_facts(facts);
  out.packet.layer = static_cast<uint8_t>(number % 3);
  return out;
}

TEST(Pipe, CarriesBytesAndFactsAndKeepsNothingOfTheProducersMemory) {
  PacketPool pool;
  Pipe pipe([] {}, 4);
  ASSERT_TRUE(pipe.put(packet_of(pool, 7)));
  EXPECT_EQ(pool.in_use(), 0U);
  ASSERT_EQ(pipe.waiting(), 1U);
  EXPECT_EQ(pipe.front().track, TrackId(2));
  EXPECT_EQ(pipe.front().facts.sequence, 7);
  EXPECT_EQ(pipe.front().form.layer, 1);
  EXPECT_FALSE(pipe.front().form.packet);
  EXPECT_EQ(pipe.front().size, 107);
  EXPECT_EQ(load_be32(pipe.front().bytes.data()), 7U);
  pipe.release();
  EXPECT_EQ(pipe.waiting(), 0U);
}

TEST(Pipe, AFullRingRefusesPacketsAndKeepsMessages) {
  PacketPool pool;
  Pipe pipe([] {}, 4);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_TRUE(pipe.put(packet_of(pool, i)));
  EXPECT_FALSE(pipe.put(packet_of(pool, 4)));
  for (uint32_t i = 0; i < 3000; ++i)
    pipe.post({ShardId(1), RoomId(1), sfu::WantTrack{TrackId(i), true}});
  uint32_t expected = 0;
  while (expected < 3000) {
    const auto message = pipe.take_message();
    if (!message) {
      ASSERT_TRUE(pipe.has_spilled());
      pipe.ring_bell();
      continue;
    }
    EXPECT_EQ(std::get<sfu::WantTrack>(message->message).track, TrackId(expected++));
  }
  pipe.release();
  EXPECT_TRUE(pipe.put(packet_of(pool, 5)));
}

TEST(Pipe, TheBellRingsOnceUntilItIsHeard) {
  int rung = 0;
  Pipe pipe([&] { ++rung; }, 4);
  pipe.ring_bell();
  pipe.ring_bell();
  EXPECT_EQ(rung, 1);
  pipe.hear();
  pipe.ring_bell();
  EXPECT_EQ(rung, 2);
}

TEST(Pipe, BetweenThreadsEveryPacketComesWholeInOrderOrIsRefused) {
  constexpr uint32_t kPackets = 50'000;
  std::atomic<int> bell{0};
  Pipe pipe([&] { bell.fetch_add(1); }, 64);
  std::atomic<bool> done{false};
  uint32_t refused = 0;
  std::thread producer([&] {
    PacketPool pool;
    for (uint32_t i = 0; i < kPackets; ++i) {
      if (!pipe.put(packet_of(pool, i))) ++refused;
      pipe.ring_bell();
    }
    done.store(true);
  });
  uint32_t came = 0;
  int64_t last = -1;
  while (true) {
    const bool was_done = done.load();
    pipe.hear();
    const size_t waiting = pipe.waiting();
    for (size_t i = 0; i < waiting; ++i) {
      const Crossing& c = pipe.front();
      EXPECT_GT(c.facts.sequence, last);
      last = c.facts.sequence;
      EXPECT_EQ(load_be32(c.bytes.data()), static_cast<uint32_t>(last));
      EXPECT_EQ(c.size, 100 + last % 1000);
      pipe.release();
      ++came;
    }
    if (was_done && waiting == 0) break;
  }
  producer.join();
  EXPECT_EQ(came + refused, kPackets);
  EXPECT_GT(came, 0U);
  EXPECT_GT(bell.load(), 0);
}

}  // namespace
}  // namespace media::mesh
