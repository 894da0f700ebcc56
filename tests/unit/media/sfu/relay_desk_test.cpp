#include "media/sfu/relay_desk.h"

#include <gtest/gtest.h>

#include "tests/support/sections.h"

namespace media::sfu {
namespace {

constexpr ShardId kHere{1};
constexpr ShardId kThere{2};
constexpr ShardId kElsewhere{3};
constexpr TrackId kTrack{11};

class RelayDeskTest : public ::testing::Test {
 protected:
  template <class M>
  [[nodiscard]] std::vector<std::pair<ShardId, M>> told() const {
    std::vector<std::pair<ShardId, M>> list;
    for (const RelayOut& out : out_.relays) {
      if (const auto* m = std::get_if<M>(&out.message)) list.emplace_back(out.to, *m);
    }
    return list;
  }
  SplitMix64 rng_{1};
  Outbox out_;
  RelayDesk desk_{RoomId(5), rng_, out_};
};

TEST_F(RelayDeskTest, AMirrorIsWantedFromItsHomeWhileSomebodyShowsItAndThatIsRepeated) {
  IngressTrack& track = desk_.add_mirror(kThere, PeerId(9), tests::camera(11, "v", false));
  EXPECT_EQ(track.owner().id(), PeerId(9));
  Peer watcher({PeerId(1), {}, {}, {tests::video_slot(1, "s", 100)}}, 1, rng_);
  track.receivers().push_back(watcher.slots()[0].get());
  desk_.note_receivers(track);
  desk_.note_receivers(track);
  ASSERT_EQ(told<WantTrack>().size(), 1U);
  EXPECT_EQ(told<WantTrack>()[0].first, kThere);
  EXPECT_TRUE(told<WantTrack>()[0].second.wanted);
  EXPECT_EQ(out_.relays[0].room, RoomId(5));
  desk_.repeat_wants();
  EXPECT_EQ(told<WantTrack>().size(), 2U);
  track.receivers().clear();
  desk_.note_receivers(track);
  ASSERT_EQ(told<WantTrack>().size(), 3U);
  EXPECT_FALSE(told<WantTrack>()[2].second.wanted);
  desk_.repeat_wants();
  EXPECT_EQ(told<WantTrack>().size(), 3U);
}

TEST_F(RelayDeskTest, TracksOfThisShardAreNobodysMirrors) {
  Peer own({PeerId(1), {}, {tests::camera(11, "v", false)}, {tests::video_slot(1, "s", 100)}}, 1,
           rng_);
  own.tracks()[0]->receivers().push_back(own.slots()[0].get());
  desk_.note_receivers(*own.tracks()[0]);
  EXPECT_TRUE(out_.relays.empty());
}

TEST_F(RelayDeskTest, AWantIsNewsOnceAndTheStateGoesToAllWhoWant) {
  Peer own({PeerId(1), {}, {tests::camera(11, "v", false)}, {}}, 1, rng_);
  EXPECT_FALSE(desk_.has_exports());
  EXPECT_TRUE(desk_.on_want(kThere, {kTrack, true}));
  EXPECT_FALSE(desk_.on_want(kThere, {kTrack, true}));
  EXPECT_TRUE(desk_.on_want(kElsewhere, {kTrack, true}));
  EXPECT_TRUE(desk_.has_exports());
  desk_.tell_state(*own.tracks()[0]);
  EXPECT_EQ(told<TrackState>().size(), 2U);
  desk_.on_want(kThere, {kTrack, false});
  desk_.on_want(kElsewhere, {kTrack, false});
  EXPECT_FALSE(desk_.has_exports());
  desk_.tell_state(*own.tracks()[0]);
  EXPECT_EQ(told<TrackState>().size(), 2U);
}

TEST_F(RelayDeskTest, VoicesAreToldToEveryNeighbourAndSilenceOnce) {
  desk_.add_neighbour(kThere);
  desk_.add_neighbour(kElsewhere);
  desk_.add_neighbour(kThere);
  desk_.tell_voices({});
  EXPECT_TRUE(out_.relays.empty());
  desk_.tell_voices({{kTrack, 80, {}, {}, true}});
  EXPECT_EQ(told<Voices>().size(), 2U);
  desk_.tell_voices({});
  desk_.tell_voices({});
  EXPECT_EQ(told<Voices>().size(), 4U);
}

TEST_F(RelayDeskTest, TheMirrorOfAPeerHoldsAllItsTracksAndGoesAsOne) {
  desk_.add_mirror(kHere, PeerId(9), tests::camera(11, "v", false));
  desk_.add_mirror(kHere, PeerId(9), tests::microphone(12, "a"));
  ASSERT_EQ(desk_.mirrors().size(), 1U);
  EXPECT_EQ(desk_.find_mirror(PeerId(9))->tracks().size(), 2U);
  desk_.remove_mirror(PeerId(9));
  EXPECT_EQ(desk_.find_mirror(PeerId(9)), nullptr);
}

}  // namespace
}  // namespace media::sfu
