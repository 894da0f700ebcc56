#include "media/client/outgoing_stream.h"

#include <array>
#include <utility>

#include "media/client/webrtc_client.h"
#include "media/rtcp/reports.h"
#include "media/rtp/packet_writer.h"

namespace media::client {

OutgoingStream::OutgoingStream(Params params, ConnectionState& connection, Instant start)
    : params_(std::move(params)),
      connection_(connection),
      start_(start),
      sequence_(params_.first_sequence),
      history_(params_.rtx_payload_type ? kHistory : 0) {}

uint32_t OutgoingStream::timestamp(Instant at) const {
  const int64_t ticks =
      (at - start_).as_micros() * static_cast<int64_t>(params_.clock_rate) / 1'000'000;
  return params_.first_timestamp + static_cast<uint32_t>(ticks);
}

rtp::Extensions OutgoingStream::extensions(Instant now) {
  rtp::Extensions out;
  out.mid = params_.mid;
  out.abs_send_time = rtp::abs_send_time_of(now);
  if (connection_.extensions.transport_cc != 0) out.transport_cc = connection_.transport_sequence++;
  return out;
}

void OutgoingStream::send(Instant now, Instant captured, ByteSpan payload, bool marker,
                          std::optional<rtp::AudioLevel> level, const PacketSink& sink) {
  std::array<uint8_t, kMaxPlainPacket> packet;
  rtp::Extensions extras = extensions(now);
  extras.rid = params_.rid;
  extras.audio_level = level;
  const rtp::Header header{.payload_type = params_.payload_type,
                           .marker = marker,
                           .sequence = sequence_,
                           .timestamp = timestamp(captured),
                           .ssrc = params_.ssrc};
  const rtp::Written written =
      rtp::write_packet(packet, header, extras, connection_.extensions, {}, payload);
  if (written.size == 0) return;
  if (!history_.empty()) {
    Sent& slot = history_[sequence_ % history_.size()];
    slot.sequence = sequence_;
    slot.timestamp = header.timestamp;
    slot.marker = marker;
    slot.payload.assign(payload.begin(), payload.end());
  }
  ++sequence_;
  if (!sink.rtp(ByteSpan(packet.data(), written.size))) return;
  ++packets_;
  octets_ += payload.size();
}

bool OutgoingStream::resend(Instant now, uint16_t sequence, const PacketSink& sink) {
  if (history_.empty()) return false;
  const Sent& sent = history_[sequence % history_.size()];
  if (sent.sequence != sequence) return false;
  std::array<uint8_t, kMaxPlainPacket> packet;
  rtp::Extensions extras = extensions(now);
  extras.repaired_rid = params_.rid;
  const rtp::Header header{.payload_type = *params_.rtx_payload_type,
                           .marker = sent.marker,
                           .sequence = rtx_sequence_++,
                           .timestamp = sent.timestamp,
                           .ssrc = params_.rtx_ssrc};
  std::array<uint8_t, 2> original;
  store_be16(original.data(), sequence);
  const rtp::Written written =
      rtp::write_packet(packet, header, extras, connection_.extensions, original, sent.payload);
  if (written.size == 0 || !sink.rtp(ByteSpan(packet.data(), written.size))) return false;
  ++retransmissions_;
  return true;
}

void OutgoingStream::report(Instant now, const PacketSink& sink) const {
  std::array<uint8_t, 256> bytes;
  ByteWriter out(bytes);
  const rtcp::SenderInfo info{
      .ssrc = params_.ssrc,
      .ntp = rtcp::NtpTime::from_micros(now.as_micros() + connection_.ntp_offset_us),
      .rtp_timestamp = timestamp(now),
      .packet_count = static_cast<uint32_t>(packets_),
      .octet_count = static_cast<uint32_t>(octets_)};
  if (rtcp::write_sender_report(out, info, {}) &&
      rtcp::write_sdes_cname(out, params_.ssrc, connection_.cname)) {
    sink.rtcp(out.written());
  }
}

}  // namespace media::client
