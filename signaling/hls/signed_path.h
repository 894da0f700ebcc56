// The capability in a stream's address: /hls/{lesson}/{grant}/…, where a grant is
// "{expiry}.{signature}". Whoever was allowed to watch a moment ago gets one from the REST
// interface; players then fetch with it alone, so that plain <video> elements and caches work.
//
// Grants of one lesson that end together are the same text: all its viewers share addresses, which
// is what lets a cache in front of the server hold one copy. When one of them loses the right to
// watch, the lesson's `turn` goes on: every grant of before is void at once, and the others ask for
// a new one. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "media/base/result.h"

namespace signaling::hls {

class PathSigner {
 public:
  using Key = std::array<uint8_t, 32>;
  // A grant lasts between one and two of these: short enough that an address which was passed on is
  // soon worth nothing, long enough that renewing costs nothing.
  static constexpr int64_t kStepSeconds = 300;

  struct Grant {
    std::string text;
    int64_t expires_s = 0;  // Unix time
  };

  explicit PathSigner(const Key& key) : key_(key) {}

  [[nodiscard]] Grant grant(std::string_view lesson, uint64_t turn, int64_t now_s) const;
  // Errors: Unauthorized for a signature that is not ours, for another lesson or turn, and after
  // the expiry. Compares in constant time.
  [[nodiscard]] media::Result<void> check(std::string_view lesson, uint64_t turn,
                                          std::string_view grant, int64_t now_s) const;

 private:
  [[nodiscard]] std::string signature(std::string_view lesson, uint64_t turn,
                                      int64_t expires_s) const;

  Key key_;
};

}  // namespace signaling::hls
