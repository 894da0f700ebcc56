// Addresses as teachers type them: no crash, and nothing that was taken out as a secret is left in
// what is kept as the address.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "media/base/check.h"
#include "signaling/ingest/job.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using media::ingest::SourceKind;
  constexpr std::array kKinds = {SourceKind::Rtsp, SourceKind::RtspUdp, SourceKind::Srt,
                                 SourceKind::Rtmp};
  if (size == 0) return 0;
  const SourceKind kind = kKinds[data[0] % kKinds.size()];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto source = signaling::ingest::parse_source_url(kind, text);
  if (!source) return 0;
  const size_t authority = source->url.find("://") + 3;
  CHECK(source->url.substr(authority, source->url.find('/', authority) - authority).find('@') ==
        std::string::npos);
  const std::string shown = signaling::ingest::shown_address(source->url);
  CHECK(shown.find('?') == std::string::npos);
  CHECK(!signaling::ingest::host_of(source->url).empty());
  static_cast<void>(signaling::ingest::port_of(source->url));
  return 0;
}
