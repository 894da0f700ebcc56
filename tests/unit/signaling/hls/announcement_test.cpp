#include "signaling/hls/announcement.h"

#include <gtest/gtest.h>

namespace signaling::hls {
namespace {

TEST(Announcement, ReadsWhatTheEncoderSays) {
  const auto init = parse_announcement(
      R"({"init":{"av":"1.mp4","a":"2.mp4","avCodecs":"avc1.42C01F,mp4a.40.2","aCodecs":"mp4a.40.2","width":1280,"height":720}})");
  ASSERT_TRUE(init);
  EXPECT_EQ(std::get<InitAnnouncement>(*init).av_codecs, "avc1.42C01F,mp4a.40.2");
  EXPECT_EQ(std::get<InitAnnouncement>(*init).height, 720);
  const auto part = parse_announcement(
      R"({"part":{"rendition":"a","file":"7.m4s","durationUs":341333,"dateUs":5,"independent":true,"ends":true}})");
  ASSERT_TRUE(part);
  const auto& p = std::get<PartAnnouncement>(*part);
  EXPECT_EQ(p.rendition, Rendition::SoundAlone);
  EXPECT_EQ(p.file, "7.m4s");
  EXPECT_EQ(p.duration, media::Duration::micros(341'333));
  EXPECT_TRUE(p.independent && p.ends_segment);
  EXPECT_TRUE(parse_announcement(R"({"state":"connected"})"));
  const auto stats = parse_announcement(R"({"stats":{"encoded":9,"skipped":2}})");
  ASSERT_TRUE(stats);
  EXPECT_EQ(std::get<EncoderStats>(*stats).skipped, 2U);
}

TEST(Announcement, TakesNoFileFromElsewhere) {
  for (const char* name : {"../x.m4s", "/etc/passwd", "..", ".m4s", "a/b.m4s", "x..m4s", "x", ""}) {
    const std::string line = std::string(R"({"part":{"rendition":"av","file":")") + name +
                             R"(","durationUs":1,"dateUs":1}})";
    EXPECT_FALSE(parse_announcement(line)) << name;
  }
}

TEST(Announcement, RefusesEverythingElse) {
  for (
      const char* line :
      {"", "x", "[]", "{}", R"({"part":1})", R"({"state":"asleep"})", R"({"other":{}})",
       R"({"part":{"rendition":"b","file":"1.m4s","durationUs":1,"dateUs":1}})",
       R"({"part":{"rendition":"av","file":"1.m4s","durationUs":0,"dateUs":1}})",
       R"({"part":{"rendition":"av","file":"1.m4s","durationUs":99999999999,"dateUs":1}})",
       R"({"state":"connected","part":{}})",
       R"({"init":{"av":"1.mp4","a":"2.mp4","avCodecs":"x\"\n","aCodecs":"y","width":1,"height":1}})"}) {
    EXPECT_FALSE(parse_announcement(line)) << line;
  }
}

}  // namespace
}  // namespace signaling::hls
