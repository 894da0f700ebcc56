// Any bytes as a block: bounded work; and what parses can be written and read again with the same
// meaning.
#include "media/rtcp/transport_cc.h"

#include <array>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::rtcp;
  std::vector<PacketStatus> statuses;
  const auto head = parse_transport_feedback(ByteSpan(data, size), statuses);
  CHECK(head || statuses.empty());
  if (!head) return 0;
  CHECK(statuses.size() == head->status_count && statuses.size() <= kMaxStatuses);

  std::vector<Arrival> arrivals;
  const Duration base = kReferenceTick * head->reference_time + Duration::seconds(1'000'000);
  for (size_t i = 0; i < statuses.size(); ++i) {
    CHECK(statuses[i].sequence == static_cast<uint16_t>(head->base_sequence + i));
    if (statuses[i].received) {
      arrivals.push_back({static_cast<int64_t>(i), Instant() + base + statuses[i].arrival});
    }
  }
  if (arrivals.empty()) return 0;
  std::array<uint8_t, 16384> buffer;
  ByteWriter writer(buffer);
  const size_t used = write_transport_feedback(writer, head->sender, head->media, 0, 0, arrivals);
  CHECK(used > 0);
  std::vector<PacketStatus> again;
  const auto second = parse_transport_feedback(writer.written(), again);
  CHECK(second && again.size() == static_cast<size_t>(arrivals[used - 1].sequence) + 1);
  size_t received = 0;
  for (const PacketStatus& status : again) {
    if (!status.received) continue;
    const Duration gap = status.arrival - again[static_cast<size_t>(arrivals[0].sequence)].arrival;
    CHECK(gap == arrivals[received].at - arrivals[0].at);
    ++received;
  }
  CHECK(received == used);
  return 0;
}
