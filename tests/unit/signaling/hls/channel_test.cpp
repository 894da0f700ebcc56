#include "signaling/hls/channel.h"

#include <gtest/gtest.h>

#include <optional>

namespace signaling::hls {
namespace {

using media::Duration;
using media::Instant;

Bytes bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// One request and what became of it.
struct Asked {
  bool there = true;
  std::optional<Reply> reply;
  int answers = 0;

  Channel::Client client() {
    return {[this] { return there; },
            [this](const Reply& r) {
              reply = r;
              ++answers;
            }};
  }
  [[nodiscard]] std::string text() const { return *reply->body; }
};

struct Rig {
  Channel channel{{.first_number = 50, .first_series = 2, .max_blocked = 3}};
  Instant now = Instant::from_micros(1'000'000);
  int made = 0;

  void begin() {
    channel.on_tick(now);
    channel.begin({"1.mp4", "2.mp4", "avc1.42C01F,mp4a.40.2", "mp4a.40.2", 1280, 720},
                  bytes("init-av"), bytes("init-a"));
  }
  void part(bool ends = false) {
    for (const Rendition rendition : {Rendition::PictureAndSound, Rendition::SoundAlone}) {
      channel.add_part(
          {rendition, "x", Duration::micros(333'333), 1'790'000'000'000'000, true, ends},
          bytes("part" + std::to_string(made)));
    }
    ++made;
  }
  void ask(Asked& asked, const char* file, ReloadQuery query = {}) {
    channel.request(now, file, query, asked.client());
  }
};

TEST(HlsChannel, TheFirstViewersWaitUntilThereIsSomethingToPlay) {
  Rig rig;
  Asked master;
  rig.ask(master, "master.m3u8");
  EXPECT_EQ(master.answers, 0);
  rig.begin();
  EXPECT_EQ(master.answers, 0);
  // hls.js takes a playlist with parts alone for an empty one.
  rig.part();
  EXPECT_EQ(master.answers, 0);
  rig.part(true);
  ASSERT_EQ(master.answers, 1);
  EXPECT_EQ(master.reply->status, 200);
  EXPECT_NE(master.text().find("CODECS=\"avc1.42C01F,mp4a.40.2\",RESOLUTION=1280x720\nav.m3u8\n"),
            std::string::npos);
  EXPECT_NE(master.text().find("CODECS=\"mp4a.40.2\"\na.m3u8\n"), std::string::npos);
}

TEST(HlsChannel, AnswersABlockedReloadWithThePartItWaitedFor) {
  Rig rig;
  rig.begin();
  rig.part();
  Asked next;
  rig.ask(next, "av.m3u8", {"50", "1", {}});
  EXPECT_EQ(rig.channel.blocked(), 1U);
  rig.part();
  ASSERT_EQ(next.answers, 1);
  EXPECT_NE(next.text().find("av-50.1.m4s"), std::string::npos);
  EXPECT_EQ(rig.channel.blocked(), 0U);
}

TEST(HlsChannel, AnswersTheHintedPartWhenItIsMade) {
  Rig rig;
  rig.begin();
  rig.part();
  Asked hinted;
  Asked later;
  rig.ask(hinted, "av-50.1.m4s");
  rig.ask(later, "av-50.2.m4s");
  EXPECT_EQ(hinted.answers, 0);
  ASSERT_EQ(later.answers, 1);
  EXPECT_EQ(later.reply->status, 404);
  rig.part();
  ASSERT_EQ(hinted.answers, 1);
  EXPECT_EQ(hinted.text(), "part1");
  EXPECT_EQ(hinted.reply->content_type, "video/mp4");
}

TEST(HlsChannel, RefusesReloadsThatMakeNoSense) {
  Rig rig;
  rig.begin();
  rig.part();
  for (const ReloadQuery& query :
       {ReloadQuery{{}, "1", {}}, ReloadQuery{"x", {}, {}}, ReloadQuery{"50", "-1", {}},
        ReloadQuery{"60", {}, {}}, ReloadQuery{"", {}, {}}}) {
    Asked asked;
    rig.ask(asked, "av.m3u8", query);
    ASSERT_EQ(asked.answers, 1);
    EXPECT_EQ(asked.reply->status, 400);
  }
}

TEST(HlsChannel, NobodyWaitsForEver) {
  Rig rig;
  rig.begin();
  rig.part();
  Asked next;
  rig.ask(next, "a.m3u8", {"50", "1", {}});
  rig.channel.on_tick(rig.now + Channel::kMaxWait - Duration::millis(1));
  EXPECT_EQ(next.answers, 0);
  rig.channel.on_tick(rig.now + Channel::kMaxWait);
  ASSERT_EQ(next.answers, 1);
  EXPECT_EQ(next.reply->status, 503);
  EXPECT_EQ(rig.channel.timed_out(), 1U);
}

TEST(HlsChannel, WaitingIsBoundedAndForgetsWhoLeft) {
  Rig rig;
  rig.begin();
  rig.part();
  Asked a;
  Asked b;
  Asked c;
  Asked d;
  for (Asked* asked : {&a, &b, &c}) rig.ask(*asked, "av.m3u8", {"50", "1", {}});
  rig.ask(d, "av.m3u8", {"50", "1", {}});
  ASSERT_EQ(d.answers, 1);
  EXPECT_EQ(d.reply->status, 503);
  b.there = false;
  rig.channel.on_tick(rig.now);
  EXPECT_EQ(rig.channel.blocked(), 2U);
  rig.part();
  EXPECT_EQ(a.answers, 1);
  EXPECT_EQ(b.answers, 0);
}

TEST(HlsChannel, AllViewersShareOneCopy) {
  Rig rig;
  rig.begin();
  rig.part(true);
  Asked a;
  Asked b;
  rig.ask(a, "av.m3u8");
  rig.ask(b, "av.m3u8");
  EXPECT_EQ(a.reply->body, b.reply->body);
  EXPECT_EQ(a.reply->etag, b.reply->etag);
  rig.part();
  Asked c;
  rig.ask(c, "av.m3u8");
  EXPECT_NE(c.reply->etag, a.reply->etag);
}

TEST(HlsChannel, WhoWaitsIsToldWhenAddressesBecomeVoid) {
  Rig rig;
  rig.begin();
  rig.part(true);
  Asked reload;
  Asked part;
  rig.ask(reload, "av.m3u8", {"51", "0", {}});
  rig.ask(part, "av-51.0.m4s");
  rig.channel.refuse_waiting(403);
  for (const Asked* asked : {&reload, &part}) {
    ASSERT_EQ(asked->answers, 1);
    EXPECT_EQ(asked->reply->status, 403);
    EXPECT_EQ(asked->reply->body, nullptr);
  }
  EXPECT_EQ(rig.channel.blocked(), 0U);
}

TEST(HlsChannel, CountsViewersByWhatTheyTake) {
  Rig rig;
  rig.begin();
  constexpr int kViewers = 40;
  for (int s = 0; s < 20; ++s) {
    for (int i = 0; i < 3; ++i) {
      const std::string file =
          "av-" + std::to_string(50 + rig.made / 6) + "." + std::to_string(rig.made % 6) + ".m4s";
      rig.part(rig.made % 6 == 5);
      for (int v = 0; v < kViewers; ++v) {
        Asked asked;
        rig.ask(asked, file.c_str());
        ASSERT_EQ(asked.reply->status, 200) << file;
      }
    }
    rig.now += Duration::seconds(1);
  }
  EXPECT_NEAR(rig.channel.viewers(rig.now), kViewers, kViewers / 8);
  EXPECT_EQ(rig.channel.viewers(rig.now + Duration::seconds(30)), 0U);
}

TEST(HlsChannel, TheEndReachesThoseWhoWait) {
  Rig rig;
  rig.begin();
  rig.part();
  Asked next;
  rig.ask(next, "av.m3u8", {"50", "1", {}});
  rig.channel.end();
  ASSERT_EQ(next.answers, 1);
  EXPECT_NE(next.text().find("#EXT-X-ENDLIST"), std::string::npos);
}

}  // namespace
}  // namespace signaling::hls
