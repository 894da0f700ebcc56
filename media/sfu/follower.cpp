#include "media/sfu/follower.h"

#include "media/sfu/peer.h"

namespace media::sfu {

void Follower::remember_capture(Duration session_now) {
  if (track_ == nullptr || !started_) return;
  const auto& stream = track_->layers()[layer_].stream;
  if (!stream || epoch_ != track_->layers()[layer_].epoch) return rewriter_.note_capture({}, false);
  const auto capture = track_->owner().clock().capture_time(session_now, stream->ssrc(),
                                                            rewriter_.last_source_timestamp());
  rewriter_.note_capture(capture.session_time, capture.from_sender_report);
}

void Follower::follow(Instant /*now*/, Duration session_now, IngressTrack* track) {
  if (track == track_) return;
  remember_capture(session_now);
  track_ = track;
  started_ = false;
  selector_.restart();
  set_limit(limit_);
}

void Follower::set_limit(LayerLimit limit) {
  limit_ = limit;
  selector_.set_limit(limit.spatial);
  // Of several simulcast layers the spatial limit names one; each of them has a single size.
  const bool is_simulcast = track_ != nullptr && track_->layers().size() > 1;
  frames_.set_limit({is_simulcast ? kBestLayer : limit.spatial, limit.temporal});
}

layers::LayerMask Follower::available() const {
  const layers::LayerMask all = track_->layer_mask();
  return only_ ? static_cast<layers::LayerMask>(all & (1U << *only_)) : all;
}

void Follower::wish_key_frame() {
  if (track_ == nullptr || !track_->is_open() || track_->section().kind == MediaKind::Audio) return;
  selector_.set_available(available());
  if (const auto wanted = selector_.wants_key_frame_of()) {
    track_->layers()[*wanted].key_frames.wish();
  } else if (started_ && frames_.wants_key_frame()) {
    track_->layers()[layer_].key_frames.wish();
  }
}

const PacketRef* Follower::prelude_of(const IngressPacket& packet) const {
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  if (facts.codec != Codec::H264 || facts.frame.has_parameter_sets()) return nullptr;
  const PacketRef& sets = track_->layers()[packet.layer].parameter_packet;
  return sets ? &sets : nullptr;
}

void Follower::switch_to(Instant now, Duration session_now, const IngressPacket& packet) {
  remember_capture(session_now);
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  const auto& stream = track_->layers()[packet.layer].stream;
  receive::CaptureTime capture{session_now, false};
  uint32_t clock_rate = 90000;
  if (stream) {
    capture = track_->owner().clock().capture_time(session_now, stream->ssrc(), facts.timestamp);
    clock_rate = stream->clock_rate();
  }
  rewriter_.switch_source(now, facts, clock_rate, capture.session_time, capture.from_sender_report,
                          prelude_of(packet) != nullptr);
  frames_.restart();
  started_ = true;
  layer_ = packet.layer;
  epoch_ = packet.epoch;
}

std::optional<Follower::Offered> Follower::offer(Instant now, Duration session_now,
                                                 const IngressPacket& packet, DropCounters& drops) {
  if (only_ && packet.layer != *only_) return std::nullopt;
  bool switched = false;
  // The numbering of the shown source began anew: nothing of the old can be continued.
  if (started_ && packet.layer == layer_ && packet.epoch != epoch_) {
    if (static_cast<int32_t>(packet.epoch - epoch_) < 0) {
      drops.add(Drop::RtpTooOld);
      return std::nullopt;
    }
    rewriter_.note_capture({}, false);
    started_ = false;
    selector_.restart();
  }
  if (track_->section().kind == MediaKind::Audio) {
    if (!started_) {
      switch_to(now, session_now, packet);
      switched = true;
    }
  } else {
    selector_.set_available(available());
    switch (selector_.on_packet(packet.layer, packet.starts_key_frame)) {
      case layers::Decision::Forward:
        break;
      case layers::Decision::Switch:
        switch_to(now, session_now, packet);
        switched = true;
        break;
      case layers::Decision::Drop:
        drops.add(Drop::LayerNotWanted);
        return std::nullopt;
      case layers::Decision::WaitForKey:
        drops.add(Drop::WaitingForKeyFrame);
        return std::nullopt;
    }
  }
  auto offered = number(now, packet, drops);
  if (offered && switched) {
    offered->switched = true;
    if (!offered->is_blank) offered->prelude = prelude_of(packet);
  }
  return offered;
}

std::optional<Follower::Offered> Follower::number(Instant now, const IngressPacket& packet,
                                                  DropCounters& drops) {
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  bool ends_picture = false;
  if (facts.codec != Codec::Opus && facts.payload_size != 0 && !rewriter_.is_behind(facts)) {
    layers::FrameSelector::Input in{facts.codec, facts.timestamp, facts.frame, nullptr, nullptr};
    if (facts.descriptor_size != 0) {
      in.dependencies = &facts.dependencies;
      in.structure = track_->layers()[packet.layer].structure(facts.dependencies.structure_version);
    }
    const auto verdict = frames_.on_packet(in);
    ends_picture = verdict.ends_picture;
    if (!verdict.forward) {
      drops.add(Drop::LayerNotWanted);
      const auto place = rewriter_.skip(facts);
      if (!place) return std::nullopt;
      return Offered{*place, false, true};
    }
  }
  const auto rewritten = rewriter_.rewrite(now, facts);
  if (!rewritten) {
    drops.add(Drop::RtpTooOld);
    return std::nullopt;
  }
  Offered offered{*rewritten};
  offered.rewritten.marker |= ends_picture;
  return offered;
}

std::optional<int64_t> Follower::timestamp_at(Duration session_now, Duration at) const {
  if (track_ == nullptr || !started_ || !rewriter_.has_source()) return std::nullopt;
  const auto& layer = track_->layers()[layer_];
  if (!layer.stream || layer.epoch != epoch_) return std::nullopt;
  const auto source = track_->owner().clock().rtp_at(session_now, layer.stream->ssrc(), at);
  if (!source) return std::nullopt;
  return rewriter_.map_timestamp(*source);
}

}  // namespace media::sfu
