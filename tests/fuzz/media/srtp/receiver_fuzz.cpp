// Packets that are no SRTP, and authentic ones with changed bytes. Input: profile, kind, position
// of a change, its value, then the packet.
#include <cstdint>
#include <cstring>
#include <vector>

#include "media/base/check.h"
#include "media/srtp/srtp_receiver.h"
#include "media/srtp/srtp_sender.h"

using media::ByteSpan;
using media::srtp::Backend;
using media::srtp::MasterKey;
using media::srtp::Profile;
using media::srtp::SrtpReceiver;
using media::srtp::SrtpSender;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kHead = 5;
  if (size < kHead || size > 1400) return 0;
  const auto profile = static_cast<Profile>(data[0] % 3);
  const Backend backend = data[0] % 2 == 0 ? Backend::Automatic : Backend::OpenSsl;
  const bool rtcp = data[1] % 2 == 1;
  MasterKey master;
  master.key.fill(3);
  SrtpReceiver receiver(profile, master, backend);
  std::vector<uint8_t> raw(data + kHead, data + size);
  const auto opened = rtcp ? receiver.open_rtcp(raw) : receiver.open_rtp(raw);
  CHECK(!opened);  // nobody guesses a tag
  // The same bytes made authentic: opened unchanged once, refused after a change and when repeated.
  std::vector<uint8_t> plain(data + kHead, data + size);
  plain.resize(std::max<size_t>(plain.size(), 12));
  plain[0] = 0x80;
  std::vector<uint8_t> sealed = plain;
  sealed.resize(plain.size() + media::srtp::kGcmTag + media::srtp::kRtcpIndex);
  SrtpSender sender(profile, master, backend);
  sealed.resize(
      rtcp ? sender.seal_rtcp(sealed, plain.size())
           : sender.seal_rtp(sealed, 12, plain.size(), media::load_be16(plain.data() + 2)));
  std::vector<uint8_t> changed = sealed;
  uint8_t& byte = changed[media::load_be16(data + 2) % changed.size()];
  const uint8_t before = byte;
  byte = data[4];
  std::vector<uint8_t> again = sealed;
  if (byte != before) CHECK(!(rtcp ? receiver.open_rtcp(changed) : receiver.open_rtp(changed)));
  const auto good = rtcp ? receiver.open_rtcp(sealed) : receiver.open_rtp(sealed);
  CHECK(good && good->size() == plain.size() &&
        std::memcmp(good->data(), plain.data(), plain.size()) == 0);
  CHECK(!(rtcp ? receiver.open_rtcp(again) : receiver.open_rtp(again)));
  return 0;
}
