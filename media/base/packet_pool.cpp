#include "media/base/packet_pool.h"

#include <cstring>

#include "media/base/check.h"

namespace media {

PacketPool::~PacketPool() {
  CHECK(in_use_ == 0);
}

PacketRef PacketPool::copy(ByteSpan bytes) {
  if (bytes.size() > kPoolPacketSize) return {};
  if (free_ == nullptr && !grow()) return {};
  PooledPacket* packet = free_;
  free_ = packet->next_free;
  ++in_use_;
  packet->size = static_cast<uint16_t>(bytes.size());
  if (!bytes.empty()) std::memcpy(packet->bytes.data(), bytes.data(), bytes.size());
  return PacketRef(packet);
}

bool PacketPool::grow() {
  if (capacity() + kSlabPackets > max_packets_) return false;
  slabs_.push_back(std::make_unique_for_overwrite<std::array<PooledPacket, kSlabPackets>>());
  for (PooledPacket& packet : *slabs_.back()) {
    packet.pool = this;
    packet.next_free = free_;
    free_ = &packet;
  }
  return true;
}

}  // namespace media
