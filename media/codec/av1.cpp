#include "media/codec/av1.h"

namespace media::codec {

namespace {

// AV1 RTP payload format, section 4.4.
constexpr uint8_t kContinues = 0x80;       // Z: the first element goes on from the last packet
constexpr uint8_t kCountMask = 0x30;       // W: number of elements, 0 when each has a length
constexpr uint8_t kStartsSequence = 0x08;  // N
constexpr unsigned kMaxLengthBytes = 4;    // leb128 of a length within one packet

size_t read_leb128(ByteReader& in) {
  size_t value = 0;
  for (unsigned i = 0; i < kMaxLengthBytes; ++i) {
    const uint8_t byte = in.u8();
    value |= size_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  in.skip(in.remaining() + 1);  // over any length that fits: fails the reader
  return 0;
}

constexpr uint8_t kForbidden = 0x80;
constexpr uint8_t kHasExtension = 0x04;
constexpr uint8_t kHasSize = 0x02;
constexpr uint8_t kLastContinues = 0x40;  // Y

// Most significant bit first (section 4.10.2); past the end all is 0 and ok() false.
class BitReader {
 public:
  explicit BitReader(ByteSpan bytes) : bytes_(bytes) {}
  uint32_t f(unsigned count) {
    uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i, ++position_) {
      const size_t at = position_ / 8;
      const uint32_t bit =
          at < bytes_.size() ? (uint32_t{bytes_[at]} >> (7 - position_ % 8)) & 1U : 0U;
      value = (value << 1) | bit;
    }
    return value;
  }
  bool flag() { return f(1) != 0; }
  void skip_uvlc() {
    unsigned zeros = 0;
    while (ok() && !flag()) ++zeros;
    if (zeros < 32) f(zeros);
  }
  [[nodiscard]] bool ok() const { return position_ <= bytes_.size() * 8; }

 private:
  ByteSpan bytes_;
  size_t position_ = 0;
};

// Section 5.5.1 up to the operating points.
void read_operating_points(BitReader& in, Av1Sequence& out) {
  unsigned delay_bits = 0;  // of a decoder model; 0 without one
  if (in.flag()) {          // timing_info_present_flag
    in.f(32);
    in.f(32);
    if (in.flag()) in.skip_uvlc();
    if (in.flag()) {  // decoder_model_info_present_flag
      delay_bits = in.f(5) + 1;
      in.f(32);
      in.f(10);
    }
  }
  const bool has_display_delay = in.flag();
  const uint32_t points = in.f(5) + 1;
  for (uint32_t i = 0; i < points && in.ok(); ++i) {
    in.f(12);  // operating_point_idc
    const auto level = static_cast<uint8_t>(in.f(5));
    const bool tier = level > 7 && in.flag();
    if (i == 0) {
      out.level = level;
      out.high_tier = tier;
    }
    if (delay_bits != 0 && in.flag()) {
      in.f(delay_bits);
      in.f(delay_bits);
      in.f(1);
    }
    if (has_display_delay && in.flag()) in.f(4);
  }
}

// The coding tools between the picture's size and its colours; they are only stepped over.
void skip_tools(BitReader& in, bool reduced) {
  if (!reduced && in.flag()) in.f(7);  // frame ids
  in.f(3);
  if (!reduced) {
    in.f(4);
    const bool order_hint = in.flag();
    if (order_hint) in.f(2);
    const bool choose_screen_tools = in.flag();
    const bool screen_tools = choose_screen_tools || in.flag();
    const bool choose_integer_mv = !screen_tools || in.flag();
    if (!choose_integer_mv) in.f(1);
    if (order_hint) in.f(3);
  }
  in.f(3);
}

}  // namespace

void append_leb128(size_t value, std::vector<uint8_t>& out) {
  while (value > 0x7F) {
    out.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<uint8_t>(value));
}

Result<Obu> parse_obu(ByteSpan bytes) {
  ByteReader in(bytes);
  Obu obu;
  const uint8_t head = in.u8();
  if (!in.ok()) return fail(Errc::Truncated, "empty OBU");
  if ((head & kForbidden) != 0) return fail(Errc::Malformed, "forbidden bit in OBU header");
  obu.header = static_cast<uint8_t>(head & ~kHasSize);
  if ((head & kHasExtension) != 0) obu.extension = in.u8();
  const size_t size = (head & kHasSize) != 0 ? read_leb128(in) : in.remaining();
  obu.payload = in.bytes(size);
  if (!in.ok()) return fail(Errc::Truncated, "OBU cut off");
  return obu;
}

Result<Av1Sequence> parse_av1_sequence(ByteSpan payload) {
  BitReader in(payload);
  Av1Sequence out;
  out.profile = static_cast<uint8_t>(in.f(3));
  if (out.profile != 0) return fail(Errc::Unsupported, "AV1 of another profile than main");
  in.f(1);  // still_picture
  const bool reduced = in.flag();
  if (reduced) {
    out.level = static_cast<uint8_t>(in.f(5));
  } else {
    read_operating_points(in, out);
  }
  const unsigned width_bits = in.f(4) + 1;
  const unsigned height_bits = in.f(4) + 1;
  const uint32_t width = in.f(width_bits);
  const uint32_t height = in.f(height_bits);
  skip_tools(in, reduced);
  out.high_bit_depth = in.flag();
  out.monochrome = in.flag();
  if (in.flag()) in.f(24);  // color_description
  in.f(1);                  // color_range
  if (!out.monochrome) out.chroma_position = static_cast<uint8_t>(in.f(2));
  if (!in.ok()) return fail(Errc::Truncated, "AV1 sequence header cut off");
  if (width >= UINT16_MAX || height >= UINT16_MAX) return fail(Errc::TooLarge, "picture too large");
  out.width = static_cast<uint16_t>(width + 1);
  out.height = static_cast<uint16_t>(height + 1);
  return out;
}

Result<Av1Elements> read_av1_elements(ByteSpan payload) {
  ByteReader in(payload);
  Av1Elements out;
  const uint8_t head = in.u8();
  if (in.remaining() == 0) return fail(Errc::Truncated, "AV1 payload without an OBU");
  out.first_continues = (head & kContinues) != 0;
  out.last_continues = (head & kLastContinues) != 0;
  out.starts_sequence = (head & kStartsSequence) != 0;
  if (out.first_continues && out.starts_sequence)
    return fail(Errc::Malformed, "AV1 sequence that starts within an OBU");
  const unsigned count = (head & kCountMask) >> 4U;
  while (count == 0 ? in.remaining() > 0 : out.count < count) {
    if (out.count == Av1Elements::kMaxElements)
      return fail(Errc::TooLarge, "too many AV1 elements in one packet");
    const bool is_last = count != 0 && out.count + 1 == count;
    out.elements[out.count++] = in.bytes(is_last ? in.remaining() : read_leb128(in));
    if (!in.ok() || out.elements[out.count - 1].empty())
      return fail(Errc::Truncated, "AV1 element cut off");
  }
  return out;
}

Result<FrameInfo> parse_av1(ByteSpan payload, bool marker) {
  ByteReader in(payload);
  const uint8_t head = in.u8();
  if (in.remaining() == 0) return fail(Errc::Truncated, "AV1 payload without an OBU");
  const bool continues = (head & kContinues) != 0;
  const bool starts_sequence = (head & kStartsSequence) != 0;
  if (continues && starts_sequence)
    return fail(Errc::Malformed, "AV1 sequence that starts within an OBU");
  const unsigned count = (head & kCountMask) >> 4U;
  // The last of a counted number of elements has no length and takes the rest.
  for (unsigned i = 1; count == 0 ? in.remaining() > 0 : i < count; ++i) in.skip(read_leb128(in));
  if (!in.ok() || (count != 0 && in.remaining() == 0))
    return fail(Errc::Truncated, "AV1 element cut off");
  FrameInfo info;
  info.is_key_frame = starts_sequence;
  info.starts_frame = !continues;
  info.ends_layer = info.ends_frame = marker;
  return info;
}

}  // namespace media::codec
