#include "media/srtp/srtp_receiver.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "media/srtp/packet_iv.h"

namespace media::srtp {

namespace {

constexpr size_t kRtpFixedHeader = 12;  // RFC 3550 section 5.1
constexpr int64_t kSequences = 1 << 16;

// Fixed header, CSRCs and extension, all of which SRTP leaves readable. Zero when they do not fit
// into `plain_size`.
size_t rtp_header_size(ByteSpan packet, size_t plain_size) {
  size_t size = kRtpFixedHeader + 4 * static_cast<size_t>(packet[0] & 0x0f);
  if ((packet[0] & 0x10) != 0) {
    if (size + 4 > plain_size) return 0;
    size += 4 + 4 * static_cast<size_t>(load_be16(packet.data() + size + 2));
  }
  return size <= plain_size ? size : 0;
}

// RFC 3711 section 3.3.1 and appendix A: the index nearest to the newest authentic one. Negative
// for a sequence number before the first rollover.
int64_t estimate_index(int64_t highest, uint16_t sequence) {
  if (highest < 0) return sequence;
  int64_t index = highest - highest % kSequences + sequence;
  if (index - highest > kSequences / 2) index -= kSequences;
  if (highest - index > kSequences / 2) index += kSequences;
  return index;
}

}  // namespace

SrtpReceiver::SrtpReceiver(Profile profile, const MasterKey& master, Backend backend)
    : ciphers_(profile, master, backend) {}

ReplayWindow* SrtpReceiver::find(Sources& sources, uint32_t ssrc) {
  const auto at = std::ranges::find(sources, ssrc, &Source::ssrc);
  return at == sources.end() ? nullptr : &at->window;
}

bool SrtpReceiver::remember(Sources& sources, ReplayWindow* known, uint32_t ssrc,
                            int64_t index) const {
  if (known == nullptr) {
    if (sources.size() >= max_ssrcs_) return false;
    known = &sources.emplace_back(Source{ssrc, {}}).window;
  }
  known->mark(index);
  return true;
}

Result<MutableByteSpan> SrtpReceiver::open_rtp(MutableByteSpan packet) {
  const size_t tag = tag_size(ciphers_.profile);
  if (packet.size() < kRtpFixedHeader + tag)
    return fail(Errc::Truncated, "SRTP packet shorter than its tag");
  if ((packet[0] & 0xc0) != 0x80) return fail(Errc::Malformed, "SRTP packet of another version");
  const size_t plain = packet.size() - tag;
  const size_t header = rtp_header_size(packet, plain);
  if (header == 0) return fail(Errc::Malformed, "SRTP header longer than the packet");
  const uint32_t ssrc = load_be32(packet.data() + 8);
  ReplayWindow* const window = find(rtp_sources_, ssrc);
  const int64_t index =
      estimate_index(window != nullptr ? window->highest() : -1, load_be16(packet.data() + 2));
  if (index < 0 || index >= (int64_t{1} << 48) || (window != nullptr && !window->is_fresh(index))) {
    return fail(Errc::Replayed, "SRTP packet seen before or too old to tell");
  }
  if (!open_rtp_payload(packet, header, index))
    return fail(Errc::Unauthorized, "SRTP tag does not fit");
  if (!remember(rtp_sources_, window, ssrc, index))
    return fail(Errc::TooLarge, "too many SRTP sources");
  return packet.first(plain);
}

bool SrtpReceiver::open_rtp_payload(MutableByteSpan packet, size_t header_size, int64_t index) {
  const size_t plain = packet.size() - tag_size(ciphers_.profile);
  const uint32_t ssrc = load_be32(packet.data() + 8);
  const MutableByteSpan payload = packet.subspan(header_size, plain - header_size);
  const uint8_t* const tag = packet.data() + plain;
  if (ciphers_.rtp.gcm) {
    return ciphers_.rtp.gcm->open(gcm_iv(ciphers_.rtp.salt, ssrc, index), packet.first(header_size),
                                  payload, tag);
  }
  std::array<uint8_t, 4> rollover{};
  store_be32(rollover.data(), static_cast<uint32_t>(index >> 16));
  std::array<uint8_t, kSha1Tag> expected{};
  ciphers_.rtp.cm->authenticate(packet.first(plain), rollover, expected.data());
  if (CRYPTO_memcmp(expected.data(), tag, kSha1Tag) != 0) return false;
  ciphers_.rtp.cm->crypt(cm_iv(ciphers_.rtp.salt, ssrc, index), payload);
  return true;
}

Result<MutableByteSpan> SrtpReceiver::open_rtcp(MutableByteSpan packet) {
  const size_t overhead = tag_size(ciphers_.profile) + kRtcpIndex;
  if (packet.size() < kRtcpHeader + overhead)
    return fail(Errc::Truncated, "SRTCP packet shorter than its tag");
  if ((packet[0] & 0xc0) != 0x80) return fail(Errc::Malformed, "SRTCP packet of another version");
  // RFC 7714 section 9: the index follows the tag; RFC 3711 section 3.4: it stands before it.
  const size_t index_at = packet.size() - (ciphers_.rtcp.gcm ? kRtcpIndex : kRtcpIndex + kSha1Tag);
  const uint32_t index_word = load_be32(packet.data() + index_at);
  const int64_t index = index_word & ~kRtcpEncrypted;
  const uint32_t ssrc = load_be32(packet.data() + 4);
  ReplayWindow* const window = find(rtcp_sources_, ssrc);
  if (window != nullptr && !window->is_fresh(index)) {
    return fail(Errc::Replayed, "SRTCP packet seen before or too old to tell");
  }
  if (!open_rtcp_payload(packet, index_word))
    return fail(Errc::Unauthorized, "SRTCP tag does not fit");
  if (!remember(rtcp_sources_, window, ssrc, index))
    return fail(Errc::TooLarge, "too many SRTCP sources");
  return packet.first(packet.size() - overhead);
}

bool SrtpReceiver::open_rtcp_payload(MutableByteSpan packet, uint32_t index_word) {
  const bool encrypted = (index_word & kRtcpEncrypted) != 0;
  const int64_t index = index_word & ~kRtcpEncrypted;
  const uint32_t ssrc = load_be32(packet.data() + 4);
  const size_t plain = packet.size() - tag_size(ciphers_.profile) - kRtcpIndex;
  const MutableByteSpan body = packet.subspan(kRtcpHeader, plain - kRtcpHeader);
  if (ciphers_.rtcp.cm) {
    std::array<uint8_t, kSha1Tag> expected{};
    ciphers_.rtcp.cm->authenticate(packet.first(plain + kRtcpIndex), {}, expected.data());
    if (CRYPTO_memcmp(expected.data(), packet.data() + plain + kRtcpIndex, kSha1Tag) != 0)
      return false;
    if (encrypted) ciphers_.rtcp.cm->crypt(cm_iv(ciphers_.rtcp.salt, ssrc, index), body);
    return true;
  }
  const uint8_t* const tag = packet.data() + plain;
  const GcmIv iv = gcm_iv(ciphers_.rtcp.salt, ssrc, index);
  if (encrypted) {
    std::array<uint8_t, kRtcpHeader + kRtcpIndex> aad{};
    std::copy_n(packet.begin(), kRtcpHeader, aad.begin());
    store_be32(aad.data() + kRtcpHeader, index_word);
    return ciphers_.rtcp.gcm->open(iv, aad, body, tag);
  }
  // RFC 7714 section 9.3: the whole packet is authenticated, then the index word.
  std::vector<uint8_t> aad(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(plain));
  aad.resize(plain + kRtcpIndex);
  store_be32(aad.data() + plain, index_word);
  return ciphers_.rtcp.gcm->open(iv, aad, {}, tag);
}

}  // namespace media::srtp
