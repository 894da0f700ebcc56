#include "media/net/os_rng.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "media/base/check.h"

namespace media::net {

OsRng::~OsRng() {
  explicit_bzero(block_.data(), sizeof(block_));
}

uint64_t OsRng::next() {
  if (used_ == block_.size()) {
    // At most 256 bytes are never cut short by a signal (getrandom(2)).
    static_assert(sizeof(block_) <= 256);
    ssize_t got = 0;
    do {
      got = getrandom(block_.data(), sizeof(block_), 0);
    } while (got < 0 && errno == EINTR);
    CHECK(got == static_cast<ssize_t>(sizeof(block_)));
    used_ = 0;
  }
  const uint64_t value = block_[used_];
  block_[used_++] = 0;
  return value;
}

}  // namespace media::net
