// Feedback messages: generic NACK and PLI (RFC 4585), FIR (RFC 5104), REMB
// (draft-alvestrand-rmcat-remb-03). Views borrow the packet; builders write one block each, whole
// or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/units.h"

namespace media::rtcp {

// Feedback message types: of packet type 205 and of 206.
inline constexpr uint8_t kFmtNack = 1;
inline constexpr uint8_t kFmtTransportCc = 15;
inline constexpr uint8_t kFmtPli = 1;
inline constexpr uint8_t kFmtFir = 4;
inline constexpr uint8_t kFmtApplication = 15;
inline constexpr uint32_t kRembIdentifier = 0x52454D42;  // "REMB"

// RFC 4585 section 6.2.1: pairs of a lost sequence number and a bit mask of the 16 that follow it.
class Nack {
 public:
  Nack() = default;
  Nack(Ssrc sender_ssrc, Ssrc media_ssrc, ByteSpan pairs)
      : sender(sender_ssrc), media(media_ssrc), pairs_(pairs) {}

  Ssrc sender;
  Ssrc media;

  // Calls `visit(uint16_t sequence)` for each sequence number asked for, in the order of the
  // message.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t at = 0; at + 4 <= pairs_.size(); at += 4) {
      const uint16_t first = load_be16(pairs_.data() + at);
      visit(first);
      for (uint32_t mask = load_be16(pairs_.data() + at + 2), i = 1; mask != 0; mask >>= 1, ++i) {
        if ((mask & 1) != 0) visit(static_cast<uint16_t>(first + i));
      }
    }
  }

 private:
  ByteSpan pairs_;
};

struct Pli {  // RFC 4585 section 6.3.1
  Ssrc sender;
  Ssrc media;
};

class Fir {  // RFC 5104 section 4.3.1
 public:
  struct Entry {
    Ssrc ssrc;             // the stream that shall send a key frame
    uint8_t sequence = 0;  // repeated with an unchanged number = the same request
    bool operator==(const Entry&) const = default;
  };
  Fir() = default;
  Fir(Ssrc sender_ssrc, ByteSpan entries) : sender(sender_ssrc), entries_(entries) {}

  Ssrc sender;
  [[nodiscard]] size_t size() const { return entries_.size() / 8; }
  [[nodiscard]] Entry operator[](size_t index) const {
    const uint8_t* p = entries_.data() + 8 * index;
    return Entry{Ssrc(load_be32(p)), p[4]};
  }

 private:
  ByteSpan entries_;
};

class Remb {
 public:
  Remb() = default;
  Remb(Ssrc sender_ssrc, DataRate bitrate, ByteSpan ssrcs)
      : sender(sender_ssrc), rate(bitrate), ssrcs_(ssrcs) {}

  Ssrc sender;
  DataRate rate;  // total estimated capacity
  [[nodiscard]] size_t size() const { return ssrcs_.size() / 4; }
  [[nodiscard]] Ssrc operator[](size_t index) const {
    return Ssrc(load_be32(ssrcs_.data() + 4 * index));
  }

 private:
  ByteSpan ssrcs_;
};

// `sequences` in ascending (wrapping) order. Packs as many as fit; returns how many were written, 0
// when not even one fits or the list is empty.
size_t write_nack(ByteWriter& out, Ssrc sender, Ssrc media, std::span<const uint16_t> sequences);
bool write_pli(ByteWriter& out, Ssrc sender, Ssrc media);
// At least one entry.
bool write_fir(ByteWriter& out, Ssrc sender, std::span<const Fir::Entry> entries);
// At most 255 sources. `rate` not negative; precision 18 bits, rounded down.
bool write_remb(ByteWriter& out, Ssrc sender, DataRate rate, std::span<const Ssrc> ssrcs);

}  // namespace media::rtcp
