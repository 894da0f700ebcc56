// What forwarding wants done, as plain data: packets by reference and numbers, small RTCP packets
// by bytes, and events. Whoever owns the connections drains it after every batch, before the next
// command, and clear()s it. Owner: engine::Engine, or a simulation. Thread: the owner's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/model.h"
#include "media/send/departure.h"
#include "media/sfu/events.h"
#include "media/sfu/relay.h"

namespace media::sfu {

class Peer;

struct RtpOut {
  Peer* peer = nullptr;
  send::Departure departure;
  const std::string* mid =
      nullptr;  // set while the receiver may not know yet which section this is
};

struct RtcpOut {
  Peer* peer = nullptr;
  size_t offset = 0;  // into Outbox::rtcp_bytes
  size_t size = 0;
};

// One step of a recording: what tap::TapPacket carries, before its bytes are written.
struct RecordOut {
  enum class Type : uint8_t { Start, Rtp, End };
  Type type = Type::Rtp;
  RoomId room;
  TrackId track;
  Codec codec = Codec::Opus;
  Source source = Source::Microphone;
  MediaKind kind = MediaKind::Audio;
  uint32_t clock_rate = 48000;
  send::Departure departure;  // Rtp only
  Duration session_time;
  bool from_sender_report = false;
};

struct Outbox {
  std::vector<RtpOut>
      rtp;  // packets of one receiver and one track follow each other: GSO joins them
  std::vector<RtcpOut> rtcp;
  std::vector<uint8_t> rtcp_bytes;
  std::vector<RecordOut> records;
  std::vector<Event> events;
  std::vector<RelayOut> relays;  // to other shards of the room
  std::vector<RelayPacketOut> relay_packets;
  DropCounters drops;  // never cleared

  void add_rtcp(Peer& peer, ByteSpan bytes) {
    if (bytes.empty()) return;
    rtcp.push_back({&peer, rtcp_bytes.size(), bytes.size()});
    rtcp_bytes.insert(rtcp_bytes.end(), bytes.begin(), bytes.end());
  }
  [[nodiscard]] ByteSpan bytes_of(const RtcpOut& out) const {
    return ByteSpan(rtcp_bytes).subspan(out.offset, out.size);
  }
  // Keeps its memory.
  void clear() {
    rtp.clear();
    rtcp.clear();
    rtcp_bytes.clear();
    records.clear();
    events.clear();
    relays.clear();
    relay_packets.clear();
  }
};

}  // namespace media::sfu
