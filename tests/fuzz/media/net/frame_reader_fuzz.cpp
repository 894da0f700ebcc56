// Any stream, cut anywhere: what the reader gives is what lies between true lengths, and it never
// keeps more than one frame.
#include "media/net/frame_reader.h"

#include <vector>

#include "media/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  if (size < 1) return 0;
  const size_t cut = data[0] + size_t{1};
  std::vector<uint8_t> stream(data + 1, data + size);
  const std::vector<uint8_t> original = stream;
  net::FrameReader reader;
  size_t expected_at = 0;  // in the original: where the next frame's header lies
  for (size_t at = 0; at < stream.size(); at += cut) {
    reader.append(MutableByteSpan(stream).subspan(at, std::min(cut, stream.size() - at)));
    for (;;) {
      const auto datagram = reader.next();
      if (!datagram) {
        while (load_be16(original.data() + expected_at) == 0) expected_at += 2;
        CHECK(load_be16(original.data() + expected_at) > net::kMaxFrame);
        return 0;
      }
      if (!*datagram) break;
      while (load_be16(original.data() + expected_at) == 0) expected_at += 2;
      const size_t length = load_be16(original.data() + expected_at);
      CHECK((*datagram)->size() == length);
      CHECK(std::equal((*datagram)->begin(), (*datagram)->end(),
                       original.begin() + static_cast<std::ptrdiff_t>(expected_at + 2)));
      (*datagram)->front() = 0xff;
      expected_at += 2 + length;
    }
    CHECK(reader.waiting() < net::kFrameHeader + net::kMaxFrame);
  }
  return 0;
}
