#include "media/sfu/ingress_track.h"

#include <algorithm>
#include <utility>

#include "media/codec/red.h"
#include "media/send/rtx.h"
#include "media/send/send_stream.h"

namespace media::sfu {

namespace {
// The unwrapped picture id nearest to the newest one. Senders may change between 7 and 15 bits in
// mid-stream: both are the low bits of the same count (RFC 7741 section 4.2).
int64_t unwrap_picture(IngressLayer& layer, const codec::FrameInfo& frame) {
  if (frame.picture_id_bits == 0) return 0;
  const int64_t modulus = int64_t{1} << frame.picture_id_bits;
  int64_t delta = (frame.picture_id - layer.newest_picture) & (modulus - 1);
  if (delta >= modulus / 2) delta -= modulus;
  const int64_t picture = layer.newest_picture + delta;
  layer.newest_picture = std::max(layer.newest_picture, picture);
  return picture;
}
}  // namespace

IngressTrack::IngressTrack(Peer& owner, const PublishedSection& section)
    : owner_(owner), section_(section), policer_(section.kind, section.max_bps) {
  const size_t count = std::clamp<size_t>(section_.rids.size(), 1, layers::kMaxLayers);
  for (size_t i = 0; i < count; ++i) {
    const bool high = i > 0 || section_.source == Source::Screen;
    layers_.emplace_back(static_cast<uint8_t>(i), high ? receive::KeyFrameRequester::kIntervalHigh
                                                       : receive::KeyFrameRequester::kIntervalLow);
  }
}

const CodecParams* IngressTrack::codec_of(uint8_t payload_type, bool& is_rtx) const {
  for (const CodecParams& codec : section_.codecs) {
    is_rtx = codec.rtx_payload_type == payload_type;
    if (is_rtx || codec.payload_type == payload_type || codec.red_payload_type == payload_type)
      return &codec;
  }
  return nullptr;
}

std::optional<uint8_t> IngressTrack::layer_of_rid(std::string_view rid) const {
  if (section_.rids.empty()) return uint8_t{0};
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (section_.rids[i] == rid) return static_cast<uint8_t>(i);
  }
  return std::nullopt;
}

void IngressTrack::bind(uint8_t index, Ssrc ssrc) {
  IngressLayer& layer = layers_[index];
  if (layer.stream && layer.stream->ssrc() == ssrc) return;
  const uint32_t clock_rate = section_.codecs.empty()
                                  ? (section_.kind == MediaKind::Video ? 90000U : 48000U)
                                  : section_.codecs[0].clock_rate;
  layer.stream.emplace(ssrc, clock_rate);
  layer.nacks = {};
  layer.is_cut = false;
  layer.newest_timestamp = INT64_MIN;
  layer.parameter_sets.reset();
  layer.parameter_packet = {};
  layer.newest_picture = 0;
  layer.dependencies.reset();
  layer.expected_before = 0;
  layer.arrived_before = 0;
  ++layer.epoch;
}

void IngressTrack::set_open(bool open) {
  open_ = open;
  if (open) return;
  pending_.clear();
  for (IngressLayer& layer : layers_) layer.recent.fill({});
}

void IngressTrack::prepare_pending() {
  if (pending_.size() < 2) return;
  const auto before = [](const IngressPacket& a, const IngressPacket& b) {
    if (a.layer != b.layer) return a.layer < b.layer;
    return a.packet.facts<send::SourceFacts>().sequence <
           b.packet.facts<send::SourceFacts>().sequence;
  };
  if (!std::is_sorted(pending_.begin(), pending_.end(), before)) {
    std::stable_sort(pending_.begin(), pending_.end(), before);
  }
  if (section_.kind == MediaKind::Audio) return;
  const auto frame_of = [&](size_t i) {
    return pending_[i].packet.facts<send::SourceFacts>().timestamp;
  };
  for (size_t first = 0; first < pending_.size();) {
    size_t end = first + 1;
    while (end < pending_.size() && pending_[end].layer == pending_[first].layer &&
           frame_of(end) == frame_of(first)) {
      ++end;
    }
    even_out(first, end);
    first = end;
  }
}

void IngressTrack::even_out(size_t first, size_t end) {
  uint16_t smallest = UINT16_MAX;
  uint16_t largest = 0;
  for (size_t i = first; i < end; ++i) {
    const uint16_t size = pending_[i].packet.facts<send::SourceFacts>().payload_size;
    smallest = std::min(smallest, size);
    largest = std::max(largest, size);
  }
  if (smallest == 0 || smallest == largest || largest - smallest > kMaxEvening) return;
  for (size_t i = first; i < end; ++i) {
    send::SourceFacts facts = pending_[i].packet.facts<send::SourceFacts>();
    facts.added_padding = static_cast<uint8_t>(largest - facts.payload_size);
    pending_[i].packet.set_facts(facts);
  }
}

void IngressTrack::settle_pending() {
  if (section_.kind == MediaKind::Video) {
    for (IngressPacket& packet : pending_) {
      const int64_t sequence = packet.packet.facts<send::SourceFacts>().sequence;
      auto& recent = layers_[packet.layer].recent;
      recent[static_cast<size_t>(sequence) % recent.size()] = std::move(packet);
    }
  }
  pending_.clear();
}

const IngressPacket* IngressTrack::recent(uint8_t layer, uint32_t epoch, int64_t sequence) const {
  const auto& recent = layers_[layer].recent;
  const IngressPacket& packet = recent[static_cast<size_t>(sequence) % recent.size()];
  if (!packet.packet || packet.epoch != epoch) return nullptr;
  return packet.packet.facts<send::SourceFacts>().sequence == sequence ? &packet : nullptr;
}

bool IngressTrack::read_dependencies(ByteSpan descriptor, IngressLayer& layer,
                                     send::SourceFacts& facts) {
  if (descriptor.size() > UINT8_MAX) return false;
  if (!layer.dependencies) layer.dependencies = std::make_unique<codec::DependencyReader>();
  const auto read = layer.dependencies->read(descriptor);
  if (!read) return false;
  facts.dependencies = *read;
  facts.descriptor_size = static_cast<uint8_t>(descriptor.size());
  facts.picture_id = read->frame;
  codec::FrameInfo& frame = facts.frame;
  frame.starts_frame = read->starts_frame;
  frame.ends_layer = read->ends_frame;
  frame.spatial_id = read->spatial_id;
  frame.temporal_id = read->temporal_id;
  frame.is_key_frame = frame.is_key_frame && read->has_structure;
  if (!frame.is_key_frame) return true;
  if (const auto* structure = layer.structure(read->structure_version)) {
    frame.width = structure->width;
    frame.height = structure->height;
  }
  return true;
}

bool IngressTrack::read_media(const Input& in, ByteSpan payload, IngressLayer& layer,
                              send::SourceFacts& facts) const {
  facts.codec = in.codec.codec;
  facts.marker = in.view.marker();
  facts.payload_offset = static_cast<uint16_t>(payload.data() - in.view.bytes().data());
  facts.payload_size = static_cast<uint16_t>(payload.size());
  if (payload.empty()) return true;
  if (section_.kind == MediaKind::Audio) {
    if (in.codec.red_payload_type != in.view.payload_type()) return true;
    const auto red = codec::parse_red(payload, in.codec.payload_type);
    if (!red) return false;
    facts.red_primary = static_cast<uint16_t>(red->primary);
    facts.red_headers = static_cast<uint8_t>(red->header_size);
    return true;
  }
  const auto frame = codec::parse_frame(in.codec.codec, payload, in.view.marker());
  if (!frame) return false;
  facts.frame = *frame;
  const ByteSpan descriptor = in.extensions.dependency_descriptor;
  if (facts.codec == Codec::Av1 && !descriptor.empty()) {
    facts.descriptor_offset = static_cast<uint16_t>(descriptor.data() - in.view.bytes().data());
    return read_dependencies(descriptor, layer, facts);
  }
  facts.picture_id = unwrap_picture(layer, facts.frame);
  return true;
}

void IngressTrack::note_level(const rtp::Extensions& extensions) {
  if (!extensions.audio_level) return;
  const uint8_t level = extensions.audio_level->dbov;
  new_level_ = level;
  loudest_level_ = std::min(level, loudest_level_.value_or(127));
}

std::optional<uint8_t> IngressTrack::take_new_level() {
  return std::exchange(new_level_, std::nullopt);
}
std::optional<uint8_t> IngressTrack::take_loudest_level() {
  return std::exchange(loudest_level_, std::nullopt);
}

bool IngressTrack::admit(Instant now, uint8_t layer, bool is_rtx, size_t bytes,
                         DropCounters& drops) {
  if (policer_.admit(now, bytes)) return true;
  // A lost retransmission is asked for again; anything else leaves a hole.
  if (!is_rtx && section_.kind == MediaKind::Video) layers_[layer].is_cut = true;
  drops.add(Drop::RtpOverRate);
  return false;
}

void IngressTrack::note_picture(Instant now, IngressLayer& layer, int64_t timestamp) {
  layer.heard_at_picture = pictures_;
  if (timestamp <= layer.newest_timestamp) return;
  ++pictures_;
  layer.heard_at_picture = pictures_;
  layer.newest_timestamp = timestamp;
  const Duration since = now - layer.newest_began;
  if (layer.newest_began != Instant() && since < kLayerSilence)
    layer.picture_interval = (layer.picture_interval * 7 + since) / 8;
  layer.newest_began = now;
}

void IngressTrack::note_parameter_sets(ByteSpan payload, IngressLayer& layer, PacketPool& pool) {
  if (!layer.parameter_sets) layer.parameter_sets = std::make_unique<codec::ParameterSets>();
  if (!layer.parameter_sets->note(payload) || !layer.parameter_sets->is_complete()) return;
  const std::vector<uint8_t> bytes = layer.parameter_sets->payload();
  PacketRef packet = pool.copy(bytes);
  if (!packet) return;
  send::SourceFacts facts;
  facts.codec = Codec::H264;
  facts.payload_size = static_cast<uint16_t>(bytes.size());
  facts.frame.has_sequence_set = facts.frame.has_picture_set = true;
  packet.set_facts(facts);
  layer.parameter_packet = std::move(packet);
}

bool IngressTrack::starts_key_frame(const send::SourceFacts& facts, const IngressLayer& layer) {
  if (facts.codec != Codec::H264) return facts.frame.is_key_frame && facts.frame.starts_frame;
  return facts.frame.starts_idr && (facts.frame.has_parameter_sets() || layer.parameter_packet);
}

bool IngressTrack::mend_cut(Instant now, IngressLayer& layer, const send::SourceFacts& facts,
                            bool nack) {
  if (!starts_key_frame(facts, layer)) {
    layer.key_frames.wish();
    return false;
  }
  layer.is_cut = false;
  ++layer.epoch;
  // What was refused is not asked for again.
  layer.nacks = {};
  if (nack) layer.nacks.on_packet(now, facts.sequence);
  return true;
}

std::optional<Duration> IngressTrack::capture_of(const Input& in, const IngressLayer& layer,
                                                 int64_t timestamp,
                                                 receive::SenderClock& clock) const {
  const Ssrc ssrc = layer.stream->ssrc();
  std::optional<rtcp::NtpTime> own;
  if (const auto& stamp = in.extensions.abs_capture_time) {
    own = rtcp::NtpTime{stamp->ntp - static_cast<uint64_t>(stamp->clock_offset.value_or(0))};
    if (!in.is_rtx)
      clock.on_capture_time(in.session_now, ssrc, *own, timestamp, layer.stream->clock_rate());
  }
  const auto reported = clock.capture_time(in.session_now, ssrc, timestamp);
  if (!reported.from_sender_report) return std::nullopt;
  const auto told = own ? clock.session_time_of(in.session_now, *own) : std::nullopt;
  const bool is_believed = told && *told <= reported.session_time + kCaptureLead &&
                           *told >= reported.session_time - kCaptureLag;
  return is_believed ? *told : reported.session_time;
}

void IngressTrack::on_packet(const Input& in, PacketPool& pool, receive::SenderClock& clock,
                             DropCounters& drops) {
  IngressLayer& layer = layers_[in.layer];
  MediaPart part{in.view.sequence(), in.view.payload()};
  if (in.is_rtx) {
    if (part.payload.size() <= 2) return;  // a probe: padding in the shape of a retransmission
    const auto rtx = send::parse_rtx(part.payload);
    if (!rtx) return drops.add(Drop::RtpMalformed);
    part = {rtx->original_sequence, rtx->payload};
    if (!layer.stream || !layer.stream->has_packets()) return drops.add(Drop::RtpUnknownSsrc);
  }
  const auto arrival = layer.stream->on_packet(in.now, part.sequence, in.view.timestamp(),
                                               part.payload.size(), in.is_rtx);
  if (arrival.verdict == receive::ReceiveStream::Verdict::Duplicate)
    return drops.add(Drop::RtpDuplicate);
  if (arrival.verdict == receive::ReceiveStream::Verdict::TooOld) return drops.add(Drop::RtpTooOld);
  if (arrival.restarted) {
    ++layer.epoch;
    layer.nacks = {};
    layer.newest_timestamp = INT64_MIN;
    layer.dependencies.reset();
  }
  last_packet_ = in.now;
  if (in.codec.nack && !layer.is_cut) layer.nacks.on_packet(in.now, arrival.sequence);
  if (section_.kind == MediaKind::Audio) note_level(in.extensions);

  send::SourceFacts facts;
  facts.sequence = arrival.sequence;
  facts.timestamp = arrival.timestamp;
  if (!read_media(in, part.payload, layer, facts)) return drops.add(Drop::CodecMalformed);
  if (section_.kind == MediaKind::Video) note_picture(in.now, layer, facts.timestamp);
  if (facts.frame.has_sequence_set || facts.frame.has_picture_set)
    note_parameter_sets(part.payload, layer, pool);
  if (layer.is_cut && !mend_cut(in.now, layer, facts, in.codec.nack))
    return drops.add(Drop::WaitingForKeyFrame);
  const bool starts_key = starts_key_frame(facts, layer);
  if (starts_key) {
    layer.key_frames.on_key_frame(in.now);
    layer.nacks.forget_before(arrival.sequence);
  }
  if (!open_) return drops.add(Drop::NotPermitted);

  facts.extensions = rtp::forwardable(in.extensions);
  // The sender's own stamp is on the sender's clock; receivers live on the session's.
  facts.extensions.abs_capture_time.reset();
  if (const auto capture = capture_of(in, layer, arrival.timestamp, clock))
    facts.extensions.abs_capture_time = rtp::AbsCaptureTime{send::session_ntp(*capture).value, {}};
  PacketRef packet = pool.copy(in.view.bytes());
  if (!packet) return drops.add(Drop::SessionLimit);
  packet.set_facts(facts);
  pending_.push_back({std::move(packet), layer.epoch, in.layer, starts_key});
}

void IngressTrack::on_relayed_layer(Instant now, uint8_t index, Ssrc ssrc, uint32_t epoch,
                                    bool is_sent) {
  bind(index, ssrc);
  layers_[index].epoch = epoch;
  layers_[index].vouched = is_sent ? now : Instant();
}

void IngressTrack::on_relayed(Instant now, Ssrc ssrc, const IngressPacket& form, PacketRef packet,
                              PacketPool& pool, DropCounters& drops) {
  if (form.layer >= layers_.size()) return drops.add(Drop::LayerNotWanted);
  if (!open_) return drops.add(Drop::NotPermitted);
  on_relayed_layer(now, form.layer, ssrc, form.epoch, true);
  last_packet_ = now;
  if (form.starts_key_frame) layers_[form.layer].key_frames.on_key_frame(now);
  auto facts = packet.facts<send::SourceFacts>();
  if (facts.descriptor_size != 0) {
    // The structures that descriptors refer to are this track's own.
    const ByteSpan descriptor =
        packet.bytes().subspan(facts.descriptor_offset, facts.descriptor_size);
    if (!read_dependencies(descriptor, layers_[form.layer], facts))
      return drops.add(Drop::CodecMalformed);
    packet.set_facts(facts);
  }
  if (facts.frame.has_sequence_set || facts.frame.has_picture_set)
    note_parameter_sets(packet.bytes().subspan(facts.payload_offset, facts.payload_size),
                        layers_[form.layer], pool);
  IngressPacket own = form;
  own.packet = std::move(packet);
  pending_.push_back(std::move(own));
}

bool IngressTrack::is_gone(Instant now, const IngressLayer& layer) const {
  if (layer.vouched != Instant()) return now - layer.vouched >= kLayerSilence;
  if (!layer.stream || !layer.stream->has_packets()) return true;
  const Duration silence = now - layer.stream->last_arrival();
  if (silence >= kLayerSilence) return true;
  return pictures_ - layer.heard_at_picture >= kPicturesOfOthers &&
         silence >= std::max(kShortSilence, layer.picture_interval * 3);
}

bool IngressTrack::update_layers(Instant now) {
  // A still screen may send little; only when another layer goes on is a silent one gone.
  const bool any_fresh = std::any_of(layers_.begin(), layers_.end(),
                                     [&](const IngressLayer& l) { return !is_gone(now, l); });
  layers::LayerMask mask = 0;
  for (IngressLayer& layer : layers_) {
    const bool gone = is_gone(now, layer);
    if (!gone) layer.is_sent = true;
    if (gone && any_fresh) layer.is_sent = false;
    if (layer.is_sent) mask = static_cast<layers::LayerMask>(mask | (1U << layer.index));
  }
  const bool changed = mask != mask_;
  mask_ = mask;
  return changed;
}

}  // namespace media::sfu
