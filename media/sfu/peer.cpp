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
constexpr size_t kSdesSize = 20;          // one chunk with that name
constexpr size_t kSenderReportSize = 28;  // without blocks
constexpr size_t kUsualNackSize = 12 + 4 * 16;
}  // namespace

// Feedback being written; a packet that is full leaves, and the next one begins.
class RtcpPacket {
 public:
  RtcpPacket(Peer& peer, Outbox& out) : peer_(peer), out_(out) {}

  ByteWriter& with_room(size_t size) {
    if (writer_.room() < size) send();
    return writer_;
  }
  void send() {
    out_.add_rtcp(peer_, writer_.written());
    writer_ = ByteWriter{MutableByteSpan(buffer_)};
  }

 private:
  Peer& peer_;
  Outbox& out_;
  std::array<uint8_t, Peer::kMaxRtcp> buffer_;
  ByteWriter writer_{MutableByteSpan(buffer_)};
};

Peer::Peer(Params params, uint32_t handle, Rng& rng)
    : params_(std::move(params)), handle_(handle), rtcp_ssrc_(rng.next_u32() | 1U) {
  for (const PublishedSection& section : params_.published) add_section(section);
  for (const ReceiveSection& section : params_.slots) add_slot(section, rng);
}

IngressTrack& Peer::add_section(const PublishedSection& section) {
  const auto known = std::find_if(tracks_.begin(), tracks_.end(),
                                  [&](const auto& t) { return t->id() == section.track; });
  if (known != tracks_.end()) return **known;
  tracks_.push_back(std::make_unique<IngressTrack>(*this, section));
  bind_known_ssrcs(*tracks_.back());
  return *tracks_.back();
}

void Peer::remove_section(TrackId track) {
  const auto gone =
      std::find_if(tracks_.begin(), tracks_.end(), [&](const auto& t) { return t->id() == track; });
  if (gone == tracks_.end()) return;
  std::erase_if(bindings_, [&](const Binding& b) { return b.track == gone->get(); });
  for (const IngressLayer& layer : (*gone)->layers()) {
    if (layer.stream) clock_.remove(layer.stream->ssrc());
  }
  tracks_.erase(gone);
}

EgressSlot& Peer::add_slot(const ReceiveSection& section, Rng& rng) {
  slots_.push_back(std::make_unique<EgressSlot>(*this, section, rng));
  return *slots_.back();
}

void Peer::remove_slot(SlotId slot) {
  std::erase_if(slots_, [&](const auto& s) { return s->id() == slot; });
}

void Peer::bind_known_ssrcs(IngressTrack& track) {
  if (track.section().ssrcs.empty()) return;
  if (track.section().ssrcs.front().layer) {
    for (const auto& pair : track.section().ssrcs) {
      if (pair.layer && *pair.layer < track.layers().size()) bind_pair(track, *pair.layer, pair);
    }
    return;
  }
  // With simulcast the rid says which is which; without, the first pair is the one stream.
  if (track.section().rids.empty()) bind_pair(track, 0, track.section().ssrcs.front());
}

void Peer::bind_pair(IngressTrack& track, uint8_t layer, const PublishedSection::SsrcPair& pair) {
  if (find_binding(pair.media) != nullptr || bindings_.size() + 2 > max_ssrcs()) return;
  track.bind(layer, pair.media);
  bindings_.push_back({pair.media, &track, layer, false});
  if (pair.rtx && find_binding(*pair.rtx) == nullptr) {
    track.layers()[layer].rtx = *pair.rtx;
    bindings_.push_back({*pair.rtx, &track, layer, true});
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

bool Peer::Allowance::take(Instant now) {
  if (last_ != Instant() && now > last_) {
    const auto since = std::min((now - last_).as_micros(), Duration::seconds(60).as_micros());
    millionths_ = std::min(int64_t{burst_} * 1'000'000, millionths_ + since * per_second_);
  }
  last_ = std::max(last_, now);
  if (millionths_ < 1'000'000) return false;
  millionths_ -= 1'000'000;
  return true;
}

Peer::Binding* Peer::learn(Instant now, const rtp::PacketView& view,
                           const rtp::Extensions& extensions, DropCounters& drops) {
  // On a link both ends know every stream beforehand.
  IngressTrack* track = is_link() ? nullptr : track_for(view, extensions);
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
  const auto old_binding = std::find_if(bindings_.begin(), bindings_.end(), same);
  if (old_binding != bindings_.end()) {
    if (!replacements_.take(now)) {
      drops.add(Drop::RtpSsrcFlood);
      return nullptr;
    }
    bindings_.erase(old_binding);
  }
  if (bindings_.size() >= max_ssrcs()) {
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
  Binding* binding = find_binding(view->ssrc());
  // What is refused here is not reported as arrived either: to the sender's congestion control it
  // is lost, and it slows down by itself.
  if (binding == nullptr) {
    if (!is_link() && !newcomers_.take(now)) {
      drops.add(Drop::RtpSsrcFlood);
      return nullptr;
    }
  } else if (!binding->track->admit(now, binding->layer, binding->is_rtx, plain.size(), drops)) {
    return nullptr;
  }
  const rtp::Extensions extensions = rtp::parse_extensions(*view, params_.extensions);
  // Everything else that was sent counts for the sender's estimate, probes and strays included.
  if (extensions.transport_cc) transport_cc_.on_packet(now, *extensions.transport_cc, plain.size());

  if (binding == nullptr) {
    // Our own numbers never come from a peer; and its numbers never collide with another peer's,
    // whatever they are.
    binding = learn(now, *view, extensions, drops);
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

void Peer::add_receiver_reports(Instant now, RtcpPacket& packet) {
  std::array<rtcp::ReportBlock, rtcp::kMaxCount> blocks;
  size_t count = 0;
  const auto write = [&] {
    ByteWriter& writer = packet.with_room(16 + count * rtcp::kReportBlockSize + kSdesSize);
    rtcp::write_receiver_report(writer, rtcp_ssrc_, std::span(blocks).first(count));
    rtcp::write_sdes_cname(writer, rtcp_ssrc_, kCname);
    count = 0;
  };
  for (auto& track : tracks_) {
    for (IngressLayer& layer : track->layers()) {
      if (!layer.stream) continue;
      if (const auto block = layer.stream->take_report(now)) blocks[count++] = *block;
      if (count == blocks.size()) write();
    }
  }
  if (count != 0) write();
}

void Peer::add_nacks(Instant now, RtcpPacket& packet) {
  for (auto& track : tracks_) {
    for (IngressLayer& layer : track->layers()) {
      if (!layer.stream) continue;
      nack_list_.clear();
      layer.nacks.poll(now, rtt_, nack_list_);
      if (!nack_list_.empty()) {
        rtcp::write_nack(packet.with_room(kUsualNackSize), rtcp_ssrc_, layer.stream->ssrc(),
                         nack_list_);
      }
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
  RtcpPacket packet(*this, out);
  if (now >= next_report_) {
    next_report_ = now + kReportInterval;
    add_receiver_reports(now, packet);
  }
  add_nacks(now, packet);
  add_transport_feedback(now, packet.with_room(kUsualNackSize));
  packet.send();
  for (auto& track : tracks_) request_key_frames(now, *track, out);
}

void Peer::request_key_frames(Instant now, IngressTrack& track, Outbox& out) {
  if (track.section().kind != MediaKind::Video) return;
  if (params_.home) return relay_key_frame_wishes(now, track, out);
  if (!connected_) return;
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

void Peer::relay_key_frame_wishes(Instant now, IngressTrack& track, Outbox& out) const {
  for (IngressLayer& layer : track.layers()) {
    if (layer.key_frames.poll(now, {}))
      out.relays.push_back(
          {params_.home->shard, params_.home->room, WishKeyFrame{track.id(), layer.index}});
  }
}

void Peer::report_sending(Instant now, Duration session_now, Outbox& out) {
  if (!connected_) return;
  RtcpPacket packet(*this, out);
  for (auto& slot : slots_) {
    if (!slot->stream().report_due(now)) continue;
    const IngressTrack* track = slot->follower().track();
    if (track == nullptr || !track->is_open()) continue;
    const auto timestamp = slot->follower().timestamp_at(session_now, session_now);
    if (!timestamp) continue;
    const auto info =
        slot->stream().make_report(now, session_now, static_cast<uint32_t>(*timestamp));
    ByteWriter& writer = packet.with_room(kSenderReportSize + kSdesSize);
    rtcp::write_sender_report(writer, info, {});
    rtcp::write_sdes_cname(writer, info.ssrc, kCname);
  }
  packet.send();
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
