// Any bytes under any extension map (from the first bytes): the view stays inside the packet, and
// what the parser reads survives being written and read again.
#include "media/rtp/extensions.h"
#include "media/rtp/packet_view.h"
#include "media/rtp/packet_writer.h"

#include <array>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  constexpr size_t kIds = 9;
  if (size < kIds) return 0;
  rtp::ExtensionMap map{data[0], data[1], data[2], data[3], data[4],
                        data[5], data[6], data[7], data[8]};
  const ByteSpan bytes(data + kIds, size - kIds);
  const auto view = rtp::PacketView::parse(bytes);
  if (!view) return 0;
  CHECK(view->header_size() + view->payload().size() + view->padding_size() == bytes.size());
  for (size_t i = 0; i < view->csrc_count(); ++i) (void)view->csrc(i);

  const rtp::Extensions in = rtp::parse_extensions(*view, map);
  // Distinct identifiers that both forms can carry.
  const rtp::ExtensionMap out_map{
      1, 2, 3, 4, 5, 6, 7, 8, static_cast<uint8_t>(data[0] % 2 == 0 ? 9 : 99)};
  std::array<uint8_t, rtp::kMaxHeaderSize> buffer{};
  const rtp::Header header{view->payload_type(), view->marker(), view->sequence(),
                           view->timestamp(), view->ssrc()};
  const size_t written = rtp::write_header(buffer, header, in, out_map);
  CHECK(written >= rtp::kFixedHeaderSize);
  const auto again = rtp::PacketView::parse(ByteSpan(buffer).first(written));
  CHECK(again && again->ssrc() == view->ssrc() && again->sequence() == view->sequence());
  CHECK(rtp::parse_extensions(*again, out_map) == in);
  return 0;
}
