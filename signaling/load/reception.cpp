#include "signaling/load/reception.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "media/rtcp/compound.h"
#include "media/rtcp/transport_cc.h"
#include "media/rtp/extensions.h"
#include "media/rtp/packet_view.h"
#include "media/send/rtx.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

constexpr Duration kReportInterval = Duration::seconds(1);
// Without losses to mend, watchers are looked at this often.
constexpr Duration kIdleTick = Duration::millis(100);
constexpr media::Ssrc kReporter{1};
// Longer headers than any sender's: 12 bytes, CSRCs and extensions.
constexpr size_t kMaxHead = 256;
constexpr uint8_t kPaddingBit = 0x20;
constexpr uint64_t kWholeShare = 1'000'000;

// The readable part of a protected packet. Its padding is under the cipher, so that the bit says
// nothing here.
std::optional<media::rtp::PacketView> read_head(media::ByteSpan packet,
                                                std::array<uint8_t, kMaxHead>& copy) {
  const size_t size = std::min(packet.size(), kMaxHead);
  if (size == 0) return std::nullopt;
  std::copy_n(packet.begin(), size, copy.begin());
  copy[0] = static_cast<uint8_t>(copy[0] & ~kPaddingBit);
  const auto view = media::rtp::PacketView::parse(media::ByteSpan(copy.data(), size));
  if (!view) return std::nullopt;
  return *view;
}

}  // namespace

RepairCounts& RepairCounts::operator+=(const RepairCounts& other) {
  thrown_away += other.thrown_away;
  asked += other.asked;
  rtx += other.rtx;
  repaired += other.repaired;
  return *this;
}

RepairCounts RepairCounts::operator-(const RepairCounts& other) const {
  return {thrown_away - other.thrown_away, asked - other.asked, rtx - other.rtx,
          repaired - other.repaired};
}

Reception::Reception(const Manners& manners, std::vector<Announced> announced,
                     const media::rtp::ExtensionMap& extensions, media::Rng& rng)
    : manners_(manners), extensions_(extensions), rng_(rng) {
  manners_.open_every = std::max(1U, manners_.open_every);
  for (const Announced& one : announced) {
    Stream& stream = stream_of(one.media.value);
    if (one.rtx) stream.rtx = one.rtx->value;
  }
}

Reception::Stream& Reception::stream_of(uint32_t ssrc) {
  const auto found = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (found != streams_.end()) return *found;
  streams_.emplace_back();
  streams_.back().ssrc = ssrc;
  return streams_.back();
}

Reception::Stream* Reception::repaired_by(uint32_t rtx_ssrc) {
  const auto found = std::ranges::find(streams_, std::optional(rtx_ssrc), &Stream::rtx);
  return found != streams_.end() ? &*found : nullptr;
}

void Reception::note_media(Instant now, Stream& stream, uint16_t number, bool lost) {
  stream.line.on_packet(number);
  const int64_t sequence = stream.sequences.unwrap(number);
  if (!stream.first) stream.first = sequence;
  if (lost) {
    if (stream.rtx) stream.holes.push_back(sequence);
    if (stream.holes.size() > kMaxHoles) stream.holes.erase(stream.holes.begin());
    return;
  }
  ++stream.kept;
  if (manners_.nack && stream.rtx) stream.nacks.on_packet(now, sequence);
}

bool Reception::on_arrival(Instant now, media::ByteSpan packet) {
  std::array<uint8_t, kMaxHead> copy;
  const auto head = read_head(packet, copy);
  if (!head) return false;
  const bool lost = manners_.loss > 0 &&
                    rng_.below(kWholeShare) < static_cast<uint64_t>(manners_.loss * kWholeShare);
  if (lost) ++repair_.thrown_away;
  const bool is_rtx = repaired_by(head->ssrc().value) != nullptr;
  if (!is_rtx) note_media(now, stream_of(head->ssrc().value), head->sequence(), lost);
  if (lost) return false;
  has_media_ = true;
  if (manners_.transport_cc && extensions_.transport_cc != 0) {
    const auto extras = media::rtp::parse_extensions(*head, extensions_);
    if (extras.transport_cc) arrivals_.on_packet(now, *extras.transport_cc, packet.size());
  }
  if (is_rtx) return true;
  if (++since_opened_ < manners_.open_every) return false;
  since_opened_ = 0;
  return true;
}

std::optional<Instant> Reception::on_plain(Instant now, media::ByteSpan packet) {
  const auto view = media::rtp::PacketView::parse(packet);
  if (!view) return std::nullopt;
  if (Stream* repaired = repaired_by(view->ssrc().value)) {
    on_rtx(now, *repaired, view->payload());
    return std::nullopt;
  }
  return read_stamp(view->payload());
}

void Reception::on_rtx(Instant now, Stream& stream, media::ByteSpan payload) {
  const auto original = media::send::parse_rtx(payload);
  // Without a payload it is padding that measures the line.
  if (!original || original->payload.empty()) return;
  ++repair_.rtx;
  const int64_t sequence = stream.sequences.peek(original->original_sequence);
  if (manners_.nack) stream.nacks.on_packet(now, sequence);
  const auto hole = std::ranges::find(stream.holes, sequence);
  if (hole == stream.holes.end()) return;
  stream.holes.erase(hole);
  ++repair_.repaired;
}

void Reception::on_rtcp(Instant now, media::ByteSpan compound) {
  media::rtcp::CompoundReader reader(compound);
  while (const auto block = reader.next()) {
    const auto* report = std::get_if<media::rtcp::SenderReport>(&*block);
    if (report == nullptr) continue;
    Stream& stream = stream_of(report->sender.ssrc.value);
    stream.last_sr = report->sender.ntp.middle32();
    stream.last_sr_at = now;
  }
}

Duration Reception::tick() const {
  if (manners_.nack) return media::receive::NackGenerator::kTick;
  if (manners_.transport_cc) return media::receive::TransportCcRecorder::kFastInterval;
  return kIdleTick;
}

void Reception::poll(Instant now, Duration rtt, RtcpSink& sink) {
  if (manners_.nack) ask(now, rtt, sink);
  if (manners_.transport_cc) send_transport_feedback(now, sink);
  if (now < next_report_) return;
  next_report_ = now + kReportInterval;
  report(now, sink);
}

media::rtcp::ReportBlock Reception::block_of(Instant now, Stream& stream) const {
  media::rtcp::ReportBlock block;
  block.ssrc = media::Ssrc(stream.ssrc);
  block.highest_sequence = stream.line.highest();
  const int64_t highest = stream.sequences.highest().value_or(0);
  const auto expected =
      static_cast<uint64_t>(std::max<int64_t>(0, highest - stream.first.value_or(highest) + 1));
  // RFC 3550 appendix A.3.
  const uint64_t new_expected = expected - std::min(expected, stream.reported_expected);
  const uint64_t new_kept = stream.kept - stream.reported_kept;
  if (new_expected > new_kept) {
    block.fraction_lost = static_cast<uint8_t>(
        std::min<uint64_t>(255, (new_expected - new_kept) * 256 / new_expected));
  }
  constexpr int64_t kMost = 0x7fffff;  // 24 bits signed
  block.cumulative_lost = static_cast<int32_t>(std::clamp(
      static_cast<int64_t>(expected) - static_cast<int64_t>(stream.kept), -kMost, kMost));
  stream.reported_expected = expected;
  stream.reported_kept = stream.kept;
  if (stream.last_sr != 0) {
    block.last_sr = stream.last_sr;
    block.delay_since_last_sr = media::rtcp::to_compact(now - stream.last_sr_at);
  }
  return block;
}

void Reception::report(Instant now, RtcpSink& sink) {
  std::vector<media::rtcp::ReportBlock> blocks;
  for (Stream& stream : streams_) {
    if (!stream.first || blocks.size() == media::rtcp::kMaxCount) continue;
    blocks.push_back(block_of(now, stream));
  }
  std::array<uint8_t, 1024> bytes;
  media::ByteWriter out(bytes);
  if (!blocks.empty() && media::rtcp::write_receiver_report(out, kReporter, blocks))
    sink.send_rtcp(out.written());
}

void Reception::ask(Instant now, Duration rtt, RtcpSink& sink) {
  std::vector<uint16_t> missing;
  for (Stream& stream : streams_) {
    if (!stream.rtx) continue;
    missing.clear();
    stream.nacks.poll(now, rtt, missing);
    std::array<uint8_t, 1024> bytes;
    media::ByteWriter out(bytes);
    const media::Ssrc from(stream.ssrc);
    if (!missing.empty()) repair_.asked += media::rtcp::write_nack(out, kReporter, from, missing);
    if (stream.nacks.take_key_frame_needed())
      static_cast<void>(media::rtcp::write_pli(out, kReporter, from));
    if (!out.written().empty()) sink.send_rtcp(out.written());
  }
}

void Reception::send_transport_feedback(Instant now, RtcpSink& sink) {
  media::receive::TransportCcRecorder::Feedback feedback;
  if (!arrivals_.poll(now, feedback)) return;
  std::span<const media::rtcp::Arrival> rest = feedback.arrivals;
  int64_t base = feedback.base;
  uint8_t number = feedback.count;
  const media::Ssrc about(streams_.empty() ? 0 : streams_.front().ssrc);
  while (!rest.empty()) {
    std::array<uint8_t, 1100> bytes;
    media::ByteWriter out(bytes);
    const size_t covered =
        media::rtcp::write_transport_feedback(out, kReporter, about, number, base, rest);
    if (covered == 0) return;
    sink.send_rtcp(out.written());
    base = rest[covered - 1].sequence + 1;
    rest = rest.subspan(covered);
    if (!rest.empty()) number = arrivals_.next_count();
  }
}

StreamCheck::Counts Reception::line() const {
  StreamCheck::Counts sum;
  for (const Stream& stream : streams_) sum += stream.line.counts();
  return sum;
}

uint64_t Reception::holes() const {
  uint64_t sum = 0;
  for (const Stream& stream : streams_) sum += stream.holes.size();
  return sum;
}

}  // namespace signaling::load
