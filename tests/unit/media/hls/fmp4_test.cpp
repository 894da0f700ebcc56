#include "media/hls/fmp4.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "media/base/bytes.h"

namespace media::hls {
namespace {

uint32_t be32(const std::string& text, size_t at) {
  return load_be32(reinterpret_cast<const uint8_t*>(text.data()) + at);
}

// Children of the box range [from, to): offset of each by type, in order; checks that lengths add
// up.
std::vector<std::pair<std::string, size_t>> boxes(const std::string& text, size_t from, size_t to) {
  std::vector<std::pair<std::string, size_t>> out;
  while (from < to) {
    EXPECT_LE(from + 8, to);
    const uint32_t size = be32(text, from);
    EXPECT_GE(size, 8U);
    EXPECT_LE(from + size, to);
    if (size < 8 || from + size > to) return out;
    out.emplace_back(text.substr(from + 4, 4), from);
    from += size;
  }
  return out;
}

const VideoFormat kVideo{1280, 720, std::string("\x01\x42\xc0\x1f\xff\xe0\x00", 7)};
const AudioFormat kAudio{48'000, 1, std::string("\x11\x88", 2)};

TEST(Fmp4, InitSegmentHasBothTracksAndNoSamples) {
  const std::string init = init_segment(&kVideo, &kAudio);
  const auto top = boxes(init, 0, init.size());
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].first, "ftyp");
  EXPECT_EQ(top[1].first, "moov");
  const auto inside = boxes(init, top[1].second + 8, init.size());
  ASSERT_EQ(inside.size(), 4U);
  EXPECT_EQ(inside[1].first, "trak");
  EXPECT_EQ(inside[2].first, "trak");
  EXPECT_EQ(inside[3].first, "mvex");
  const size_t avcc = init.find("avcC");
  ASSERT_NE(avcc, std::string::npos);
  EXPECT_EQ(init.substr(avcc + 4, 7), kVideo.avc_config);
  const std::string sound = init_segment(nullptr, &kAudio);
  EXPECT_EQ(sound.find("avcC"), std::string::npos);
  EXPECT_NE(sound.find("esds"), std::string::npos);
}

TEST(Fmp4, DataOffsetsPointAtTheSamples) {
  const std::array<Sample, 2> pictures{Sample{"KEYFRAME", 3000, true},
                                       Sample{"DELTA", 3000, false}};
  const std::array<Sample, 1> sound{Sample{"AAC", 1024, true}};
  const std::array tracks{TrackFragment{kVideoTrackId, 90'000, pictures},
                          TrackFragment{kAudioTrackId, 48'000, sound}};
  const std::string out = fragment(9, tracks);
  const auto top = boxes(out, 0, out.size());
  ASSERT_EQ(top.size(), 2U);
  const auto inside = boxes(out, 8, be32(out, 0));
  ASSERT_EQ(inside.size(), 3U);
  std::vector<std::string> found;
  for (size_t i = 1; i < 3; ++i) {
    const size_t traf = inside[i].second;
    const auto parts = boxes(out, traf + 8, traf + be32(out, traf));
    ASSERT_EQ(parts.size(), 3U);
    const size_t trun = parts[2].second;
    found.push_back(out.substr(be32(out, trun + 16), be32(out, trun + 24)));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"KEYFRAME", "AAC"}));
}

TEST(Fmp4, NamesCodecsAsPlayersWantThem) {
  EXPECT_EQ(avc_codec_name(kVideo.avc_config), "avc1.42C01F");
  EXPECT_EQ(aac_codec_name(kAudio.aac_config), "mp4a.40.2");
  EXPECT_EQ(avc_codec_name("x"), "");
  EXPECT_EQ(aac_codec_name(""), "");
}

}  // namespace
}  // namespace media::hls
