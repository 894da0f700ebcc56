#include "media/rtcp/transport_cc.h"

#include <algorithm>
#include <array>

#include "media/rtcp/block_head.h"
#include "media/rtcp/feedback.h"
#include "media/rtcp/reports.h"

namespace media::rtcp {

namespace {

constexpr size_t kFixedSize = 20;  // up to and including the feedback count
constexpr int64_t kTicksPerReference = kReferenceTick.as_micros() / kDeltaTick.as_micros();

// Packet status symbols (draft section 3.1.1).
constexpr uint8_t kLost = 0;
constexpr uint8_t kSmallDelta = 1;
constexpr uint8_t kLargeDelta = 2;
constexpr uint8_t kReserved = 3;

constexpr uint16_t kVectorChunk = 0x8000;
constexpr uint16_t kTwoBitVector = 0x4000;
constexpr size_t kOneBitSymbols = 14;
constexpr size_t kTwoBitSymbols = 7;
constexpr size_t kMaxRun = 0x1fff;

// ---- parse ----

// The symbol waits in `arrival` until the deltas behind the chunks are read.
void push_symbol(std::vector<PacketStatus>& out, uint16_t base, uint8_t symbol) {
  PacketStatus status;
  status.sequence = static_cast<uint16_t>(base + out.size());
  status.received = symbol != kLost;
  status.arrival = Duration::micros(symbol);
  out.push_back(status);
}

void read_chunk(uint16_t chunk, const TransportFeedback& head, std::vector<PacketStatus>& out) {
  const size_t missing = head.status_count - out.size();
  if ((chunk & kVectorChunk) == 0) {
    const auto symbol = static_cast<uint8_t>((chunk >> 13) & 3);
    const size_t run = std::min<size_t>(chunk & kMaxRun, missing);
    for (size_t i = 0; i < run; ++i) push_symbol(out, head.base_sequence, symbol);
  } else if ((chunk & kTwoBitVector) == 0) {
    for (size_t i = 0; i < std::min(kOneBitSymbols, missing); ++i) {
      push_symbol(out, head.base_sequence, static_cast<uint8_t>((chunk >> (13 - i)) & 1));
    }
  } else {
    for (size_t i = 0; i < std::min(kTwoBitSymbols, missing); ++i) {
      push_symbol(out, head.base_sequence, static_cast<uint8_t>((chunk >> (12 - 2 * i)) & 3));
    }
  }
}

bool has_reserved(const std::vector<PacketStatus>& statuses) {
  return std::any_of(statuses.begin(), statuses.end(), [](const PacketStatus& s) {
    return s.arrival == Duration::micros(kReserved);
  });
}

void read_deltas(ByteReader& in, std::vector<PacketStatus>& statuses) {
  int64_t ticks = 0;
  for (PacketStatus& status : statuses) {
    if (!status.received) {
      status.arrival = Duration();
      continue;
    }
    const bool small = status.arrival == Duration::micros(kSmallDelta);
    ticks += small ? int64_t{in.u8()} : int64_t{static_cast<int16_t>(in.u16())};
    status.arrival = kDeltaTick * ticks;
  }
}

// ---- build ----

struct Plan {
  std::array<uint8_t, kMaxStatuses> symbols;
  std::array<int16_t, kMaxStatuses> deltas;
  size_t symbol_count = 0;
  size_t delta_count = 0;
  size_t delta_bytes = 0;
};

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}
int64_t ticks_of(Instant at) {
  return floor_div(at.as_micros(), kDeltaTick.as_micros());
}

// Symbols and deltas of as many of `arrivals` as one message can express.
void make_plan(int64_t first_sequence, std::span<const Arrival> arrivals, int64_t reference,
               Plan& plan) {
  plan.symbol_count = plan.delta_count = plan.delta_bytes = 0;
  int64_t next = first_sequence;
  int64_t last_ticks = reference * kTicksPerReference;
  for (const Arrival& arrival : arrivals) {
    DCHECK(arrival.sequence >= next);
    const int64_t delta = ticks_of(arrival.at) - last_ticks;
    const auto gap = static_cast<uint64_t>(arrival.sequence - next);
    if (delta < INT16_MIN || delta > INT16_MAX || gap >= kMaxStatuses - plan.symbol_count) return;
    std::fill_n(plan.symbols.begin() + static_cast<ptrdiff_t>(plan.symbol_count), gap,
                uint8_t{kLost});
    plan.symbol_count += gap;
    const bool small = delta >= 0 && delta <= UINT8_MAX;
    plan.symbols[plan.symbol_count++] = small ? kSmallDelta : kLargeDelta;
    plan.deltas[plan.delta_count++] = static_cast<int16_t>(delta);
    plan.delta_bytes += small ? 1 : 2;
    last_ticks += delta;
    next = arrival.sequence + 1;
  }
}

size_t run_at(std::span<const uint8_t> symbols) {
  size_t run = 1;
  while (run < symbols.size() && run < kMaxRun && symbols[run] == symbols[0]) ++run;
  return run;
}

// The chunk that covers most of the front of `symbols`; `covered` is how many.
uint16_t make_chunk(std::span<const uint8_t> symbols, size_t& covered) {
  const size_t run = run_at(symbols);
  const size_t one_bit = std::min(kOneBitSymbols, symbols.size());
  const size_t two_bit = std::min(kTwoBitSymbols, symbols.size());
  const bool fits_one_bit =
      std::all_of(symbols.begin(), symbols.begin() + static_cast<ptrdiff_t>(one_bit),
                  [](uint8_t s) { return s <= kSmallDelta; });
  if (run >= (fits_one_bit ? one_bit : two_bit)) {
    covered = run;
    return static_cast<uint16_t>((size_t{symbols[0]} << 13) | run);
  }
  uint32_t chunk = kVectorChunk;
  if (fits_one_bit) {
    covered = one_bit;
    for (size_t i = 0; i < one_bit; ++i) chunk |= static_cast<uint32_t>(symbols[i]) << (13 - i);
  } else {
    covered = two_bit;
    chunk |= kTwoBitVector;
    for (size_t i = 0; i < two_bit; ++i) chunk |= static_cast<uint32_t>(symbols[i]) << (12 - 2 * i);
  }
  return static_cast<uint16_t>(chunk);
}

void write_chunks(ByteWriter& out, std::span<const uint8_t> symbols) {
  while (!symbols.empty() && out.ok()) {
    size_t covered = 0;
    out.u16(make_chunk(symbols, covered));
    symbols = symbols.subspan(covered);
  }
}

size_t chunk_bytes(std::span<const uint8_t> symbols) {
  size_t bytes = 0;
  while (!symbols.empty()) {
    size_t covered = 0;
    make_chunk(symbols, covered);
    symbols = symbols.subspan(covered);
    bytes += 2;
  }
  return bytes;
}

void write_deltas(ByteWriter& out, const Plan& plan) {
  for (size_t i = 0; i < plan.delta_count; ++i) {
    const int16_t delta = plan.deltas[i];
    if (delta >= 0 && delta <= UINT8_MAX) {
      out.u8(static_cast<uint8_t>(delta));
    } else {
      out.u16(static_cast<uint16_t>(delta));
    }
  }
}

}  // namespace

Result<TransportFeedback> parse_transport_feedback(ByteSpan block,
                                                   std::vector<PacketStatus>& statuses) {
  statuses.clear();
  if (block.size() < kFixedSize)
    return fail(Errc::Truncated, "transport feedback shorter than its head");
  ByteReader in(block);
  in.skip(4);
  TransportFeedback head;
  head.sender = Ssrc(in.u32());
  head.media = Ssrc(in.u32());
  head.base_sequence = in.u16();
  head.status_count = in.u16();
  head.reference_time = in.u24();
  head.feedback_count = in.u8();
  if (head.status_count == 0) return fail(Errc::Malformed, "transport feedback about no packet");
  if (head.status_count > kMaxStatuses)
    return fail(Errc::TooLarge, "transport feedback about too many packets");

  while (statuses.size() < head.status_count && in.remaining() >= 2)
    read_chunk(in.u16(), head, statuses);
  const bool complete = statuses.size() == head.status_count;
  const bool reserved = has_reserved(statuses);
  if (complete && !reserved) read_deltas(in, statuses);
  if (!complete || reserved || !in.ok()) {
    statuses.clear();
    return reserved ? fail(Errc::Malformed, "reserved packet status symbol")
                    : fail(Errc::Truncated, "transport feedback cut off");
  }
  return head;
}

size_t write_transport_feedback(ByteWriter& out, Ssrc sender, Ssrc media, uint8_t feedback_count,
                                int64_t first_sequence, std::span<const Arrival> arrivals) {
  DCHECK(!arrivals.empty() && first_sequence <= arrivals.front().sequence);
  const int64_t reference = floor_div(arrivals.front().at.as_micros(), kReferenceTick.as_micros());
  Plan plan;
  size_t size = 0;
  // Nearly always the first try fits; a shorter one is taken by halves so that the work stays
  // bounded.
  for (std::span<const Arrival> part = arrivals; !part.empty();
       part = part.first(part.size() / 2)) {
    make_plan(first_sequence, part, reference, plan);
    if (plan.delta_count == 0) return 0;
    size = kFixedSize + chunk_bytes(std::span(plan.symbols).first(plan.symbol_count)) +
           plan.delta_bytes;
    size = (size + 3) / 4 * 4;
    if (size <= out.room()) break;
    plan.delta_count = 0;
  }
  if (plan.delta_count == 0) return 0;

  const size_t start = out.size();
  write_block_head(out, kFmtTransportCc, kTransportFeedback, size);
  out.u32(sender.value);
  out.u32(media.value);
  out.u16(static_cast<uint16_t>(first_sequence));
  out.u16(static_cast<uint16_t>(plan.symbol_count));
  out.u24(static_cast<uint32_t>(reference) & (kReferenceTicks - 1));
  out.u8(feedback_count);
  write_chunks(out, std::span(plan.symbols).first(plan.symbol_count));
  write_deltas(out, plan);
  // Zero bytes up to the word, without the P bit: the status count already says where the deltas
  // end.
  out.zeros(size - (out.size() - start));
  return out.ok() ? plan.delta_count : 0;
}

}  // namespace media::rtcp
