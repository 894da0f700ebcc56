#include "media/audio/active_speaker.h"

#include <gtest/gtest.h>

#include <map>

namespace media::audio {
namespace {

class ActiveSpeakerTest : public ::testing::Test {
 protected:
  void talk(const std::map<uint32_t, uint8_t>& levels, Duration span) {
    const Instant end = now + span;
    while (now < end) {
      now += Duration::millis(20);
      for (const auto& [track, dbov] : levels) speaker.on_level(now, TrackId(track), dbov);
      if (now.as_micros() % 100'000 == 0) speaker.rank(now, 2);
    }
  }
  std::vector<TrackId> ranked() { return speaker.rank(now, 2); }
  ActiveSpeaker speaker;
  Instant now = Instant::from_micros(1'000'000);
};

TEST_F(ActiveSpeakerTest, ThoseWhoSpeakAreInAndQuietRoomsAreNot) {
  talk({{1, 25}, {2, 70}, {3, 90}}, Duration::seconds(1));
  EXPECT_EQ(ranked(), (std::vector<TrackId>{TrackId(1)}));
}

TEST_F(ActiveSpeakerTest, ASlightlyLouderVoiceDoesNotPushAnotherOut) {
  talk({{1, 30}, {2, 31}}, Duration::seconds(1));
  talk({{1, 30}, {2, 31}, {3, 27}}, Duration::seconds(1));
  EXPECT_EQ(ranked(), (std::vector<TrackId>{TrackId(1), TrackId(2)}));
  talk({{1, 30}, {2, 31}, {3, 15}}, Duration::seconds(1));
  EXPECT_EQ(ranked().front(), TrackId(3));
}

TEST_F(ActiveSpeakerTest, APauseBetweenSentencesKeepsThePlace) {
  talk({{1, 25}}, Duration::seconds(1));
  talk({{1, 100}}, Duration::millis(800));
  EXPECT_EQ(ranked().size(), 1U);
  talk({{1, 100}}, Duration::seconds(3));
  EXPECT_TRUE(ranked().empty());
}

TEST_F(ActiveSpeakerTest, WhoIsRemovedIsOutAtOnce) {
  talk({{1, 25}}, Duration::seconds(1));
  speaker.remove(TrackId(1));
  EXPECT_TRUE(speaker.ranked().empty());
  EXPECT_TRUE(ranked().empty());
}

TEST(ActiveSpeaker, AStandingFromElsewhereRanksAsIfItsLevelsHadComeHere) {
  ActiveSpeaker there;
  ActiveSpeaker here;
  const Instant now = Instant::from_micros(10'000'000);
  for (int i = 0; i < 20; ++i) there.on_level(now, TrackId(1), 20);
  there.on_level(now, TrackId(2), 100);  // never heard
  for (int i = 0; i < 20; ++i) here.on_level(now, TrackId(3), 40);
  const auto standings = there.standings(now);
  ASSERT_EQ(standings.size(), 1U);
  for (const auto& standing : standings) here.on_standing(standing);
  EXPECT_EQ(here.rank(now, 5), (std::vector<TrackId>{TrackId(1), TrackId(3)}));
  // Not repeated, it fades as any voice that falls silent.
  EXPECT_EQ(here.rank(now + ActiveSpeaker::kHold + Duration::millis(1), 5),
            (std::vector<TrackId>{}));
}

}  // namespace
}  // namespace media::audio
