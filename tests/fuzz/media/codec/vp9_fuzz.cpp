// As vp8_fuzz.
#include "media/codec/vp9.h"

#include <array>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::codec;
  const ByteSpan payload(data, size);
  const auto before = parse_vp9_descriptor(payload);
  (void)parse_vp9(payload, true);
  std::array<uint8_t, kMaxVp9Rewrite> out{};
  const PictureNumbers numbers{0x1234, 200, 0};
  const auto rewrite = rewrite_vp9(payload, numbers, out);
  CHECK(before.has_value() == rewrite.has_value());
  if (!before) return 0;
  CHECK(before->size < size && before->size <= kMaxVp9Descriptor && rewrite->written <= out.size());
  std::vector<uint8_t> made(out.begin(), out.begin() + static_cast<ptrdiff_t>(rewrite->written));
  made.insert(made.end(), payload.begin() + static_cast<ptrdiff_t>(rewrite->consumed),
              payload.end());
  const auto after = parse_vp9_descriptor(made);
  CHECK(after && after->size - rewrite->written == before->size - rewrite->consumed);
  CHECK(after->picture_id_bits == 0 || after->picture_id == numbers.picture_id);
  CHECK(!after->tl0picidx || *after->tl0picidx == numbers.tl0picidx);
  CHECK(after->temporal_id == before->temporal_id && after->spatial_id == before->spatial_id);
  CHECK(after->inter_predicted == before->inter_predicted && after->width == before->width);
  return 0;
}
