// A packet on its way to one receiver: which source packet, and what its header will say there.
// Nothing is copied until write_departure() builds it in the outgoing datagram. Thread: one worker.
// A Departure must not outlive the pool of its packet.
#pragma once

#include <cstdint>
#include <string_view>

#include "media/base/packet_pool.h"
#include "media/codec/frame_info.h"
#include "media/rtp/extensions.h"
#include "media/rtp/packet_writer.h"

namespace media::send {

// What was learnt about a source packet when it came in; kept beside its bytes in the pool
// (PacketRef::facts).
struct SourceFacts {
  Codec codec = Codec::Opus;
  bool marker = false;
  // Numbering as the sender counts, unwrapped. The picture id is unwrapped too, so that 7-bit ids
  // join 15-bit ones.
  int64_t sequence = 0;
  int64_t timestamp = 0;
  int64_t picture_id = 0;
  codec::FrameInfo frame;
  uint16_t payload_offset = 0;
  uint16_t payload_size = 0;  // without padding; zero for a packet that only carries padding
  // RTP padding to add, so that neighbours have equal sizes and leave in one GSO send.
  uint8_t added_padding = 0;
  rtp::Extensions extensions;  // those that survive forwarding
};

// The numbers of one packet in one receiver's stream.
struct Rewritten {
  int64_t sequence = 0;   // unwrapped: rollover count * 65536 + sequence
  int64_t timestamp = 0;  // unwrapped
  codec::PictureNumbers numbers;
};

struct Departure {
  PacketRef packet;
  Rewritten rewritten;
  Ssrc ssrc;
  uint8_t payload_type = 0;
  bool is_rtx = false;
  uint16_t original_sequence = 0;  // RTX (RFC 4588 section 4) only
};

// What one hop adds to the packet's own extensions; absent parts are not written.
struct HopExtensions {
  std::string_view mid;
  std::optional<uint32_t> abs_send_time;
  std::optional<uint16_t> transport_cc;
};

// Builds the packet: header, extensions as `map` numbers them, rewritten payload descriptor,
// payload. size is 0 when `out` is too small or the payload is not what its facts say.
rtp::Written write_departure(MutableByteSpan out, const Departure& departure,
                             const HopExtensions& hop, const rtp::ExtensionMap& map);

}  // namespace media::send
