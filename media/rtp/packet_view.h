// One RTP packet (RFC 3550 section 5), validated once; afterwards no accessor can fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/result.h"

namespace media::rtp {

inline constexpr size_t kFixedHeaderSize = 12;  // RFC 3550 section 5.1

// Borrows the packet's bytes, which must outlive it and stay unchanged.
class PacketView {
 public:
  // `bytes` is one whole decrypted RTP packet.
  // Errors: Truncated when a length runs past the end; Malformed for a wrong version or impossible
  // padding; TooLarge above 65535 bytes.
  static Result<PacketView> parse(ByteSpan bytes);

  [[nodiscard]] bool marker() const { return (bytes_[1] & 0x80) != 0; }
  [[nodiscard]] uint8_t payload_type() const { return bytes_[1] & 0x7f; }
  [[nodiscard]] uint16_t sequence() const { return load_be16(bytes_.data() + 2); }
  [[nodiscard]] uint32_t timestamp() const { return load_be32(bytes_.data() + 4); }
  [[nodiscard]] Ssrc ssrc() const { return Ssrc(load_be32(bytes_.data() + 8)); }

  [[nodiscard]] size_t csrc_count() const { return bytes_[0] & 0x0f; }
  // `index` below csrc_count().
  [[nodiscard]] Ssrc csrc(size_t index) const {
    DCHECK(index < csrc_count());
    return Ssrc(load_be32(bytes_.data() + kFixedHeaderSize + 4 * index));
  }

  [[nodiscard]] bool has_extension() const { return (bytes_[0] & 0x10) != 0; }
  // "Defined by profile" field (0xBEDE or 0x100x for RFC 8285), 0 without an extension.
  [[nodiscard]] uint16_t extension_profile() const { return extension_profile_; }
  // The extension's words without its 4-byte head; empty without an extension.
  [[nodiscard]] ByteSpan extension() const {
    return bytes_.subspan(header_size_ - extension_size_, extension_size_);
  }

  // Fixed header, CSRCs and extension: where SRTP starts to encrypt.
  [[nodiscard]] size_t header_size() const { return header_size_; }
  // Without padding; may be empty.
  [[nodiscard]] ByteSpan payload() const {
    return bytes_.subspan(header_size_, bytes_.size() - header_size_ - padding_size_);
  }
  // Bytes of padding, its count byte included.
  [[nodiscard]] size_t padding_size() const { return padding_size_; }
  [[nodiscard]] ByteSpan bytes() const { return bytes_; }
  [[nodiscard]] size_t size() const { return bytes_.size(); }

 private:
  PacketView() = default;

  ByteSpan bytes_;
  uint16_t header_size_ = 0;
  uint16_t extension_size_ = 0;
  uint16_t extension_profile_ = 0;
  uint8_t padding_size_ = 0;
};

}  // namespace media::rtp
