#include "media/codec/h264.h"

#include <algorithm>
#include <array>

namespace media::codec {

namespace {

constexpr uint8_t kForbidden = 0x80;
constexpr uint8_t kTypeMask = 0x1f;
constexpr uint8_t kReferenceMask = 0x60;  // nal_ref_idc
constexpr uint8_t kFuStart = 0x80;
constexpr uint8_t kLastSingleType = 23;
constexpr uint16_t kMaxSide = 16384;
// An SPS is some 30 bytes; what follows the size is not read.
constexpr size_t kMaxSps = 256;

// RBSP bits (ITU-T H.264 section 7.3.1): emulation prevention bytes taken out; Exp-Golomb codes
// (section 9.1).
class BitReader {
 public:
  explicit BitReader(ByteSpan nal_payload) {
    size_t zeros = 0;
    for (const uint8_t b : nal_payload) {
      if (size_ == kMaxSps) break;
      if (zeros >= 2 && b == 3) {
        zeros = 0;
        continue;
      }
      zeros = b == 0 ? zeros + 1 : 0;
      bytes_[size_++] = b;
    }
  }

  [[nodiscard]] bool ok() const { return ok_; }
  uint32_t bit() {
    if (position_ >= size_ * 8) {
      ok_ = false;
      return 0;
    }
    const uint32_t value = (uint32_t{bytes_[position_ / 8]} >> (7 - position_ % 8)) & 1U;
    ++position_;
    return value;
  }
  uint32_t bits(unsigned count) {
    uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = (value << 1) | bit();
    return value;
  }
  uint32_t ue() {
    unsigned zeros = 0;
    while (ok_ && bit() == 0) ++zeros;
    if (!ok_ || zeros > 31) {
      ok_ = false;
      return 0;
    }
    return static_cast<uint32_t>((uint64_t{1} << zeros) - 1 + bits(zeros));
  }
  int32_t se() {
    const uint32_t k = ue();
    return static_cast<int32_t>((k & 1) != 0 ? int64_t{k} / 2 + 1 : -(int64_t{k} / 2));
  }

 private:
  std::array<uint8_t, kMaxSps> bytes_{};
  size_t size_ = 0;
  size_t position_ = 0;
  bool ok_ = true;
};

void skip_scaling_list(BitReader& in, unsigned size) {
  int32_t last = 8;
  int32_t next = 8;
  for (unsigned i = 0; i < size && in.ok(); ++i) {
    if (next != 0) next = static_cast<int32_t>((int64_t{last} + in.se() + 256) % 256);
    if (next != 0) last = next;
  }
}

// Profiles that carry chroma_format_idc (section 7.3.2.1.1).
bool has_chroma_fields(uint32_t profile) {
  for (const uint32_t p :
       {100U, 110U, 122U, 244U, 44U, 83U, 86U, 118U, 128U, 138U, 139U, 134U, 135U}) {
    if (p == profile) return true;
  }
  return false;
}

struct Chroma {
  uint32_t format = 1;  // 4:2:0
  bool separate_planes = false;
};

Chroma read_chroma(BitReader& in) {
  Chroma c;
  c.format = in.ue();
  if (c.format == 3) c.separate_planes = in.bit() != 0;
  in.ue();   // bit_depth_luma_minus8
  in.ue();   // bit_depth_chroma_minus8
  in.bit();  // qpprime_y_zero_transform_bypass_flag
  if (in.bit() != 0) {
    const unsigned lists = c.format == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists && in.ok(); ++i) {
      if (in.bit() != 0) skip_scaling_list(in, i < 6 ? 16 : 64);
    }
  }
  return c;
}

void skip_picture_order(BitReader& in) {
  in.ue();  // log2_max_frame_num_minus4
  const uint32_t type = in.ue();
  if (type == 0) {
    in.ue();
  } else if (type == 1) {
    in.bit();
    in.se();
    in.se();
    const uint32_t cycle = in.ue();
    for (uint32_t i = 0; i < cycle && in.ok(); ++i) in.se();
  }
  in.ue();   // max_num_ref_frames
  in.bit();  // gaps_in_frame_num_value_allowed_flag
}

// What one NAL unit (header byte and the bytes at hand) adds to the packet's facts.
void note_unit(uint8_t header, ByteSpan body, FrameInfo& info) {
  // first_mb_in_slice is ue(v): a first bit of 1 means 0, the picture's first slice.
  const bool is_first = !body.empty() && (body[0] & 0x80) != 0;
  switch (static_cast<NalType>(header & kTypeMask)) {
    case NalType::Idr:
      info.is_key_frame = true;
      if (is_first) info.starts_idr = true;
      [[fallthrough]];
    case NalType::Slice:
      if (is_first) info.starts_frame = true;
      info.is_discardable = (header & kReferenceMask) == 0;
      break;
    case NalType::Sps:
      info.is_key_frame = info.has_sequence_set = info.starts_frame = true;
      break;
    case NalType::Pps:
      info.has_picture_set = true;
      [[fallthrough]];
    case NalType::Sei:
    case NalType::Delimiter:
      info.starts_frame = true;
      break;
    default:
      break;
  }
}

void note_size(ByteSpan nal, FrameInfo& info) {
  if ((nal[0] & kTypeMask) != static_cast<uint8_t>(NalType::Sps)) return;
  if (const auto size = parse_sps_size(nal)) {
    info.width = size->width;
    info.height = size->height;
  }
}

Result<FrameInfo> parse_stap(ByteSpan payload, FrameInfo info) {
  ByteReader in(payload.subspan(1));
  if (in.remaining() == 0) return fail(Errc::Truncated, "empty STAP-A");
  while (in.remaining() > 0) {
    const ByteSpan nal = in.bytes(in.u16());
    if (!in.ok()) return fail(Errc::Truncated, "STAP-A unit cut off");
    if (nal.empty() || (nal[0] & kForbidden) != 0)
      return fail(Errc::Malformed, "bad NAL unit in STAP-A");
    note_unit(nal[0], nal.subspan(1), info);
    note_size(nal, info);
  }
  return info;
}

Result<FrameInfo> parse_fu(ByteSpan payload, FrameInfo info) {
  if (payload.size() < 3) return fail(Errc::Truncated, "FU-A cut off");
  const auto header = static_cast<uint8_t>((payload[0] & ~kTypeMask) | (payload[1] & kTypeMask));
  if ((payload[1] & kFuStart) != 0) {
    note_unit(header, payload.subspan(2), info);
  } else {
    // A later piece: only its kind is known.
    note_unit(header, {}, info);
    info.starts_frame = false;
  }
  return info;
}

}  // namespace

Result<FrameInfo> parse_h264(ByteSpan payload, bool marker) {
  if (payload.empty()) return fail(Errc::Truncated, "empty H.264 payload");
  if ((payload[0] & kForbidden) != 0) return fail(Errc::Malformed, "forbidden bit in NAL header");
  FrameInfo info;
  info.ends_frame = marker;
  const uint8_t type = payload[0] & kTypeMask;
  if (type == static_cast<uint8_t>(NalType::StapA)) return parse_stap(payload, info);
  if (type == static_cast<uint8_t>(NalType::FuA)) return parse_fu(payload, info);
  if (type == 0 || type > kLastSingleType)
    return fail(Errc::Unsupported, "packetization of another mode");
  note_unit(payload[0], payload.subspan(1), info);
  note_size(payload, info);
  return info;
}

bool ParameterSets::note_unit(ByteSpan unit) {
  if (unit.size() < 2 || unit.size() > kMaxUnit) return false;
  const auto type = static_cast<NalType>(unit[0] & kTypeMask);
  if (type == NalType::Sps) {
    if (std::equal(unit.begin(), unit.end(), sequence_set_.begin(), sequence_set_.end()))
      return false;
    // Picture parameter sets hang on the sequence parameter set that they were sent with.
    sequence_set_.assign(unit.begin(), unit.end());
    pictures_.clear();
    return true;
  }
  if (type != NalType::Pps) return false;
  BitReader in(unit.subspan(1));
  const uint32_t id = in.ue();  // section 7.3.2.2
  if (!in.ok()) return false;
  auto known = std::find_if(pictures_.begin(), pictures_.end(),
                            [&](const PictureSet& set) { return set.id == id; });
  if (known == pictures_.end()) {
    if (pictures_.size() == kMaxPictureSets) return false;
    known = pictures_.insert(known, PictureSet{id, {}});
  } else if (std::equal(unit.begin(), unit.end(), known->unit.begin(), known->unit.end())) {
    return false;
  }
  known->unit.assign(unit.begin(), unit.end());
  return true;
}

bool ParameterSets::note(ByteSpan payload) {
  if (payload.empty()) return false;
  if ((payload[0] & kTypeMask) != static_cast<uint8_t>(NalType::StapA)) return note_unit(payload);
  bool changed = false;
  ByteReader in(payload.subspan(1));
  while (in.remaining() > 2) {
    const ByteSpan unit = in.bytes(in.u16());
    if (!in.ok()) break;
    changed = note_unit(unit) || changed;
  }
  return changed;
}

std::vector<uint8_t> ParameterSets::payload() const {
  std::vector<uint8_t> out = {
      static_cast<uint8_t>(kReferenceMask | static_cast<uint8_t>(NalType::StapA))};
  const auto add = [&](const std::vector<uint8_t>& unit) {
    out.push_back(static_cast<uint8_t>(unit.size() >> 8U));
    out.push_back(static_cast<uint8_t>(unit.size()));
    out.insert(out.end(), unit.begin(), unit.end());
  };
  add(sequence_set_);
  for (const PictureSet& set : pictures_) add(set.unit);
  return out;
}

Result<PictureSize> parse_sps_size(ByteSpan nal) {
  if (nal.empty() || (nal[0] & kTypeMask) != static_cast<uint8_t>(NalType::Sps)) {
    return fail(Errc::Unsupported, "not a sequence parameter set");
  }
  BitReader in(nal.subspan(1));
  const uint32_t profile = in.bits(8);
  in.bits(16);  // constraint flags, level
  in.ue();      // seq_parameter_set_id
  const Chroma chroma = has_chroma_fields(profile) ? read_chroma(in) : Chroma{};
  skip_picture_order(in);
  const uint64_t width_mbs = uint64_t{in.ue()} + 1;
  const uint64_t height_units = uint64_t{in.ue()} + 1;
  const bool frames_only = in.bit() != 0;
  if (!frames_only) in.bit();  // mb_adaptive_frame_field_flag
  in.bit();                    // direct_8x8_inference_flag
  uint64_t crop_x = 0;
  uint64_t crop_y = 0;
  if (in.bit() != 0) {
    crop_x = uint64_t{in.ue()} + in.ue();
    crop_y = uint64_t{in.ue()} + in.ue();
  }
  if (!in.ok()) return fail(Errc::Truncated, "sequence parameter set cut off");
  if (chroma.format > 3) return fail(Errc::Malformed, "unknown chroma format");

  // Section 7.4.2.1.1: cropping counts in chroma samples, of fields twice as high.
  const bool subsampled_x = !chroma.separate_planes && (chroma.format == 1 || chroma.format == 2);
  const bool subsampled_y = !chroma.separate_planes && chroma.format == 1;
  const uint64_t fields = frames_only ? 1 : 2;
  const uint64_t width = width_mbs * 16;
  const uint64_t height = height_units * 16 * fields;
  crop_x *= subsampled_x ? 2 : 1;
  crop_y *= (subsampled_y ? 2 : 1) * fields;
  if (width > kMaxSide || height > kMaxSide) return fail(Errc::TooLarge, "picture too large");
  if (crop_x >= width || crop_y >= height) return fail(Errc::Malformed, "picture cropped away");
  return PictureSize{static_cast<uint16_t>(width - crop_x), static_cast<uint16_t>(height - crop_y)};
}

}  // namespace media::codec
