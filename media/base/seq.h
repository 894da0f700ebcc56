// Sequence numbers and timestamps are unwrapped at the door: inside the engine they are int64_t and
// only grow.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

namespace media {

// Extends a counter of sizeof(T)*8 bits (RFC 3550 appendix A.1) to 64 bits, choosing the value
// nearest to the highest seen. Values far behind the first one may come out negative.
template <class T>
class Unwrapper {
  static_assert(std::is_unsigned_v<T>);

 public:
  // The extended value of `v`, without remembering it.
  [[nodiscard]] int64_t peek(T v) const {
    if (!last_) return static_cast<int64_t>(v);
    const auto delta =
        static_cast<std::make_signed_t<T>>(static_cast<T>(v - static_cast<T>(*last_)));
    return *last_ + delta;
  }
  // The extended value of `v`; moves the reference forward when it is the newest.
  int64_t unwrap(T v) {
    const int64_t extended = peek(v);
    if (!last_ || extended > *last_) last_ = extended;
    return extended;
  }
  void reset() { last_.reset(); }
  [[nodiscard]] std::optional<int64_t> highest() const { return last_; }

 private:
  std::optional<int64_t> last_;
};

using SeqUnwrapper = Unwrapper<uint16_t>;  // RTP sequence numbers, transport-wide sequence numbers
using TimestampUnwrapper = Unwrapper<uint32_t>;  // RTP timestamps

}  // namespace media
