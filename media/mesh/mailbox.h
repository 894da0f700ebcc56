// Typed messages from one thread to one other, without locks. Neither side ever waits: what does
// not fit into the ring stays with the sender, in order, and goes with its next post() or flush().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace media::mesh {

template <class T, size_t kCapacity = 1024>
class Mailbox {
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two");

 public:
  Mailbox() : slots_(std::make_unique<std::array<std::optional<T>, kCapacity>>()) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Sender's thread. True when everything so far is in the ring; false when some waits for flush().
  bool post(T message) {
    spill_.push_back(std::move(message));
    return flush();
  }
  // Sender's thread.
  bool flush() {
    while (!spill_.empty() && push(spill_.front())) spill_.pop_front();
    const bool all = spill_.empty();
    if (all != !spilled_.load(std::memory_order_relaxed))
      spilled_.store(!all, std::memory_order_release);
    return all;
  }
  // Receiver's thread: the sender holds back messages; wake it after taking some.
  [[nodiscard]] bool has_spilled() const { return spilled_.load(std::memory_order_acquire); }

  // Receiver's thread.
  std::optional<T> take() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T>& slot = (*slots_)[tail & (kCapacity - 1)];
    std::optional<T> message = std::exchange(slot, std::nullopt);
    tail_.store(tail + 1, std::memory_order_release);
    return message;
  }

 private:
  bool push(T& message) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kCapacity) return false;
    (*slots_)[head & (kCapacity - 1)].emplace(std::move(message));
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  std::unique_ptr<std::array<std::optional<T>, kCapacity>> slots_;
  std::deque<T> spill_;  // sender's
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
  alignas(64) std::atomic<bool> spilled_{false};
};

}  // namespace media::mesh
