#include "media/sfu/recording_feed.h"

#include <algorithm>

#include "media/sfu/peer.h"

namespace media::sfu {

RecordingFeed::RecordingFeed(Instant now, Duration session_now, RoomId room, IngressTrack& track,
                             Rng& rng)
    : room_(room), track_(track), follower_(rng) {
  follower_.follow(now, session_now, &track);
}

RecordOut RecordingFeed::step(RecordOut::Type type) const {
  RecordOut out;
  out.type = type;
  out.room = room_;
  out.track = track_.id();
  out.codec = codec_.value_or(Codec::Opus);
  out.source = track_.section().source;
  out.kind = track_.section().kind;
  return out;
}

void RecordingFeed::offer(Instant now, Duration session_now, const IngressPacket& packet,
                          Outbox& out) {
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  if (facts.payload_size == 0) return;
  DropCounters unused;  // a packet that the recording does not take is not lost for anyone
  const auto offered = follower_.offer(now, session_now, packet, unused);
  if (!offered || offered->is_blank) return;
  if (codec_ != facts.codec) {
    end(out);
    codec_ = facts.codec;
    out.records.push_back(step(RecordOut::Type::Start));
  }
  if (offered->prelude != nullptr)
    write(session_now, packet, *offered->prelude, offered->prelude_offered().rewritten, out);
  write(session_now, packet, packet.packet, offered->rewritten, out);
  if (!offered->switched) return;
  follower_.catch_up(now, session_now, packet, unused,
                     [&](const IngressPacket& earlier, const Follower::Offered& o) {
                       if (!o.is_blank)
                         write(session_now, earlier, earlier.packet, o.rewritten, out);
                     });
}

void RecordingFeed::write(Duration session_now, const IngressPacket& packet, const PacketRef& bytes,
                          const send::Rewritten& rewritten, Outbox& out) {
  const auto& facts = packet.packet.facts<send::SourceFacts>();
  RecordOut record = step(RecordOut::Type::Rtp);
  record.departure.packet = bytes;
  record.departure.rewritten = rewritten;
  const auto& stream = track_.layers()[packet.layer].stream;
  receive::CaptureTime capture{session_now, false};
  if (stream) {
    capture = track_.owner().clock().capture_time(session_now, stream->ssrc(), facts.timestamp);
    record.clock_rate = stream->clock_rate();
  }
  record.session_time = capture.session_time;
  record.from_sender_report = capture.from_sender_report;
  // The first sender report replaces arrival times, which are later: time stands still for a
  // moment, not backwards.
  if (record.departure.rewritten.timestamp >= newest_timestamp_) {
    record.session_time = std::max(record.session_time, newest_time_);
    newest_timestamp_ = record.departure.rewritten.timestamp;
    newest_time_ = record.session_time;
  }
  out.records.push_back(std::move(record));
}

void RecordingFeed::end(Outbox& out) {
  if (!codec_) return;
  out.records.push_back(step(RecordOut::Type::End));
  codec_.reset();
}

}  // namespace media::sfu
