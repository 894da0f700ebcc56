#include "media/hls/packager.h"

#include <gtest/gtest.h>

#include "media/base/bytes.h"

namespace media::hls {
namespace {

struct Feed {
  Packager packager{48'000, Duration()};
  int64_t picture = 0;
  int64_t sound = 0;

  // Pictures and sound up to `end`.
  std::vector<MadePart> until(Duration end) {
    for (; picture_time() <= end; ++picture) {
      packager.push(Picture{"p" + std::to_string(picture), picture_time(), picture % 60 == 0});
    }
    for (; sound_time() <= end; ++sound)
      packager.push(AacFrame{"s" + std::to_string(sound), sound_time()});
    return packager.take();
  }
  [[nodiscard]] Duration picture_time() const { return Duration::micros(picture * 1'000'000 / 30); }
  [[nodiscard]] Duration sound_time() const {
    return Duration::micros(sound * Packager::kAacSamples * 1'000'000 / 48'000);
  }
};

TEST(Packager, CutsSixPartsToASegmentAndBothRenditionsAlike) {
  Feed feed;
  const auto made = feed.until(Duration::millis(4'100));
  ASSERT_EQ(made.size(), 24U);
  for (size_t i = 0; i < made.size(); i += 2) {
    const size_t part = i / 2;
    EXPECT_FALSE(made[i].sound_alone);
    EXPECT_TRUE(made[i + 1].sound_alone);
    EXPECT_EQ(made[i].ends_segment, part % 6 == 5) << part;
    EXPECT_EQ(made[i + 1].ends_segment, part % 6 == 5) << part;
    EXPECT_EQ(made[i].independent, part % 6 == 0) << part;
    EXPECT_TRUE(made[i + 1].independent);
    EXPECT_NEAR(made[i].duration.as_seconds(), 1.0 / 3, 0.001);
    EXPECT_NEAR(made[i + 1].duration.as_seconds(), 1.0 / 3, 0.02);
    // PART-TARGET of the playlists.
    EXPECT_LE(made[i + 1].duration, Duration::millis(350));
  }
}

TEST(Packager, LosesNothingAndRepeatsNothing) {
  Feed feed;
  std::string pictures;
  std::string sound;
  for (int ms = 50; ms <= 6'050; ms += 50) {
    for (const MadePart& part : feed.until(Duration::millis(ms))) {
      const size_t mdat = part.bytes.find("mdat");
      (part.sound_alone ? sound : pictures) += part.bytes.substr(mdat + 4);
    }
  }
  std::string expected;
  for (int i = 0; i * 64 < 6'000 * 3; ++i) expected += "s" + std::to_string(i);
  EXPECT_EQ(sound, expected);
  EXPECT_NE(pictures.find("p179s"), std::string::npos);
}

TEST(Packager, ALeftOutPictureMakesTheOneBeforeLastLonger) {
  Feed feed;
  Packager& packager = feed.packager;
  for (int i = 0; i <= 20; ++i) {
    if (i != 5) packager.push(Picture{"p", Duration::micros(i * 1'000'000LL / 30), i == 0});
  }
  for (; feed.sound_time() <= Duration::millis(500); ++feed.sound)
    packager.push(AacFrame{"s", feed.sound_time()});
  const auto made = packager.take();
  ASSERT_EQ(made.size(), 2U);
  EXPECT_NEAR(made[0].duration.as_seconds(), 1.0 / 3, 0.001);
}

TEST(Packager, WaitsForBoth) {
  Packager packager(48'000, Duration());
  for (int i = 0; i <= 60; ++i)
    packager.push(Picture{"p", Duration::micros(i * 1'000'000LL / 30), i == 0});
  EXPECT_TRUE(packager.take().empty());
}

TEST(Packager, BeginsWithAKeyFrame) {
  Packager packager(48'000, Duration());
  packager.push(Picture{"delta", Duration(), false});
  packager.push(Picture{"key", Duration::millis(33), true});
  for (int i = 2; i <= 12; ++i)
    packager.push(Picture{"p", Duration::micros(i * 1'000'000LL / 30), false});
  for (int i = 0; i < 20; ++i) packager.push(AacFrame{"s", Duration::micros(i * 21'333LL)});
  const auto made = packager.take();
  ASSERT_FALSE(made.empty());
  EXPECT_TRUE(made[0].independent);
  EXPECT_EQ(made[0].bytes.find("delta"), std::string::npos);
}

}  // namespace
}  // namespace media::hls
