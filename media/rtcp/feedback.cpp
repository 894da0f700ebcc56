#include "media/rtcp/feedback.h"

#include "media/rtcp/block_head.h"
#include "media/rtcp/reports.h"

namespace media::rtcp {

namespace {
constexpr size_t kFeedbackHead = 12;  // block head, sender and media SSRC (RFC 4585 section 6.1)
}  // namespace

size_t write_nack(ByteWriter& out, Ssrc sender, Ssrc media, std::span<const uint16_t> sequences) {
  if (sequences.empty() || !out.ok() || out.room() < kFeedbackHead + 4) return 0;
  const size_t start = out.size();
  write_block_head(out, kFmtNack, kTransportFeedback, kFeedbackHead);  // length patched below
  out.u32(sender.value);
  out.u32(media.value);
  size_t used = 0;
  while (used < sequences.size() && out.room() >= 4) {
    const uint16_t first = sequences[used++];
    uint16_t mask = 0;
    while (used < sequences.size()) {
      const auto ahead = static_cast<uint16_t>(sequences[used] - first);
      if (ahead > 16) break;
      if (ahead != 0) mask = static_cast<uint16_t>(mask | (1U << (ahead - 1)));
      ++used;
    }
    out.u16(first);
    out.u16(mask);
  }
  out.patch_u16(start + 2, static_cast<uint16_t>((out.size() - start) / 4 - 1));
  return used;
}

bool write_pli(ByteWriter& out, Ssrc sender, Ssrc media) {
  if (out.room() < kFeedbackHead) return false;
  write_block_head(out, kFmtPli, kPayloadFeedback, kFeedbackHead);
  out.u32(sender.value);
  out.u32(media.value);
  return out.ok();
}

bool write_fir(ByteWriter& out, Ssrc sender, std::span<const Fir::Entry> entries) {
  const size_t size = kFeedbackHead + 8 * entries.size();
  if (entries.empty() || size > size_t{UINT16_MAX} * 4 || out.room() < size) return false;
  write_block_head(out, kFmtFir, kPayloadFeedback, size);
  out.u32(sender.value);
  out.u32(0);  // RFC 5104 section 4.3.1.2: media source SHALL be 0
  for (const Fir::Entry& e : entries) {
    out.u32(e.ssrc.value);
    out.u8(e.sequence);
    out.zeros(3);
  }
  return out.ok();
}

bool write_remb(ByteWriter& out, Ssrc sender, DataRate rate, std::span<const Ssrc> ssrcs) {
  const size_t size = kFeedbackHead + 8 + 4 * ssrcs.size();
  if (ssrcs.size() > UINT8_MAX || rate < DataRate() || out.room() < size) return false;
  auto mantissa = static_cast<uint64_t>(rate.as_bps());
  uint32_t exponent = 0;
  while (mantissa > 0x3ffff) {
    mantissa >>= 1;
    ++exponent;
  }
  write_block_head(out, kFmtApplication, kPayloadFeedback, size);
  out.u32(sender.value);
  out.u32(0);
  out.u32(kRembIdentifier);
  out.u8(static_cast<uint8_t>(ssrcs.size()));
  out.u24((exponent << 18) | static_cast<uint32_t>(mantissa));
  for (const Ssrc ssrc : ssrcs) out.u32(ssrc.value);
  return out.ok();
}

}  // namespace media::rtcp
