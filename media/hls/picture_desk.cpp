#include "media/hls/picture_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "media/base/log.h"

namespace media::hls {
namespace {

Duration frame_time(int64_t index) {
  return Duration::micros(index * 1'000'000 / PictureDesk::kFps);
}

const char* decoder_of(Codec codec) {
  switch (codec) {
    case Codec::Vp8:
      return "vp8dec";
    case Codec::Vp9:
      return "vp9dec";
    case Codec::H264:
      // All profiles: recorders and encoders send High with B frames. One thread: more would hold
      // frames back.
      return "h264parse ! avdec_h264 max-threads=1";
    case Codec::Av1:
      return "av1parse ! av1dec";
    default:
      return nullptr;
  }
}

GstCaps* caps_of(Codec codec, const std::vector<uint8_t>& avc_config) {
  if (codec == Codec::Vp8) return gst_caps_new_empty_simple("video/x-vp8");
  if (codec == Codec::Vp9) return gst_caps_new_empty_simple("video/x-vp9");
  if (codec == Codec::Av1)
    return gst_caps_new_simple("video/x-av1", "stream-format", G_TYPE_STRING, "obu-stream",
                               "alignment", G_TYPE_STRING, "tu", nullptr);
  GstBuffer* config = gst_buffer_new_allocate(nullptr, avc_config.size(), nullptr);
  gst_buffer_fill(config, 0, avc_config.data(), avc_config.size());
  GstCaps* caps =
      gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING, "avc", "alignment",
                          G_TYPE_STRING, "au", "codec_data", GST_TYPE_BUFFER, config, nullptr);
  gst_buffer_unref(config);
  return caps;
}

// A calm dark grey (I420).
GstBuffer* make_dark(int width, int height) {
  const size_t luma = static_cast<size_t>(width) * static_cast<size_t>(height);
  std::string picture(luma, '\x20');
  picture.append(luma / 2, '\x80');
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, picture.size(), nullptr);
  gst_buffer_fill(buffer, 0, picture.data(), picture.size());
  return buffer;
}

}  // namespace

bool PictureDecoder::open(Codec codec, const std::vector<uint8_t>& avc_config) {
  const char* decoder = decoder_of(codec);
  if (decoder == nullptr || (codec == Codec::H264 && avc_config.empty())) return false;
  // Borders keep the shape of a picture that is not 16:9.
  auto made = GstPipe::make(
      fmt::format("appsrc name=in ! {} ! videoconvert n-threads=1 ! videoscale add-borders=true ! "
                  "video/x-raw,format=I420,width={},height={},pixel-aspect-ratio=1/1 ! "
                  "appsink name=out max-buffers=30 drop=true",
                  decoder, width_, height_));
  if (!made) {
    logger("hls")->error("{}", made.error().message);
    return false;
  }
  pipe_ = std::move(*made);
  pipe_->set_caps(caps_of(codec, avc_config));
  codec_ = codec;
  avc_config_ = avc_config;
  ready_.clear();
  return true;
}

bool PictureDecoder::push(Codec codec, const pipelines::Frame& frame,
                          const std::vector<uint8_t>& avc_config, Duration at) {
  if (at < Duration()) return true;
  const bool broken =
      pipe_ != nullptr && (!pipe_->failure().empty() || pipe_->queued() > kMaxQueued);
  if (broken) pipe_.reset();
  if (pipe_ == nullptr || codec_ != codec || (frame.is_key && avc_config_ != avc_config)) {
    if (!frame.is_key) return false;
    if (!open(codec, avc_config)) return true;
  }
  pipe_->push(frame.data.data(), frame.data.size(), at, Duration());
  return true;
}

GstBuffer* PictureDecoder::picture(Duration at) {
  if (pipe_ != nullptr) {
    while (SampleRef sample = pipe_->pull()) ready_.push_back(std::move(sample));
  }
  while (!ready_.empty() && sample_time(ready_.front().get()) <= at) {
    shown_ = std::move(ready_.front());
    ready_.pop_front();
    shown_from_ = sample_time(shown_.get());
  }
  return shown_ == nullptr ? nullptr : gst_sample_get_buffer(shown_.get());
}

Outcome<std::unique_ptr<PictureDesk>> PictureDesk::make(const Params& params) {
  auto encoder = GstPipe::make(fmt::format(
      "appsrc name=in caps=video/x-raw,format=I420,width={},height={},framerate={}/1,"
      "pixel-aspect-ratio=1/1,interlace-mode=progressive ! "
      "openh264enc bitrate={} complexity=low rate-control=bitrate gop-size=3000 multi-thread=1 ! "
      "video/x-h264,profile=constrained-baseline ! h264parse ! "
      "video/x-h264,stream-format=avc,alignment=au ! appsink name=out",
      params.width, params.height, kFps, params.bitrate));
  if (!encoder) return tl::unexpected(encoder.error());
  return std::unique_ptr<PictureDesk>(new PictureDesk(params, std::move(*encoder)));
}

PictureDesk::PictureDesk(const Params& params, std::unique_ptr<GstPipe> encoder)
    : params_(params),
      encoder_(std::move(encoder)),
      sources_{PictureDecoder(params.width, params.height),
               PictureDecoder(params.width, params.height)},
      dark_(make_dark(params.width, params.height)) {}

GstBuffer* PictureDesk::choose(Duration at) {
  // All are asked, so that none fills up with old pictures.
  std::array<GstBuffer*, kSources> pictures{};
  for (size_t i = 0; i < kSources; ++i) {
    GstBuffer* picture = sources_[i].picture(at);
    const auto from = sources_[i].shown_from();
    if (picture != nullptr && from && at - *from < kGone) pictures[i] = picture;
  }
  if (pictures[kScreen] != nullptr) return pictures[kScreen];
  return pictures[kTeacher] != nullptr ? pictures[kTeacher] : dark_.get();
}

void PictureDesk::produce(Duration until) {
  for (; frame_time(next_frame_) <= until; ++next_frame_) {
    const Duration at = frame_time(next_frame_);
    if (next_frame_ % (kFps * Packager::kSegment.as_micros() / 1'000'000) == 0) key_wanted_ = true;
    GstBuffer* picture = choose(at);
    if (encoder_->queued() >= kMaxWaiting) {
      ++skipped_;
      continue;
    }
    if (std::exchange(key_wanted_, false)) encoder_->force_key(at);
    // The pixels are shared, the times are this frame's.
    encoder_->push(gst_buffer_copy(picture), at, frame_time(next_frame_ + 1) - at);
  }
}

std::vector<Picture> PictureDesk::take() {
  std::vector<Picture> out;
  while (const SampleRef sample = encoder_->pull()) {
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    if (!format_) {
      format_ = VideoFormat{static_cast<uint16_t>(params_.width),
                            static_cast<uint16_t>(params_.height), sample_codec_data(sample.get())};
    }
    ++encoded_;
    out.push_back({sample_bytes(sample.get()), sample_time(sample.get()),
                   !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)});
  }
  return out;
}

}  // namespace media::hls
