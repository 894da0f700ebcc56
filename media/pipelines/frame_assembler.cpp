#include "media/pipelines/frame_assembler.h"

#include <utility>

#include "media/codec/av1.h"
#include "media/codec/frame_info.h"
#include "media/codec/h264.h"
#include "media/codec/opus.h"
#include "media/codec/vp8.h"
#include "media/codec/vp9.h"

namespace media::pipelines {
namespace {

constexpr uint8_t kNoLength[4] = {0, 0, 0, 0};  // patched as the fragments come

codec::NalType nal_type(uint8_t header) {
  return static_cast<codec::NalType>(header & 0x1f);
}

class BitReader {
 public:
  explicit BitReader(ByteSpan bytes) : bytes_(bytes) {}
  uint32_t take(unsigned count) {
    uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i, ++position_) {
      const size_t at = position_ / 8;
      const uint32_t bit =
          at < bytes_.size() ? (uint32_t{bytes_[at]} >> (7 - position_ % 8)) & 1U : 0U;
      value = (value << 1) | bit;
    }
    return value;
  }
  [[nodiscard]] bool ok() const { return position_ <= bytes_.size() * 8; }

 private:
  ByteSpan bytes_;
  size_t position_ = 0;
};

}  // namespace

Vp9Size read_vp9_size(ByteSpan frame) {
  constexpr uint32_t kSyncCode = 0x498342;
  constexpr uint32_t kRgb = 7;
  BitReader bits(frame);
  if (bits.take(2) != 2) return {};
  const uint32_t low = bits.take(1);
  const uint32_t profile = low | (bits.take(1) << 1);
  if (profile == 3) bits.take(1);
  if (bits.take(1) != 0) return {};  // show_existing_frame
  if (bits.take(1) != 0) return {};  // not a key frame
  bits.take(2);                      // show_frame, error_resilient_mode
  if (bits.take(24) != kSyncCode) return {};
  if (profile >= 2) bits.take(1);  // bit depth
  if (bits.take(3) != kRgb) {
    bits.take(1);  // color range
    if (profile == 1 || profile == 3) bits.take(3);
  } else if (profile == 1 || profile == 3) {
    bits.take(1);
  }
  const uint32_t width = bits.take(16);
  const uint32_t height = bits.take(16);
  if (!bits.ok() || width == 0xffff || height == 0xffff) return {};
  return {static_cast<uint16_t>(width + 1), static_cast<uint16_t>(height + 1)};
}

std::optional<Frame> FrameAssembler::push(ByteSpan payload, int64_t rtp, bool marker,
                                          bool gap_before) {
  if (payload.empty()) {  // padding or a probe
    return std::nullopt;
  }
  if (gap_before) {
    abandon();
    lost_sync_ = true;
  }
  switch (codec_) {
    case Codec::Opus:
      return push_opus(payload, rtp);
    case Codec::Vp8:
    case Codec::Vp9:
      return push_vpx(payload, rtp, marker);
    case Codec::H264:
      return push_h264(payload, rtp, marker);
    case Codec::Av1:
      return push_av1(payload, rtp, marker);
  }
  return std::nullopt;
}

std::optional<Frame> FrameAssembler::push_opus(ByteSpan payload, int64_t rtp) {
  const auto packet = codec::parse_opus(payload);
  if (!packet) {
    ++dropped_;
    return std::nullopt;
  }
  Frame frame;
  frame.data.assign(payload.begin(), payload.end());
  frame.rtp = rtp;
  frame.is_key = true;
  frame.duration = packet->duration();
  return frame;
}

std::optional<Frame> FrameAssembler::push_vpx(ByteSpan payload, int64_t rtp, bool marker) {
  const auto info = codec::parse_frame(codec_, payload, marker);
  if (!info) {
    abandon();
    ++dropped_;
    return std::nullopt;
  }
  // With VP9 every spatial layer starts anew, but all of one timestamp are one picture.
  const bool begins =
      info->starts_frame && (!partial_ || partial_->rtp != rtp || codec_ == Codec::Vp8);
  if (begins) {
    abandon();
    partial_.emplace();
    partial_->rtp = rtp;
    partial_->is_key = info->is_key_frame;
    partial_->width = info->width;
    partial_->height = info->height;
  } else if (!partial_ || partial_->rtp != rtp) {
    abandon();  // the frame's beginning is missing
    return std::nullopt;
  }
  size_t descriptor = 0;
  if (codec_ == Codec::Vp8) {
    const auto parsed = codec::parse_vp8_descriptor(payload);
    if (parsed) descriptor = parsed->size;
  } else {
    const auto parsed = codec::parse_vp9_descriptor(payload);
    if (parsed) descriptor = parsed->size;
  }
  if (descriptor == 0 || !append(payload.subspan(descriptor))) {
    abandon();
    return std::nullopt;
  }
  return marker ? complete() : std::nullopt;
}

std::optional<Frame> FrameAssembler::push_h264(ByteSpan payload, int64_t rtp, bool marker) {
  const auto info = codec::parse_h264(payload, marker);
  if (!info) {
    abandon();
    lost_sync_ = true;
    ++dropped_;
    return std::nullopt;
  }
  if (lost_sync_) {
    lost_sync_ = false;
    // Parameter sets and delimiters stand only at the front of an access unit: such a packet is a
    // safe beginning.
    const codec::NalType type = nal_type(payload[0]);
    const bool safe = type == codec::NalType::Sps || type == codec::NalType::Delimiter ||
                      (type == codec::NalType::StapA && info->width != 0);
    if (!safe) skip_rtp_ = rtp;
  }
  if (skip_rtp_ == rtp) return std::nullopt;
  skip_rtp_.reset();
  if (partial_ && partial_->rtp != rtp) abandon();  // its marker never came
  if (!partial_) {
    partial_.emplace();
    partial_->rtp = rtp;
    fragment_open_ = false;
  }
  partial_->is_key = partial_->is_key || info->is_key_frame;
  if (info->width != 0) {
    partial_->width = info->width;
    partial_->height = info->height;
  }
  if (!append_h264(payload)) {
    abandon();
    skip_rtp_ = rtp;
    return std::nullopt;
  }
  return marker ? complete() : std::nullopt;
}

std::optional<Frame> FrameAssembler::push_av1(ByteSpan payload, int64_t rtp, bool marker) {
  const auto info = codec::parse_av1(payload, marker);
  if (!info) {
    abandon();
    lost_sync_ = true;
    ++dropped_;
    return std::nullopt;
  }
  // Nothing marks the first packet of a picture but a new sequence: after a loss the rest of that
  // timestamp is skipped.
  if (std::exchange(lost_sync_, false) && !info->is_key_frame) skip_rtp_ = rtp;
  if (skip_rtp_ == rtp) return std::nullopt;
  skip_rtp_.reset();
  if (partial_ && partial_->rtp != rtp) abandon();  // its marker never came
  if (!partial_) {
    partial_.emplace();
    partial_->rtp = rtp;
  }
  partial_->is_key = partial_->is_key || info->is_key_frame;
  if (!append_av1(payload)) {
    abandon();
    skip_rtp_ = rtp;
    return std::nullopt;
  }
  return marker ? complete() : std::nullopt;
}

bool FrameAssembler::append_av1(ByteSpan payload) {
  const auto packet = codec::read_av1_elements(payload);
  if (!packet || packet->first_continues != fragment_open_) return false;
  for (size_t i = 0; i < packet->count; ++i) {
    const ByteSpan element = packet->elements[i];
    const bool is_last = i + 1 == packet->count;
    fragment_open_ = is_last && packet->last_continues;
    if (obu_.empty() && !fragment_open_) {
      if (!append_obu(element)) return false;
      continue;
    }
    if (obu_.size() + element.size() > kMaxFrame) return false;
    obu_.insert(obu_.end(), element.begin(), element.end());
    if (fragment_open_) continue;
    if (!append_obu(obu_)) return false;
    obu_.clear();
  }
  return true;
}

bool FrameAssembler::append_obu(ByteSpan bytes) {
  const auto obu = codec::parse_obu(bytes);
  if (!obu) return false;
  switch (obu->type()) {
    case codec::ObuType::TemporalDelimiter:
    case codec::ObuType::TileList:
    case codec::ObuType::Padding:
      return true;  // none of them belongs into a file
    default:
      break;
  }
  constexpr uint8_t kHasSize = 0x02;
  std::vector<uint8_t> head = {static_cast<uint8_t>(obu->header | kHasSize)};
  if (obu->extension) head.push_back(*obu->extension);
  codec::append_leb128(obu->payload.size(), head);
  if (obu->type() == codec::ObuType::SequenceHeader) {
    if (const auto sequence = codec::parse_av1_sequence(obu->payload)) {
      partial_->width = sequence->width;
      partial_->height = sequence->height;
      sequence_header_ = head;
      sequence_header_.insert(sequence_header_.end(), obu->payload.begin(), obu->payload.end());
    }
  }
  return append(head) && append(obu->payload);
}

bool FrameAssembler::append_h264(ByteSpan payload) {
  const codec::NalType type = nal_type(payload[0]);
  if (type == codec::NalType::StapA) {
    ByteReader reader(payload.subspan(1));
    while (reader.remaining() > 2) {
      const uint16_t size = reader.u16();
      const ByteSpan unit = reader.bytes(size);
      if (!reader.ok() || unit.empty()) return false;
      append_unit(unit);
    }
    return partial_->data.size() <= kMaxFrame;
  }
  if (type != codec::NalType::FuA) {
    append_unit(payload);
    return partial_->data.size() <= kMaxFrame;
  }
  if (payload.size() < 3) return false;
  const bool starts = (payload[1] & 0x80) != 0;
  const bool ends = (payload[1] & 0x40) != 0;
  if (starts == fragment_open_) return false;
  std::vector<uint8_t>& data = partial_->data;
  if (starts) {
    const auto header = static_cast<uint8_t>((payload[0] & 0xe0) | (payload[1] & 0x1f));
    fragment_at_ = data.size();
    data.insert(data.end(), std::begin(kNoLength), std::end(kNoLength));
    data.push_back(header);
  }
  fragment_open_ = !ends;
  if (!append(payload.subspan(2))) return false;
  store_be32(data.data() + fragment_at_, static_cast<uint32_t>(data.size() - fragment_at_ - 4));
  return true;
}

void FrameAssembler::append_unit(ByteSpan unit) {
  std::vector<uint8_t>& data = partial_->data;
  const codec::NalType type = nal_type(unit[0]);
  if (type == codec::NalType::Sps) sps_.assign(unit.begin(), unit.end());
  if (type == codec::NalType::Pps) pps_.assign(unit.begin(), unit.end());
  const size_t at = data.size();
  data.resize(at + 4 + unit.size());
  store_be32(data.data() + at, static_cast<uint32_t>(unit.size()));
  std::memcpy(data.data() + at + 4, unit.data(), unit.size());
}

bool FrameAssembler::append(ByteSpan bytes) {
  if (partial_->data.size() + bytes.size() > kMaxFrame) return false;
  partial_->data.insert(partial_->data.end(), bytes.begin(), bytes.end());
  return true;
}

std::optional<Frame> FrameAssembler::complete() {
  if (fragment_open_) {
    abandon();
    return std::nullopt;
  }
  Frame out = std::move(*partial_);
  partial_.reset();
  if (codec_ == Codec::Vp9 && out.is_key && out.width == 0) {
    const Vp9Size size = read_vp9_size(out.data);
    out.width = size.width;
    out.height = size.height;
  }
  return out;
}

void FrameAssembler::abandon() {
  if (partial_) ++dropped_;
  partial_.reset();
  fragment_open_ = false;
  obu_.clear();
}

std::vector<uint8_t> FrameAssembler::avc_config() const {
  if (sps_.size() < 4 || pps_.empty() || sps_.size() > 0xffff || pps_.size() > 0xffff) return {};
  std::vector<uint8_t> out = {1, sps_[1], sps_[2], sps_[3], 0xff, 0xe1};
  const auto put = [&out](const std::vector<uint8_t>& unit) {
    out.push_back(static_cast<uint8_t>(unit.size() >> 8));
    out.push_back(static_cast<uint8_t>(unit.size()));
    out.insert(out.end(), unit.begin(), unit.end());
  };
  put(sps_);
  out.push_back(1);
  put(pps_);
  return out;
}

std::vector<uint8_t> FrameAssembler::av1_config() const {
  const auto obu = codec::parse_obu(sequence_header_);
  const auto sequence = obu ? codec::parse_av1_sequence(obu->payload)
                            : Result<codec::Av1Sequence>(tl::unexpected<Error>(obu.error()));
  if (!sequence) return {};
  // 4:2:0 is all that the main profile has beside monochrome.
  const auto flags = static_cast<uint8_t>(
      (sequence->high_tier ? 0x80U : 0U) | (sequence->high_bit_depth ? 0x40U : 0U) |
      (sequence->monochrome ? 0x10U : 0U) | 0x0CU | (sequence->chroma_position & 3U));
  std::vector<uint8_t> out = {
      0x81, static_cast<uint8_t>((sequence->profile << 5U) | (sequence->level & 0x1FU)), flags, 0};
  out.insert(out.end(), sequence_header_.begin(), sequence_header_.end());
  return out;
}

}  // namespace media::pipelines
