#include "media/sfu/peer.h"

#include <algorithm>
#include <array>

#include "media/base/units.h"
#include "media/rtcp/feedback.h"
#include "media/rtcp/reports.h"
#include "media/rtcp/transport_cc.h"

namespace media::sfu {

namespace {
// All streams of a room share one time line, so they share one canonical name (RFC 3550
// section 6.5.1).
constexpr std::string_view kCname = "tongke";
}  // namespace

Peer::Peer(Params params, uint32_t handle, Rng& rng)
    : params_(std::move(params)), handle_(handle), rtcp_ssrc_(rng.next_u32() | 1U) {
  for (const PublishedSection& section : params_.published) {
    tracks_.push_back(std::make_unique<IngressTrack>(*this, section));
    bind_known_ssrcs(*tracks_.back());
  }
  for (const ReceiveSection& section : params_.slots) {
    slots_.push_back(std::make_unique<EgressSlot>(*this, section, rng));
  }
}

void Peer::bind_known_ssrcs(IngressTrack& track) {
  // With simulcast the rid says which is which; without, the first pair is the one stream.
  if (!track.section().rids.empty() || track.section().ssrcs.empty()) return;
  const auto& pair = track.section().ssrcs.front();
  if (find_binding(pair.media) != nullptr || bindings_.size() + 2 > kMaxSsrcs) return;
  track.bind(0, pair.media);
  bindings_.push_back({pair.media, &track, 0, false});
  if (pair.rtx && find_binding(*pair.rtx) == nullptr) {
    track.layers()[0].rtx = *pair.rtx;
    bindings_.push_back({*pair.rtx, &track, 0, true});
  }
}

Peer::Binding* Peer::find_binding(Ssrc ssrc) {
  for (Binding& b : bindings_) {
    if (b.ssrc == ssrc) return &b;
  }
  return nullptr;
}

IngressTrack* Peer::track_for(const rtp::PacketView& view, const rtp::Extensions& extensions) {
  if (!extensions.mid.empty()) {
    for (auto& track : tracks_) {
      if (track->section().mid == extensions.mid) return track.get();
    }
    return nullptr;
  }
  // Without a mid only a payload type that one section alone uses can tell (RFC 9143 section 9.2).
  IngressTrack* only = nullptr;
  for (auto& track : tracks_) {
    bool is_rtx = false;
    if (track->codec_of(view.payload_type(), is_rtx) == nullptr) continue;
    if (only != nullptr) return nullptr;
    only = track.get();
  }
  return only;
}

Peer::Binding* Peer::learn(const rtp::PacketView& view, const rtp::Extensions& extensions,
                           DropCounters& drops) {
  IngressTrack* track = track_for(view, extensions);
  if (track == nullptr) {
    drops.add(Drop::RtpUnknownSsrc);
    return nullptr;
  }
  bool is_rtx = false;
  if (track->codec_of(view.payload_type(), is_rtx) == nullptr) {
    drops.add(Drop::RtpUnknownPayloadType);
    return nullptr;
  }
  const auto layer = track->layer_of_rid(is_rtx ? extensions.repaired_rid : extensions.rid);
  if (!layer) {
    drops.add(Drop::RtpUnknownSsrc);
    return nullptr;
  }
  // A new ssrc for a layer takes the old one's place: the publisher started its source again.
  const auto same = [&](const Binding& b) {
    return b.track == track && b.layer == *layer && b.is_rtx == is_rtx;
  };
  bindings_.erase(std::remove_if(bindings_.begin(), bindings_.end(), same), bindings_.end());
  if (bindings_.size() >= kMaxSsrcs) {
    drops.add(Drop::RtpTooManySsrcs);
    return nullptr;
  }
  if (is_rtx) {
    track->layers()[*layer].rtx = view.ssrc();
  } else {
    if (const auto& old = track->layers()[*layer].stream) clock_.remove(old->ssrc());
    track->bind(*layer, view.ssrc());
  }
  bindings_.push_back({view.ssrc(), track, *layer, is_rtx});
  return &bindings_.back();
}

IngressTrack* Peer::on_rtp(Instant now, Duration session_now, ByteSpan plain, PacketPool& pool,
                           DropCounters& drops) {
  const auto view = rtp::PacketView::parse(plain);
  if (!view) {
    drops.add(Drop::RtpMalformed);
    return nullptr;
  }
  bytes_in_ += plain.size();
  const rtp::Extensions extensions = rtp::parse_extensions(*view, params_.extensions);
  // Everything that was sent counts for the sender's estimate, probes and strays included.
  if (extensions.transport_cc) transport_cc_.on_packet(now, *extensions.transport_cc, plain.size());

  Binding* binding = find_binding(view->ssrc());
  if (binding == nullptr) {
    // Our own numbers never come from a peer; and its numbers never collide with another peer's,
    // whatever they are.
    binding = learn(*view, extensions, drops);
    if (binding == nullptr) return nullptr;
  }
  IngressTrack& track = *binding->track;
  bool is_rtx = false;
  const CodecParams* codec = track.codec_of(view->payload_type(), is_rtx);
  if (codec == nullptr || is_rtx != binding->is_rtx) {
    drops.add(Drop::RtpUnknownPayloadType);
    return nullptr;
  }
  if (!is_rtx) last_media_ssrc_ = view->ssrc();
  track.on_packet({now, session_now, *view, extensions, *codec, binding->layer, is_rtx}, pool,
                  clock_, drops);
  return &track;
}

rtp::Written Peer::write_rtp(Instant now, const RtpOut& out, MutableByteSpan buffer) {
  send::HopExtensions hop;
  if (out.mid != nullptr) hop.mid = *out.mid;
  if (params_.extensions.abs_send_time != 0) hop.abs_send_time = rtp::abs_send_time_of(now);
  if (params_.extensions.transport_cc != 0) hop.transport_cc = next_transport_sequence_++;
  const rtp::Written written =
      send::write_departure(buffer, out.departure, hop, params_.extensions);
  bytes_out_ += written.size;
  return written;
}

EgressSlot* Peer::slot_of(Ssrc media) {
  for (auto& slot : slots_) {
    if (slot->section().ssrc == media) return slot.get();
  }
  return nullptr;
}

EgressSlot* Peer::find_slot(SlotId id) {
  for (auto& slot : slots_) {
    if (slot->id() == id) return slot.get();
  }
  return nullptr;
}

IngressLayer* Peer::layer_of(Ssrc ssrc) {
  Binding* binding = find_binding(ssrc);
  return binding == nullptr || binding->is_rtx ? nullptr
                                               : &binding->track->layers()[binding->layer];
}

void Peer::add_receiver_report(Instant now, ByteWriter& writer) {
  std::array<rtcp::ReportBlock, rtcp::kMaxCount> blocks;
  size_t count = 0;
  for (auto& track : tracks_) {
    for (IngressLayer& layer : track->layers()) {
      if (!layer.stream || count == blocks.size()) continue;
      if (const auto block = layer.stream->take_report(now)) blocks[count++] = *block;
    }
  }
  if (count == 0) return;
  rtcp::write_receiver_report(writer, rtcp_ssrc_, std::span(blocks).first(count));
  rtcp::write_sdes_cname(writer, rtcp_ssrc_, kCname);
}

void Peer::add_nacks(Instant now, ByteWriter& writer) {
  for (auto& track : tracks_) {
    for (IngressLayer& layer : track->layers()) {
      if (!layer.stream) continue;
      nack_list_.clear();
      layer.nacks.poll(now, rtt_, nack_list_);
      if (!nack_list_.empty())
        rtcp::write_nack(writer, rtcp_ssrc_, layer.stream->ssrc(), nack_list_);
      if (layer.nacks.take_key_frame_needed() && track->section().kind == MediaKind::Video)
        layer.key_frames.wish();
    }
  }
}

void Peer::add_transport_feedback(Instant now, ByteWriter& writer) {
  if (!transport_cc_.poll(now, feedback_)) return;
  std::span<const rtcp::Arrival> rest = feedback_.arrivals;
  int64_t first = feedback_.base;
  uint8_t count = feedback_.count;
  while (!rest.empty()) {
    const size_t covered =
        rtcp::write_transport_feedback(writer, rtcp_ssrc_, last_media_ssrc_, count, first, rest);
    if (covered == 0) return;
    first = rest[covered - 1].sequence + 1;
    rest = rest.subspan(covered);
    if (!rest.empty()) count = transport_cc_.next_count();
  }
}

void Peer::report_reception(Instant now, Outbox& out) {
  if (!connected_ || tracks_.empty()) return;
  std::array<uint8_t, kMaxRtcp> buffer;
  ByteWriter writer{MutableByteSpan(buffer)};
  if (now >= next_report_) {
    next_report_ = now + kReportInterval;
    add_receiver_report(now, writer);
  }
  add_nacks(now, writer);
  add_transport_feedback(now, writer);
  out.add_rtcp(*this, writer.written());
  for (auto& track : tracks_) request_key_frames(now, *track, out);
}

void Peer::request_key_frames(Instant now, IngressTrack& track, Outbox& out) {
  if (!connected_ || track.section().kind != MediaKind::Video) return;
  std::array<uint8_t, 128> buffer;
  ByteWriter writer{MutableByteSpan(buffer)};
  for (IngressLayer& layer : track.layers()) {
    if (!layer.stream || !layer.stream->has_packets() || !layer.key_frames.poll(now, rtt_))
      continue;
    const bool pli = std::any_of(track.section().codecs.begin(), track.section().codecs.end(),
                                 [](const CodecParams& c) { return c.pli; });
    if (pli) {
      rtcp::write_pli(writer, rtcp_ssrc_, layer.stream->ssrc());
    } else {
      const std::array<rtcp::Fir::Entry, 1> entry{{{layer.stream->ssrc(), ++layer.fir_sequence}}};
      rtcp::write_fir(writer, rtcp_ssrc_, entry);
    }
  }
  out.add_rtcp(*this, writer.written());
}

void Peer::report_sending(Instant now, Duration session_now, Outbox& out) {
  if (!connected_) return;
  std::array<uint8_t, kMaxRtcp> buffer;
  ByteWriter writer{MutableByteSpan(buffer)};
  for (auto& slot : slots_) {
    if (!slot->stream().report_due(now)) continue;
    const IngressTrack* track = slot->follower().track();
    if (track == nullptr || !track->is_open()) continue;
    const auto timestamp = slot->follower().timestamp_at(session_now, session_now);
    if (!timestamp) continue;
    const auto info =
        slot->stream().make_report(now, session_now, static_cast<uint32_t>(*timestamp));
    rtcp::write_sender_report(writer, info, {});
    rtcp::write_sdes_cname(writer, info.ssrc, kCname);
  }
  out.add_rtcp(*this, writer.written());
}

PeerQuality Peer::take_quality(Instant now) {
  PeerQuality q;
  q.peer = id();
  q.rtt = rtt_;
  const Duration span = last_quality_ == Instant() ? Duration::seconds(1) : now - last_quality_;
  last_quality_ = now;
  q.uplink_bps = rate_of(static_cast<int64_t>(bytes_in_ - quality_bytes_in_), span).as_bps();
  q.downlink_bps = rate_of(static_cast<int64_t>(bytes_out_ - quality_bytes_out_), span).as_bps();
  quality_bytes_in_ = bytes_in_;
  quality_bytes_out_ = bytes_out_;
  int64_t expected = 0;
  int64_t arrived = 0;
  for (auto& track : tracks_) {
    for (IngressLayer& layer : track->layers()) {
      if (!layer.stream) continue;
      expected += layer.stream->expected() - layer.expected_before;
      arrived += static_cast<int64_t>(layer.stream->unrepaired() - layer.arrived_before);
      layer.expected_before = layer.stream->expected();
      layer.arrived_before = layer.stream->unrepaired();
    }
  }
  if (expected > 0)
    q.uplink_loss =
        std::clamp(1.0 - static_cast<double>(arrived) / static_cast<double>(expected), 0.0, 1.0);
  for (auto& slot : slots_) q.downlink_loss = std::max(q.downlink_loss, slot->stream().loss());
  return q;
}

}  // namespace media::sfu
