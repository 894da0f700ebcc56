// Which simulcast layer one video slot shows. Up and down only at a key frame of the new layer; a
// layer that fell silent is left at the first key frame of any permitted one. Asks for the key
// frames it waits for. Owner: sfu::EgressSlot. Thread: the owner's.
#pragma once

#include <cstdint>
#include <optional>

#include "media/base/model.h"

namespace media::layers {

// Layers of one track, 0 the lowest. Chromium and the answers we write never use more than three.
inline constexpr uint8_t kMaxLayers = 3;
// Bit i: layer i is being sent.
using LayerMask = uint8_t;

enum class Decision : uint8_t {
  Forward,
  Drop,        // another layer is shown
  WaitForKey,  // nothing can be shown before a key frame
  Switch,      // show this layer from this packet on
};

class LayerSelector {
 public:
  // Highest layer to show; kBestLayer for no limit.
  void set_limit(uint8_t highest) { limit_ = highest; }
  void set_available(LayerMask available) { available_ = available; }
  // The source changed: what was shown before means nothing now.
  void restart() { current_.reset(); }

  // A packet of `layer`; `starts_key_frame`: a decoder can begin with it. Switch changes current().
  Decision on_packet(uint8_t layer, bool starts_key_frame);

  // The best permitted layer that is being sent; nothing when there is none.
  [[nodiscard]] std::optional<uint8_t> target() const;
  [[nodiscard]] std::optional<uint8_t> current() const { return current_; }
  // The layer of which a key frame is wanted now; nothing when the target is already shown.
  [[nodiscard]] std::optional<uint8_t> wants_key_frame_of() const;

 private:
  [[nodiscard]] bool may_show(uint8_t layer) const;

  uint8_t limit_ = kBestLayer;
  LayerMask available_ = 0;
  std::optional<uint8_t> current_;
};

}  // namespace media::layers
