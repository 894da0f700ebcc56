#include "media/client/synthetic_teacher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "media/codec/vp8.h"
#include "media/rtcp/compound.h"
#include "media/rtcp/feedback.h"
#include "media/rtp/packet_view.h"

namespace media::client {
namespace {

constexpr Ssrc kAudio(1);
const std::vector<Ssrc> kLayers = {Ssrc(2), Ssrc(3), Ssrc(4)};

struct Wire {
  std::vector<std::vector<uint8_t>> rtp;
  std::vector<std::vector<uint8_t>> rtcp;
  PacketSink sink{[this](ByteSpan p) {
                    rtp.emplace_back(p.begin(), p.end());
                    return true;
                  },
                  [this](ByteSpan p) {
                    rtcp.emplace_back(p.begin(), p.end());
                    return true;
                  }};
  // Packets of one stream.
  [[nodiscard]] std::vector<rtp::PacketView> of(Ssrc ssrc) const {
    std::vector<rtp::PacketView> out;
    for (const auto& bytes : rtp) {
      const auto view = rtp::PacketView::parse(bytes);
      if (view && view->ssrc() == ssrc) out.push_back(*view);
    }
    return out;
  }
};

class SyntheticTeacherTest : public testing::Test {
 protected:
  void SetUp() override {
    SyntheticTeacher::Params params;
    params.extensions = {.audio_level = 1,
                         .abs_send_time = 2,
                         .transport_cc = 3,
                         .mid = 4,
                         .rid = 5,
                         .repaired_rid = 6};
    params.audio_mid = "0";
    params.video_mid = "1";
    params.rtx_payload_type = 97;
    params.audio_ssrc = kAudio;
    params.layers = {
        {"q", kLayers[0], Ssrc(12)}, {"h", kLayers[1], Ssrc(13)}, {"f", kLayers[2], Ssrc(14)}};
    params.fps = 10;
    params.ntp_offset_us = 3'900'000'000LL * 1'000'000;
    extensions_ = params.extensions;
    auto made = SyntheticTeacher::make(params, now_);
    ASSERT_TRUE(made);
    teacher_ = std::move(*made);
  }
  void run(Duration span) {
    for (const Instant end = now_ + span; now_ < end; now_ += Duration::millis(10))
      teacher_->produce(now_, wire_.sink);
  }
  // Key frames that begin in `packets`.
  static int key_frames(const std::vector<rtp::PacketView>& packets) {
    int count = 0;
    for (const auto& packet : packets) {
      const auto info = codec::parse_vp8(packet.payload(), packet.marker());
      if (info && info->starts_frame && info->is_key_frame) ++count;
    }
    return count;
  }

  Instant now_ = Instant::from_micros(50'000'000);
  Wire wire_;
  rtp::ExtensionMap extensions_;
  std::unique_ptr<SyntheticTeacher> teacher_;
};

TEST_F(SyntheticTeacherTest, SendsThreeSizesOnceAKeyFrameAndSoundInStep) {
  run(Duration::seconds(2));
  EXPECT_EQ(wire_.of(kAudio).size(), 100U);
  const std::vector<std::pair<int, int>> sizes = {{320, 180}, {640, 360}, {1280, 720}};
  for (size_t i = 0; i < 3; ++i) {
    const auto packets = wire_.of(kLayers[i]);
    ASSERT_FALSE(packets.empty());
    EXPECT_EQ(key_frames(packets), 1);
    const auto info = codec::parse_vp8(packets[0].payload(), packets[0].marker());
    ASSERT_TRUE(info);
    EXPECT_EQ(std::pair(int{info->width}, int{info->height}), sizes[i]);
    const auto frames =
        std::count_if(packets.begin(), packets.end(), [](const auto& p) { return p.marker(); });
    EXPECT_EQ(frames, 20);
    EXPECT_EQ(rtp::parse_extensions(packets[0], extensions_).mid, "1");
    EXPECT_EQ(rtp::parse_extensions(packets[0], extensions_).rid, i == 0   ? "q"
                                                                  : i == 1 ? "h"
                                                                           : "f");
  }
}

TEST_F(SyntheticTeacherTest, FragmentsOfAFrameAreEquallyLongButForTheLast) {
  run(Duration::millis(100));
  const auto packets = wire_.of(kLayers[2]);
  ASSERT_GE(packets.size(), 3U);
  for (size_t i = 0; i + 1 < packets.size(); ++i)
    EXPECT_EQ(packets[i].payload().size(), packets[0].payload().size());
  EXPECT_LE(packets.back().payload().size(), packets[0].payload().size());
}

TEST_F(SyntheticTeacherTest, APliMakesAKeyFrameOfThatLayerAlone) {
  run(Duration::seconds(1));
  wire_.rtp.clear();
  std::array<uint8_t, 64> bytes;
  ByteWriter out(bytes);
  ASSERT_TRUE(rtcp::write_pli(out, Ssrc(9), kLayers[1]));
  teacher_->on_rtcp(now_, out.written(), wire_.sink);
  run(Duration::seconds(1));
  EXPECT_EQ(key_frames(wire_.of(kLayers[0])), 0);
  EXPECT_EQ(key_frames(wire_.of(kLayers[1])), 1);
  EXPECT_EQ(key_frames(wire_.of(kLayers[2])), 0);
}

TEST_F(SyntheticTeacherTest, ANackIsAnsweredWithThatPacketOverRtx) {
  run(Duration::millis(100));
  const auto lost = wire_.of(kLayers[2])[1];
  const std::vector<uint8_t> payload(lost.payload().begin(), lost.payload().end());
  const uint16_t sequence = lost.sequence();
  std::array<uint8_t, 64> bytes;
  ByteWriter out(bytes);
  ASSERT_EQ(rtcp::write_nack(out, Ssrc(9), kLayers[2], std::span(&sequence, 1)), 1U);
  wire_.rtp.clear();
  teacher_->on_rtcp(now_, out.written(), wire_.sink);
  const auto repaired = wire_.of(Ssrc(14));
  ASSERT_EQ(repaired.size(), 1U);
  EXPECT_EQ(repaired[0].payload_type(), 97);
  EXPECT_EQ(load_be16(repaired[0].payload().data()), sequence);
  EXPECT_TRUE(std::equal(payload.begin(), payload.end(), repaired[0].payload().begin() + 2,
                         repaired[0].payload().end()));
  EXPECT_EQ(rtp::parse_extensions(repaired[0], extensions_).repaired_rid, "f");
}

TEST_F(SyntheticTeacherTest, ReportsTieEveryStreamToOneClock) {
  run(Duration::seconds(3));
  std::map<uint32_t, std::pair<int64_t, uint32_t>> last;
  for (const auto& compound : wire_.rtcp) {
    rtcp::CompoundReader reader(compound);
    while (const auto block = reader.next()) {
      if (const auto* report = std::get_if<rtcp::SenderReport>(&*block)) {
        last[report->sender.ssrc.value] = {report->sender.ntp.as_micros(),
                                           report->sender.rtp_timestamp};
      }
    }
  }
  ASSERT_EQ(last.size(), 4U);
  // What the report calls the capture instant of the first packet is the start, for every stream
  // alike.
  for (const auto& [ssrc, report] : last) {
    const auto first = wire_.of(Ssrc(ssrc))[0];
    const int64_t rate = ssrc == 1 ? 48000 : 90000;
    const int64_t since =
        static_cast<int64_t>(report.second - first.timestamp()) * 1'000'000 / rate;
    EXPECT_LE(std::llabs(report.first - since - (3'900'000'000LL * 1'000'000 + 50'000'000)), 100)
        << "stream " << ssrc;
  }
}

TEST(SyntheticVoice, SpeaksAndPauses) {
  SyntheticVoice voice;
  std::vector<int16_t> second(48000);
  voice.render(second);
  EXPECT_LT(level_dbov(second), 40) << "speech is loud";
  voice.render(second);
  voice.render(second);
  voice.render(second);
  EXPECT_GT(level_dbov(std::span(second).subspan(24000)), 60) << "the fourth second is a pause";
}

TEST(SyntheticPicture, TheDiscMovesAndTheOldOneIsWiped) {
  SyntheticPicture source(320, 180);
  const Picture first = source.draw(Duration::millis(500), "00:00:00.5");
  const Picture second = source.draw(Duration::millis(2500), "00:00:02.5");
  EXPECT_NE(first.y, second.y);
  SyntheticPicture fresh(320, 180);
  EXPECT_EQ(fresh.draw(Duration::millis(2500), "00:00:02.5").y, second.y)
      << "nothing of the first is left";
}

TEST(SyntheticPicture, GrainIsNewInEveryPictureAndLeavesTheRestAsItIs) {
  SyntheticPicture grainy(320, 180, true);
  SyntheticPicture plain(320, 180);
  const Picture first = grainy.draw(Duration::millis(500), "12:00:00");
  const Picture same = plain.draw(Duration::millis(500), "12:00:00");
  const Picture second = grainy.draw(Duration::millis(500), "12:00:00");
  const size_t strip = 320 * 20;
  size_t changed = 0;
  for (size_t i = 0; i < strip; ++i) changed += first.y[i] != second.y[i] ? 1U : 0U;
  EXPECT_GT(changed, strip * 9 / 10);
  EXPECT_TRUE(std::equal(first.y.begin() + strip, first.y.end(), same.y.begin() + strip));
}

TEST(SyntheticPicture, NeverDrawsOutsideAtAnyTime) {
  SyntheticPicture source(320, 180);
  for (int i = 0; i < 400; ++i)
    source.draw(Duration::millis(20 * i), "23:59:59.9");  // the sanitizers watch
  Picture half(160, 90);
  halve(source.draw(Duration(), "0"), half);
  EXPECT_EQ(half.y.size(), 160U * 90U);
}

}  // namespace
}  // namespace media::client
