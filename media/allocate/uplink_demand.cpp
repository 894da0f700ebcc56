#include "media/allocate/uplink_demand.h"

#include <algorithm>

namespace media::allocate {

UplinkDemand::UplinkDemand(uint8_t layers)
    : layers_(std::clamp<uint8_t>(layers, 1, kMaxLayers)),
      active_(static_cast<LayerSet>((1U << layers_) - 1)) {}

LayerSet UplinkDemand::update(Instant now, LayerSet wanted) {
  const bool first = !started_;
  started_ = true;
  for (uint8_t layer = 0; layer < layers_; ++layer) {
    const auto bit = static_cast<LayerSet>(1U << layer);
    if (first || layer == 0 || (wanted & bit) != 0) last_wanted_[layer] = now;
    if ((wanted & bit) != 0) active_ = static_cast<LayerSet>(active_ | bit);
    if (now - last_wanted_[layer] >= kOffAfter) active_ = static_cast<LayerSet>(active_ & ~bit);
  }
  return active_;
}

}  // namespace media::allocate
