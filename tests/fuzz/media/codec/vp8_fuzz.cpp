// Any payload: the descriptor lies inside it, and a rewritten one reads back with the new numbers
// and the old rest.
#include "media/codec/vp8.h"

#include <array>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::codec;
  const ByteSpan payload(data, size);
  const auto before = parse_vp8_descriptor(payload);
  (void)parse_vp8(payload, true);
  std::array<uint8_t, kMaxVp8Descriptor> out{};
  const PictureNumbers numbers{0x1234, 200, 21};
  const auto rewrite = rewrite_vp8(payload, numbers, out);
  CHECK(before.has_value() == rewrite.has_value());
  if (!before) return 0;
  CHECK(before->size < size && rewrite->consumed == before->size && rewrite->written <= out.size());
  std::vector<uint8_t> made(out.begin(), out.begin() + static_cast<ptrdiff_t>(rewrite->written));
  made.insert(made.end(), payload.begin() + static_cast<ptrdiff_t>(rewrite->consumed),
              payload.end());
  const auto after = parse_vp8_descriptor(made);
  CHECK(after && after->size == rewrite->written);
  CHECK((after->picture_id_bits != 0) == (before->picture_id_bits != 0));
  CHECK(after->picture_id_bits == 0 || after->picture_id == numbers.picture_id);
  CHECK(!after->tl0picidx || *after->tl0picidx == numbers.tl0picidx);
  CHECK(after->tl0picidx.has_value() == before->tl0picidx.has_value());
  CHECK(!after->keyidx || *after->keyidx == numbers.keyidx);
  CHECK(after->temporal_id == before->temporal_id && after->layer_sync == before->layer_sync);
  return 0;
}
