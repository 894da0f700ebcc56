#include "media/mesh/pipe.h"

#include <cstring>

#include "media/base/check.h"

namespace media::mesh {

Pipe::Pipe(std::function<void()> wake, size_t capacity)
    : wake_(std::move(wake)), packets_(capacity), mask_(capacity - 1) {
  CHECK((capacity & mask_) == 0);
}

bool Pipe::put(const sfu::RelayPacketOut& out) {
  const size_t head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) == packets_.size()) return false;
  Crossing& c = packets_[head & mask_];
  const ByteSpan bytes = out.packet.packet.bytes();
  c.room = out.room;
  c.track = out.track;
  c.ssrc = out.ssrc;
  c.form = out.packet;
  c.form.packet = {};  // counts of references are the producer's own
  c.facts = out.packet.packet.facts<send::SourceFacts>();
  c.size = static_cast<uint16_t>(bytes.size());
  std::memcpy(c.bytes.data(), bytes.data(), bytes.size());
  head_.store(head + 1, std::memory_order_release);
  return true;
}

void Pipe::ring_bell() {
  messages_.flush();
  if (!rung_.exchange(true, std::memory_order_acq_rel)) wake_();
}

size_t Pipe::waiting() const {
  return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_relaxed);
}

const Crossing& Pipe::front() const {
  return packets_[tail_.load(std::memory_order_relaxed) & mask_];
}

void Pipe::release() {
  tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

}  // namespace media::mesh
