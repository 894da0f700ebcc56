// What signaling and the media plane say to each other. Plain values only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "media/base/address.h"
#include "media/base/drop.h"
#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/time.h"
#include "media/overload/relief.h"
#include "media/rtp/extension_map.h"

namespace media::api {

struct ServerParams {
  std::string public_address;  // numeric; announced in candidates
  std::string bind_address = "0.0.0.0";
  uint16_t media_port = 0;  // worker i listens on media_port + i; 0 = any free port per worker
  unsigned workers = 1;
  bool tcp = true;  // also listen for TCP on each worker's port, for networks that block UDP
  // Use of UDP GSO and GRO where the kernel has them; off for drivers that do them badly.
  bool gso = true;
  bool gro = true;
  // A room stays on its worker until that worker passes so many packets a second, in and out; then
  // its next peers may be placed on others, at the price of one copy per worker. 60000 are a good
  // eighth of what a core forwards: joining late is cheap, leaving a full worker is not possible.
  int64_t spread_above_pps = 60'000;
  // What all workers together may send, in bits per second: the line's share for lessons. 0: no
  // limit. Near it new peers are refused, above it pictures are left out, least missed first.
  int64_t line_bps = 0;
};

// Where the next peer of a room connects.
struct Placement {
  unsigned worker = 0;  // goes into PeerParams
  Address candidate;    // for the answer
};

struct PeerParams {
  RoomId room;
  PeerId peer;
  IceCredentials local;
  IceCredentials remote;
  Fingerprint remote_fingerprint{};
  media::rtp::ExtensionMap extensions;  // BUNDLE: one map for all sections
  std::vector<PublishedSection> published;
  std::vector<ReceiveSection> slots;
  unsigned worker = 0;  // as placed
  // We send the ClientHello: the peer offered a=setup:passive.
  bool starts_dtls = false;
};

// ---- a room on two servers ----

// One end of the link between the parts of a room on two servers: an ICE and DTLS connection as any
// peer's, between two workers. One end is active: it sends the first check (controlling) and starts
// DTLS as the client; the other waits for it.
struct LinkParams {
  RoomId room;
  PeerId link;          // as any peer's; events name it
  unsigned worker = 0;  // as placed
  IceCredentials local;
  IceCredentials remote;
  Fingerprint remote_fingerprint{};
  // Active end: where the other end listens (its Placement::candidate). Unset: passive.
  std::optional<Address> connect_to;
};

// A track as it travels over a link, with all its layers. The exporting server chooses the numbers;
// the caller carries them to the other one.
struct LinkedTrack {
  MediaKind kind = MediaKind::Audio;
  Source source = Source::Microphone;
  std::vector<CodecParams> codecs;  // payload types are the link's
  struct Layer {
    Ssrc media;
    Ssrc rtx;
  };
  std::vector<Layer> layers;  // lowest first; one for sound and for a picture without simulcast
};

struct RecordingParams {
  std::filesystem::path directory;  // exists; one file per track segment is made in it
};

// ---- events, in the order in which they happened within one room ----

struct PeerConnected {
  PeerId peer;
};
enum class LossReason : uint8_t { ConsentExpired, HandshakeFailed, ClosedByPeer, OverLimit };
struct PeerLost {  // the engine has already freed it
  PeerId peer;
  LossReason reason = LossReason::ConsentExpired;
};
struct PeerQuality {  // every second while connected
  PeerId peer;
  Duration rtt;              // zero until measured
  double uplink_loss = 0;    // 0..1 over the last second, before repair
  double downlink_loss = 0;  // 0..1 as the peer's receiver reports say
  int64_t uplink_bps = 0;
  int64_t downlink_bps = 0;
};
struct TrackActive {  // first media packet came / nothing came for 3 s
  TrackId track;
  bool active = false;
};
struct VoiceActivity {  // a track's voice started or stopped (with hang-over), audible or not
  RoomId room;
  TrackId track;
  bool speaking = false;
  Duration at;  // session clock of the change
};
struct AudioLevels {  // every 250 ms for rooms with sound
  RoomId room;
  struct Level {
    TrackId track;
    uint8_t dbov = 127;  // RFC 6464: 0 loudest, 127 silence
  };
  std::vector<Level> levels;
};
// The worker of these peers is overloaded and leaves out more, or recovers and leaves out less, of
// what their slots show (overload/relief.h). Also told to whoever connects meanwhile.
struct ReliefChanged {
  overload::Relief relief = overload::Relief::None;
  std::vector<PeerId> peers;
};
struct SlotUndecodable {  // the slot's receiver did not offer the codec of the track it shows, so
                          // it gets nothing of it; told once while the slot shows it, and again
                          // with `over` when the sender changes to a codec that it did offer
  PeerId peer;
  SlotId slot;
  TrackId track;
  Codec codec = Codec::Vp8;
  bool over = false;
};
struct TrackOverRate {  // the track brings more than was agreed (PublishedSection::max_bps); the
                        // surplus is dropped. `over` false: it keeps to it again
  PeerId peer;
  TrackId track;
  int64_t limit_bps = 0;
  bool over = true;
};
struct SegmentStarted {
  RoomId room;
  TrackId track;
  std::string file;  // relative to RecordingParams::directory
  Codec codec = Codec::Opus;
  Duration start;  // session clock of the file's time zero
};
struct SegmentEnded {
  RoomId room;
  TrackId track;
  std::string file;
  Duration end;
  // Anchors "RTP timestamp = session time" used for this file, JSON array of [rtp, session_us];
  // oldest first.
  std::string clock_mapping;
  std::string
      failure;  // empty, or why recording of this track stopped early (for example a full disk)
};
struct RecordingFinished {  // after stop_recording or remove_room: every file is closed and
                            // playable
  RoomId room;
};

using Event = std::variant<PeerConnected, ReliefChanged, PeerLost, PeerQuality, TrackActive,
                           VoiceActivity, AudioLevels, SlotUndecodable, TrackOverRate,
                           SegmentStarted, SegmentEnded, RecordingFinished>;

// ---- numbers for /metrics ----

struct WorkerStats {
  uint64_t datagrams_in = 0;
  uint64_t bytes_in = 0;
  uint64_t datagrams_out = 0;
  uint64_t bytes_out = 0;
  uint64_t rtp_in = 0;
  uint64_t rtp_forwarded = 0;  // RTP packets sealed for receivers, retransmissions included
  uint64_t rtx_out = 0;
  uint64_t send_calls = 0;  // sendmmsg system calls
  uint64_t relay_out = 0;   // packets written for other workers of sharded rooms
  uint64_t relay_in = 0;
  uint64_t gso_sends = 0;  // messages that carried more than one segment
  uint64_t recv_calls = 0;
  uint64_t sessions = 0;
  uint64_t rooms = 0;
  uint64_t loop_lag_us_max = 0;  // since the last reading
  uint64_t tcp_connections = 0;  // open now
  uint64_t tcp_accepted = 0;
  uint64_t tcp_datagrams_out = 0;  // within datagrams_out
  // Load, smoothed (overload/load_meter.h).
  uint64_t busy_permille = 0;  // of the time, in which the loop did not wait
  uint64_t line_permille = 0;  // of line_bps
  uint64_t mean_lag_us = 0;
  uint64_t backlogs = 0;  // turns of the loop that left datagrams waiting
  overload::LoadLevel level = overload::LoadLevel::Calm;
  overload::Relief relief = overload::Relief::None;
  uint64_t reliefs = 0;  // steps of relief taken since the start
  bool gso = false;
  bool gro = false;
  uint64_t receive_buffer = 0;  // of the UDP socket, as granted by the kernel
  uint64_t send_buffer = 0;
  std::string cipher_backend;  // "ipsec-mb" or "openssl"
  std::string cipher_arch;     // "avx512", "avx2", "avx", "sse"; "" with openssl, which chooses too
  DropCounters drops;
};

}  // namespace media::api
