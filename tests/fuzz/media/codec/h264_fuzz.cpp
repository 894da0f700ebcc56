// Any payload and any parameter set: bounded, inside the bytes, sizes within the limit.
#include "media/codec/h264.h"
#include "media/codec/opus.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::codec;
  const ByteSpan payload(data, size);
  (void)parse_h264(payload, false);
  if (const auto picture = parse_sps_size(payload)) {
    CHECK(picture->width > 0 && picture->width <= 16384 && picture->height > 0 &&
          picture->height <= 16384);
  }
  if (const auto opus = parse_opus(payload)) {
    CHECK(opus->duration() > Duration() && opus->duration() <= Duration::millis(120));
  }
  return 0;
}
