#include "media/client/publisher.h"

#include <gtest/gtest.h>

#include <map>

#include "media/rtp/packet_view.h"

namespace media::client {
namespace {

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override {
    Publisher::Params params;
    params.audio_mid = "0";
    params.video_mid = "1";
    params.rtx_payload_type = 97;
    params.audio_ssrc = Ssrc(1);
    params.layers = {
        {"q", Ssrc(10), Ssrc(20)}, {"h", Ssrc(11), Ssrc(21)}, {"f", Ssrc(12), Ssrc(22)}};
    params.slow_lowest = true;
    auto made = Publisher::make(params, now);
    ASSERT_TRUE(made) << made.error().message;
    publisher = std::move(*made);
  }
  // One picture; what was sent of it, by SSRC.
  std::map<uint32_t, size_t> picture(int width, int height) {
    sent.clear();
    EXPECT_TRUE(publisher->send_picture(now, now, Picture(width, height), sink));
    now += Duration::millis(40);
    return sent;
  }
  // The first byte of the frame says it (RFC 6386 section 9.1), behind a descriptor of four.
  std::map<uint32_t, bool> key;

  Instant now = Instant::from_micros(1'000'000);
  std::map<uint32_t, size_t> sent;
  PacketSink sink{[this](ByteSpan packet) {
                    const auto view = rtp::PacketView::parse(packet);
                    if (!view) return false;
                    const uint32_t ssrc = view->ssrc().value;
                    if (sent[ssrc]++ == 0 && view->payload().size() > 4)
                      key[ssrc] = (view->payload()[4] & 1) == 0;
                    return true;
                  },
                  [](ByteSpan) { return true; }};
  std::unique_ptr<Publisher> publisher;
};

TEST_F(PublisherTest, ALargePictureGoesOutInThreeSizesTheSmallestAtHalfTheRate) {
  EXPECT_EQ(picture(1280, 720).size(), 3U);
  EXPECT_TRUE(key[10] && key[11] && key[12]);
  const auto second = picture(1280, 720);
  EXPECT_EQ(second.count(10), 0U);
  EXPECT_EQ(second.count(12), 1U);
  EXPECT_FALSE(key[12]);
  EXPECT_EQ(picture(1280, 720).count(10), 1U);
}

TEST_F(PublisherTest, ANewSizeStartsWithKeyFramesAndFewerLayers) {
  picture(1280, 720);
  const auto small = picture(320, 240);
  EXPECT_EQ(small.count(12), 0U);
  EXPECT_EQ(small.count(10), 1U);
  EXPECT_EQ(small.count(11), 1U);
  EXPECT_TRUE(key[10] && key[11]);
  EXPECT_EQ(Publisher::layer_count(160), 1U);
  EXPECT_EQ(Publisher::layer_count(320), 2U);
  EXPECT_EQ(Publisher::layer_count(1280), 3U);
}

TEST_F(PublisherTest, APictureLossMakesAKeyFrameOfThatLayerAlone) {
  picture(640, 360);
  picture(640, 360);
  // RFC 4585 section 6.3.1, for SSRC 12.
  const std::vector<uint8_t> pli = {0x81, 206, 0, 2, 0, 0, 0, 99, 0, 0, 0, 12};
  publisher->on_rtcp(now, pli, sink);
  picture(640, 360);
  EXPECT_TRUE(key[12]);
  EXPECT_FALSE(key[11]);
}

TEST_F(PublisherTest, SoundLeavesInWholeFramesAndAGapStartsAnew) {
  const std::vector<int16_t> samples(700, 100);
  publisher->send_sound(now, now, samples, sink);
  EXPECT_EQ(sent[1], 0U);
  publisher->send_sound(now, now + Duration::micros(14'583), samples, sink);
  EXPECT_EQ(sent[1], 1U);
  publisher->send_sound(now, now + Duration::seconds(1), samples, sink);
  EXPECT_EQ(sent[1], 1U) << "what was held before the gap is not joined to what comes after it";
}

}  // namespace
}  // namespace media::client
