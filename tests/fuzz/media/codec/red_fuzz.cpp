// Whatever parse_red takes, rewriting gives headers of the same shape with the other payload type.
#include "media/codec/red.h"

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::codec;
  const ByteSpan payload(data, size);
  const auto before = parse_red(payload, 111);
  if (!before) return 0;
  CHECK(before->header_size <= kMaxRedHeaders && before->primary < size);
  std::vector<uint8_t> made(payload.begin(), payload.end());
  rewrite_red(payload.first(before->header_size), 96, made);
  const auto after = parse_red(made, 96);
  CHECK(after && after->primary == before->primary && after->header_size == before->header_size);
  return 0;
}
