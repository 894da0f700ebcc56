// Whatever a sender writes, the receiver holds no more than it promises and never crashes.
#include <algorithm>
#include <cstdint>

#include "media/rtmp/receiver.h"

// The first byte: whether the handshake is done for the fuzzer, and how the rest is cut into reads.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  media::SplitMix64 rng(1);
  media::rtmp::Receiver receiver(rng);
  std::vector<media::rtmp::Event> events;
  if ((data[0] & 1) != 0) {
    const std::vector<uint8_t> hello(1 + 1536 + 1536, 3);
    if (!receiver.feed(hello, events)) return 0;
  }
  const size_t piece = 1U + (data[0] >> 1) * 8U;
  media::ByteSpan rest(data + 1, size - 1);
  while (!rest.empty()) {
    const auto part = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(part.size());
    if (!receiver.feed(part, events)) break;
    for (const auto& event : events) {
      if (std::holds_alternative<media::rtmp::PublishAsked>(event)) receiver.accept();
    }
    events.clear();
    if (receiver.take_output().size() > (1U << 20)) __builtin_trap();
  }
  return 0;
}
