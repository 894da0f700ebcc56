// The picture of an HLS stream out of what publishers send: real decoders, a real encoder.
#include "media/hls/picture_desk.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/waiting.h"

namespace tests {
namespace {

using media::Codec;
using media::Duration;
using media::hls::GstPipe;
using media::hls::PictureDesk;

constexpr int kWidth = 320;
constexpr int kHeight = 180;
constexpr uint8_t kWhite = 235;
constexpr uint8_t kBlack = 16;

std::string picture(int width, int height, uint8_t luma) {
  const auto size = static_cast<size_t>(width) * static_cast<size_t>(height);
  return std::string(size, static_cast<char>(luma)) + std::string(size / 2, '\x80');
}

const char* encoder_of(Codec codec) {
  switch (codec) {
    case Codec::Vp8:
      return "vp8enc deadline=1 cpu-used=8";
    case Codec::Vp9:
      return "vp9enc deadline=1 cpu-used=8 lag-in-frames=0";
    case Codec::H264:
      return "openh264enc ! h264parse ! video/x-h264,stream-format=avc,alignment=au";
    default:
      return "av1enc cpu-used=8 usage-profile=realtime lag-in-frames=0 ! av1parse ! "
             "video/x-av1,stream-format=obu-stream,alignment=tu";
  }
}

const char* name_of(Codec codec) {
  switch (codec) {
    case Codec::Vp8:
      return "VP8";
    case Codec::Vp9:
      return "VP9";
    case Codec::H264:
      return "H.264";
    default:
      return "AV1";
  }
}

struct Encoded {
  std::vector<media::pipelines::Frame> frames;
  std::vector<uint8_t> avc_config;
};

// One key frame and what follows it: `count` pictures, one a thirtieth of a second.
Encoded encode(Codec codec, int width, int height, uint8_t luma, int count) {
  auto pipe =
      GstPipe::make("appsrc name=in caps=video/x-raw,format=I420,width=" + std::to_string(width) +
                    ",height=" + std::to_string(height) + ",framerate=30/1 ! " + encoder_of(codec) +
                    " ! appsink name=out");
  EXPECT_TRUE(pipe) << pipe.error().message;
  const std::string raw = picture(width, height, luma);
  for (int i = 0; i < count; ++i)
    (*pipe)->push(raw.data(), raw.size(), Duration::millis(33 * i), Duration::millis(33));
  Encoded out;
  EXPECT_TRUE(wait_until([&] {
    while (const media::hls::SampleRef sample = (*pipe)->pull()) {
      const std::string bytes = media::hls::sample_bytes(sample.get());
      const std::string config = media::hls::sample_codec_data(sample.get());
      if (codec == Codec::H264) out.avc_config.assign(config.begin(), config.end());
      media::pipelines::Frame frame;
      frame.data.assign(bytes.begin(), bytes.end());
      frame.is_key = out.frames.empty();
      out.frames.push_back(std::move(frame));
    }
    // Encoders may keep the last ones back.
    return out.frames.size() + 3 >= static_cast<size_t>(count);
  })) << name_of(codec);
  return out;
}

// What viewers see: the desk's stream decoded.
class Viewer {
 public:
  explicit Viewer(PictureDesk& desk) : desk_(desk) {
    auto pipe = GstPipe::make(
        "appsrc name=in ! h264parse ! openh264dec ! video/x-raw,format=I420 ! appsink name=out");
    EXPECT_TRUE(pipe) << pipe.error().message;
    pipe_ = std::move(*pipe);
  }
  // The brightness in the middle and at the left edge of the newest picture.
  struct Look {
    uint8_t middle = 0;
    uint8_t edge = 0;
  };
  Look look() {
    for (const media::hls::Picture& picture : desk_.take()) {
      if (!has_caps_) {
        has_caps_ = true;
        const std::string& avc = desk_.format()->avc_config;
        GstBuffer* config = gst_buffer_new_memdup(avc.data(), avc.size());
        pipe_->set_caps(gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING, "avc",
                                            "alignment", G_TYPE_STRING, "au", "codec_data",
                                            GST_TYPE_BUFFER, config, nullptr));
        gst_buffer_unref(config);
      }
      pipe_->push(picture.bytes.data(), picture.bytes.size(), picture.at, Duration());
    }
    while (const media::hls::SampleRef sample = pipe_->pull()) {
      const std::string bytes = media::hls::sample_bytes(sample.get());
      constexpr size_t kRow = static_cast<size_t>(kHeight / 2) * kWidth;
      last_ = {static_cast<uint8_t>(bytes[kRow + kWidth / 2]),
               static_cast<uint8_t>(bytes[kRow + 4])};
    }
    return last_;
  }

 private:
  PictureDesk& desk_;
  std::unique_ptr<GstPipe> pipe_;
  bool has_caps_ = false;
  Look last_;
};

class PictureDeskTest : public testing::Test {
 protected:
  void SetUp() override {
    auto desk = PictureDesk::make({kWidth, kHeight, 300'000});
    ASSERT_TRUE(desk) << desk.error().message;
    desk_ = std::move(*desk);
    viewer_ = std::make_unique<Viewer>(*desk_);
  }
  // Shows what a source sends for as long as it lasts.
  void show(size_t source, Codec codec, const Encoded& encoded) {
    for (const auto& frame : encoded.frames) {
      now_ = now_ + Duration::millis(33);
      EXPECT_TRUE(desk_->on_frame(source, codec, frame, encoded.avc_config, now_));
    }
  }
  // Time goes on until viewers see it.
  template <class Seen>
  bool sees(Seen&& seen) {
    return wait_until([&] {
      now_ = now_ + Duration::millis(33);
      desk_->produce(now_);
      return seen(viewer_->look());
    });
  }

  std::unique_ptr<PictureDesk> desk_;
  std::unique_ptr<Viewer> viewer_;
  Duration now_;
};

bool is_white(Viewer::Look look) {
  return look.middle > 200;
}

TEST_F(PictureDeskTest, ShowsEveryCodecThatPublishersSendAndChangesWithoutANewStream) {
  for (const Codec codec : {Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1}) {
    show(PictureDesk::kTeacher, codec, encode(codec, kWidth, kHeight, kBlack, 6));
    EXPECT_TRUE(sees([](Viewer::Look look) { return look.middle < 40; })) << name_of(codec);
    show(PictureDesk::kTeacher, codec, encode(codec, kWidth, kHeight, kWhite, 6));
    EXPECT_TRUE(sees(is_white)) << name_of(codec);
  }
}

TEST_F(PictureDeskTest, KeepsTheShapeOfAPictureThatIsNotWide) {
  show(PictureDesk::kTeacher, Codec::Vp8, encode(Codec::Vp8, 240, 180, kWhite, 6));
  EXPECT_TRUE(sees([](Viewer::Look look) { return is_white(look) && look.edge < 40; }));
}

TEST_F(PictureDeskTest, ShowsTheScreenWhileThereIsOneAndADarkPictureWhenAllAreGone) {
  show(PictureDesk::kTeacher, Codec::Vp8, encode(Codec::Vp8, kWidth, kHeight, kWhite, 6));
  EXPECT_TRUE(sees(is_white));
  show(PictureDesk::kScreen, Codec::Vp8, encode(Codec::Vp8, kWidth, kHeight, kBlack, 6));
  EXPECT_TRUE(sees([](Viewer::Look look) { return look.middle < 40; }));
  const Duration shown = now_;
  EXPECT_TRUE(sees([&](Viewer::Look look) {
    return now_ - shown > PictureDesk::kGone && look.middle > 25 && look.middle < 45;
  })) << "dark grey";
}

}  // namespace
}  // namespace tests
