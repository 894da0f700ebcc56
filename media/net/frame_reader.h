// Datagrams out of a TCP stream: each is preceded by its length in 16 bits (RFC 4571 section 2).
// Knows no socket. Owner: TcpConnection. Thread: its owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"

namespace media::net {

inline constexpr size_t kFrameHeader = 2;
// No peer sends datagrams larger than an Ethernet frame holds; a larger announcement is a lie.
inline constexpr size_t kMaxFrame = 2048;

class FrameReader {
 public:
  // The next bytes of the stream, which stay valid and are changed in place until next() has given
  // nothing. Call only after that.
  void append(MutableByteSpan bytes) { input_ = bytes; }
  // The next whole datagram, valid until the next call; unset when more bytes are needed. Empty
  // frames, which some peers send to keep a connection alive, are left out.
  // Errors: TooLarge for a length over kMaxFrame; the stream then makes no sense any more.
  Result<std::optional<MutableByteSpan>> next();

  // Bytes of an unfinished frame that wait here.
  [[nodiscard]] size_t waiting() const { return partial_.size() - given_; }

 private:
  bool take(size_t wanted);

  MutableByteSpan input_;
  std::vector<uint8_t> partial_;  // a frame that came in pieces, header first
  size_t given_ = 0;              // of partial_, to be forgotten at the next call
};

}  // namespace media::net
