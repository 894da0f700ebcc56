// Any bytes: no overrun, and the cheap look at the user name agrees with the full parser.
#include "media/stun/message.h"

namespace {
// Not HMAC: only where it is called on and that its key and message are readable matters here.
media::stun::Sha1Digest fold(media::ByteSpan key, media::ByteSpan message) {
  media::stun::Sha1Digest out{};
  size_t i = 0;
  for (const uint8_t b : key) out[i++ % out.size()] ^= b;
  for (const uint8_t b : message) out[i++ % out.size()] ^= b;
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const media::ByteSpan bytes(data, size);
  const auto peeked = media::stun::peek_username(bytes);
  const auto message = media::stun::MessageView::parse(bytes);
  if (!message) return 0;
  const media::ByteSpan key(data, 4);
  (void)message->verify_integrity(fold, key);
  if (message->message_class() == media::stun::Class::Request && !message->username().empty()) {
    CHECK(peeked == message->username());
  }
  CHECK(message->unknown_required().size() <= media::stun::kMaxAttributes);
  return 0;
}
