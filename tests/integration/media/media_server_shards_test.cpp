// One room over two workers: real sockets, real threads, watchers on both.
#include <algorithm>
#include <set>

#include "media_server_rig.h"

namespace media {
namespace {

constexpr uint32_t kSsrc = 0x61000000;

class MediaServerShards : public MediaServerRig {
 protected:
  void SetUp() override {
    api::ServerParams params;
    params.workers = 2;
    params.spread_above_pps = 0;  // every peer goes where there is least
    start(params);
  }
  static uint32_t ssrc_of(uint32_t peer) { return kSsrc + peer * 16; }
  RigClient& watcher(uint32_t peer) {
    RigClient& c = join(peer, {}, {tests::video_slot(peer * 10, "s", ssrc_of(peer))});
    server->feed_slot(c.peer, SlotId(peer * 10), TrackId(11));
    return c;
  }
  // All counters of both workers, once they were published anew.
  uint64_t crossed() {
    uint64_t sum = 0;
    for (const auto& worker : server->stats()) sum += worker.relay_in;
    return sum;
  }
};

TEST_F(MediaServerShards, WatchersOnBothWorkersSeeAPublisherAndAreSilencedTogether) {
  RigClient& teacher = join(1, {tests::camera(11, "v", false)}, {});
  std::vector<RigClient*> watchers;
  for (uint32_t id = 2; id < 8; ++id) watchers.push_back(&watcher(id));
  server->open_track(TrackId(11), true);
  std::set<unsigned> workers{teacher.worker};
  for (const RigClient* w : watchers) workers.insert(w->worker);
  ASSERT_EQ(workers.size(), 2U);
  ASSERT_TRUE(run_until([&] {
    return teacher.connected &&
           std::all_of(watchers.begin(), watchers.end(), [](auto* w) { return w->connected; });
  }));
  publish_for(teacher, Duration::seconds(2));
  for (RigClient* w : watchers) {
    const uint32_t ssrc = ssrc_of(w->peer.value);
    EXPECT_GT(w->packets_of(ssrc), 120U) << "worker " << w->worker;
    for (size_t i = 1; i < w->sequences_by_ssrc.size(); ++i) {
      ASSERT_EQ(static_cast<uint16_t>(w->sequences_by_ssrc[i - 1].second + 1),
                w->sequences_by_ssrc[i].second);
    }
  }
  // One copy, whatever the number of watchers over there.
  EXPECT_TRUE(run_until([&] { return crossed() > 120; }));
  EXPECT_LE(crossed(), teacher.sequence - 100U);

  server->open_track(TrackId(11), false);
  publish_for(teacher, Duration::millis(100));
  std::vector<size_t> before;
  for (const RigClient* w : watchers) before.push_back(w->packets_of(ssrc_of(w->peer.value)));
  publish_for(teacher, Duration::millis(300));
  for (size_t i = 0; i < watchers.size(); ++i)
    EXPECT_EQ(watchers[i]->packets_of(ssrc_of(watchers[i]->peer.value)), before[i]);
}

TEST_F(MediaServerShards, APublisherOnEachWorkerIsSeenOnBothAndLeavesBoth) {
  RigClient& first = join(1, {tests::camera(11, "v", false)}, {});
  RigClient& second = join(2, {tests::camera(12, "v", false)}, {});
  ASSERT_NE(first.worker, second.worker);
  server->open_track(TrackId(11), true);
  server->open_track(TrackId(12), true);
  std::vector<RigClient*> watchers;
  for (uint32_t id = 3; id < 5; ++id) {
    watchers.push_back(&join(id, {},
                             {tests::video_slot(id * 10, "a", ssrc_of(id)),
                              tests::video_slot(id * 10 + 1, "b", ssrc_of(id) + 4)}));
    server->feed_slot(PeerId(id), SlotId(id * 10), TrackId(11));
    server->feed_slot(PeerId(id), SlotId(id * 10 + 1), TrackId(12));
  }
  ASSERT_NE(watchers[0]->worker, watchers[1]->worker);
  ASSERT_TRUE(run_until([&] {
    return first.connected && second.connected && watchers[0]->connected && watchers[1]->connected;
  }));
  for (int i = 0; i < 30; ++i) {
    send_frame(first, std::exchange(first.plis, 0) > 0 || i == 0);
    send_frame(second, std::exchange(second.plis, 0) > 0 || i == 0);
    run_for(Duration::millis(20));
  }
  for (RigClient* w : watchers) {
    EXPECT_GT(w->packets_of(ssrc_of(w->peer.value)), 60U);
    EXPECT_GT(w->packets_of(ssrc_of(w->peer.value) + 4), 60U);
  }
  server->remove_peer(second.peer);
  EXPECT_TRUE(run_until([&] { return second.lost; }));
  server->remove_room(kRoom);
  EXPECT_TRUE(run_until([&] {
    const auto stats = server->stats();
    return stats[0].rooms + stats[1].rooms + stats[0].sessions + stats[1].sessions == 0;
  }));
}

TEST_F(MediaServerShards, ARoomOnOneWorkerTouchesNoRing) {
  RigClient& teacher = join(1, {tests::camera(11, "v", false)}, {});
  server->open_track(TrackId(11), true);
  ASSERT_TRUE(run_until([&] { return teacher.connected; }));
  publish_for(teacher, Duration::millis(500));
  for (const auto& worker : server->stats()) EXPECT_EQ(worker.relay_out + worker.relay_in, 0U);
}

}  // namespace
}  // namespace media
