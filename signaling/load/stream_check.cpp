#include "signaling/load/stream_check.h"

#include <algorithm>

namespace signaling::load {
namespace {

constexpr uint64_t kMark = 0x746f6e676b65'4c44ULL;  // "tongkeLD"

}  // namespace

StreamCheck::Counts& StreamCheck::Counts::operator+=(const Counts& other) {
  received += other.received;
  missing += other.missing;
  duplicates += other.duplicates;
  reordered += other.reordered;
  return *this;
}

StreamCheck::Counts StreamCheck::Counts::operator-(const Counts& other) const {
  // Something missing may have come late, so that the later count is lower.
  return {received - other.received, missing > other.missing ? missing - other.missing : 0,
          duplicates - other.duplicates, reordered - other.reordered};
}

void StreamCheck::on_packet(uint16_t sequence) {
  const int64_t extended = unwrapper_.unwrap(sequence);
  const auto slot = [](int64_t at) {
    return static_cast<size_t>(((at % kWindow) + kWindow) % kWindow);
  };
  if (!any_) {
    any_ = true;
    first_ = highest_ = extended;
    seen_[slot(extended)] = true;
    ++counts_.received;
    return;
  }
  if (extended > highest_) {
    for (int64_t at = std::max(highest_ + 1, extended - kWindow + 1); at < extended; ++at)
      seen_[slot(at)] = false;
    seen_[slot(extended)] = true;
    highest_ = extended;
    ++counts_.received;
    return;
  }
  if (extended <= highest_ - kWindow || seen_[slot(extended)]) {
    ++counts_.duplicates;
    return;
  }
  seen_[slot(extended)] = true;
  if (extended < first_) first_ = extended;
  ++counts_.received;
  ++counts_.reordered;
}

StreamCheck::Counts StreamCheck::counts() const {
  Counts out = counts_;
  if (any_) out.missing = static_cast<uint64_t>(highest_ - first_ + 1) - counts_.received;
  return out;
}

void write_stamp(media::MutableByteSpan payload, media::Instant now) {
  if (payload.size() < kStampSize) return;
  uint8_t* at = payload.data() + payload.size() - kStampSize;
  media::store_be64(at, kMark);
  media::store_be64(at + 8, static_cast<uint64_t>(now.as_micros()));
}

std::optional<media::Instant> read_stamp(media::ByteSpan packet) {
  if (packet.size() < kStampSize) return std::nullopt;
  const uint8_t* at = packet.data() + packet.size() - kStampSize;
  if (media::load_be64(at) != kMark) return std::nullopt;
  return media::Instant::from_micros(static_cast<int64_t>(media::load_be64(at + 8)));
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace signaling::load
