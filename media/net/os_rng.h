// Randomness fit for secrets, from the kernel (getrandom), fetched in blocks. Owner and thread:
// one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "media/base/rng.h"

namespace media::net {

class OsRng final : public Rng {
 public:
  OsRng() = default;
  ~OsRng() override;
  OsRng(const OsRng&) = delete;
  OsRng& operator=(const OsRng&) = delete;

  uint64_t next() override;

 private:
  std::array<uint64_t, 32> block_{};
  size_t used_ = 32;
};

}  // namespace media::net
