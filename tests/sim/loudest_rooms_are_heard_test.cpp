#include <gtest/gtest.h>

#include <set>

#include "sim_room.h"

namespace sim {
namespace {

class LoudestRoomsAreHeard : public ::testing::Test {
 protected:
  LoudestRoomsAreHeard() : room(81) {
    for (uint32_t i = 0; i < 6; ++i) {
      SimPeer& c = room.make_peer();
      PublisherParams params;
      params.video = false;
      params.audio_dbov = 90;  // a quiet room
      c.publish(params);
      c.add_audio_slot(10 + 2 * c.id().value);
      c.add_audio_slot(11 + 2 * c.id().value);
      room.join(c);
      room.open(c.audio_track());
      room.feed(c, 10 + 2 * c.id().value, media::Loudest{});
      room.feed(c, 11 + 2 * c.id().value, media::Loudest{});
      classes.push_back(&c);
    }
  }
  // Whose voices `who` got in the last `span`.
  std::set<uint32_t> heard(SimPeer& who, Duration span) {
    std::set<uint32_t> ids;
    for (uint32_t slot = 10 + 2 * who.id().value; slot < 12 + 2 * who.id().value; ++slot) {
      for (const auto& [sequence, p] : who.watched(slot).packets) {
        if (p.at >= room.now() - span) ids.insert(p.stamp >> 20);
      }
    }
    return ids;
  }
  SimRoom room;
  std::vector<SimPeer*> classes;
};

TEST_F(LoudestRoomsAreHeard, TheTwoThatSpeakFillTheTwoSlotsOfAllOthers) {
  classes[1]->publishing().audio_dbov = 25;
  classes[3]->publishing().audio_dbov = 30;
  room.run(Duration::seconds(2));
  const auto two = classes[1]->id().value;
  const auto four = classes[3]->id().value;
  EXPECT_EQ(heard(*classes[0], Duration::seconds(1)), (std::set<uint32_t>{two, four}));
  EXPECT_EQ(heard(*classes[5], Duration::seconds(1)), (std::set<uint32_t>{two, four}));
  // Nobody hears himself.
  EXPECT_EQ(heard(*classes[1], Duration::seconds(1)), (std::set<uint32_t>{four}));
}

TEST_F(LoudestRoomsAreHeard, ALouderRoomTakesTheSlotOfOneThatFellSilentAndStreamsGoOnUnbroken) {
  classes[1]->publishing().audio_dbov = 25;
  classes[3]->publishing().audio_dbov = 30;
  room.run(Duration::seconds(2));
  classes[1]->publishing().audio_dbov = 90;
  classes[4]->publishing().audio_dbov = 20;
  room.run(Duration::seconds(4));
  EXPECT_EQ(heard(*classes[0], Duration::millis(500)),
            (std::set<uint32_t>{classes[3]->id().value, classes[4]->id().value}));
  for (uint32_t slot : {12U, 13U}) EXPECT_EQ(classes[0]->watched(slot).missing(), 0) << slot;
}

TEST_F(LoudestRoomsAreHeard, ARoomThatHasASlotOfItsOwnIsNotHeardTwice) {
  classes[1]->publishing().audio_dbov = 20;
  SimPeer& watcher = room.make_peer();
  watcher.add_audio_slot(80);
  watcher.add_audio_slot(81);
  room.join(watcher);
  room.feed(watcher, 80, classes[1]->audio_track());
  room.feed(watcher, 81, media::Loudest{});
  room.run(Duration::seconds(2));
  EXPECT_GT(watcher.watched(80).packets.size(), 80U);
  EXPECT_TRUE(watcher.watched(81).packets.empty());
}

TEST_F(LoudestRoomsAreHeard, VoiceActivityIsToldForClosedRoomsToo) {
  room.open(classes[2]->audio_track(), false);
  classes[2]->publishing().audio_dbov = 25;
  room.run(Duration::seconds(1));
  classes[2]->publishing().audio_dbov = 90;
  room.run(Duration::seconds(2));
  std::vector<bool> changes;
  for (const auto& event : room.events()) {
    if (const auto* voice = std::get_if<media::sfu::VoiceActivity>(&event)) {
      if (voice->track == classes[2]->audio_track()) changes.push_back(voice->speaking);
    }
  }
  EXPECT_EQ(changes, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace sim
