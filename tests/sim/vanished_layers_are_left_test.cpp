// A simulcast layer that stops in mid-stream: whoever was shown it sees the next one within half a
// second, without a hole, and the layer again once it is back. A sender that stalls loses none.
#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

uint32_t layer_of(const Watched::Packet& packet) {
  return packet.stamp >> 24;
}

class VanishedLayersAreLeft : public ::testing::Test {
 protected:
  VanishedLayersAreLeft() {
    teacher.publish({.simulcast = true, .audio = false});
    watcher.add_video_slot(2);
    for (SimPeer* p : {&teacher, &watcher}) room.join(*p);
    room.open(teacher.video_track());
    room.feed(watcher, 2, teacher.video_track());
    room.run(Duration::seconds(5));
  }
  [[nodiscard]] const Watched& seen() { return watcher.watched(2); }
  [[nodiscard]] uint32_t shown() { return layer_of(seen().packets.rbegin()->second); }
  // From now on: the longest time without a packet.
  Duration longest_gap(Duration span) {
    const int64_t from = seen().packets.rbegin()->first;
    room.run(span);
    Duration longest;
    std::optional<Instant> last;
    for (auto it = seen().packets.find(from); it != seen().packets.end(); ++it) {
      if (last) longest = std::max(longest, it->second.at - *last);
      last = it->second.at;
    }
    return std::max(longest, room.now() - *last);
  }

  SimRoom room{321};
  SimPeer& teacher = room.make_peer();
  SimPeer& watcher = room.make_peer();
};

TEST_F(VanishedLayersAreLeft, TheNextOneIsShownWithinHalfASecond) {
  ASSERT_EQ(shown(), 2U);
  teacher.layers()[2].paused = true;
  EXPECT_LE(longest_gap(Duration::seconds(3)), Duration::millis(500));
  EXPECT_EQ(shown(), 1U);
  teacher.layers()[1].paused = true;
  EXPECT_LE(longest_gap(Duration::seconds(3)), Duration::millis(500));
  EXPECT_EQ(shown(), 0U);
  EXPECT_EQ(seen().missing(), 0);
}

TEST_F(VanishedLayersAreLeft, ALayerThatComesBackIsShownAgain) {
  teacher.layers()[2].paused = true;
  room.run(Duration::seconds(2));
  ASSERT_EQ(shown(), 1U);
  teacher.layers()[2].paused = false;
  EXPECT_LE(longest_gap(Duration::seconds(3)), Duration::millis(100));
  EXPECT_EQ(shown(), 2U);
}

TEST_F(VanishedLayersAreLeft, APublisherThatStallsKeepsAllItsLayers) {
  const int asked = teacher.layers()[1].keys_asked + teacher.layers()[0].keys_asked;
  for (SentStream& layer : teacher.layers()) layer.paused = true;
  room.run(Duration::millis(700));
  for (SentStream& layer : teacher.layers()) layer.paused = false;
  room.run(Duration::seconds(1));
  EXPECT_EQ(shown(), 2U);
  EXPECT_EQ(teacher.layers()[1].keys_asked + teacher.layers()[0].keys_asked, asked);
}

}  // namespace
}  // namespace sim
