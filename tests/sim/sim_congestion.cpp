#include "sim_congestion.h"

#include <algorithm>
#include <cmath>

namespace sim {

namespace {

using media::estimate::kIpUdpBytes;
using media::estimate::SentKind;
using media::pace::PaceAnswer;
using media::pace::PaceClass;
using media::pace::PacedPacket;

constexpr Duration kStep = Duration::millis(1);
constexpr Duration kFrame = Duration::micros(33'333);
constexpr Duration kVoice = Duration::millis(20);
constexpr Duration kTick = Duration::millis(20);
constexpr Duration kSample = Duration::millis(100);
constexpr size_t kVoiceBytes = 120;     // 32 kbit/s Opus with SRTP and extensions
constexpr size_t kPacketBytes = 1'178;  // of a picture, all headers included
constexpr size_t kHeaders = 88;         // of that: IP, UDP, RTP with extensions, cipher tag
constexpr size_t kTcpHeaders = 40;
constexpr media::SlotId kPicture{1};
constexpr media::SlotId kVoiceSlot{2};
constexpr Duration kAllocation = Duration::millis(100);
constexpr int64_t kVoiceKbps = 60;  // kVoiceBytes and headers, fifty times a second
constexpr Duration kTcpMinTimeout = Duration::millis(300);

double seconds_of(Instant at) {
  return static_cast<double>(at.as_micros()) / 1e6;
}

}  // namespace

// ---- Bottleneck ----

int64_t Bottleneck::bps(Instant now) const {
  int64_t rate = params_.kbps_from.front().second;
  for (const auto& [from, value] : params_.kbps_from) {
    if (seconds_of(now) >= from) rate = value;
  }
  return rate * 1000;
}

bool Bottleneck::is_lost() {
  const double dice = static_cast<double>(rng_.below(1'000'000)) / 1e6;
  if (params_.mean_burst <= 1) return dice < params_.loss;
  const double leave = 1 / params_.mean_burst;
  const double enter = leave * params_.loss / (1 - params_.loss);
  in_burst_ = in_burst_ ? dice >= leave : dice < enter;
  return in_burst_;
}

void Bottleneck::send(Instant now, LinePacket packet, Duration extra_delay) {
  const int64_t rate = bps(now);
  const Instant begins = std::max(now, busy_until_);
  const Instant leaves =
      begins + Duration::micros(static_cast<int64_t>(packet.bytes) * 8 * 1'000'000 / rate);
  if (begins - now > params_.queue) return;
  busy_until_ = leaves;
  queued_.emplace_back(now, begins - now);
  const double second = seconds_of(leaves);
  if (is_lost() || (second >= params_.outage_from && second < params_.outage_to)) return;
  Duration jitter;
  if (params_.jitter > Duration()) {
    jitter = Duration::micros(
        static_cast<int64_t>(rng_.below(static_cast<uint64_t>(params_.jitter.as_micros()))));
  }
  const Instant out = std::max(leaves + jitter, last_out_);
  last_out_ = out;
  under_way_.emplace(out + params_.delay + extra_delay, std::move(packet));
}

Duration Bottleneck::queue_p95(Instant from, Instant to) const {
  std::vector<int64_t> waits;
  for (const auto& [at, wait] : queued_) {
    if (at >= from && at < to) waits.push_back(wait.as_micros());
  }
  if (waits.empty()) return Duration();
  std::sort(waits.begin(), waits.end());
  return Duration::micros(waits[waits.size() * 95 / 100]);
}

DataRate Arrivals::rate(double from, double to) const {
  int64_t sum = 0;
  for (auto i = static_cast<size_t>(from * 10);
       i < static_cast<size_t>(to * 10) && i < bytes.size(); ++i) {
    sum += bytes[i];
  }
  return media::rate_of(sum, Duration::micros(static_cast<int64_t>((to - from) * 1e6)));
}

namespace {
void count(Arrivals& arrivals, Instant now, size_t bytes) {
  const auto slot = static_cast<size_t>(now.as_micros() / 100'000);
  if (arrivals.bytes.size() <= slot) arrivals.bytes.resize(slot + 1);
  arrivals.bytes[slot] += static_cast<int64_t>(bytes);
}
}  // namespace

// ---- MediaFlow ----

MediaFlow::MediaFlow(uint64_t seed, MediaFlowParams params)
    : params_(std::move(params)), rng_(seed), estimator_(params_.estimator) {
  // Cameras are not in step with each other.
  const Instant start = at_second(params_.start);
  const auto within = [this](Duration span) {
    return Duration::micros(
        static_cast<int64_t>(rng_.below(static_cast<uint64_t>(span.as_micros()))));
  };
  next_frame_ = start + within(kFrame);
  next_voice_ = start + within(kVoice);
  next_tick_ = start + within(kTick);

  media::allocate::Want voice;
  voice.slot = kVoiceSlot;
  voice.kind = media::MediaKind::Audio;
  voice.rates[0][0] = kbps(kVoiceKbps);
  media::allocate::Want picture;
  picture.slot = kPicture;
  picture.kind = media::MediaKind::Video;
  for (size_t i = 0; i < params_.layers.size(); ++i) picture.rates[i][0] = kbps(params_.layers[i]);
  wants_ = {voice, picture};
}

void MediaFlow::allocate(Instant now) {
  const auto& state = estimator_.state();
  allocator_.update(now, {state.target, state.loss, state.rtt}, wants_);
  estimator_.set_wanted(allocator_.allocation().wanted);
  if (allocator_.allocation().changed) {
    changes_.push_back(now);
    key_wanted_ = true;
  }
}

int64_t MediaFlow::picture_bps() const {
  if (params_.allocate) {
    const auto grants = allocator_.grants();
    return grants.empty() || !grants[1].shown ? 0 : grants[1].rate.as_bps();
  }
  const int64_t voice = params_.voice ? kVoiceKbps * 1'000 : 0;
  const int64_t room = estimator_.state().target.as_bps() - voice;
  if (!params_.layers.empty()) {
    int64_t best = 0;
    for (const int64_t layer : params_.layers) {
      if (layer * 1000 <= room) best = layer * 1000;
    }
    return best;
  }
  return std::clamp(room, params_.min_kbps * 1000, params_.max_kbps * 1000);
}

void MediaFlow::make_frame(Instant now) {
  const int64_t bps = picture_bps();
  if (bps == 0) {
    key_wanted_ = true;
    return;
  }
  const double noise = 0.8 + static_cast<double>(rng_.below(400)) / 1000;
  const bool key = std::exchange(key_wanted_, false);
  auto left = static_cast<int64_t>(static_cast<double>(bps) / 8 * kFrame.as_seconds() * noise *
                                   (key ? 4 : 1));
  bool first = true;
  while (left > 0) {
    LinePacket packet;
    packet.bytes = std::clamp<size_t>(static_cast<size_t>(left), kHeaders + 20, kPacketBytes);
    left -= static_cast<int64_t>(kPacketBytes);
    PacedPacket paced;
    paced.bytes = static_cast<uint32_t>(packet.bytes);
    paced.slot = kPicture;
    paced.starts_key_frame = key && first;
    paced.in_key_frame = key;
    first = false;
    offer(now, std::move(packet), paced);
  }
}

void MediaFlow::offer(Instant now, LinePacket packet, PacedPacket paced) {
  paced.handle = next_handle_++;
  switch (pacer_.offer(now, paced)) {
    case PaceAnswer::Send:
      put(now, std::move(packet), SentKind::Media);
      break;
    case PaceAnswer::Queue:
      held_.emplace(paced.handle, std::move(packet));
      break;
    case PaceAnswer::Drop:
      ++frames_dropped_;
      break;
  }
}

void MediaFlow::put(Instant now, LinePacket packet, SentKind kind) {
  packet.sequence = next_sequence_++;
  packet.padding = kind == SentKind::Padding;
  estimator_.on_sent(now, packet.sequence, packet.bytes - kIpUdpBytes, kind, pacer_.probe());
  ++arrivals.sent;
  if (packet.voice) ++arrivals.voice_sent;
  forward(std::move(packet));
}

void MediaFlow::send_padding(Instant now) {
  if (const auto probe = estimator_.take_probe(now))
    pacer_.start_probe(now, {probe->id, probe->rate, probe->bytes, probe->packets});
  const size_t size = 240 + kIpUdpBytes;
  for (size_t due = pacer_.padding_due(now); due > 0; due = pacer_.padding_due(now)) {
    LinePacket packet;
    packet.bytes = size;
    arrivals.padding_bytes += size;
    pacer_.on_padding(now, size);
    put(now, std::move(packet), SentKind::Padding);
  }
}

void MediaFlow::tick(Instant now) {
  const double second = seconds_of(now);
  if (now >= next_sample_) {
    next_sample_ = now + kSample;
    targets_.push_back(estimator_.state().target);
  }
  send_feedback(now);
  if (second < params_.start || second >= params_.end) return;
  const bool paused = second >= params_.pause_from && second < params_.pause_to;
  if (now >= next_tick_) {
    next_tick_ = now + kTick;
    if (!params_.allocate)
      estimator_.set_wanted(paused ? DataRate() : kbps(params_.max_kbps + kVoiceKbps));
    estimator_.on_tick(now);
    pacer_.set_target(now, estimator_.state().target);
  }
  if (params_.allocate && now >= next_allocation_) {
    next_allocation_ = now + kAllocation;
    allocate(now);
  }
  if (!paused && params_.voice && now >= next_voice_) {
    next_voice_ = now + kVoice;
    LinePacket packet;
    packet.bytes = kVoiceBytes + kIpUdpBytes;
    packet.voice = true;
    PacedPacket paced;
    paced.kind = PaceClass::Voice;
    paced.bytes = static_cast<uint32_t>(packet.bytes);
    offer(now, std::move(packet), paced);
  }
  if (!paused && now >= next_frame_) {
    next_frame_ = std::max(next_frame_ + kFrame, now - kFrame);
    make_frame(now);
  }
  handles_.clear();
  pacer_.release(now, handles_);
  for (const uint32_t handle : handles_) {
    put(now, std::move(held_[handle]), SentKind::Media);
    held_.erase(handle);
  }
  handles_.clear();
  pacer_.take_dropped(handles_);
  frames_dropped_ += handles_.size();
  for (const uint32_t handle : handles_) held_.erase(handle);
  wishes_.clear();
  pacer_.take_key_frame_wishes(wishes_);
  if (!wishes_.empty()) key_wanted_ = true;
  if (!paused) send_padding(now);
}

void MediaFlow::on_arrival(Instant now, LinePacket packet) {
  recorder_.on_packet(now, packet.sequence, packet.bytes);
  ++arrivals.arrived;
  if (packet.voice) ++arrivals.voice_arrived;
  if (!packet.padding) count(arrivals, now, packet.bytes);
}

void MediaFlow::send_feedback(Instant now) {
  if (!recorder_.poll(now, feedback_)) return;
  std::vector<uint8_t> bytes(1400);
  media::ByteWriter writer{media::MutableByteSpan(bytes)};
  media::rtcp::write_transport_feedback(writer, media::Ssrc(1), media::Ssrc(2), feedback_.count,
                                        feedback_.base, feedback_.arrivals);
  LinePacket packet;
  packet.is_feedback = true;
  bytes.resize(writer.size());
  packet.bytes = bytes.size() + kIpUdpBytes + 24;
  packet.payload = std::move(bytes);
  back(std::move(packet));
}

void MediaFlow::on_feedback(Instant now, LinePacket packet) {
  const auto head =
      media::rtcp::parse_transport_feedback(media::ByteSpan(packet.payload), statuses_);
  if (!head) return;
  for (media::rtcp::PacketStatus& status : statuses_) {
    if (params_.lies_all_lost) status.received = false;
    if (params_.lies_all_well) status.received = true;
  }
  estimator_.on_feedback(now, *head, statuses_);
}

DataRate MediaFlow::lowest_target(double from, double to) const {
  DataRate lowest = DataRate::bits_per_second(INT64_MAX);
  for (auto i = static_cast<size_t>(from * 10);
       i < std::min(targets_.size(), static_cast<size_t>(to * 10)); ++i)
    lowest = std::min(lowest, targets_[i]);
  return lowest;
}

DataRate MediaFlow::mean_target(double from, double to) const {
  int64_t sum = 0;
  int64_t n = 0;
  for (auto i = static_cast<size_t>(from * 10);
       i < std::min(targets_.size(), static_cast<size_t>(to * 10)); ++i) {
    sum += targets_[i].as_bps();
    ++n;
  }
  return DataRate::bits_per_second(n == 0 ? 0 : sum / n);
}

// ---- RenoFlow ----

bool RenoFlow::done() const {
  return params_.bytes >= 0 && acked_ * static_cast<int64_t>(kSegment) >= params_.bytes;
}

void RenoFlow::send_segment(Instant now, int64_t number) {
  LinePacket packet;
  packet.bytes = kSegment + kTcpHeaders;
  packet.number = number;
  ++arrivals.sent;
  if (timeout_ == Instant::never()) timeout_ = now + std::max(kTcpMinTimeout, rtt_ * 3);
  forward(std::move(packet));
}

void RenoFlow::tick(Instant now) {
  const double second = seconds_of(now);
  if (second < params_.start || second >= params_.end || done()) return;
  if (now >= timeout_) {
    threshold_ = std::max(2.0, window_ / 2);
    window_ = 1;
    next_ = acked_;
    duplicates_ = 0;
    recover_ = -1;
    sent_.clear();
    rtt_ = std::min(rtt_ * 2, Duration::seconds(2));
    timeout_ = Instant::never();
  }
  const int64_t last =
      params_.bytes < 0 ? INT64_MAX : params_.bytes / static_cast<int64_t>(kSegment) + 1;
  while (next_ < last && static_cast<double>(next_ - acked_) < window_) {
    if (recover_ < 0) sent_.emplace(next_, now);
    send_segment(now, next_++);
  }
}

void RenoFlow::on_arrival(Instant now, LinePacket packet) {
  ++arrivals.arrived;
  count(arrivals, now, packet.bytes);
  if (packet.number >= expected_) beyond_[packet.number] = true;
  while (!beyond_.empty() && beyond_.begin()->first == expected_) {
    beyond_.erase(beyond_.begin());
    ++expected_;
  }
  LinePacket ack;
  ack.is_feedback = true;
  ack.bytes = kTcpHeaders;
  ack.number = expected_;
  back(std::move(ack));
}

void RenoFlow::on_feedback(Instant now, LinePacket packet) {
  if (packet.number > acked_) {
    const auto first = sent_.find(packet.number - 1);
    if (first != sent_.end()) rtt_ = (rtt_ * 7 + (now - first->second)) / 8;
    sent_.erase(sent_.begin(), sent_.lower_bound(packet.number));
    const int64_t news = packet.number - acked_;
    acked_ = packet.number;
    next_ = std::max(next_, acked_);
    duplicates_ = 0;
    timeout_ = next_ > acked_ ? now + std::max(kTcpMinTimeout, rtt_ * 3) : Instant::never();
    if (recover_ >= 0 && acked_ < recover_) {
      send_segment(now, acked_);  // NewReno: the next hole
    } else {
      if (recover_ >= 0) window_ = threshold_;
      recover_ = -1;
      window_ +=
          window_ < threshold_ ? static_cast<double>(news) : static_cast<double>(news) / window_;
    }
    return;
  }
  if (next_ == acked_ || ++duplicates_ != 3 || recover_ >= 0) return;
  recover_ = next_;
  threshold_ = std::max(2.0, window_ / 2);
  window_ = threshold_;
  sent_.clear();
  send_segment(now, acked_);
}

// ---- Network ----

Network::Network(uint64_t seed, BottleneckParams forward, BottleneckParams back)
    : forward_(seed, std::move(forward)), back_(seed + 1, std::move(back)) {}

void Network::connect(std::unique_ptr<Flow> flow, bool reversed) {
  const size_t index = flows_.size();
  Flow* one = flow.get();
  const auto through = [this, index, one](Bottleneck& line, bool feedback) {
    return [this, index, one, &line, feedback](LinePacket packet) {
      packet.flow = index;
      packet.is_feedback = feedback;
      line.send(now_, std::move(packet), one->extra_delay);
    };
  };
  flow->forward = through(reversed ? back_ : forward_, false);
  flow->back = through(reversed ? forward_ : back_, true);
  flows_.push_back(std::move(flow));
  reversed_.push_back(reversed);
}

void Network::run_until(double second) {
  for (const Instant end = at_second(second); now_ < end;) {
    now_ += kStep;
    const auto to = [this](LinePacket packet) {
      Flow& flow = *flows_[packet.flow];
      if (packet.is_feedback) {
        flow.on_feedback(now_, std::move(packet));
      } else {
        flow.on_arrival(now_, std::move(packet));
      }
    };
    forward_.deliver(now_, to);
    back_.deliver(now_, to);
    for (const auto& flow : flows_) flow->tick(now_);
  }
}

}  // namespace sim
