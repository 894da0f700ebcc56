#include "media/rtcp/compound.h"

#include "media/rtcp/block_head.h"

namespace media::rtcp {

namespace {

constexpr size_t kHead = 4;
// Above this the REMB exponent shifts an 18-bit mantissa out of 63 bits.
constexpr uint32_t kMaxRembExponent = 44;

struct Framed {
  uint8_t count = 0;
  uint8_t packet_type = 0;
  ByteSpan block;  // with head, without padding
  [[nodiscard]] ByteSpan body() const { return block.subspan(kHead); }
};

std::optional<Block> read_reports(const Framed& f) {
  const bool from_sender = f.packet_type == kSenderReport;
  const size_t fixed = from_sender ? 24 : 4;
  const size_t blocks = kReportBlockSize * f.count;
  const ByteSpan body = f.body();
  // What is left over is a profile-specific extension (RFC 3550 section 6.4.3).
  if (body.size() < fixed + blocks) return std::nullopt;
  const ReportBlocks list(body.subspan(fixed, blocks));
  if (!from_sender) return ReceiverReport{Ssrc(load_be32(body.data())), list};
  SenderInfo info;
  info.ssrc = Ssrc(load_be32(body.data()));
  info.ntp = NtpTime{load_be64(body.data() + 4)};
  info.rtp_timestamp = load_be32(body.data() + 12);
  info.packet_count = load_be32(body.data() + 16);
  info.octet_count = load_be32(body.data() + 20);
  return SenderReport{info, list};
}

std::optional<Block> read_sdes(const Framed& f) {
  ByteReader in(f.body());
  for (size_t chunk = 0; chunk < f.count; ++chunk) {
    in.u32();
    for (uint8_t type = in.u8(); in.ok() && type != 0; type = in.u8()) in.skip(in.u8());
    if (!in.ok()) return std::nullopt;
    in.skip((4 - in.position() % 4) % 4);
  }
  if (!in.ok()) return std::nullopt;
  return Sdes{f.body().first(in.position())};
}

std::optional<Block> read_bye(const Framed& f) {
  const ByteSpan body = f.body();
  const size_t ssrcs = 4 * size_t{f.count};
  if (body.size() < ssrcs) return std::nullopt;
  std::string_view reason;
  if (body.size() > ssrcs) {
    const size_t size = body[ssrcs];
    if (body.size() - ssrcs - 1 < size) return std::nullopt;
    reason = {reinterpret_cast<const char*>(body.data()) + ssrcs + 1, size};
  }
  return Bye(body.first(ssrcs), reason);
}

std::optional<Block> read_remb(Ssrc sender, ByteSpan fci) {
  const size_t count = fci[4];
  const uint32_t exponent = fci[5] >> 2;
  const uint32_t mantissa = load_be24(fci.data() + 5) & 0x3ffff;
  if (fci.size() < 8 + 4 * count || (mantissa != 0 && exponent > kMaxRembExponent)) {
    return std::nullopt;
  }
  const auto bps = static_cast<int64_t>(mantissa == 0 ? 0 : uint64_t{mantissa} << exponent);
  return Remb(sender, DataRate::bits_per_second(bps), fci.subspan(8, 4 * count));
}

std::optional<Block> read_feedback(const Framed& f) {
  const ByteSpan body = f.body();
  if (body.size() < 8) return std::nullopt;
  const Ssrc sender(load_be32(body.data()));
  const Ssrc media(load_be32(body.data() + 4));
  const ByteSpan fci = body.subspan(8);
  if (f.packet_type == kTransportFeedback) {
    if (f.count == kFmtTransportCc) return TransportCcBlock{f.block};
    if (f.count != kFmtNack) return UnknownBlock{f.packet_type, f.count};
    if (fci.empty() || fci.size() % 4 != 0) return std::nullopt;
    return Nack(sender, media, fci);
  }
  if (f.count == kFmtPli) return Pli{sender, media};
  if (f.count == kFmtFir) {
    if (fci.empty() || fci.size() % 8 != 0) return std::nullopt;
    return Fir(sender, fci);
  }
  if (f.count == kFmtApplication && fci.size() >= 8 && load_be32(fci.data()) == kRembIdentifier) {
    return read_remb(sender, fci);
  }
  return UnknownBlock{f.packet_type, f.count};
}

std::optional<Block> read_block(const Framed& f) {
  switch (f.packet_type) {
    case kSenderReport:
    case kReceiverReport:
      return read_reports(f);
    case kSdes:
      return read_sdes(f);
    case kBye:
      return read_bye(f);
    case kTransportFeedback:
    case kPayloadFeedback:
      return read_feedback(f);
    default:
      return UnknownBlock{f.packet_type, f.count};
  }
}

// The block at the start of `rest`, padding taken off. Sets `size` to what it occupies.
std::optional<Framed> frame_block(ByteSpan rest, size_t& size) {
  if (rest.size() < kHead || (rest[0] >> 6) != 2) return std::nullopt;
  size = 4 * (size_t{load_be16(rest.data() + 2)} + 1);
  if (size > rest.size()) return std::nullopt;
  Framed f;
  f.count = rest[0] & 0x1f;
  f.packet_type = rest[1];
  size_t used = size;
  if ((rest[0] & 0x20) != 0) {
    // RFC 3550 section 6.4.1: only the last block may be padded, by a multiple of four.
    const size_t padding = rest[size - 1];
    if (size != rest.size() || padding == 0 || padding % 4 != 0 || padding > size - kHead) {
      return std::nullopt;
    }
    used -= padding;
  }
  f.block = rest.first(used);
  return f;
}

}  // namespace

std::optional<Block> CompoundReader::next() {
  if (malformed_ || position_ == packet_.size()) return std::nullopt;
  size_t size = 0;
  const auto framed = frame_block(packet_.subspan(position_), size);
  auto block = framed ? read_block(*framed) : std::nullopt;
  if (!block) {
    malformed_ = true;
    return std::nullopt;
  }
  position_ += size;
  return block;
}

}  // namespace media::rtcp
