// Dependency descriptors, written by the syntax of the AV1 RTP payload format, section A.8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tests {

class BitWriter {
 public:
  void f(unsigned count, uint32_t value) {
    for (unsigned i = count; i-- > 0;) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() =
          static_cast<uint8_t>(bytes_.back() | (((value >> i) & 1U) << (7 - used_ % 8)));
      ++used_;
    }
  }
  [[nodiscard]] std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
  unsigned used_ = 0;
};

struct DdTemplate {
  unsigned spatial = 0;
  unsigned temporal = 0;
  std::string indications;  // '-' not present, 'D' discardable, 'S' switch, 'R' required
  std::vector<unsigned> diffs;
};

// Two spatial layers, two temporal ones. Decode targets: S0T0, S0T1, S1T0, S1T1. Five templates a
// layer would repeat nothing: key, S0T0, S0T1, S1 key, S1T0, S1T1 in the order of layers.
struct DdStructure {
  unsigned offset = 0;
  unsigned targets = 4;
  std::vector<DdTemplate> templates;
};

// Below key pictures no spatial layer refers to another (k-SVC, L2T2_KEY).
inline DdStructure l2t2_key() {
  return {0,
          4,
          {{0, 0, "SSSS", {}},
           {0, 0, "SS--", {4}},
           {0, 1, "-D--", {2}},
           {1, 0, "--SS", {1}},
           {1, 0, "--SS", {4}},
           {1, 1, "---D", {2}}}};
}
// Each upper frame refers to the lower one of its picture (L2T2).
inline DdStructure l2t2_full() {
  return {0,
          4,
          {{0, 0, "SSSS", {}},
           {0, 0, "SSRR", {4}},
           {0, 1, "-D-R", {2}},
           {1, 0, "--SS", {1}},
           {1, 0, "--SS", {1, 4}},
           {1, 1, "---D", {1, 2}}}};
}

struct DdSample {
  bool start = true;
  bool end = true;
  unsigned id = 0;
  uint16_t frame = 0;
  std::optional<DdStructure> structure = std::nullopt;
  std::optional<uint32_t> active = std::nullopt;  // bit i: target i
  unsigned active_bits = 4;
};

inline uint32_t dti(char c) {
  return c == 'D' ? 1U : c == 'S' ? 2U : c == 'R' ? 3U : 0U;
}

inline void write_structure(BitWriter& w, const DdStructure& s) {
  w.f(6, s.offset);
  w.f(5, s.targets - 1);
  for (size_t i = 0; i < s.templates.size(); ++i) {
    if (i + 1 == s.templates.size()) {
      w.f(2, 3);
    } else if (s.templates[i + 1].spatial != s.templates[i].spatial) {
      w.f(2, 2);
    } else {
      w.f(2, s.templates[i + 1].temporal != s.templates[i].temporal ? 1 : 0);
    }
  }
  for (const auto& t : s.templates) {
    for (const char c : t.indications) w.f(2, dti(c));
  }
  for (const auto& t : s.templates) {
    for (const unsigned d : t.diffs) {
      w.f(1, 1);
      w.f(4, d - 1);
    }
    w.f(1, 0);
  }
  // chain_cnt is ns(targets + 1): for up to 7 targets, a first code of zeros is 0.
  w.f(s.targets + 1 >= 4 ? 2 : 1, 0);
  w.f(1, 1);  // sizes
  for (unsigned i = 0; i <= s.templates.back().spatial; ++i) {
    w.f(16, 320U * (i + 1) - 1);
    w.f(16, 180U * (i + 1) - 1);
  }
}

inline std::vector<uint8_t> dependency_descriptor(const DdSample& d) {
  BitWriter w;
  w.f(1, d.start ? 1 : 0);
  w.f(1, d.end ? 1 : 0);
  w.f(6, d.id);
  w.f(16, d.frame);
  if (!d.structure && !d.active) return w.take();
  w.f(1, d.structure ? 1 : 0);
  w.f(1, d.active ? 1 : 0);
  w.f(3, 0);
  if (d.structure) write_structure(w, *d.structure);
  if (d.active) {
    for (unsigned i = d.active_bits; i-- > 0;) w.f(1, (*d.active >> i) & 1U);
  }
  return w.take();
}

}  // namespace tests
