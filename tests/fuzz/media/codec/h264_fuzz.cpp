// Any payload and any parameter set: bounded, inside the bytes, sizes within the limit.
#include "media/codec/h264.h"
#include "media/codec/opus.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::codec;
  const ByteSpan payload(data, size);
  (void)parse_h264(payload, false);
  ParameterSets sets;
  for (size_t half = 0; half < 2; ++half) {
    (void)sets.note(payload.subspan(half * size / 2));
    if (!sets.is_complete()) continue;
    const auto kept = sets.payload();
    CHECK(kept.size() <= 1 + (1 + ParameterSets::kMaxPictureSets) * (2 + ParameterSets::kMaxUnit));
    ParameterSets again;
    (void)again.note(kept);
    CHECK(again.payload() == kept);
  }
  if (const auto picture = parse_sps_size(payload)) {
    CHECK(picture->width > 0 && picture->width <= 16384 && picture->height > 0 &&
          picture->height <= 16384);
  }
  if (const auto opus = parse_opus(payload)) {
    CHECK(opus->duration() > Duration() && opus->duration() <= Duration::millis(120));
  }
  return 0;
}
