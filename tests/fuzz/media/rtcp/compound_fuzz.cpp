// Any bytes: every list of every block is walked to its end.
#include "media/rtcp/compound.h"

#include <type_traits>

namespace {
using namespace media;
using namespace media::rtcp;

uint64_t touch(const SenderReport& r) {
  uint64_t sum = r.sender.ssrc.value;
  for (size_t i = 0; i < r.blocks.size(); ++i) sum += r.blocks[i].jitter;
  return sum;
}
uint64_t touch(const ReceiverReport& r) {
  uint64_t sum = r.sender.value;
  for (size_t i = 0; i < r.blocks.size(); ++i) sum += r.blocks[i].ssrc.value;
  return sum;
}
uint64_t touch(const Sdes& s) {
  return s.cname_of(Ssrc(1)).size();
}
uint64_t touch(const Bye& b) {
  uint64_t sum = b.reason().size();
  for (size_t i = 0; i < b.size(); ++i) sum += b[i].value;
  return sum;
}
uint64_t touch(const Nack& n) {
  uint64_t sum = 0;
  n.for_each([&](uint16_t s) { sum += s; });
  return sum;
}
uint64_t touch(const Pli& p) {
  return p.media.value;
}
uint64_t touch(const Fir& f) {
  uint64_t sum = 0;
  for (size_t i = 0; i < f.size(); ++i) sum += f[i].sequence;
  return sum;
}
uint64_t touch(const Remb& r) {
  CHECK(r.rate.as_bps() >= 0);
  uint64_t sum = 0;
  for (size_t i = 0; i < r.size(); ++i) sum += r[i].value;
  return sum;
}
uint64_t touch(const TransportCcBlock& t) {
  return t.block.size();
}
uint64_t touch(const UnknownBlock& u) {
  return u.format;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CompoundReader reader(ByteSpan(data, size));
  uint64_t sum = 0;
  size_t blocks = 0;
  while (const auto block = reader.next()) {
    sum += std::visit([](const auto& b) { return touch(b); }, *block);
    ++blocks;
  }
  CHECK(blocks <= size / 4);
  return sum == UINT64_MAX ? 1 : 0;
}
