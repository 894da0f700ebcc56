// A packet on its way to one receiver: which source packet, and what its header will say there.
// Nothing is copied until write_departure() builds it in the outgoing datagram. Thread: one worker.
// A Departure must not outlive the pool of its packet.
#pragma once

#include <cstdint>
#include <string_view>

#include "media/base/packet_pool.h"
#include "media/codec/dependency_descriptor.h"
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
  // join 15-bit ones; with a dependency descriptor it is the frame number.
  int64_t sequence = 0;
  int64_t timestamp = 0;
  int64_t picture_id = 0;
  codec::FrameInfo frame;
  uint16_t payload_offset = 0;
  uint16_t payload_size = 0;  // without padding; zero for a packet that only carries padding
  // RTP padding to add, so that neighbours have equal sizes and leave in one GSO send.
  uint8_t added_padding = 0;
  // RED (RFC 2198): where the primary block begins within the payload, and the headers' size; 0 for
  // any other payload.
  uint16_t red_primary = 0;
  uint8_t red_headers = 0;
  // The dependency descriptor within the packet's bytes; size 0 without one. `dependencies` counts
  // only then.
  uint8_t descriptor_size = 0;
  uint16_t descriptor_offset = 0;
  codec::DependencyFacts dependencies;
  rtp::Extensions extensions;  // those that survive forwarding
};

// The numbers of one packet in one receiver's stream.
struct Rewritten {
  int64_t sequence = 0;   // unwrapped: rollover count * 65536 + sequence
  int64_t timestamp = 0;  // unwrapped
  codec::PictureNumbers numbers;
  bool marker = false;
};

struct Departure {
  PacketRef packet;
  Rewritten rewritten;
  Ssrc ssrc;
  uint8_t payload_type = 0;
  bool is_rtx = false;
  // In the place of a packet that this receiver does not get, found out when its number was already
  // given: padding alone, so that nobody asks for it.
  bool is_blank = false;
  // The receiver's payload type of the blocks in a RED packet; 0: it takes no RED, and gets the
  // primary block alone.
  uint8_t red_block_type = 0;
  uint16_t original_sequence = 0;  // RTX (RFC 4588 section 4) only
};

// What one hop adds to the packet's own extensions; absent parts are not written.
struct HopExtensions {
  std::string_view mid;
  std::optional<uint32_t> abs_send_time;
  std::optional<uint16_t> transport_cc;
  std::string_view rid = {};  // towards other servers, which take every simulcast layer
};

// Builds the packet: header, extensions as `map` numbers them, rewritten payload descriptor,
// payload. size is 0 when `out` is too small or the payload is not what its facts say.
rtp::Written write_departure(MutableByteSpan out, const Departure& departure,
                             const HopExtensions& hop, const rtp::ExtensionMap& map);

}  // namespace media::send
