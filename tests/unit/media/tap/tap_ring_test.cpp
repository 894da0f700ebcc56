#include "media/tap/tap_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace media::tap {
namespace {

TEST(TapRing, GivesBackWhatWasPublishedInOrder) {
  TapRing ring(4);
  EXPECT_EQ(ring.front(), nullptr);
  for (int64_t i = 0; i < 10; ++i) {
    TapPacket* in = ring.claim();
    ASSERT_NE(in, nullptr);
    in->sequence = i;
    EXPECT_EQ(ring.front(), nullptr) << "claimed is not published";
    ring.publish();
    const TapPacket* out = ring.front();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(out->sequence, i);
    EXPECT_EQ(ring.front(), out) << "front does not consume";
    ring.release();
  }
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(TapRing, FullRefusesWithoutTouchingWhatWaits) {
  TapRing ring(4);
  for (int64_t i = 0; i < 4; ++i) {
    ring.claim()->sequence = i;
    ring.publish();
  }
  EXPECT_EQ(ring.claim(), nullptr);
  ring.count_lost();
  EXPECT_EQ(ring.lost(), 1U);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ring.front()->sequence, i);
    ring.release();
  }
  EXPECT_NE(ring.claim(), nullptr);
}

TEST(TapRing, TwoThreadsSeeWholePacketsInOrderAndCountEveryLoss) {
  constexpr int64_t kPackets = 300'000;
  TapRing ring(256);
  std::thread producer([&ring] {
    for (int64_t i = 0; i < kPackets; ++i) {
      TapPacket* packet = ring.claim();
      // Mostly waits, so that much gets through; now and then loses, as the worker does.
      for (int tries = 0; packet == nullptr && tries < i % 50; ++tries) {
        std::this_thread::yield();
        packet = ring.claim();
      }
      if (packet == nullptr) {
        ring.count_lost();
        continue;
      }
      packet->sequence = i;
      packet->size = 64;
      std::memset(packet->bytes.data(), static_cast<int>(i & 0xff), 64);
      ring.publish();
    }
    TapPacket* stop = nullptr;
    while ((stop = ring.claim()) == nullptr) std::this_thread::yield();
    stop->type = TapPacket::Type::Stop;
    ring.publish();
  });
  int64_t last = -1;
  uint64_t received = 0;
  bool done = false;
  while (!done) {
    const TapPacket* packet = ring.front();
    if (packet == nullptr) {
      std::this_thread::yield();
      continue;
    }
    if (packet->type == TapPacket::Type::Stop) {
      done = true;
    } else {
      ASSERT_GT(packet->sequence, last);
      for (size_t k = 0; k < 64; ++k)
        ASSERT_EQ(packet->bytes[k], static_cast<uint8_t>(packet->sequence & 0xff));
      last = packet->sequence;
      ++received;
    }
    ring.release();
  }
  producer.join();
  EXPECT_EQ(received + ring.lost(), static_cast<uint64_t>(kPackets));
  EXPECT_GT(received, 1000U);
}

}  // namespace
}  // namespace media::tap
