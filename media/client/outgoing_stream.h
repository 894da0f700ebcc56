// One RTP stream that our own client sends: numbering, header extensions, history for
// retransmission (RFC 4588), sender reports (RFC 3550 section 6.4.1). No clock of its own. Owner:
// SyntheticTeacher or a load publisher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/time.h"
#include "media/rtp/extension_map.h"
#include "media/rtp/extensions.h"

namespace media::client {

// Takes complete packets; false when the connection cannot send now.
struct PacketSink {
  std::function<bool(ByteSpan)> rtp;
  std::function<bool(ByteSpan)> rtcp;
};

// Shared by the streams of one connection.
struct ConnectionState {
  rtp::ExtensionMap extensions;
  uint16_t transport_sequence = 0;
  std::string cname = "tongke-client";
  // Microseconds from the zero of Instant to 1900, so that NTP stamps need no clock here.
  int64_t ntp_offset_us = 0;
};

class OutgoingStream {
 public:
  struct Params {
    std::string mid;
    std::string rid;  // empty without simulcast
    uint8_t payload_type = 0;
    std::optional<uint8_t> rtx_payload_type;
    Ssrc ssrc;
    Ssrc rtx_ssrc;
    uint32_t clock_rate = 90000;
    uint16_t first_sequence = 1;
    uint32_t first_timestamp = 0;
  };

  // Payload that fits a 1200-byte packet with all extensions and RTX.
  static constexpr size_t kMaxPayload = 1100;
  // A second of a 2-Mbit/s stream and some.
  static constexpr size_t kHistory = 512;

  // `connection` outlives the stream. `start` is the instant of first_timestamp.
  OutgoingStream(Params params, ConnectionState& connection, Instant start);

  // RTP timestamp of what was captured at `at`.
  [[nodiscard]] uint32_t timestamp(Instant at) const;
  void send(Instant now, Instant captured, ByteSpan payload, bool marker,
            std::optional<rtp::AudioLevel> level, const PacketSink& sink);
  // Answers one sequence number of a NACK; false when history no longer has it or RTX was not
  // negotiated.
  bool resend(Instant now, uint16_t sequence, const PacketSink& sink);
  // A sender report with CNAME for the instant `now`.
  void report(Instant now, const PacketSink& sink) const;

  [[nodiscard]] const Params& params() const { return params_; }
  [[nodiscard]] uint64_t packets() const { return packets_; }
  [[nodiscard]] uint64_t retransmissions() const { return retransmissions_; }

 private:
  struct Sent {
    int64_t sequence = -1;  // -1: empty
    uint32_t timestamp = 0;
    bool marker = false;
    std::vector<uint8_t> payload;
  };
  rtp::Extensions extensions(Instant now);

  Params params_;
  ConnectionState& connection_;
  Instant start_;
  uint16_t sequence_;
  uint16_t rtx_sequence_ = 1;
  uint64_t packets_ = 0;
  uint64_t octets_ = 0;
  uint64_t retransmissions_ = 0;
  std::vector<Sent> history_;
};

}  // namespace media::client
