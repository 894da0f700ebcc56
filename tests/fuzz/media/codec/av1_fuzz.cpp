// AV1 payloads, and their descriptors one after the other through one reader: lies are refused,
// and what is taken refers only to structures that are there.
#include "media/codec/av1.h"

#include <algorithm>

#include "media/base/check.h"
#include "media/codec/dependency_descriptor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace media;
  using namespace media::codec;
  (void)parse_av1(ByteSpan(data, size), true);
  if (const auto packet = read_av1_elements(ByteSpan(data, size))) {
    CHECK(packet->count > 0 && packet->count <= Av1Elements::kMaxElements);
    for (size_t i = 0; i < packet->count; ++i) {
      const auto obu = parse_obu(packet->elements[i]);
      if (!obu) continue;
      CHECK(obu->payload.size() < packet->elements[i].size());
      if (const auto sequence = parse_av1_sequence(obu->payload))
        CHECK(sequence->width > 0 && sequence->height > 0);
    }
  }
  (void)parse_av1_sequence(ByteSpan(data, size));
  ByteReader in(ByteSpan(data, size));
  DependencyReader reader;
  while (in.remaining() > 0) {
    const size_t length = in.u8();
    const auto facts = reader.read(in.bytes(std::min(length, in.remaining())));
    if (!facts) continue;
    const DependencyStructure* structure = reader.structure(facts->structure_version);
    CHECK(structure != nullptr && structure->target_count <= kMaxDecodeTargets);
    CHECK(facts->diff_count <= kMaxFrameDiffs && facts->spatial_id < kMaxDdSpatialLayers);
    if (structure->target_count < kMaxDecodeTargets)
      CHECK((facts->active_targets >> structure->target_count) == 0);
  }
  return 0;
}
