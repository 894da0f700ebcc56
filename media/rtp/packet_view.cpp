#include "media/rtp/packet_view.h"

namespace media::rtp {

namespace {
constexpr size_t kExtensionHeadSize = 4;
}

Result<PacketView> PacketView::parse(ByteSpan bytes) {
  if (bytes.size() < kFixedHeaderSize) return fail(Errc::Truncated, "RTP shorter than its header");
  if (bytes.size() > UINT16_MAX) return fail(Errc::TooLarge, "RTP larger than a datagram");
  if ((bytes[0] >> 6) != 2) return fail(Errc::Malformed, "RTP version is not 2");

  PacketView view;
  view.bytes_ = bytes;
  size_t header = kFixedHeaderSize + 4 * view.csrc_count();
  size_t extension = 0;
  if (view.has_extension()) {
    if (bytes.size() < header + kExtensionHeadSize) {
      return fail(Errc::Truncated, "RTP extension head cut off");
    }
    view.extension_profile_ = load_be16(bytes.data() + header);
    extension = 4 * size_t{load_be16(bytes.data() + header + 2)};
    header += kExtensionHeadSize + extension;
  }
  if (bytes.size() < header) return fail(Errc::Truncated, "RTP header cut off");
  view.header_size_ = static_cast<uint16_t>(header);
  view.extension_size_ = static_cast<uint16_t>(extension);

  const bool has_padding = (bytes[0] & 0x20) != 0;
  if (has_padding) {
    view.padding_size_ = bytes.back();
    if (view.padding_size_ == 0 || view.padding_size_ > bytes.size() - header) {
      return fail(Errc::Malformed, "RTP padding longer than the packet");
    }
  }
  return view;
}

}  // namespace media::rtp
