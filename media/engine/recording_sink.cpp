#include "media/engine/recording_sink.h"

namespace media::engine {

bool RecordingSink::put(const Kept& kept) {
  tap::TapPacket* out = ring_->claim();
  if (out == nullptr) return false;
  out->type = kept.type;
  out->track = kept.track;
  out->codec = kept.codec;
  out->source = kept.source;
  out->kind = kept.kind;
  out->size = 0;
  ring_->publish();
  return true;
}

void RecordingSink::put_or_keep(const Kept& kept) {
  if (!kept_.empty() || !put(kept)) kept_.push_back(kept);
}

void RecordingSink::write(const sfu::RecordOut& step, DropCounters& drops) {
  if (step.type != sfu::RecordOut::Type::Rtp) {
    const auto type = step.type == sfu::RecordOut::Type::Start ? tap::TapPacket::Type::Start
                                                               : tap::TapPacket::Type::End;
    put_or_keep({type, step.track, step.codec, step.source, step.kind});
    return;
  }
  tap::TapPacket* out = retry() ? ring_->claim() : nullptr;
  if (out == nullptr) {
    ring_->count_lost();
    drops.add(Drop::TapOverflow);
    return;
  }
  const auto written = send::write_departure(out->bytes, step.departure, {}, {});
  if (written.size == 0) return drops.add(Drop::TapOverflow);
  out->type = tap::TapPacket::Type::Rtp;
  out->track = step.track;
  out->codec = step.codec;
  out->source = step.source;
  out->kind = step.kind;
  out->sequence = step.departure.rewritten.sequence;
  out->rtp_timestamp = step.departure.rewritten.timestamp;
  out->clock_rate = step.clock_rate;
  out->session_time = step.session_time;
  out->from_sender_report = step.from_sender_report;
  out->size = static_cast<uint16_t>(written.size);
  ring_->publish();
}

void RecordingSink::stop() {
  put_or_keep(
      {tap::TapPacket::Type::Stop, TrackId(), Codec::Opus, Source::Microphone, MediaKind::Audio});
}

bool RecordingSink::retry() {
  while (!kept_.empty() && put(kept_.front())) kept_.pop_front();
  return kept_.empty();
}

}  // namespace media::engine
