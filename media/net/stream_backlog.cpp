#include "media/net/stream_backlog.h"

#include <algorithm>

#include "media/base/check.h"
#include "media/net/frame_reader.h"

namespace media::net {

namespace {

// Memory that a drained queue keeps for the next burst.
constexpr size_t kKept = size_t{32} * 1024;

}  // namespace

void StreamBacklog::Lane::append(Instant now, ByteSpan datagram) {
  if (size() == 0) since = now;
  if (head != 0 && bytes.size() + kFrameHeader + datagram.size() > bytes.capacity()) {
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
  std::array<uint8_t, kFrameHeader> header{};
  store_be16(header.data(), static_cast<uint16_t>(datagram.size()));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), datagram.begin(), datagram.end());
}

void StreamBacklog::Lane::drop_front(size_t n) {
  DCHECK(n <= size());
  head += n;
  if (head != bytes.size()) return;
  head = 0;
  bytes.clear();
  if (bytes.capacity() > kKept) bytes.shrink_to_fit();
}

bool StreamBacklog::push(Instant now, ByteSpan datagram, Urgency urgency) {
  DCHECK(!datagram.empty() && datagram.size() <= UINT16_MAX);
  const bool is_picture = urgency == Urgency::Picture;
  Lane& lane = is_picture ? pictures_ : urgent_;
  size_t limit = kControlBacklog;
  Duration standing = Duration::micros(INT64_MAX);
  if (urgency == Urgency::Voice) {
    limit = kVoiceBacklog;
    standing = kVoiceStanding;
  } else if (is_picture) {
    limit = kPictureBacklog;
    standing = kPictureStanding;
  }
  if (lane.size() != 0 && now - lane.since > standing) return false;
  if (lane.size() + kFrameHeader + datagram.size() > limit) return false;
  lane.append(now, datagram);
  return true;
}

std::array<ByteSpan, 3> StreamBacklog::pieces() const {
  const ByteSpan pictures = pictures_.unsent();
  return {pictures.first(cut_), urgent_.unsent(), pictures.subspan(cut_)};
}

void StreamBacklog::consume(size_t bytes) {
  const auto take = [&](Lane& lane, size_t most) {
    const size_t n = std::min(bytes, most);
    lane.drop_front(n);
    bytes -= n;
    return n;
  };
  cut_ -= take(pictures_, cut_);
  take(urgent_, urgent_.size());
  while (bytes != 0) {
    DCHECK(pictures_.size() >= kFrameHeader);
    const size_t frame = kFrameHeader + load_be16(pictures_.unsent().data());
    cut_ = frame - take(pictures_, frame);
  }
}

}  // namespace media::net
