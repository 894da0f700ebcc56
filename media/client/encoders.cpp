#include "media/client/encoders.h"

#include <fmt/format.h>
#include <opus.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <array>

#include "media/base/check.h"

namespace media::client {

struct Vp8Encoder::Parts {
  vpx_codec_ctx_t context{};
  vpx_image_t image{};
  bool open = false;
  bool was_key = false;
  int64_t frame = 0;

  ~Parts() {
    if (open) vpx_codec_destroy(&context);
  }
};

Vp8Encoder::Vp8Encoder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Vp8Encoder::~Vp8Encoder() = default;

Outcome<std::unique_ptr<Vp8Encoder>> Vp8Encoder::make(const Params& params) {
  vpx_codec_enc_cfg_t config;
  if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &config, 0) != VPX_CODEC_OK) {
    return env_fail("libvpx has no VP8 encoder.");
  }
  config.g_w = static_cast<unsigned>(params.width);
  config.g_h = static_cast<unsigned>(params.height);
  config.g_timebase = {1, static_cast<int>(params.fps)};
  config.g_threads = 1;
  config.g_lag_in_frames = 0;
  config.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
  config.rc_end_usage = VPX_CBR;
  config.rc_target_bitrate = static_cast<unsigned>(params.rate.as_bps() / 1000);
  config.rc_dropframe_thresh = 0;
  config.rc_min_quantizer = 4;
  config.rc_max_quantizer = 56;
  config.rc_buf_initial_sz = 500;
  config.rc_buf_optimal_sz = 600;
  config.rc_buf_sz = 1000;
  config.kf_mode = VPX_KF_DISABLED;  // only when asked for, as a conference sender does
  auto parts = std::make_unique<Parts>();
  if (vpx_codec_enc_init(&parts->context, vpx_codec_vp8_cx(), &config, 0) != VPX_CODEC_OK) {
    return env_fail(
        fmt::format("The VP8 encoder does not start: {}.", vpx_codec_error(&parts->context)));
  }
  parts->open = true;
  vpx_codec_control(&parts->context, VP8E_SET_CPUUSED, params.cpu_used);
  vpx_codec_control(&parts->context, VP8E_SET_STATIC_THRESHOLD, 100U);
  vpx_codec_control(&parts->context, VP8E_SET_MAX_INTRA_BITRATE_PCT, 600U);
  return std::unique_ptr<Vp8Encoder>(new Vp8Encoder(std::move(parts)));
}

ByteSpan Vp8Encoder::encode(const Picture& picture, bool force_key) {
  Parts& p = *parts_;
  const auto width = static_cast<unsigned>(picture.width);
  // libvpx reads the planes and writes none of them.
  auto* y = const_cast<uint8_t*>(picture.y.data());
  vpx_img_wrap(&p.image, VPX_IMG_FMT_I420, width, static_cast<unsigned>(picture.height), 1, y);
  p.image.planes[VPX_PLANE_U] = const_cast<uint8_t*>(picture.u.data());
  p.image.planes[VPX_PLANE_V] = const_cast<uint8_t*>(picture.v.data());
  p.image.stride[VPX_PLANE_Y] = picture.width;
  p.image.stride[VPX_PLANE_U] = picture.width / 2;
  p.image.stride[VPX_PLANE_V] = picture.width / 2;
  const vpx_enc_frame_flags_t flags = force_key ? VPX_EFLAG_FORCE_KF : 0;
  if (vpx_codec_encode(&p.context, &p.image, p.frame++, 1, flags, VPX_DL_REALTIME) != VPX_CODEC_OK)
    return {};
  vpx_codec_iter_t iterator = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&p.context, &iterator)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    p.was_key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
    return {static_cast<const uint8_t*>(packet->data.frame.buf), packet->data.frame.sz};
  }
  return {};
}

bool Vp8Encoder::was_key() const {
  return parts_->was_key;
}

struct OpusVoiceEncoder::Parts {
  OpusEncoder* encoder = nullptr;
  std::array<uint8_t, 1275> packet{};  // RFC 6716 section 3.2.1: the longest frame

  ~Parts() {
    if (encoder != nullptr) opus_encoder_destroy(encoder);
  }
};

OpusVoiceEncoder::OpusVoiceEncoder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
OpusVoiceEncoder::~OpusVoiceEncoder() = default;

Outcome<std::unique_ptr<OpusVoiceEncoder>> OpusVoiceEncoder::make(DataRate rate) {
  auto parts = std::make_unique<Parts>();
  int error = OPUS_OK;
  parts->encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &error);
  if (parts->encoder == nullptr) return env_fail("The Opus encoder does not start.");
  opus_encoder_ctl(parts->encoder, OPUS_SET_BITRATE_REQUEST,
                   static_cast<opus_int32>(rate.as_bps()));
  opus_encoder_ctl(parts->encoder, OPUS_SET_COMPLEXITY_REQUEST, opus_int32{3});
  return std::unique_ptr<OpusVoiceEncoder>(new OpusVoiceEncoder(std::move(parts)));
}

ByteSpan OpusVoiceEncoder::encode(std::span<const int16_t> samples) {
  CHECK(samples.size() == kFrame);
  const opus_int32 size =
      opus_encode(parts_->encoder, samples.data(), static_cast<int>(kFrame), parts_->packet.data(),
                  static_cast<opus_int32>(parts_->packet.size()));
  if (size <= 0) return {};
  return {parts_->packet.data(), static_cast<size_t>(size)};
}

}  // namespace media::client
