#include "media/client/webrtc_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/rtp/demux.h"
#include "media/rtp/packet_view.h"

namespace media::client {

namespace {

transport::Peer::Params peer_params(WebRtcClient::Params params) {
  transport::Peer::Params out;
  out.local = std::move(params.local);
  out.remote = std::move(params.remote);
  out.remote_fingerprint = params.remote_fingerprint;
  out.role = transport::Peer::Params::Role::Client;
  out.candidate = params.candidate;
  out.aes_cm_only = params.aes_cm_only;
  out.dtls_reversed = params.waits_for_dtls;
  return out;
}

}  // namespace

WebRtcClient::WebRtcClient(Params params, const dtls::Certificate& certificate, Rng& rng,
                           ClientEvents& events)
    : peer_(peer_params(std::move(params)), certificate, rng), events_(events) {}

void WebRtcClient::start(Instant now, transport::DatagramSink& sink) {
  peer_.check_now(now);
  peer_.on_timeout(now, sink);
}

void WebRtcClient::on_datagram(Instant now, const Address& from, MutableByteSpan datagram,
                               transport::DatagramSink& sink) {
  if (rtp::protocol_of(datagram) == rtp::Protocol::Rtp && !events_.on_sealed_rtp(now, datagram))
    return;
  const transport::Peer::Inbound inbound = peer_.on_datagram(now, from, datagram, sink, drops_);
  switch (inbound.kind) {
    case transport::Peer::Kind::Rtp:
      return events_.on_rtp(now, inbound.plain);
    case transport::Peer::Kind::Rtcp:
      return events_.on_rtcp(now, inbound.plain);
    case transport::Peer::Kind::Nothing:
      return report(now);
  }
}

void WebRtcClient::on_timeout(Instant now, transport::DatagramSink& sink) {
  peer_.on_timeout(now, sink);
  report(now);
}

void WebRtcClient::report(Instant now) {
  const transport::Peer::State state = peer_.state();
  if (!told_connected_ && peer_.can_send()) {
    told_connected_ = true;
    events_.on_connected(now);
  }
  const bool lost =
      state == transport::Peer::State::Failed || state == transport::Peer::State::Closed;
  if (lost && !told_lost_) {
    told_lost_ = true;
    events_.on_lost(now, state);
  }
}

SeqUnwrapper& WebRtcClient::unwrapper(uint32_t ssrc) {
  const auto at = std::ranges::find(sequences_, ssrc, &std::pair<uint32_t, SeqUnwrapper>::first);
  return at != sequences_.end() ? at->second : sequences_.emplace_back(ssrc, SeqUnwrapper()).second;
}

bool WebRtcClient::send_rtp(ByteSpan packet, transport::DatagramSink& sink) {
  if (!connected() || packet.size() > kMaxPlainPacket) return false;
  const auto view = rtp::PacketView::parse(packet);
  if (!view) return false;
  const int64_t index = unwrapper(view->ssrc().value).unwrap(view->sequence());
  if (index < 0) return false;
  std::array<uint8_t, kMaxPlainPacket + transport::kSealOverhead> slot;
  std::ranges::copy(packet, slot.begin());
  const size_t size = peer_.seal_rtp(slot, view->header_size(), packet.size(), index);
  sink.send(peer_.remote(), ByteSpan(slot).first(size));
  return true;
}

bool WebRtcClient::send_rtcp(ByteSpan compound, transport::DatagramSink& sink) {
  constexpr size_t kSmallestReport = 8;  // RFC 3550 section 6.4.2: an empty receiver report
  if (!connected() || compound.size() > kMaxPlainPacket || compound.size() < kSmallestReport)
    return false;
  std::array<uint8_t, kMaxPlainPacket + transport::kSealOverhead> slot;
  std::ranges::copy(compound, slot.begin());
  const size_t size = peer_.seal_rtcp(slot, compound.size());
  if (size == 0) return false;
  sink.send(peer_.remote(), ByteSpan(slot).first(size));
  return true;
}

void WebRtcClient::restart_ice(Instant now, IceCredentials local, IceCredentials remote,
                               transport::DatagramSink& sink) {
  peer_.restart_ice(std::move(local), std::move(remote));
  peer_.on_timeout(now, sink);
}

void WebRtcClient::on_network_change(Instant now, transport::DatagramSink& sink) {
  peer_.check_now(now);
  peer_.on_timeout(now, sink);
}

void WebRtcClient::close(transport::DatagramSink& sink) {
  peer_.close(sink);
}

}  // namespace media::client
