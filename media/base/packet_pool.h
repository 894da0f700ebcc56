// Memory for the packets that are kept: per-worker slabs of equal blocks, shared by plain reference
// counts. A packet is copied into the pool once on arrival; every receiver's history and every
// queued departure holds a PacketRef to that one copy. Owner: one worker (engine) or one test.
// Thread: that worker alone; counts are not atomic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "media/base/bytes.h"

namespace media {

class PacketPool;

// Largest plain RTP packet that is kept: one unfragmented Ethernet datagram.
inline constexpr size_t kPoolPacketSize = 1500;
// Room beside the bytes for what was learnt when the packet was parsed, so that nobody parses it
// again.
inline constexpr size_t kPacketFactsSize = 256;

struct PooledPacket {
  uint32_t references = 0;
  uint16_t size = 0;
  PacketPool* pool = nullptr;
  PooledPacket* next_free = nullptr;
  alignas(16) std::array<std::byte, kPacketFactsSize> facts;
  std::array<uint8_t, kPoolPacketSize> bytes;
};

// Shared, read-only after filling. Must not outlive its pool.
class PacketRef {
 public:
  PacketRef() = default;
  explicit PacketRef(PooledPacket* packet) : packet_(packet) {
    if (packet_ != nullptr) ++packet_->references;
  }
  PacketRef(const PacketRef& other) : PacketRef(other.packet_) {}
  PacketRef(PacketRef&& other) noexcept : packet_(std::exchange(other.packet_, nullptr)) {}
  PacketRef& operator=(PacketRef other) noexcept {
    std::swap(packet_, other.packet_);
    return *this;
  }
  ~PacketRef() { reset(); }

  inline void reset();
  [[nodiscard]] explicit operator bool() const { return packet_ != nullptr; }
  [[nodiscard]] ByteSpan bytes() const { return ByteSpan(packet_->bytes.data(), packet_->size); }
  // Stores a copy of what was learnt about the packet; only before it is shared.
  template <class Facts>
  void set_facts(const Facts& facts) const {
    static_assert(sizeof(Facts) <= kPacketFactsSize && alignof(Facts) <= 16);
    static_assert(std::is_trivially_copyable_v<Facts> && std::is_trivially_destructible_v<Facts>);
    new (packet_->facts.data()) Facts(facts);
  }
  // What set_facts<Facts> stored.
  template <class Facts>
  [[nodiscard]] const Facts& facts() const {
    return *std::launder(reinterpret_cast<const Facts*>(packet_->facts.data()));
  }
  // Only before the packet is shared.
  [[nodiscard]] MutableByteSpan writable() const {
    return MutableByteSpan(packet_->bytes.data(), packet_->size);
  }

 private:
  PooledPacket* packet_ = nullptr;
};

class PacketPool {
 public:
  // Grows by kSlabPackets at a time up to `max_packets`, and never gives memory back before it is
  // destroyed.
  explicit PacketPool(size_t max_packets = kDefaultMaxPackets) : max_packets_(max_packets) {}
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;
  // Every PacketRef must be gone.
  ~PacketPool();

  // A copy of `bytes`; an empty reference when the pool is exhausted or the packet is over
  // kPoolPacketSize.
  PacketRef copy(ByteSpan bytes);
  [[nodiscard]] size_t in_use() const { return in_use_; }
  [[nodiscard]] size_t capacity() const { return slabs_.size() * kSlabPackets; }

  static constexpr size_t kSlabPackets = 64;
  // 64k packets are 100 MB: 2.5 s of history of about 140 pictures of 1.5 Mbit/s.
  static constexpr size_t kDefaultMaxPackets = 65536;

 private:
  friend class PacketRef;
  bool grow();
  void release(PooledPacket* packet) {
    packet->next_free = free_;
    free_ = packet;
    --in_use_;
  }

  size_t max_packets_;
  size_t in_use_ = 0;
  PooledPacket* free_ = nullptr;
  std::vector<std::unique_ptr<std::array<PooledPacket, kSlabPackets>>> slabs_;
};

inline void PacketRef::reset() {
  if (packet_ == nullptr) return;
  if (--packet_->references == 0) packet_->pool->release(packet_);
  packet_ = nullptr;
}

}  // namespace media
