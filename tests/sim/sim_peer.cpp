#include "sim_peer.h"

#include <algorithm>

#include "media/codec/vp8.h"
#include "media/send/rtx.h"

namespace sim {

namespace {
constexpr Duration kFrame = Duration::micros(33'333);
constexpr Duration kVoiceFrame = Duration::millis(20);
constexpr std::array<const char*, 3> kRids{"q", "h", "f"};
}  // namespace

// ---- judging ----

int64_t Watched::missing() const {
  if (packets.empty()) return 0;
  return packets.rbegin()->first - packets.begin()->first + 1 -
         static_cast<int64_t>(packets.size());
}

int64_t Watched::decodable_frames() const {
  int64_t frames = 0;
  bool whole = false;     // no hole since the start of this frame
  bool decoding = false;  // the frame before was shown
  bool is_key = false;
  std::optional<int64_t> last;
  for (const auto& [sequence, p] : packets) {
    const bool follows = last && sequence == *last + 1;
    last = sequence;
    if (!follows) {
      // What is lost may have been anything: only a key frame helps.
      decoding = false;
      whole = false;
    }
    if (p.starts) {
      whole = true;
      is_key = p.key;
    }
    if (p.marker) {
      decoding = whole && (is_key || decoding);
      if (decoding) ++frames;
      whole = false;
    }
  }
  return frames;
}

std::vector<uint16_t> Watched::picture_ids() const {
  std::vector<uint16_t> ids;
  for (const auto& [sequence, p] : packets) {
    if (ids.empty() || ids.back() != p.picture) ids.push_back(p.picture);
  }
  return ids;
}

// ---- publishing ----

void SimPeer::publish(const PublisherParams& params) {
  publishes_ = true;
  publishing_ = params;
  const size_t count = params.video ? (params.simulcast ? 3U : 1U) : 0U;
  for (size_t i = 0; i < count; ++i) {
    SentStream s;
    s.ssrc = Ssrc(id_ * 1000 + static_cast<uint32_t>(i) * 2 + 10);
    s.rtx = Ssrc(s.ssrc.value + 1);
    s.sequence = static_cast<uint16_t>(params.first_sequence + i * 7);
    s.timestamp = params.first_timestamp + static_cast<uint32_t>(i) * 1'000'000;
    s.picture = static_cast<uint16_t>((params.first_picture + i * 50) & 0x7FFF);
    layers_.push_back(std::move(s));
  }
  voice_.ssrc = Ssrc(id_ * 1000 + 1);
  voice_.sequence = params.first_sequence;
  voice_.timestamp = params.first_timestamp;
}

void SimPeer::add_video_slot(uint32_t slot, media::SlotUse use) {
  slots_.push_back(tests::video_slot(slot, "r" + std::to_string(slot), slot_ssrc(slot)));
  slots_.back().use = use;
  watched_.emplace(slot_ssrc(slot), std::make_unique<Watched>(Ssrc(slot_ssrc(slot)), 90000));
}

void SimPeer::add_audio_slot(uint32_t slot, media::SlotUse use) {
  slots_.push_back(tests::audio_slot(slot, "r" + std::to_string(slot), slot_ssrc(slot)));
  slots_.back().use = use;
  watched_.emplace(slot_ssrc(slot), std::make_unique<Watched>(Ssrc(slot_ssrc(slot)), 48000));
}

media::sfu::Peer::Params SimPeer::params() const {
  media::sfu::Peer::Params p;
  p.peer = id();
  p.extensions = tests::usual_extensions();
  if (publishes_ && publishing_.video) {
    p.published.push_back(tests::camera(video_track().value, "v", publishing_.simulcast));
    p.published.back().max_bps = publishing_.max_bps;
  }
  if (publishes_ && publishing_.audio)
    p.published.push_back(tests::microphone(audio_track().value, "a"));
  p.slots = slots_;
  return p;
}

void SimPeer::remember(SentStream& s, uint16_t sequence, Bytes packet) {
  s.sent[sequence] = std::move(packet);
  if (s.sent.size() > 3000) s.sent.erase(s.sent.begin());
}

void SimPeer::send_frame(Instant now, size_t index) {
  SentStream& s = layers_[index];
  s.timestamp += 3000;
  if (s.paused) return;
  const bool key = s.key_wanted;
  s.key_wanted = false;
  if (key) {
    ++s.keys_sent;
    ++s.keyidx;
  }
  ++s.frames;
  const size_t packets = publishing_.packets_per_frame;
  for (size_t i = 0; i < packets; ++i) {
    tests::Vp8Sample vp8;
    vp8.starts_frame = i == 0;
    vp8.key = key;
    vp8.picture_id = s.picture;
    vp8.short_picture_id = publishing_.short_picture_ids;
    vp8.tl0picidx = s.tl0;
    vp8.keyidx = s.keyidx;
    vp8.size = 400 + 200 * index;
    vp8.stamp = (static_cast<uint32_t>(index) << 24) | (s.frames << 4) | static_cast<uint32_t>(i);
    tests::RtpSample sample;
    sample.payload_type = tests::kVp8Type;
    sample.marker = i + 1 == packets;
    sample.sequence = s.sequence++;
    sample.timestamp = s.timestamp;
    sample.ssrc = s.ssrc;
    sample.payload = tests::vp8_payload(vp8);
    sample.extensions.mid = "v";
    if (publishing_.simulcast) sample.extensions.rid = kRids[index];
    sample.extensions.transport_cc = transport_sequence_++;
    Bytes packet = tests::build(sample, tests::usual_extensions());
    remember(s, sample.sequence, packet);
    up_.send(now, std::move(packet));
  }
  s.picture = static_cast<uint16_t>((s.picture + 1) & 0x7FFF);
  ++s.tl0;
}

void SimPeer::send_voice(Instant now) {
  voice_.timestamp += 960;
  if (voice_.paused) return;
  tests::RtpSample sample;
  sample.payload_type = tests::kOpusType;
  sample.sequence = voice_.sequence++;
  sample.timestamp = voice_.timestamp;
  sample.ssrc = voice_.ssrc;
  sample.payload = tests::opus_payload((id_ << 20) | voice_.frames++);
  sample.extensions.mid = "a";
  sample.extensions.audio_level =
      media::rtp::AudioLevel{publishing_.audio_dbov, publishing_.audio_dbov < 50};
  sample.extensions.transport_cc = transport_sequence_++;
  up_.send(now, tests::build(sample, tests::usual_extensions()));
}

void SimPeer::send_reports(Instant now) {
  const auto ntp =
      media::rtcp::NtpTime::from_micros(now.as_micros() + publishing_.clock_offset.as_micros());
  Bytes buffer(1000);
  media::ByteWriter writer{media::MutableByteSpan(buffer)};
  // Timestamps advance in steps of a frame: extend the last one to now.
  const auto at = [&](const SentStream& s, Instant next, Duration frame, int64_t rate) {
    const int64_t behind = (next - now).as_micros();
    return s.timestamp + static_cast<uint32_t>((frame.as_micros() - behind) * rate / 1'000'000);
  };
  for (const SentStream& s : layers_) {
    media::rtcp::write_sender_report(writer, {s.ssrc, ntp, at(s, next_frame_, kFrame, 90000), 0, 0},
                                     {});
  }
  if (publishing_.audio) {
    media::rtcp::write_sender_report(
        writer, {voice_.ssrc, ntp, at(voice_, next_voice_, kVoiceFrame, 48000), 0, 0}, {});
  }
  buffer.resize(writer.size());
  up_.send(now, std::move(buffer));
}

void SimPeer::restart_source(Instant) {
  ++generation_;
  for (SentStream& s : layers_) {
    s.ssrc = Ssrc(s.ssrc.value + 100 * generation_);
    s.rtx = Ssrc(s.ssrc.value + 1);
    s.sequence = static_cast<uint16_t>(s.sequence + 30'000);
    s.timestamp += 0x7000'0000;
    s.picture = static_cast<uint16_t>((s.picture + 12'000) & 0x7FFF);
    s.key_wanted = true;
    s.sent.clear();
  }
  voice_.ssrc = Ssrc(voice_.ssrc.value + 100 * generation_);
  voice_.sequence = static_cast<uint16_t>(voice_.sequence + 30'000);
}

// ---- time ----

void SimPeer::on_time(Instant now) {
  if (publishes_) {
    if (now >= next_frame_) {
      next_frame_ = next_frame_ == Instant() ? now + kFrame : next_frame_ + kFrame;
      for (size_t i = 0; i < layers_.size(); ++i) send_frame(now, i);
    }
    if (now >= next_voice_) {
      next_voice_ = next_voice_ == Instant() ? now + kVoiceFrame : next_voice_ + kVoiceFrame;
      if (publishing_.audio) send_voice(now);
    }
    if (publishing_.sender_reports && now >= next_report_) {
      next_report_ = now + Duration::millis(500);
      send_reports(now);
    }
  }
  if (now >= next_nack_) {
    next_nack_ = now + Duration::millis(20);
    send_nacks(now);
  }
}

void SimPeer::send_nacks(Instant now) {
  if (!sends_nacks) return;
  for (auto& [ssrc, w] : watched_) {
    std::vector<uint16_t> list;
    w->nacks.poll(now, Duration::millis(50), list);
    const bool lost_way = w->nacks.take_key_frame_needed();
    if (list.empty() && !lost_way) continue;
    Bytes buffer(1200);
    media::ByteWriter writer{media::MutableByteSpan(buffer)};
    if (!list.empty()) media::rtcp::write_nack(writer, Ssrc(1), Ssrc(ssrc), list);
    if (lost_way) media::rtcp::write_pli(writer, Ssrc(1), Ssrc(ssrc));
    buffer.resize(writer.size());
    up_.send(now, std::move(buffer));
  }
}

void SimPeer::ask_key_frame(Instant now, uint32_t slot) {
  Bytes buffer(64);
  media::ByteWriter writer{media::MutableByteSpan(buffer)};
  media::rtcp::write_pli(writer, Ssrc(1), Ssrc(slot_ssrc(slot)));
  buffer.resize(writer.size());
  up_.send(now, std::move(buffer));
}

// ---- receiving ----

void SimPeer::on_downlink(Instant now, const Bytes& packet) {
  if (packet.size() > 1 && packet[1] >= 192 && packet[1] <= 223) return on_feedback(now, packet);
  on_media(now, packet);
}

SentStream* SimPeer::sent_stream(Ssrc ssrc) {
  for (SentStream& s : layers_) {
    if (s.ssrc == ssrc) return &s;
  }
  return nullptr;
}

void SimPeer::resend(Instant now, SentStream& s, uint16_t sequence) {
  const auto it = s.sent.find(sequence);
  if (!answers_nacks || it == s.sent.end()) return;
  const auto view = media::rtp::PacketView::parse(it->second);
  tests::RtpSample again;
  again.payload_type = tests::kVp8RtxType;
  again.marker = view->marker();
  again.sequence = s.rtx_sequence++;
  again.timestamp = view->timestamp();
  again.ssrc = s.rtx;
  again.payload.resize(2 + view->payload().size());
  media::store_be16(again.payload.data(), sequence);
  std::copy(view->payload().begin(), view->payload().end(), again.payload.begin() + 2);
  again.extensions.mid = "v";
  again.extensions.transport_cc = transport_sequence_++;
  if (publishing_.simulcast)
    again.extensions.repaired_rid = kRids[static_cast<size_t>(&s - layers_.data())];
  up_.send(now, tests::build(again, tests::usual_extensions()));
}

void SimPeer::on_feedback(Instant now, media::ByteSpan packet) {
  media::rtcp::CompoundReader reader(packet);
  while (const auto block = reader.next()) {
    if (const auto* nack = std::get_if<media::rtcp::Nack>(&*block)) {
      if (SentStream* s = sent_stream(nack->media)) {
        nack->for_each([&](uint16_t sequence) { resend(now, *s, sequence); });
      }
    } else if (const auto* pli = std::get_if<media::rtcp::Pli>(&*block)) {
      if (SentStream* s = sent_stream(pli->media)) {
        s->key_wanted = true;
        ++s->keys_asked;
        s->key_requests.push_back(now);
      }
    } else if (std::holds_alternative<media::rtcp::TransportCcBlock>(*block)) {
      ++feedback_messages;
    } else if (const auto* sr = std::get_if<media::rtcp::SenderReport>(&*block)) {
      const auto it = watched_.find(sr->sender.ssrc.value);
      if (it != watched_.end())
        it->second->reports.emplace_back(sr->sender.ntp.value, sr->sender.rtp_timestamp);
    } else if (const auto* rr = std::get_if<media::rtcp::ReceiverReport>(&*block)) {
      for (size_t i = 0; i < rr->blocks.size(); ++i) reception.push_back(rr->blocks[i]);
    }
  }
}

void SimPeer::on_media(Instant now, media::ByteSpan packet) {
  const auto view = media::rtp::PacketView::parse(packet);
  if (!view) return;
  uint32_t ssrc = view->ssrc().value;
  uint16_t sequence = view->sequence();
  media::ByteSpan payload = view->payload();
  const bool repaired = !watched_.contains(ssrc) && watched_.contains(ssrc - 1);
  if (repaired) {
    const auto rtx = media::send::parse_rtx(payload);
    if (!rtx) return;
    ssrc -= 1;
    sequence = rtx->original_sequence;
    payload = rtx->payload;
  }
  const auto it = watched_.find(ssrc);
  if (it == watched_.end()) return;
  Watched& w = *it->second;
  const auto extensions = media::rtp::parse_extensions(*view, tests::usual_extensions());
  if (!extensions.mid.empty()) w.mids.emplace(extensions.mid);
  const auto arrival =
      w.stream.on_packet(now, sequence, view->timestamp(), payload.size(), repaired);
  if (arrival.verdict == media::receive::ReceiveStream::Verdict::Duplicate) {
    ++w.duplicates;
    return;
  }
  if (!w.first_at) w.first_at = now;
  w.nacks.on_packet(now, arrival.sequence);
  Watched::Packet p;
  p.sequence = arrival.sequence;
  p.timestamp = view->timestamp();
  p.marker = view->marker();
  p.stamp = tests::stamp_of(payload);
  p.at = now;
  if (const auto vp8 = media::codec::parse_vp8_descriptor(payload);
      vp8 && w.stream.clock_rate() == 90000) {
    p.picture = vp8->picture_id;
    p.tl0 = vp8->tl0picidx.value_or(0);
    if (const auto frame = media::codec::parse_vp8(payload, p.marker)) {
      p.starts = frame->starts_frame;
      p.key = frame->is_key_frame;
    }
  }
  w.packets.emplace(arrival.sequence, p);
}

}  // namespace sim
