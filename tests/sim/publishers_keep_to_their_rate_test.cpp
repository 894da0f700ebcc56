// A publisher that sends ten times what was agreed is cut down where it comes in: nobody else
// notices, it hears of it, and its picture goes on in whole pieces.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim_room.h"

namespace sim {
namespace {

constexpr int64_t kAgreed = 300'000;  // three packets of 400 bytes, thirty times a second

struct Scene {
  explicit Scene(uint64_t seed) : room(seed) {
    for (SimPeer* p : {&honest, &greedy}) p->publish({.audio = false, .max_bps = kAgreed});
    for (SimPeer* p : {&watcher, &fan}) p->add_video_slot(p->id().value);
    for (SimPeer* p : {&honest, &greedy, &watcher, &fan}) room.join(*p);
    room.open(honest.video_track());
    room.open(greedy.video_track());
    room.feed(watcher, 3, honest.video_track());
    room.feed(fan, 4, greedy.video_track());
  }
  [[nodiscard]] std::vector<media::sfu::TrackOverRate> told() {
    std::vector<media::sfu::TrackOverRate> out;
    for (const auto& event : room.events()) {
      if (const auto* e = std::get_if<media::sfu::TrackOverRate>(&event)) out.push_back(*e);
    }
    return out;
  }
  [[nodiscard]] bool was_ended() {
    const auto ends = [](const auto& e) {
      return std::holds_alternative<media::sfu::PeerOverLimit>(e);
    };
    return std::any_of(room.events().begin(), room.events().end(), ends);
  }

  SimRoom room;
  SimPeer& honest = room.make_peer();
  SimPeer& greedy = room.make_peer();
  SimPeer& watcher = room.make_peer();
  SimPeer& fan = room.make_peer();
};

TEST(PublishersKeepToTheirRate, TenTimesTheAgreementReachesNobodyAndHarmsNobody) {
  Scene scene(301);
  SCOPED_TRACE(scene.room.seed_note());
  scene.room.run(Duration::seconds(2));
  EXPECT_TRUE(scene.told().empty());
  scene.greedy.publishing().packets_per_frame = 30;
  scene.room.run(Duration::seconds(2));
  const size_t before = scene.watcher.watched(3).packets.size();
  const size_t fan_before = scene.fan.watched(4).packets.size();
  scene.room.run(Duration::seconds(6));

  // Thirty frames of three packets a second, none lost, each as late as its lines make it.
  const Watched& seen = scene.watcher.watched(3);
  EXPECT_NEAR(static_cast<double>(seen.packets.size() - before), 540, 9);
  EXPECT_EQ(seen.missing(), 0);
  Duration longest;
  std::optional<Instant> last;
  for (const auto& [sequence, packet] : seen.packets) {
    if (last) longest = std::max(longest, packet.at - *last);
    last = packet.at;
  }
  EXPECT_LE(longest, Duration::millis(35));

  // 400 bytes and their headers; a key frame's worth above the agreement and its headroom.
  const auto through =
      static_cast<int64_t>(scene.fan.watched(4).packets.size() - fan_before) * 430 * 8 / 6;
  EXPECT_LE(through, kAgreed * 2);
  EXPECT_GE(through, kAgreed / 2);
  EXPECT_GT(scene.room.drops().of(media::Drop::RtpOverRate), 4000U);

  const auto told = scene.told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].peer, scene.greedy.id());
  EXPECT_EQ(told[0].track, scene.greedy.video_track());
  EXPECT_EQ(told[0].limit_bps, kAgreed);
  EXPECT_TRUE(told[0].over);
  EXPECT_FALSE(scene.was_ended());
  scene.room.run(Duration::seconds(6));
  EXPECT_TRUE(scene.was_ended()) << "ten seconds of it are no accident";
}

TEST(PublishersKeepToTheirRate, APictureThatWasCutStandsStillAndGoesOnWhole) {
  Scene scene(302);
  SCOPED_TRACE(scene.room.seed_note());
  scene.room.run(Duration::seconds(1));
  scene.greedy.publishing().packets_per_frame = 30;
  scene.room.run(Duration::seconds(4));
  scene.greedy.publishing().packets_per_frame = 3;
  scene.room.run(Duration::seconds(4));
  const Watched& seen = scene.fan.watched(4);
  EXPECT_EQ(seen.missing(), 0) << "nothing that was cut is asked for again";
  size_t whole = 0;
  bool starts = false;
  for (const auto& [sequence, packet] : seen.packets) {
    starts = packet.starts ? true : starts;
    if (packet.marker && std::exchange(starts, false)) ++whole;
  }
  EXPECT_GT(whole, 100U);
  const auto told = scene.told();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0].over);
  EXPECT_FALSE(told[1].over);
  const size_t now = seen.packets.size();
  scene.room.run(Duration::seconds(2));
  EXPECT_NEAR(static_cast<double>(scene.fan.watched(4).packets.size() - now), 180, 9);
  EXPECT_FALSE(scene.was_ended());
}

}  // namespace
}  // namespace sim
