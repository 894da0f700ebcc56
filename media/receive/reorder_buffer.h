// Releases items in order of sequence, waiting a limited time for what is missing. Used where order
// matters more than delay: the recorder. The forwarding path never reorders. Owner: whoever
// consumes one stream. Thread: the owner's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "media/base/time.h"

namespace media::receive {

template <class T>
class ReorderBuffer {
 public:
  struct Params {
    Duration max_wait =
        Duration::millis(500);  // an item is released at the latest this long after its arrival
    size_t max_items = 512;     // over this, the oldest is released at once
  };
  enum class Verdict : uint8_t { Kept, Duplicate, TooLate };
  struct Released {
    int64_t sequence = 0;
    // Sequence numbers missing directly before this item, given up.
    int64_t missing_before = 0;
    T item;
  };

  explicit ReorderBuffer(Params params = {}) : params_(params) {}

  // `sequence` is unwrapped. TooLate: items after it have already been released.
  Verdict push(Instant now, int64_t sequence, T item) {
    if (next_ && sequence < *next_) return Verdict::TooLate;
    const auto after = items_.lower_bound(sequence);
    if (after != items_.end() && after->first == sequence) return Verdict::Duplicate;
    // A late item that completes a run must not make the items behind it wait anew.
    const Instant since = after == items_.end() ? now : std::min(now, after->second.waiting_since);
    items_.emplace_hint(after, sequence, Entry{since, std::move(item)});
    return Verdict::Kept;
  }

  // The next item in order, or nothing while the one before it may still come. Call until it
  // returns nothing.
  std::optional<Released> pop(Instant now) {
    if (items_.empty()) return std::nullopt;
    const auto first = items_.begin();
    const bool in_order = !next_ ? may_start(now) : first->first == *next_;
    const bool expired = now >= oldest_arrival() + params_.max_wait;
    if (!in_order && !expired && items_.size() <= params_.max_items) return std::nullopt;
    return take_first();
  }

  // The next item whether or not something before it is missing; for the end of a stream.
  std::optional<Released> drain() {
    if (items_.empty()) return std::nullopt;
    return take_first();
  }

  // When pop() may have something that it has not now.
  [[nodiscard]] Instant next_timeout() const {
    return items_.empty() ? Instant::never() : oldest_arrival() + params_.max_wait;
  }
  [[nodiscard]] size_t size() const { return items_.size(); }

  // Forgets everything; the next push may have any sequence.
  void reset() {
    items_.clear();
    next_.reset();
  }

 private:
  struct Entry {
    Instant waiting_since;
    T item;
  };

  // The first packet of a stream may have been overtaken: hold it for a moment that reordering on
  // the last hop needs.
  static constexpr Duration kStartWait = Duration::millis(50);
  [[nodiscard]] bool may_start(Instant now) const { return now >= oldest_arrival() + kStartWait; }

  [[nodiscard]] Instant oldest_arrival() const { return items_.begin()->second.waiting_since; }

  std::optional<Released> take_first() {
    auto node = items_.extract(items_.begin());
    const int64_t missing = next_ ? node.key() - *next_ : 0;
    next_ = node.key() + 1;
    return Released{node.key(), missing, std::move(node.mapped().item)};
  }

  Params params_;
  std::map<int64_t, Entry> items_;
  std::optional<int64_t> next_;
};

}  // namespace media::receive
