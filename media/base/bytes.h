// Big-endian reading and writing over borrowed bytes. A reader that runs past the end stays failed
// and returns zeros: parse everything, then test ok() once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "media/base/check.h"

namespace media {

using ByteSpan = std::span<const uint8_t>;
using MutableByteSpan = std::span<uint8_t>;

inline uint16_t load_be16(const uint8_t* p) {
  return static_cast<uint16_t>((p[0] << 8) | p[1]);
}
inline uint32_t load_be24(const uint8_t* p) {
  return (static_cast<uint32_t>(p[0]) << 16) | (static_cast<uint32_t>(p[1]) << 8) | p[2];
}
inline uint32_t load_be32(const uint8_t* p) {
  return (static_cast<uint32_t>(load_be16(p)) << 16) | load_be16(p + 2);
}
inline uint64_t load_be64(const uint8_t* p) {
  return (static_cast<uint64_t>(load_be32(p)) << 32) | load_be32(p + 4);
}
inline void store_be16(uint8_t* p, uint16_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void store_be24(uint8_t* p, uint32_t v) {
  p[0] = static_cast<uint8_t>(v >> 16);
  p[1] = static_cast<uint8_t>(v >> 8);
  p[2] = static_cast<uint8_t>(v);
}
inline void store_be32(uint8_t* p, uint32_t v) {
  store_be16(p, static_cast<uint16_t>(v >> 16));
  store_be16(p + 2, static_cast<uint16_t>(v));
}
inline void store_be64(uint8_t* p, uint64_t v) {
  store_be32(p, static_cast<uint32_t>(v >> 32));
  store_be32(p + 4, static_cast<uint32_t>(v));
}

class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t position() const { return position_; }
  [[nodiscard]] size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }

  uint8_t u8() { return take(1) ? bytes_[position_ - 1] : uint8_t{0}; }
  uint16_t u16() { return take(2) ? load_be16(&bytes_[position_ - 2]) : uint16_t{0}; }
  uint32_t u24() { return take(3) ? load_be24(&bytes_[position_ - 3]) : 0; }
  uint32_t u32() { return take(4) ? load_be32(&bytes_[position_ - 4]) : 0; }
  uint64_t u64() { return take(8) ? load_be64(&bytes_[position_ - 8]) : 0; }
  // The next `n` bytes, or an empty span when fewer are left.
  ByteSpan bytes(size_t n) { return take(n) ? bytes_.subspan(position_ - n, n) : ByteSpan(); }
  void skip(size_t n) { take(n); }
  ByteSpan rest() { return bytes(remaining()); }

 private:
  bool take(size_t n) {
    if (!ok_ || bytes_.size() - position_ < n) {
      ok_ = false;
      return false;
    }
    position_ += n;
    return true;
  }

  ByteSpan bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

// Writes into a caller's buffer; a write past the end is dropped and makes ok() false.
class ByteWriter {
 public:
  explicit ByteWriter(MutableByteSpan out) : out_(out) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t size() const { return position_; }
  [[nodiscard]] size_t room() const { return out_.size() - position_; }
  [[nodiscard]] ByteSpan written() const { return out_.first(position_); }

  void u8(uint8_t v) {
    if (uint8_t* p = take(1)) *p = v;
  }
  void u16(uint16_t v) {
    if (uint8_t* p = take(2)) store_be16(p, v);
  }
  void u24(uint32_t v) {
    if (uint8_t* p = take(3)) store_be24(p, v);
  }
  void u32(uint32_t v) {
    if (uint8_t* p = take(4)) store_be32(p, v);
  }
  void u64(uint64_t v) {
    if (uint8_t* p = take(8)) store_be64(p, v);
  }
  void bytes(ByteSpan v) {
    uint8_t* p = take(v.size());
    if (p != nullptr && !v.empty()) std::memcpy(p, v.data(), v.size());
  }
  void zeros(size_t n) {
    uint8_t* p = take(n);
    if (p != nullptr && n != 0) std::memset(p, 0, n);
  }
  // Overwrites two bytes written earlier, for length fields.
  void patch_u16(size_t at, uint16_t v) {
    DCHECK(at + 2 <= position_);
    store_be16(out_.data() + at, v);
  }

 private:
  uint8_t* take(size_t n) {
    if (!ok_ || out_.size() - position_ < n) {
      ok_ = false;
      return nullptr;
    }
    uint8_t* p = out_.data() + position_;
    position_ += n;
    return p;
  }

  MutableByteSpan out_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace media
