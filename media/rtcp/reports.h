// Sender and receiver reports, source descriptions and goodbyes (RFC 3550 section 6).
// Views borrow the packet; builders write one block each and leave nothing half written: false
// means "no room".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/time.h"

namespace media::rtcp {

// Packet types (RFC 3550 section 12.1, RFC 4585 section 6.1).
inline constexpr uint8_t kSenderReport = 200;
inline constexpr uint8_t kReceiverReport = 201;
inline constexpr uint8_t kSdes = 202;
inline constexpr uint8_t kBye = 203;
inline constexpr uint8_t kTransportFeedback = 205;
inline constexpr uint8_t kPayloadFeedback = 206;
// The five bits of a block's count field.
inline constexpr size_t kMaxCount = 31;

// NTP time stamp: seconds since 1900 on the sender's clock, UQ32.32. Zero means "no clock".
struct NtpTime {
  uint64_t value = 0;

  auto operator<=>(const NtpTime&) const = default;
  // Bits 16..47: the form used in report blocks (LSR).
  [[nodiscard]] constexpr uint32_t middle32() const { return static_cast<uint32_t>(value >> 16); }
  // Microseconds since 1900, rounded to the nearest.
  [[nodiscard]] constexpr int64_t as_micros() const {
    const uint64_t seconds = value >> 32;
    const uint64_t fraction = value & 0xffffffff;
    return static_cast<int64_t>(seconds * 1'000'000 +
                                ((fraction * 1'000'000 + (1ULL << 31)) >> 32));
  }
  // `us` not negative.
  static constexpr NtpTime from_micros(int64_t us) {
    const auto u = static_cast<uint64_t>(us);
    return NtpTime{((u / 1'000'000) << 32) | (((u % 1'000'000) << 32) / 1'000'000)};
  }
};

// Spans in report blocks (DLSR) are in units of 1/65536 s.
constexpr uint32_t to_compact(Duration d) {
  return d <= Duration()
             ? 0
             : static_cast<uint32_t>((static_cast<uint64_t>(d.as_micros()) << 16) / 1'000'000);
}
constexpr Duration from_compact(uint32_t v) {
  return Duration::micros(static_cast<int64_t>((static_cast<uint64_t>(v) * 1'000'000) >> 16));
}

struct ReportBlock {              // RFC 3550 section 6.4.1
  Ssrc ssrc;                      // the stream reported on
  uint8_t fraction_lost = 0;      // of 256, since the previous report
  int32_t cumulative_lost = 0;    // 24 bits signed
  uint32_t highest_sequence = 0;  // extended: cycles << 16 | sequence
  uint32_t jitter = 0;            // in timestamp units
  uint32_t last_sr = 0;           // NtpTime::middle32 of the last sender report, 0 when none came
  uint32_t delay_since_last_sr = 0;  // 1/65536 s

  bool operator==(const ReportBlock&) const = default;
};
inline constexpr size_t kReportBlockSize = 24;

class ReportBlocks {
 public:
  ReportBlocks() = default;
  // `bytes` is a whole number of report blocks.
  explicit ReportBlocks(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] size_t size() const { return bytes_.size() / kReportBlockSize; }
  [[nodiscard]] ReportBlock operator[](size_t index) const;

 private:
  ByteSpan bytes_;
};

struct SenderInfo {
  Ssrc ssrc;
  NtpTime ntp;
  uint32_t rtp_timestamp = 0;  // the same instant as `ntp` on the stream's own clock
  uint32_t packet_count = 0;
  uint32_t octet_count = 0;  // payload bytes

  bool operator==(const SenderInfo&) const = default;
};

struct SenderReport {
  SenderInfo sender;
  ReportBlocks blocks;
};

struct ReceiverReport {
  Ssrc sender;
  ReportBlocks blocks;
};

struct Sdes {
  ByteSpan chunks;  // validated
  // CNAME of `ssrc`; empty when it is not given.
  [[nodiscard]] std::string_view cname_of(Ssrc ssrc) const;
};

class Bye {
 public:
  Bye() = default;
  Bye(ByteSpan ssrcs, std::string_view reason) : ssrcs_(ssrcs), reason_(reason) {}
  [[nodiscard]] size_t size() const { return ssrcs_.size() / 4; }
  [[nodiscard]] Ssrc operator[](size_t index) const {
    return Ssrc(load_be32(ssrcs_.data() + 4 * index));
  }
  [[nodiscard]] std::string_view reason() const { return reason_; }

 private:
  ByteSpan ssrcs_;
  std::string_view reason_;
};

// At most kMaxCount blocks.
bool write_sender_report(ByteWriter& out, const SenderInfo& sender,
                         std::span<const ReportBlock> blocks);
bool write_receiver_report(ByteWriter& out, Ssrc sender, std::span<const ReportBlock> blocks);
// One chunk with one CNAME of at most 255 bytes.
bool write_sdes_cname(ByteWriter& out, Ssrc ssrc, std::string_view cname);
// At most kMaxCount sources; `reason` of at most 255 bytes, may be empty.
bool write_bye(ByteWriter& out, std::span<const Ssrc> ssrcs, std::string_view reason);

}  // namespace media::rtcp
