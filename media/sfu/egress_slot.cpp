#include "media/sfu/egress_slot.h"

#include <utility>

#include "media/sfu/peer.h"

namespace media::sfu {

EgressSlot::EgressSlot(Peer& owner, const ReceiveSection& section, Rng& rng)
    : owner_(owner),
      section_(section),
      follower_(rng),
      stream_(section.ssrc),
      history_(section.kind == MediaKind::Video ? kVideoHistory : kAudioHistory),
      rtx_(section.rtx_ssrc, rng) {
  if (section_.only_layer) follower_.set_only(*section_.only_layer);
}

const CodecParams* EgressSlot::choose_codec(Codec codec) {
  if (chosen_for_ == codec) return chosen_;
  chosen_for_ = codec;
  chosen_ = nullptr;
  const CodecParams* source = nullptr;
  for (const CodecParams& c : follower_.track()->section().codecs) {
    if (c.codec == codec) {
      source = &c;
      break;
    }
  }
  for (const CodecParams& c : section_.codecs) {
    if (c.codec != codec) continue;
    if (chosen_ == nullptr) chosen_ = &c;
    // Of several H.264 profiles the one that the sender uses.
    if (source != nullptr && c.fmtp == source->fmtp) {
      chosen_ = &c;
      break;
    }
  }
  is_blind_ = chosen_ == nullptr;
  return chosen_;
}

void EgressSlot::push(const send::Departure& departure, Outbox& out) {
  const std::string* mid = nullptr;
  if (mid_left_ > 0 && !section_.mid.empty()) {
    --mid_left_;
    mid = &section_.mid;
  }
  out.rtp.push_back({&owner_, departure, mid});
}

void EgressSlot::send_packet(Instant now, const IngressPacket& packet, const CodecParams& codec,
                             const Follower::Offered& offered, Outbox& out) {
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  send::Departure departure;
  departure.packet = packet.packet;
  departure.rewritten = offered.rewritten;
  departure.ssrc = section_.ssrc;
  departure.payload_type = codec.payload_type;
  departure.is_blank = offered.is_blank;
  if (offered.is_blank) return push(departure, out);
  size_t size = facts.payload_size;
  if (facts.red_primary != 0) {
    if (codec.red_payload_type) {
      departure.payload_type = *codec.red_payload_type;
      departure.red_block_type = codec.payload_type;
    } else {
      size -= facts.red_primary;
    }
  }
  if (codec.nack && codec.rtx_payload_type) {
    history_.add(now, departure);
    rtx_.on_media_sent(size);
  }
  stream_.on_sent(size);
  push(departure, out);
}

// Said once while it is shown: nothing would be seen, and nobody would know why.
void EgressSlot::refuse(Codec codec, Outbox& out) {
  out.drops.add(Drop::CodecNotOffered);
  if (std::exchange(told_blind_, true)) return;
  out.events.emplace_back(
      SlotUndecodable{owner_.id(), section_.slot, follower_.track()->id(), codec});
}

void EgressSlot::report_sight(Outbox& out) {
  if (!told_blind_ || is_blind_) return;
  told_blind_ = false;
  out.events.emplace_back(
      SlotUndecodable{owner_.id(), section_.slot, follower_.track()->id(), *chosen_for_, true});
}

void EgressSlot::show(Instant now, Duration session_now, IngressTrack* track) {
  chosen_for_.reset();
  is_blind_ = told_blind_ = false;
  follower_.follow(now, session_now, track);
}

void EgressSlot::offer(Instant now, Duration session_now, const IngressPacket& packet,
                       Outbox& out) {
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  const CodecParams* codec = choose_codec(facts.codec);
  if (codec == nullptr) return refuse(facts.codec, out);
  const auto offered = follower_.offer(now, session_now, packet, out.drops);
  if (!offered) return;
  if (offered->prelude != nullptr) {
    IngressPacket before = packet;
    before.packet = *offered->prelude;
    send_packet(now, before, *codec, offered->prelude_offered(), out);
  }
  send_packet(now, packet, *codec, *offered, out);
  if (!offered->switched) return;
  stream_.hasten_report();
  if (mid_left_ == 0) mid_left_ = 1;
  follower_.catch_up(now, session_now, packet, out.drops,
                     [&](const IngressPacket& earlier, const Follower::Offered& o) {
                       send_packet(now, earlier, *codec, o, out);
                     });
}

void EgressSlot::resend(Instant now, Duration rtt, uint16_t sequence, Outbox& out) {
  Drop refused = Drop::NackTooOld;
  const send::Departure* original = history_.take(now, rtt, sequence, refused);
  if (original == nullptr) return out.drops.add(refused);
  // What is in the history was sent under `chosen_` of its time; the rtx type belongs to that
  // payload type.
  for (const CodecParams& codec : section_.codecs) {
    if (codec.payload_type != original->payload_type || !codec.rtx_payload_type) continue;
    send::Departure again;
    const size_t size = original->packet.facts<send::SourceFacts>().payload_size;
    if (!rtx_.wrap(*original, size, *codec.rtx_payload_type, again))
      return out.drops.add(Drop::RtxOverBudget);
    return push(again, out);
  }
}

void EgressSlot::on_key_frame_request(Instant now, DropCounters& drops) {
  // Another server speaks for all its receivers, and holds each of them to the limit itself.
  if (owner_.is_link()) {
    key_frame_asked_ = true;
    return;
  }
  if (key_frame_window_ == Instant() || now - key_frame_window_ >= kKeyFrameWindow) {
    key_frame_window_ = now;
    key_frame_requests_ = 0;
  }
  if (key_frame_requests_ >= kKeyFrameRequests) return drops.add(Drop::KeyFrameThrottled);
  ++key_frame_requests_;
  key_frame_asked_ = true;
}

void EgressSlot::wish_key_frame() {
  if (!is_blind()) follower_.wish_key_frame();
}

bool EgressSlot::take_key_frame_wish() {
  return std::exchange(key_frame_asked_, false);
}

}  // namespace media::sfu
