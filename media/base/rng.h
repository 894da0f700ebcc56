// Injected randomness: pure code takes an Rng&, the edge seeds it from the operating system, tests
// from a number.
#pragma once

#include <cstdint>
#include <span>

namespace media {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual uint64_t next() = 0;

  uint32_t next_u32() { return static_cast<uint32_t>(next() >> 32); }
  // Uniform in [0, bound); bound must not be zero. The bias of the modulo is below 2^-32 for 32-bit
  // bounds.
  uint64_t below(uint64_t bound) { return next() % bound; }
  void fill(std::span<uint8_t> out) {
    for (uint8_t& b : out) b = static_cast<uint8_t>(next() >> 56);
  }
};

// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, for tests and for values that need not be
// secret.
class SplitMix64 final : public Rng {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t next() override {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace media
