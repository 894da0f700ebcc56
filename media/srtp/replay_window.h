// Which packet indices were seen (RFC 3711 section 3.3.2): the newest and the kReplayWindow - 1
// before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace media::srtp {

// Late retransmissions on weak lines come hundreds of packets behind; RFC 3711 asks for at
// least 64.
inline constexpr int64_t kReplayWindow = 1024;

class ReplayWindow {
 public:
  // True when `index` was neither seen nor is too old to tell. Changes nothing.
  [[nodiscard]] bool is_fresh(int64_t index) const {
    if (index > highest_) return true;
    if (index + kReplayWindow <= highest_) return false;
    return (bits_[word(index)] & bit(index)) == 0;
  }

  // Remembers `index`. Call only for packets that passed authentication.
  void mark(int64_t index) {
    if (index > highest_) {
      if (highest_ < 0 || index - highest_ >= kReplayWindow) {
        bits_.fill(0);
      } else {
        for (int64_t i = highest_ + 1; i < index; ++i) bits_[word(i)] &= ~bit(i);
      }
      highest_ = index;
    }
    bits_[word(index)] |= bit(index);
  }

  // The newest index; -1 before the first.
  [[nodiscard]] int64_t highest() const { return highest_; }

 private:
  static size_t word(int64_t index) { return static_cast<size_t>(index % kReplayWindow) / 64; }
  static uint64_t bit(int64_t index) { return uint64_t{1} << (static_cast<uint64_t>(index) % 64); }

  int64_t highest_ = -1;
  std::array<uint64_t, kReplayWindow / 64> bits_{};
};

}  // namespace media::srtp
