// Which simulcast layers of one publisher somebody is shown or waits for; the others are switched
// off at the sender, whose uplink is the weakest line of all. On at once, off after a while in
// which nobody wanted the layer. The lowest stays on: a class that joins sees a picture at once.
// Pure. Owner: one per published picture. Thread: the owner's.
#pragma once

#include <array>
#include <cstdint>

#include "media/base/time.h"

namespace media::allocate {

// Bit i: layer i.
using LayerSet = uint8_t;

class UplinkDemand {
 public:
  explicit UplinkDemand(uint8_t layers);

  // `wanted`: layers that some receiver shows, or that its line would carry. Returns the layers
  // that should be sent.
  LayerSet update(Instant now, LayerSet wanted);
  [[nodiscard]] LayerSet active() const { return active_; }

  // A layer that comes back costs its publisher a key frame and its watchers a second.
  static constexpr Duration kOffAfter = Duration::seconds(10);
  static constexpr uint8_t kMaxLayers = 3;

 private:
  uint8_t layers_;
  LayerSet active_;
  std::array<Instant, kMaxLayers> last_wanted_{};
  bool started_ = false;
};

}  // namespace media::allocate
