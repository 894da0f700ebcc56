#include "media/layers/layer_selector.h"

namespace media::layers {

std::optional<uint8_t> LayerSelector::target() const {
  for (int layer = kMaxLayers - 1; layer >= 0; --layer) {
    if (layer <= limit_ && (available_ & (1U << layer)) != 0) return static_cast<uint8_t>(layer);
  }
  return std::nullopt;
}

bool LayerSelector::may_show(uint8_t layer) const {
  if (layer > limit_) return false;
  const auto goal = target();
  // Before anything is shown, or when the shown layer may not or can not be shown any more, any
  // picture is better than none; otherwise only a step towards the target.
  const bool current_usable =
      current_ && *current_ <= limit_ && (available_ & (1U << *current_)) != 0;
  if (!current_usable) return true;
  if (!goal) return false;
  return *goal > *current_ ? (layer > *current_ && layer <= *goal) : layer == *goal;
}

Decision LayerSelector::on_packet(uint8_t layer, bool starts_key_frame) {
  if (current_ && layer == *current_) {
    return layer <= limit_ || wants_key_frame_of() ? Decision::Forward : Decision::Drop;
  }
  if (starts_key_frame && may_show(layer)) {
    current_ = layer;
    return Decision::Switch;
  }
  return current_ ? Decision::Drop : Decision::WaitForKey;
}

std::optional<uint8_t> LayerSelector::wants_key_frame_of() const {
  const auto goal = target();
  return goal == current_ ? std::nullopt : goal;
}

}  // namespace media::layers
