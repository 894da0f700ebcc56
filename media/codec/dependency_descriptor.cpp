#include "media/codec/dependency_descriptor.h"

#include <algorithm>

namespace media::codec {

namespace {

// f(n) and ns(n) of section A.8.1. A reader that runs past the end stays failed and gives zeros.
class BitReader {
 public:
  explicit BitReader(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  uint32_t f(unsigned count) {
    if (bytes_.size() * 8 - position_ < count) ok_ = false;
    if (!ok_) return 0;
    uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i, ++position_) {
      value = (value << 1) | ((uint32_t{bytes_[position_ / 8]} >> (7 - position_ % 8)) & 1U);
    }
    return value;
  }
  bool flag() { return f(1) != 0; }
  // One of `n` values in as few bits as it takes.
  uint32_t ns(uint32_t n) {
    unsigned width = 0;
    while ((n >> width) != 0) ++width;
    const uint32_t short_codes = (1U << width) - n;
    const uint32_t value = f(width - 1);
    if (value < short_codes) return value;
    return (value << 1) - short_codes + f(1);
  }

 private:
  ByteSpan bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

struct Flags {
  bool structure = false;
  bool active_targets = false;
  bool custom_indications = false;
  bool custom_diffs = false;
};

Indications read_indications(BitReader& in, size_t targets) {
  Indications all = 0;
  for (size_t i = 0; i < targets; ++i) all |= Indications{in.f(2)} << (2 * i);
  return all;
}

// template_layers(). False when there are more layers or templates than can be.
bool read_layers(BitReader& in, DependencyStructure& s) {
  uint8_t spatial = 0;
  uint8_t temporal = 0;
  uint32_t next = 0;
  do {
    if (s.template_count == kMaxTemplates) return false;
    s.templates[s.template_count].spatial_id = spatial;
    s.templates[s.template_count].temporal_id = temporal;
    ++s.template_count;
    next = in.f(2);
    if (next == 1) ++temporal;
    if (next == 2) {
      temporal = 0;
      if (++spatial == kMaxDdSpatialLayers) return false;
    }
  } while (next != 3 && in.ok());
  s.spatial_layers = static_cast<uint8_t>(spatial + 1);
  return true;
}

// template_fdiffs().
bool read_template_diffs(BitReader& in, DependencyStructure& s) {
  for (size_t t = 0; t < s.template_count; ++t) {
    auto& entry = s.templates[t];
    while (in.flag()) {
      if (entry.diff_count == kMaxFrameDiffs) return false;
      entry.diffs[entry.diff_count++] = static_cast<uint8_t>(in.f(4) + 1);
    }
  }
  return true;
}

// template_chains(). What they protect is not used: the frames that a receiver was sent are known.
void skip_chains(BitReader& in, DependencyStructure& s) {
  s.chain_count = static_cast<uint8_t>(in.ns(s.target_count + 1U));
  if (s.chain_count == 0) return;
  for (size_t i = 0; i < s.target_count; ++i) in.ns(s.chain_count);
  for (size_t i = 0; i < size_t{s.template_count} * s.chain_count && in.ok(); ++i) in.f(4);
}

// decode_target_layers() and render_resolutions().
void read_targets(BitReader& in, DependencyStructure& s) {
  for (size_t target = 0; target < s.target_count; ++target) {
    auto& layers = s.targets[target];
    for (size_t t = 0; t < s.template_count; ++t) {
      const auto& entry = s.templates[t];
      if (indication_of(entry.indications, target) == Indication::NotPresent) continue;
      layers.spatial_id = std::max(layers.spatial_id, entry.spatial_id);
      layers.temporal_id = std::max(layers.temporal_id, entry.temporal_id);
    }
  }
  if (!in.flag()) return;
  for (size_t i = 0; i < s.spatial_layers; ++i) {
    s.width = static_cast<uint16_t>(in.f(16) + 1);
    s.height = static_cast<uint16_t>(in.f(16) + 1);
  }
}

Result<DependencyStructure> read_structure(BitReader& in) {
  DependencyStructure s;
  s.id_offset = static_cast<uint8_t>(in.f(6));
  s.target_count = static_cast<uint8_t>(in.f(5) + 1);
  if (!read_layers(in, s)) return fail(Errc::TooLarge, "too many layers in a descriptor");
  for (size_t t = 0; t < s.template_count; ++t)
    s.templates[t].indications = read_indications(in, s.target_count);
  if (!read_template_diffs(in, s)) return fail(Errc::Malformed, "too many references");
  skip_chains(in, s);
  read_targets(in, s);
  if (!in.ok()) return fail(Errc::Truncated, "dependency structure cut off");
  return s;
}

// frame_fdiffs().
bool read_diffs(BitReader& in, DependencyFacts& facts) {
  facts.diff_count = 0;
  while (const uint32_t size = in.f(2)) {
    if (facts.diff_count == kMaxFrameDiffs) return false;
    facts.diffs[facts.diff_count++] = static_cast<uint16_t>(in.f(4 * size) + 1);
  }
  return true;
}

uint32_t all_targets(const DependencyStructure& s) {
  return static_cast<uint32_t>((uint64_t{1} << s.target_count) - 1);
}

}  // namespace

Result<DependencyFacts> DependencyReader::read(ByteSpan descriptor) {
  BitReader in(descriptor);
  DependencyFacts facts;
  facts.starts_frame = in.flag();
  facts.ends_frame = in.flag();
  const uint32_t template_id = in.f(6);
  const auto number = static_cast<uint16_t>(in.f(16));
  if (!in.ok()) return fail(Errc::Truncated, "dependency descriptor cut off");

  Flags flags;
  if (descriptor.size() > kMinDescriptor) {
    flags.structure = in.flag();
    flags.active_targets = in.flag();
    flags.custom_indications = in.flag();
    flags.custom_diffs = in.flag();
    in.flag();  // custom_chains_flag: they come last and are not read
  }
  DependencyStructure fresh;
  uint32_t active = active_targets_;
  if (flags.structure) {
    const auto read = read_structure(in);
    if (!read) return tl::unexpected<Error>(read.error());
    fresh = *read;
    fresh.version = version_ + 1;
    active = all_targets(fresh);
  }
  const DependencyStructure* structure = flags.structure ? &fresh : this->structure(version_);
  if (structure == nullptr) return fail(Errc::Malformed, "descriptor before its structure");
  if (flags.active_targets) {
    active = 0;
    for (size_t i = structure->target_count; i-- > 0;) active |= in.f(1) << i;
  }
  const uint32_t index = (template_id + kMaxTemplates - structure->id_offset) % kMaxTemplates;
  if (index >= structure->template_count)
    return fail(Errc::Malformed, "descriptor of a missing template");

  const auto& entry = structure->templates[index];
  facts.spatial_id = entry.spatial_id;
  facts.temporal_id = entry.temporal_id;
  facts.diff_count = entry.diff_count;
  std::copy(entry.diffs.begin(), entry.diffs.end(), facts.diffs.begin());
  facts.indications =
      flags.custom_indications ? read_indications(in, structure->target_count) : entry.indications;
  if (flags.custom_diffs && !read_diffs(in, facts))
    return fail(Errc::Malformed, "too many references");
  if (!in.ok()) return fail(Errc::Truncated, "dependency descriptor cut off");

  if (flags.structure) {
    version_ = fresh.version;
    structures_[version_ & 1U] = fresh;
  }
  active_targets_ = active;
  facts.active_targets = active;
  facts.structure_version = version_;
  facts.has_structure = flags.structure;
  facts.frame = frames_.unwrap(number);
  return facts;
}

void DependencyReader::reset() {
  // The version goes on, so that nobody takes a new structure for one it knew.
  structures_ = {};
  active_targets_ = 0;
  frames_.reset();
}

void set_frame_number(MutableByteSpan descriptor, uint16_t number) {
  DCHECK(descriptor.size() >= kMinDescriptor);
  store_be16(descriptor.data() + 1, number);
}

}  // namespace media::codec
