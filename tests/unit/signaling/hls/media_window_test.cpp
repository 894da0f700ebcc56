#include "signaling/hls/media_window.h"

#include <gtest/gtest.h>

namespace signaling::hls {
namespace {

using media::Duration;

Bytes bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// A window that is fed parts of a third of a second, six to a segment.
struct Feed {
  MediaWindow window{{"av", 100, 7}};
  int64_t date_us = 1'790'000'000'000'000;
  int made = 0;

  void part(bool ends, bool independent = false) {
    window.add_part({Duration::micros(333'333), independent, date_us,
                     bytes("[" + std::to_string(made++) + "]")},
                    ends);
    date_us += 333'333;
  }
  void segment() {
    for (int i = 0; i < 6; ++i) part(i == 5, i == 0);
  }
};

// The number of the newest segment's discontinuity sequence, as a player counts it.
uint64_t counted_series(const std::string& playlist) {
  const std::string tag = "#EXT-X-DISCONTINUITY-SEQUENCE:";
  uint64_t series = std::stoull(playlist.substr(playlist.find(tag) + tag.size()));
  const std::string mark = "#EXT-X-DISCONTINUITY\n";
  for (size_t at = playlist.find(mark); at != std::string::npos; at = playlist.find(mark, at + 1))
    ++series;
  return series;
}

const RenditionReport kSibling{"a.m3u8", 101, 1};

TEST(MediaWindow, ReadsAsTheSpecificationHasIt) {
  Feed feed;
  feed.window.begin(bytes("init"));
  feed.segment();
  feed.part(false, true);
  feed.part(false);
  EXPECT_EQ(feed.window.render(false, kSibling),
            R"(#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=2.000,HOLD-BACK=6.0,CAN-SKIP-UNTIL=12.0
#EXT-X-PART-INF:PART-TARGET=0.350
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-DISCONTINUITY-SEQUENCE:7
#EXT-X-MAP:URI="av-init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:20.000Z
#EXT-X-PART:DURATION=0.33333,URI="av-100.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="av-100.1.m4s"
#EXT-X-PART:DURATION=0.33333,URI="av-100.2.m4s"
#EXT-X-PART:DURATION=0.33333,URI="av-100.3.m4s"
#EXT-X-PART:DURATION=0.33333,URI="av-100.4.m4s"
#EXT-X-PART:DURATION=0.33333,URI="av-100.5.m4s"
#EXTINF:2.00000,
av-100.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:21.999Z
#EXT-X-PART:DURATION=0.33333,URI="av-101.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="av-101.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="av-101.2.m4s"
#EXT-X-RENDITION-REPORT:URI="a.m3u8",LAST-MSN=101,LAST-PART=1
)");
}

TEST(MediaWindow, SaysNothingOfASiblingThatHasNothingYet) {
  Feed feed;
  EXPECT_FALSE(feed.window.report());
  feed.window.begin(bytes("init"));
  EXPECT_FALSE(feed.window.report());
  feed.part(false, true);
  EXPECT_EQ(feed.window.report()->last_msn, 100U);
  EXPECT_EQ(feed.window.render(false, std::nullopt).find("RENDITION-REPORT"), std::string::npos);
}

TEST(MediaWindow, AReloadWaitsForExactlyWhatItNames) {
  Feed feed;
  feed.window.begin(bytes("init"));
  feed.segment();
  feed.part(false, true);
  EXPECT_TRUE(feed.window.has({100, {}}));
  EXPECT_TRUE(feed.window.has({101, 0}));
  EXPECT_FALSE(feed.window.has({101, 1}));
  EXPECT_FALSE(feed.window.has({101, {}}));
  EXPECT_FALSE(feed.window.has({102, 0}));
  feed.part(false);
  EXPECT_TRUE(feed.window.has({101, 1}));
  for (int i = 0; i < 4; ++i) feed.part(i == 3);
  EXPECT_TRUE(feed.window.has({101, {}}));
  // Beyond the last part of a segment means the first part of the next.
  EXPECT_FALSE(feed.window.has({101, 6}));
  feed.part(false, true);
  EXPECT_TRUE(feed.window.has({101, 6}));
}

TEST(MediaWindow, RefusesAReloadFarAhead) {
  Feed feed;
  feed.window.begin(bytes("init"));
  feed.segment();
  EXPECT_TRUE(feed.window.check({103, {}}));
  EXPECT_FALSE(feed.window.check({104, {}}));
}

TEST(MediaWindow, KeepsTheNewestAndALittleMore) {
  Feed feed;
  feed.window.begin(bytes("init"));
  for (int i = 0; i < 40; ++i) feed.segment();
  const std::string text = feed.window.render(false, kSibling);
  EXPECT_NE(text.find("#EXT-X-MEDIA-SEQUENCE:125\n"), std::string::npos);
  EXPECT_NE(feed.window.find("av-122.m4s").bytes, nullptr);
  EXPECT_EQ(feed.window.find("av-121.m4s").bytes, nullptr);
  EXPECT_NE(feed.window.find("av-init-1.mp4").bytes, nullptr);
  // Parts of old segments leave the memory; the segments have them.
  EXPECT_EQ(feed.window.find("av-126.0.m4s").bytes, nullptr);
  EXPECT_NE(feed.window.find("av-138.0.m4s").bytes, nullptr);
}

TEST(MediaWindow, ASegmentIsItsPartsInOrder) {
  Feed feed;
  feed.window.begin(bytes("init"));
  feed.segment();
  EXPECT_EQ(*feed.window.find("av-100.m4s").bytes, "[0][1][2][3][4][5]");
  EXPECT_EQ(*feed.window.find("av-100.2.m4s").bytes, "[2]");
}

TEST(MediaWindow, ANewEncoderFollowsBehindADiscontinuity) {
  Feed feed;
  feed.window.begin(bytes("one"));
  feed.segment();
  feed.part(false, true);
  feed.window.begin(bytes("two"));
  feed.part(false, true);
  const std::string text = feed.window.render(false, kSibling);
  EXPECT_NE(text.find("#EXTINF:0.33333,\nav-101.m4s\n#EXT-X-DISCONTINUITY\n"
                      "#EXT-X-MAP:URI=\"av-init-2.mp4\"\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(*feed.window.find("av-init-1.mp4").bytes, "one");
  EXPECT_EQ(*feed.window.find("av-init-2.mp4").bytes, "two");
  // Once it has left the playlist it is counted instead, and its init segment goes.
  for (int i = 0; i < 30; ++i) feed.segment();
  const std::string later = feed.window.render(false, kSibling);
  EXPECT_EQ(later.find("#EXT-X-DISCONTINUITY\n"), std::string::npos);
  EXPECT_NE(later.find("#EXT-X-DISCONTINUITY-SEQUENCE:8\n"), std::string::npos) << later;
  EXPECT_EQ(feed.window.find("av-init-1.mp4").bytes, nullptr);
}

TEST(MediaWindow, TheHintedPartMayBeWaitedFor) {
  Feed feed;
  feed.window.begin(bytes("init"));
  feed.part(false, true);
  EXPECT_TRUE(feed.window.find("av-100.1.m4s").is_next_part);
  EXPECT_FALSE(feed.window.find("av-100.2.m4s").is_next_part);
  EXPECT_FALSE(feed.window.find("av-101.0.m4s").is_next_part);
  for (const char* odd :
       {"", "av", "av-", "av-.m4s", "av-100", "av-100.", "av-100.x.m4s", "a-100.0.m4s",
        "av-100.0.m4s/", "av-init-.mp4", "av-init-1.m4s", "av-99999999999999999999.m4s"}) {
    const auto found = feed.window.find(odd);
    EXPECT_TRUE(found.bytes == nullptr && !found.is_next_part) << odd;
  }
}

TEST(MediaWindow, ADeltaUpdateLeavesOutWhatTheClientHas) {
  Feed feed;
  feed.window.begin(bytes("init"));
  for (int i = 0; i < 12; ++i) feed.segment();
  const std::string text = feed.window.render(true, kSibling);
  // Six segments of two seconds cover the twelve seconds that must not be left out; a microsecond
  // that thirds lose makes it seven.
  EXPECT_NE(text.find("#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("av-104.m4s"), std::string::npos);
  EXPECT_NE(text.find("av-105.m4s"), std::string::npos);
  EXPECT_EQ(text.find("#EXT-X-MAP"), std::string::npos);
}

TEST(MediaWindow, TheEndIsSaidAndEndsAllWaiting) {
  Feed feed;
  feed.window.begin(bytes("init"));
  feed.segment();
  feed.part(false, true);
  feed.window.end();
  const std::string text = feed.window.render(false, kSibling);
  EXPECT_TRUE(text.ends_with("av-101.m4s\n#EXT-X-ENDLIST\n")) << text;
  EXPECT_EQ(text.find("PRELOAD"), std::string::npos);
  EXPECT_TRUE(feed.window.has({500, 0}));
}

TEST(MediaWindow, DatesAreOfTheGregorianCalendar) {
  for (const auto& [us, shown] : std::initializer_list<std::pair<int64_t, const char*>>{
           {0, "1970-01-01T00:00:00.000Z"},
           {951'782'400'000'000, "2000-02-29T00:00:00.000Z"},
           {1'709'251'199'999'000, "2024-02-29T23:59:59.999Z"},
           {4'107'542'400'000'000, "2100-03-01T00:00:00.000Z"}}) {
    MediaWindow window({"av", 0, 0});
    window.begin(bytes("init"));
    window.add_part({Duration::seconds(1), true, us, bytes("x")}, true);
    EXPECT_NE(window.render(false, kSibling).find(std::string("TIME:") + shown), std::string::npos)
        << shown;
  }
}

TEST(MediaWindow, TheNextLifeCountsOnFromTheLastDiscontinuity) {
  Feed feed;
  for (int life = 0; life < 3; ++life) {
    feed.window.begin(bytes("init"));
    for (size_t i = 0; i < MediaWindow::kListed - 5; ++i) feed.segment();
    feed.part(false, true);
    EXPECT_EQ(feed.window.next_series(), counted_series(feed.window.render(false, kSibling)) + 1);
  }
  EXPECT_EQ(feed.window.next_series(), 7U + 2 + 1);
}

}  // namespace
}  // namespace signaling::hls
