#include "media/audio/voice_activity.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::audio {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_micros(1'000'000 + ms * 1000);
}

TEST(VoiceActivity, SpeechIsToldFromItsFirstSoundToItsLast) {
  VoiceActivity voice;
  std::vector<VoiceActivity::Change> changes;
  for (int ms = 0; ms < 5000; ms += 20) {
    const bool loud = ms >= 1000 && ms < 3000;
    if (const auto c = voice.on_level(at_ms(ms), loud ? 30 : 80)) changes.push_back(*c);
  }
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_TRUE(changes[0].speaking);
  EXPECT_EQ(changes[0].at, at_ms(1000));
  EXPECT_FALSE(changes[1].speaking);
  EXPECT_EQ(changes[1].at, at_ms(2980));
}

TEST(VoiceActivity, AClickIsNotSpeechAndAPauseIsNotItsEnd) {
  VoiceActivity voice;
  EXPECT_FALSE(voice.on_level(at_ms(0), 10));
  for (int ms = 20; ms < 500; ms += 20) ASSERT_FALSE(voice.on_level(at_ms(ms), 90));
  for (int ms = 500; ms < 600; ms += 20) voice.on_level(at_ms(ms), 20);
  ASSERT_TRUE(voice.is_speaking());
  for (int ms = 600; ms < 1300; ms += 20) ASSERT_FALSE(voice.on_level(at_ms(ms), 90));
  EXPECT_FALSE(voice.on_level(at_ms(1300), 20));
  EXPECT_TRUE(voice.is_speaking());
}

TEST(VoiceActivity, EndsWhenPacketsStopComing) {
  VoiceActivity voice;
  for (int ms = 0; ms < 100; ms += 20) voice.on_level(at_ms(ms), 20);
  EXPECT_FALSE(voice.poll(at_ms(500)));
  const auto change = voice.poll(at_ms(900));
  ASSERT_TRUE(change);
  EXPECT_FALSE(change->speaking);
}

}  // namespace
}  // namespace media::audio
