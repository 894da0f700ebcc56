#include "media/rtmp/amf0.h"

#include <bit>

namespace media::rtmp {
namespace {

// Section 2.1, type markers.
constexpr uint8_t kNumber = 0x00;
constexpr uint8_t kBoolean = 0x01;
constexpr uint8_t kString = 0x02;
constexpr uint8_t kObject = 0x03;
constexpr uint8_t kNull = 0x05;
constexpr uint8_t kUndefined = 0x06;
constexpr uint8_t kEcmaArray = 0x08;
constexpr uint8_t kObjectEnd = 0x09;
constexpr uint8_t kStrictArray = 0x0a;
constexpr uint8_t kLongString = 0x0c;
constexpr uint8_t kUnsupported = 0x0d;

class Parser {
 public:
  explicit Parser(ByteSpan bytes) : in_(bytes) {}

  Result<std::vector<AmfValue>> run() {
    std::vector<AmfValue> out;
    while (in_.remaining() > 0) {
      auto value = read(0);
      if (!value) return tl::unexpected(value.error());
      out.push_back(std::move(*value));
    }
    return out;
  }

 private:
  Result<AmfValue> read(unsigned depth) {
    if (++count_ > kMaxAmfValues) return fail(Errc::TooLarge, "too many AMF values");
    const uint8_t marker = in_.u8();
    switch (marker) {
      case kNumber: {
        const double number = std::bit_cast<double>(in_.u64());
        return checked(AmfValue{number});
      }
      case kBoolean:
        return checked(AmfValue{in_.u8() != 0});
      case kString:
        return string_value(in_.u16());
      case kLongString:
        return string_value(in_.u32());
      case kObject:
        return members(depth);
      case kEcmaArray:
        in_.skip(4);  // the count is a hint; the end marker rules
        return members(depth);
      case kStrictArray:
        return elements(depth);
      case kNull:
      case kUndefined:
      case kUnsupported:
        return checked(AmfValue{AmfNull{}});
      default:
        return fail(Errc::Unsupported, "AMF type not known");
    }
  }

  Result<AmfValue> checked(AmfValue value) {
    if (!in_.ok()) return fail(Errc::Truncated, "AMF value cut off");
    return value;
  }

  Result<std::string> string(size_t size) {
    if (size > kMaxAmfString) return fail(Errc::TooLarge, "AMF string too long");
    const ByteSpan bytes = in_.bytes(size);
    if (!in_.ok()) return fail(Errc::Truncated, "AMF string cut off");
    return std::string(bytes.begin(), bytes.end());
  }

  Result<AmfValue> string_value(size_t size) {
    auto text = string(size);
    if (!text) return tl::unexpected(text.error());
    return AmfValue{std::move(*text)};
  }

  Result<AmfValue> members(unsigned depth) {
    if (depth >= kMaxAmfDepth) return fail(Errc::TooLarge, "AMF nested too deeply");
    AmfObject object;
    while (true) {
      auto name = string(in_.u16());
      if (!name) return tl::unexpected(name.error());
      if (name->empty()) {
        const uint8_t end = in_.u8();
        if (in_.ok() && end != kObjectEnd)
          return fail(Errc::Malformed, "AMF object without an end");
        return checked(AmfValue{std::move(object)});
      }
      auto value = read(depth + 1);
      if (!value) return value;
      object.emplace_back(std::move(*name), std::move(*value));
    }
  }

  Result<AmfValue> elements(unsigned depth) {
    if (depth >= kMaxAmfDepth) return fail(Errc::TooLarge, "AMF nested too deeply");
    const uint32_t count = in_.u32();
    if (count > kMaxAmfValues) return fail(Errc::TooLarge, "AMF array too long");
    for (uint32_t i = 0; i < count; ++i) {
      if (auto value = read(depth + 1); !value) return value;
    }
    return checked(AmfValue{AmfNull{}});  // no command that we read has one
  }

  ByteReader in_;
  size_t count_ = 0;
};

void append_be16(std::vector<uint8_t>& out, size_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void append_text(std::vector<uint8_t>& out, std::string_view text) {
  const std::string_view cut = text.substr(0, kMaxAmfString);
  append_be16(out, cut.size());
  out.insert(out.end(), cut.begin(), cut.end());
}

}  // namespace

std::string_view AmfValue::text() const {
  const auto* found = std::get_if<std::string>(&value);
  return found != nullptr ? std::string_view(*found) : std::string_view();
}

double AmfValue::number() const {
  const auto* found = std::get_if<double>(&value);
  return found != nullptr ? *found : 0;
}

const AmfValue* AmfValue::member(std::string_view name) const {
  const auto* object = std::get_if<AmfObject>(&value);
  if (object == nullptr) return nullptr;
  for (const auto& [key, found] : *object) {
    if (key == name) return &found;
  }
  return nullptr;
}

Result<std::vector<AmfValue>> read_amf(ByteSpan message) {
  return Parser(message).run();
}

void write_amf(std::vector<uint8_t>& out, std::string_view text) {
  out.push_back(kString);
  append_text(out, text);
}

void write_amf(std::vector<uint8_t>& out, double number) {
  out.push_back(kNumber);
  const auto bits = std::bit_cast<uint64_t>(number);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(bits >> shift));
}

void write_amf_null(std::vector<uint8_t>& out) {
  out.push_back(kNull);
}

void write_amf(std::vector<uint8_t>& out,
               const std::vector<std::pair<std::string_view, std::string_view>>& object) {
  out.push_back(kObject);
  for (const auto& [name, text] : object) {
    append_text(out, name);
    write_amf(out, text);
  }
  append_be16(out, 0);
  out.push_back(kObjectEnd);
}

}  // namespace media::rtmp
