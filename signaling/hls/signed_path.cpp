#include "signaling/hls/signed_path.h"

#include <fmt/format.h>
#include <sodium.h>

#include <charconv>

namespace signaling::hls {
namespace {

// Ends no later than this many steps ahead; a grant that says otherwise was not made here.
constexpr int64_t kMaxSteps = 2;
// 32 bytes as base64url without padding, and the NUL that libsodium adds.
constexpr size_t kSignatureText = 44;

}  // namespace

std::string PathSigner::signature(std::string_view lesson, uint64_t turn, int64_t expires_s) const {
  // The numbers stand first and end with ':': no lesson can be chosen so that two triples agree.
  const std::string text = fmt::format("hls:{}:{}:{}", expires_s, turn, lesson);
  std::array<uint8_t, crypto_auth_hmacsha256_BYTES> mac{};
  static_assert(std::tuple_size_v<Key> == crypto_auth_hmacsha256_KEYBYTES);
  crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size(), key_.data());
  std::array<char, kSignatureText> out{};
  sodium_bin2base64(out.data(), out.size(), mac.data(), mac.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return out.data();
}

PathSigner::Grant PathSigner::grant(std::string_view lesson, uint64_t turn, int64_t now_s) const {
  const int64_t expires = (now_s / kStepSeconds + kMaxSteps) * kStepSeconds;
  return {fmt::format("{}.{}", expires, signature(lesson, turn, expires)), expires};
}

media::Result<void> PathSigner::check(std::string_view lesson, uint64_t turn,
                                      std::string_view grant, int64_t now_s) const {
  const auto refuse = [] {
    return media::fail(media::Errc::Unauthorized, "the address is not valid, or not any more");
  };
  const size_t dot = grant.find('.');
  if (dot == std::string_view::npos) return refuse();
  int64_t expires = 0;
  const char* const end = grant.data() + dot;
  const auto [stop, error] = std::from_chars(grant.data(), end, expires);
  if (error != std::errc() || stop != end) return refuse();
  const std::string expected = signature(lesson, turn, expires);
  const std::string_view given = grant.substr(dot + 1);
  if (given.size() != expected.size() ||
      sodium_memcmp(given.data(), expected.data(), expected.size()) != 0)
    return refuse();
  if (expires <= now_s || expires > now_s + kMaxSteps * kStepSeconds) return refuse();
  return {};
}

}  // namespace signaling::hls
