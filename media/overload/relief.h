// What a worker leaves out when it cannot carry everything, least missed first, and how it walks
// that order: down a step every few hundred milliseconds while it is overloaded, up one every few
// seconds when it is calm, ever more carefully when going up did not hold. Pure.
//
// The order: small pictures first, the picture that the lesson is about late, the teacher's and the
// called class's voice never. Publishers, recordings and all signaling are left alone: they are one
// stream each, what costs is the fan-out.
#pragma once

#include <cstdint>

#include "media/base/model.h"
#include "media/base/time.h"
#include "media/overload/load_meter.h"

namespace media::overload {

// Each step includes those before it.
enum class Relief : uint8_t {
  None,
  SlowThumbnails,  // small pictures at their lowest layer and frame rate
  NoThumbnails,
  LowStage,      // the called class's picture at its lowest layer
  LowMain,       // the teacher's too
  SlowPictures,  // teacher and stage at the lowest frame rate as well
  NoStage,
  NoMain,
  NoScreen,   // courseware as video
  FewVoices,  // only the teacher and who was called are heard
};
inline constexpr Relief kLastRelief = Relief::FewVoices;

// As used in metrics and messages, for example "no-thumbnails".
const char* relief_name(Relief relief);

// What a slot may carry under `relief`.
struct Allowance {
  bool shown = true;
  LayerLimit limit;
  bool operator==(const Allowance&) const = default;
};
Allowance allowance_of(Relief relief, MediaKind kind, SlotUse use);

class ReliefLadder {
 public:
  // Call with every new sample of the meter. Returns relief().
  Relief on_level(Instant now, LoadLevel level);
  [[nodiscard]] Relief relief() const { return relief_; }

  // A step shows its effect in the meter after its smoothing; the whole way takes about four
  // seconds.
  static constexpr Duration kStepDown = Duration::millis(450);
  // A picture that comes and goes is worse than none: up slowly, and twice as slowly each time it
  // did not hold, up to a minute.
  static constexpr Duration kStepUp = Duration::seconds(4);
  static constexpr Duration kStepUpMax = Duration::seconds(60);
  // Overloaded again this soon after a step up: it did not hold.
  static constexpr Duration kProbation = Duration::seconds(10);
  // After this long without a step down, the next attempts are quick again.
  static constexpr Duration kForgiven = Duration::seconds(120);

 private:
  void step_down(Instant now);
  void step_up(Instant now);

  Relief relief_ = Relief::None;
  Instant next_down_;
  Instant last_down_;
  Instant last_up_ = Instant::never();
  Instant calm_since_ = Instant::never();
  Duration patience_ = kStepUp;
};

}  // namespace media::overload
