#include "media/net/frame_reader.h"

#include <algorithm>

namespace media::net {

// Moves input into the unfinished frame until it has `wanted` bytes.
bool FrameReader::take(size_t wanted) {
  const size_t missing = wanted - std::min(wanted, partial_.size());
  const MutableByteSpan part = input_.first(std::min(missing, input_.size()));
  partial_.insert(partial_.end(), part.begin(), part.end());
  input_ = input_.subspan(part.size());
  return part.size() == missing;
}

Result<std::optional<MutableByteSpan>> FrameReader::next() {
  if (given_ != 0) {
    partial_.clear();
    given_ = 0;
  }
  for (;;) {
    if (partial_.empty() && input_.size() >= kFrameHeader) {
      const size_t size = load_be16(input_.data());
      if (size > kMaxFrame) return fail(Errc::TooLarge, "a TCP frame of more than one datagram");
      if (input_.size() - kFrameHeader >= size) {
        const MutableByteSpan datagram = input_.subspan(kFrameHeader, size);
        input_ = input_.subspan(kFrameHeader + size);
        if (datagram.empty()) continue;
        return datagram;
      }
    }
    if (input_.empty()) return std::nullopt;
    if (!take(kFrameHeader)) return std::nullopt;
    const size_t size = load_be16(partial_.data());
    if (size > kMaxFrame) return fail(Errc::TooLarge, "a TCP frame of more than one datagram");
    partial_.reserve(kFrameHeader + kMaxFrame);
    if (!take(kFrameHeader + size)) return std::nullopt;
    if (size == 0) {
      partial_.clear();
      continue;
    }
    given_ = partial_.size();
    return MutableByteSpan(partial_).subspan(kFrameHeader);
  }
}

}  // namespace media::net
