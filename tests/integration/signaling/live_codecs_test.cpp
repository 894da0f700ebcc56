// Pictures that a class cannot decode and senders that send too much: who hears of it, and who goes
// on as before.
#include "live_rig.h"

namespace tests {
namespace {

class LiveCodecs : public LiveRig {
 protected:
  // The teacher's encoder, with H.264.
  Line& h264_encoder() {
    Line& line = offer_of(true);
    line.offer.sections[1].codecs = {signaling::sdp::client_codec(media::Codec::H264)};
    return line;
  }
  void send_h264(Line& line) {
    RtpSample sample;
    sample.payload_type = signaling::sdp::client_codec(media::Codec::H264).payload_type;
    sample.marker = true;
    sample.sequence = ++line.sequence;
    sample.timestamp = line.clock += 3000;
    sample.ssrc = media::Ssrc(line.ssrc + 1);
    // Parameter sets and an IDR slice in one STAP-A.
    sample.payload = {0x78, 0, 4, 0x67, 0x42, 0xc0, 0x0b, 0, 3, 0x68, 0xce, 0x3c, 0, 2, 0x65, 0x88};
    sample.extensions.mid = "v";
    clients->send_rtp(line.id, build(sample, line.answer.extensions));
  }
  void send_loud(Line& line) {
    RtpSample sample;
    sample.payload_type = signaling::sdp::client_codec(media::Codec::Opus).payload_type;
    sample.sequence = ++line.sequence;
    sample.timestamp = line.clock += 960;
    sample.ssrc = media::Ssrc(line.ssrc);
    sample.payload = opus_payload(line.clock);
    sample.payload.resize(1000, 0x5A);
    sample.extensions.mid = line.offer.sections[0].mid;
    clients->send_rtp(line.id, build(sample, line.answer.extensions));
  }
  // The newest message of that name; null when none came.
  static json newest(const FakeConnection& page, const std::string& name) {
    const auto all = of_type(page, name);
    return all.empty() ? json() : all.back();
  }
};

TEST_F(LiveCodecs, AClassThatCannotDecodeThePictureIsToldAndTheOthersSeeIt) {
  FakeConnection& t = enter(teacher());
  FakeConnection& a = enter(pupils("class1"));
  FakeConnection& b = enter(pupils("class2"));
  EXPECT_EQ(request(t, {{"t", "start"}})["t"], "ok");
  connect_page(a);
  // Class B takes H.264 alone.
  Line& other = new_line();
  add_section(other, "teacher", media::MediaKind::Video, false);
  other.offer.sections[0].codecs = {signaling::sdp::client_codec(media::Codec::H264)};
  const json uses = json::array({{{"mid", "teacher"}, {"use", "slot"}, {"slot", "teacher"}}});
  const json answer =
      request(b, {{"t", "offer"}, {"sdp", build_offer(other.offer)}, {"sections", uses}});
  ASSERT_EQ(answer["t"], "answer");
  plug_in(other, answer["sdp"]);

  Line& encoder = h264_encoder();
  const auto published = publish(teacher(), build_offer(encoder.offer));
  ASSERT_TRUE(published);
  plug_in(encoder, published->sdp);
  EXPECT_TRUE(pump([&] {
    send_h264(encoder);
    return !newest(a, "undecodable").is_null() && other.heard("teacher") > 5;
  }));
  EXPECT_EQ(newest(a, "undecodable")["slots"], (json{{"teacher", {{"codec", "h264"}}}}));
  EXPECT_TRUE(newest(b, "undecodable").is_null());
  EXPECT_EQ(lessons->stats().slots_undecodable, 1U);

  EXPECT_EQ(end_session(teacher(), published->session), 200);
  EXPECT_TRUE(pump([&] { return newest(a, "undecodable")["slots"].empty(); }));
  EXPECT_EQ(of_type(a, "undecodable").size(), 2U);
}

TEST_F(LiveCodecs, WhoSendsTooMuchIsToldAndToldWhenItIsOver) {
  FakeConnection& t = enter(teacher());
  FakeConnection& a = enter(pupils("class1"));
  EXPECT_EQ(request(t, {{"t", "start"}})["t"], "ok");
  Line& page = connect_page(t);
  Line& seen = connect_page(a);
  EXPECT_TRUE(pump([&] {
    for (int i = 0; i < 50; ++i) send_loud(page);
    return !newest(t, "over-rate").is_null();
  }));
  const json told = newest(t, "over-rate");
  EXPECT_EQ(told["sources"], (json{{"microphone", 768}}));
  EXPECT_EQ(lessons->stats().tracks_over_rate, 1U);
  EXPECT_TRUE(pump([&] { return newest(t, "over-rate")["sources"].empty(); }));
  EXPECT_TRUE(newest(a, "over-rate").is_null());
  // Less than a fifth of it went through.
  EXPECT_LT(seen.heard("voice-teacher"), 1U + page.sequence / 5U);
}

}  // namespace
}  // namespace tests
