// What each maker's WHIP offer comes to. The offers (tests/data/sdp/) are written after the form
// that the maker's program gives them; each has something that the others have not.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "signaling/sdp/negotiate.h"
#include "tests/unit/signaling/sdp/offers.h"

namespace signaling::sdp {
namespace {

using media::Codec;

struct Expected {
  std::string name;
  std::string audio_mid, video_mid;
  int opus = 0;
  Codec picture = Codec::H264;
  int picture_type = 0;
  int rtx_type = -1;
  uint32_t voice_ssrc = 0, picture_ssrc = 0;  // 0: layers, told apart by rid
  std::vector<std::string> rids;
};

// So that a failed case says which one it was.
void PrintTo(const Expected& expected, std::ostream* out) {
  *out << expected.name;
}

class EncoderOffers : public testing::TestWithParam<Expected> {
 protected:
  EncoderOffers() : session_(offer(GetParam().name)) {}

  media::Result<Negotiated> answered(const std::string& text = "") {
    if (!text.empty()) {
      const auto parsed = parse(text);
      EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().what);
      if (parsed) session_ = *parsed;
    }
    return negotiate(session_, derive_uses(session_, "teacher"), {}, facts(ids_));
  }

  Session session_;
  Ids ids_;
};

TEST_P(EncoderOffers, VoiceAndPictureArePublishedAsOffered) {
  const Expected& want = GetParam();
  const auto n = answered();
  ASSERT_TRUE(n) << n.error().what;
  ASSERT_EQ(n->published.size(), 2U);
  EXPECT_TRUE(n->slots.empty());
  for (const media::PublishedSection& section : n->published) {
    const media::CodecParams& codec = section.codecs.front();
    if (section.kind == media::MediaKind::Audio) {
      EXPECT_EQ(section.mid, want.audio_mid);
      EXPECT_EQ(section.source, media::Source::Microphone);
      EXPECT_EQ(codec.codec, Codec::Opus);
      EXPECT_EQ(codec.payload_type, want.opus);
      ASSERT_EQ(section.ssrcs.size(), 1U);
      EXPECT_EQ(section.ssrcs[0].media.value, want.voice_ssrc);
      continue;
    }
    EXPECT_EQ(section.mid, want.video_mid);
    EXPECT_EQ(section.source, media::Source::Camera);
    EXPECT_EQ(codec.codec, want.picture);
    EXPECT_EQ(codec.payload_type, want.picture_type);
    EXPECT_EQ(codec.rtx_payload_type ? *codec.rtx_payload_type : -1, want.rtx_type);
    EXPECT_EQ(section.rids, want.rids);
    if (want.picture_ssrc == 0) continue;
    ASSERT_EQ(section.ssrcs.size(), 1U);
    EXPECT_EQ(section.ssrcs[0].media.value, want.picture_ssrc);
    EXPECT_EQ(section.ssrcs[0].rtx.has_value(), want.rtx_type >= 0);
  }
}

TEST_P(EncoderOffers, TheAnswerIsOneBundleThatTheEncoderCanUse) {
  const auto n = answered();
  ASSERT_TRUE(n);
  const auto answer = parse(n->answer);
  ASSERT_TRUE(answer) << n->answer;
  EXPECT_TRUE(answer->ice_lite);
  EXPECT_EQ(answer->bundle, session_.bundle);
  ASSERT_EQ(answer->sections.size(), session_.sections.size());
  for (size_t i = 0; i < answer->sections.size(); ++i) {
    const Section& section = answer->sections[i];
    EXPECT_EQ(section.mid, session_.sections[i].mid);
    EXPECT_EQ(section.kind, session_.sections[i].kind);
    EXPECT_EQ(section.direction, Direction::RecvOnly);
    EXPECT_EQ(section.setup, "passive") << "who leaves the choice to us starts DTLS";
    EXPECT_TRUE(section.rtcp_mux);
    ASSERT_TRUE(section.ice);
    EXPECT_EQ(section.ice->ufrag, "srvr");
    for (const CodecLine& codec : section.codecs) {
      const auto& offered = session_.sections[i].codecs;
      EXPECT_TRUE(std::any_of(offered.begin(), offered.end(), [&](const CodecLine& o) {
        return o.payload_type == codec.payload_type;
      })) << int{codec.payload_type};
    }
  }
  EXPECT_EQ(answer->sections[0].candidates.size(), 1U) << "the whole BUNDLE has one transport";
}

TEST_P(EncoderOffers, LinesMayEndAsInUnix) {
  EXPECT_TRUE(answered(replaced(offer_text(GetParam().name), "\r\n", "\n")));
}

// FFmpeg's default.
TEST_P(EncoderOffers, AnEncoderThatWantsToBeTheDtlsServerFindsAClient) {
  const std::string text = offer_text(GetParam().name);
  const bool active = text.find("a=setup:active") != std::string::npos;
  const auto n =
      answered(replaced(text, active ? "a=setup:active" : "a=setup:actpass", "a=setup:passive"));
  ASSERT_TRUE(n) << n.error().what;
  EXPECT_TRUE(n->starts_dtls);
  const auto answer = parse(n->answer);
  ASSERT_TRUE(answer);
  for (const Section& section : answer->sections) EXPECT_EQ(section.setup, "active");
}

INSTANTIATE_TEST_SUITE_P(
    Makers, EncoderOffers,
    testing::Values(
        Expected{"obs_whip", "0", "1", 111, Codec::H264, 96, -1, 2718281828, 2718281829, {}},
        Expected{"ffmpeg_whip", "0", "1", 111, Codec::H264, 106, 105, 3141592653, 3141592654, {}},
        Expected{"larix_whip", "0", "1", 111, Codec::H264, 98, 99, 1764330159, 2264330160, {}},
        Expected{"safari_whip", "0", "1", 111, Codec::Vp8, 104, 105, 1414213562, 1732050807, {}},
        Expected{
            "firefox_whip", "0", "1", 109, Codec::Vp8, 120, 124, 2236067977, 0, {"q", "h", "f"}},
        Expected{"whipclientsink_whip",
                 "audio1",
                 "video0",
                 101,
                 Codec::H264,
                 96,
                 99,
                 3605551275,
                 3316624790,
                 {}}),
    [](const auto& maker) { return maker.param.name; });

}  // namespace
}  // namespace signaling::sdp
