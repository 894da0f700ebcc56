#include "media/rtcp/reports.h"

#include <algorithm>

#include "media/rtcp/block_head.h"

namespace media::rtcp {

namespace {

constexpr uint8_t kSdesEnd = 0;
constexpr uint8_t kSdesCname = 1;  // RFC 3550 section 6.5.1
constexpr size_t kMaxText = 255;   // one length byte

void write_report_blocks(ByteWriter& out, std::span<const ReportBlock> blocks) {
  for (const ReportBlock& b : blocks) {
    const int32_t lost = std::clamp(b.cumulative_lost, -0x800000, 0x7fffff);
    out.u32(b.ssrc.value);
    out.u8(b.fraction_lost);
    out.u24(static_cast<uint32_t>(lost) & 0xffffff);
    out.u32(b.highest_sequence);
    out.u32(b.jitter);
    out.u32(b.last_sr);
    out.u32(b.delay_since_last_sr);
  }
}

}  // namespace

ReportBlock ReportBlocks::operator[](size_t index) const {
  DCHECK(index < size());
  const uint8_t* p = bytes_.data() + index * kReportBlockSize;
  ReportBlock b;
  b.ssrc = Ssrc(load_be32(p));
  b.fraction_lost = p[4];
  const uint32_t lost = load_be24(p + 5);
  b.cumulative_lost = static_cast<int32_t>(lost) - ((lost & 0x800000) != 0 ? 0x1000000 : 0);
  b.highest_sequence = load_be32(p + 8);
  b.jitter = load_be32(p + 12);
  b.last_sr = load_be32(p + 16);
  b.delay_since_last_sr = load_be32(p + 20);
  return b;
}

std::string_view Sdes::cname_of(Ssrc ssrc) const {
  ByteReader in(chunks);
  while (in.remaining() >= 4) {
    const Ssrc chunk(in.u32());
    for (uint8_t type = in.u8(); in.ok() && type != kSdesEnd; type = in.u8()) {
      const ByteSpan text = in.bytes(in.u8());
      if (in.ok() && type == kSdesCname && chunk == ssrc) {
        return {reinterpret_cast<const char*>(text.data()), text.size()};
      }
    }
    if (in.ok()) in.skip((4 - in.position() % 4) % 4);
  }
  return {};
}

bool write_sender_report(ByteWriter& out, const SenderInfo& sender,
                         std::span<const ReportBlock> blocks) {
  const size_t size = 28 + kReportBlockSize * blocks.size();
  if (blocks.size() > kMaxCount || out.room() < size) return false;
  write_block_head(out, blocks.size(), kSenderReport, size);
  out.u32(sender.ssrc.value);
  out.u64(sender.ntp.value);
  out.u32(sender.rtp_timestamp);
  out.u32(sender.packet_count);
  out.u32(sender.octet_count);
  write_report_blocks(out, blocks);
  return out.ok();
}

bool write_receiver_report(ByteWriter& out, Ssrc sender, std::span<const ReportBlock> blocks) {
  const size_t size = 8 + kReportBlockSize * blocks.size();
  if (blocks.size() > kMaxCount || out.room() < size) return false;
  write_block_head(out, blocks.size(), kReceiverReport, size);
  out.u32(sender.value);
  write_report_blocks(out, blocks);
  return out.ok();
}

bool write_sdes_cname(ByteWriter& out, Ssrc ssrc, std::string_view cname) {
  if (cname.size() > kMaxText) return false;
  // RFC 3550 section 6.5: items end with one or more zero bytes up to the next word.
  const size_t items = 2 + cname.size();
  const size_t padding = 4 - items % 4;
  const size_t size = 8 + items + padding;
  if (out.room() < size) return false;
  write_block_head(out, 1, kSdes, size);
  out.u32(ssrc.value);
  out.u8(kSdesCname);
  out.u8(static_cast<uint8_t>(cname.size()));
  out.bytes({reinterpret_cast<const uint8_t*>(cname.data()), cname.size()});
  out.zeros(padding);
  return out.ok();
}

bool write_bye(ByteWriter& out, std::span<const Ssrc> ssrcs, std::string_view reason) {
  if (ssrcs.size() > kMaxCount || reason.size() > kMaxText) return false;
  const size_t text = reason.empty() ? 0 : 1 + reason.size();
  const size_t padding = (4 - text % 4) % 4;
  const size_t size = 4 + 4 * ssrcs.size() + text + padding;
  if (out.room() < size) return false;
  write_block_head(out, ssrcs.size(), kBye, size);
  for (const Ssrc ssrc : ssrcs) out.u32(ssrc.value);
  if (!reason.empty()) {
    out.u8(static_cast<uint8_t>(reason.size()));
    out.bytes({reinterpret_cast<const uint8_t*>(reason.data()), reason.size()});
    out.zeros(padding);
  }
  return out.ok();
}

}  // namespace media::rtcp
