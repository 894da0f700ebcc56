#include "media/sfu/feedback_router.h"

#include <algorithm>
#include <variant>

#include "media/rtcp/compound.h"

namespace media::sfu {

namespace {

struct Router {
  Instant now;
  Duration session_now;
  Peer& from;
  Outbox& out;

  void operator()(const rtcp::SenderReport& report) {
    IngressLayer* layer = from.layer_of(report.sender.ssrc);
    if (layer == nullptr) return out.drops.add(Drop::RtcpForeignSsrc);
    if (layer->stream && layer->stream->has_packets()) {
      layer->stream->on_sender_report(now, report.sender.ntp.value);
      from.clock().on_sender_report(session_now, report.sender.ssrc, report.sender.ntp,
                                    layer->stream->unwrap_timestamp(report.sender.rtp_timestamp),
                                    layer->stream->clock_rate());
    }
    blocks(report.blocks);
  }

  void operator()(const rtcp::ReceiverReport& report) { blocks(report.blocks); }

  void operator()(const rtcp::Nack& nack) {
    EgressSlot* slot = from.slot_of(nack.media);
    if (slot == nullptr) return out.drops.add(Drop::RtcpForeignSsrc);
    nack.for_each([&](uint16_t sequence) { slot->resend(now, from.rtt(), sequence, out); });
  }

  void operator()(const rtcp::Pli& pli) { key_frame(pli.media); }

  void operator()(const rtcp::Fir& fir) {
    for (size_t i = 0; i < fir.size(); ++i) key_frame(fir[i].ssrc);
  }

  // A source that says goodbye falls silent, and silence is what ends it: a forged or early goodbye
  // changes nothing.
  void operator()(const rtcp::Bye& bye) {
    for (size_t i = 0; i < bye.size(); ++i) {
      if (from.layer_of(bye[i]) == nullptr) out.drops.add(Drop::RtcpForeignSsrc);
    }
  }

  void operator()(const rtcp::Sdes&) {}
  // Estimates of the way to this receiver; the layer is chosen without them.
  void operator()(const rtcp::Remb&) {}
  void operator()(const rtcp::TransportCcBlock&) {}
  void operator()(const rtcp::UnknownBlock&) {}

 private:
  void blocks(const rtcp::ReportBlocks& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      const rtcp::ReportBlock block = list[i];
      if (EgressSlot* slot = from.slot_of(block.ssrc)) {
        slot->stream().on_report_block(session_now, block);
        if (const auto rtt = slot->stream().rtt()) from.note_rtt(*rtt);
      } else if (!is_repair(block.ssrc)) {
        out.drops.add(Drop::RtcpForeignSsrc);
      }
    }
  }

  bool is_repair(Ssrc ssrc) {
    const auto& slots = from.slots();
    return std::any_of(slots.begin(), slots.end(),
                       [&](const auto& s) { return s->section().rtx_ssrc == ssrc; });
  }

  void key_frame(Ssrc media) {
    EgressSlot* slot = from.slot_of(media);
    if (slot == nullptr) return out.drops.add(Drop::RtcpForeignSsrc);
    IngressTrack* track = slot->follower().track();
    if (track == nullptr || !track->is_open()) return;
    slot->on_key_frame_request(now, out.drops);
    if (!slot->take_key_frame_wish()) return;
    if (const auto layer = slot->follower().layer()) {
      track->layers()[*layer].key_frames.wish();
    } else {
      slot->follower().wish_key_frame();
    }
    track->owner().request_key_frames(now, *track, out);
  }
};

}  // namespace

void route_feedback(Instant now, Duration session_now, Peer& from, ByteSpan plain, Outbox& out) {
  rtcp::CompoundReader reader(plain);
  Router router{now, session_now, from, out};
  while (const auto block = reader.next()) std::visit(router, *block);
  if (reader.malformed()) out.drops.add(Drop::RtcpMalformed);
}

}  // namespace media::sfu
