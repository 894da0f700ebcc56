// The dependency descriptor (AV1 RTP payload format, appendix A): which decode targets a frame
// belongs to and what it refers to, without a look at the coded picture.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/seq.h"

namespace media::codec {

// Section A.8: what the fields' widths allow; references are those of AV1 (7) and one to spare.
inline constexpr size_t kMaxDecodeTargets = 32;
inline constexpr size_t kMaxTemplates = 64;
inline constexpr size_t kMaxFrameDiffs = 8;
inline constexpr size_t kMaxDdSpatialLayers = 4;
// Mandatory fields: flags and template, frame number.
inline constexpr size_t kMinDescriptor = 3;

// What a frame is to a decode target (table A.1, "DTI").
enum class Indication : uint8_t { NotPresent = 0, Discardable = 1, Switch = 2, Required = 3 };

// Two bits for each decode target, target 0 lowest.
using Indications = uint64_t;
constexpr Indication indication_of(Indications all, size_t target) {
  return static_cast<Indication>((all >> (2 * target)) & 3U);
}

// What a sender tells once and refers to afterwards.
struct DependencyStructure {
  struct Template {
    uint8_t spatial_id = 0;
    uint8_t temporal_id = 0;
    uint8_t diff_count = 0;
    std::array<uint8_t, kMaxFrameDiffs> diffs{};
    Indications indications = 0;
  };
  struct Target {  // the highest layers among the frames it holds
    uint8_t spatial_id = 0;
    uint8_t temporal_id = 0;
  };
  uint32_t version = 0;  // grows with each structure of one stream; 0: none came
  uint8_t id_offset = 0;
  uint8_t template_count = 0;
  uint8_t target_count = 0;
  uint8_t chain_count = 0;
  uint8_t spatial_layers = 0;
  uint16_t width = 0;  // of the highest spatial layer; 0 when not told
  uint16_t height = 0;
  std::array<Template, kMaxTemplates> templates{};
  std::array<Target, kMaxDecodeTargets> targets{};
};

// One packet's descriptor.
struct DependencyFacts {
  int64_t frame = 0;  // frame number, unwrapped
  Indications indications = 0;
  uint32_t active_targets = 0;     // bit i: decode target i is being sent
  uint32_t structure_version = 0;  // the structure that it was read with
  bool starts_frame = false;
  bool ends_frame = false;
  bool has_structure = false;
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  uint8_t diff_count = 0;
  std::array<uint16_t, kMaxFrameDiffs> diffs{};  // frame - diffs[i] is referred to
};

// Reads the descriptors of one stream in the order of their arrival. Owner: sfu::IngressLayer.
class DependencyReader {
 public:
  // Errors: Truncated (fields cut off), Malformed (a template that the structure does not have, or
  // no structure yet; more than kMaxFrameDiffs references), TooLarge (over kMaxDdSpatialLayers).
  // After an error the state is what it was before.
  Result<DependencyFacts> read(ByteSpan descriptor);

  // The structure of that version; nullptr when two newer ones have come since.
  [[nodiscard]] const DependencyStructure* structure(uint32_t version) const {
    const DependencyStructure& kept = structures_[version & 1U];
    return version != 0 && kept.version == version ? &kept : nullptr;
  }
  void reset();

 private:
  // The present one and the one before it: packets of a batch may still refer to that.
  std::array<DependencyStructure, 2> structures_{};
  uint32_t version_ = 0;
  uint32_t active_targets_ = 0;
  SeqUnwrapper frames_;
};

// Writes another frame number into a descriptor (at least kMinDescriptor bytes).
void set_frame_number(MutableByteSpan descriptor, uint16_t number);

}  // namespace media::codec
