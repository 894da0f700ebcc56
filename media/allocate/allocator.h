// What one receiver is shown over a line that does not carry everything. The rate is spent in this
// order: the teacher's voice, the called class's voice, other voices, courseware, the teacher's
// picture, the stage, thumbnails. Courseware, teacher and stage first get their least (a class that
// was called is seen before the teacher is seen in full size), then each in turn its best;
// thumbnails live on what is left.
//
// Down at once, up with patience: a step up must have fitted with room to spare for a while, and
// longer each time that one did not hold. The least picture goes only after two seconds below it
// and comes back after five above 1.2 times its cost (reliability: a picture that flickers is worse
// than none). Voices of the teacher and of the called class are never left out. Pure. Owner: one
// per receiver. Thread: the owner's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "media/base/model.h"
#include "media/base/units.h"

namespace media::allocate {

inline constexpr size_t kSpatialLayers = 3;
inline constexpr size_t kTemporalLayers = 4;

// What it costs on the line, headers included, to show a source up to spatial (or simulcast) layer
// s and temporal layer t; zero where the source has no such layer. Temporal layers may be given for
// none: then only [s][0] is set, and stands for the whole layer. For a layer that is switched off
// at its sender: what it last cost.
using LayerRates = std::array<std::array<DataRate, kTemporalLayers>, kSpatialLayers>;

// The order of spending.
enum class Rank : uint8_t {
  TeacherVoice,
  CalledVoice,
  OtherVoice,  // and courseware's sound
  Courseware,
  TeacherPicture,
  Stage,
  Thumbnail,
};
Rank rank_of(MediaKind kind, SlotUse use);

// One slot that shows something, or would.
struct Want {
  SlotId slot;
  MediaKind kind = MediaKind::Audio;
  SlotUse use = SlotUse::Main;
  LayerLimit wanted;  // as commanded (and as the worker's load allows)
  LayerRates rates;   // of a voice: rates[0][0]
};

struct Grant {
  SlotId slot;
  bool shown = true;     // false: paused, the line is too narrow
  LayerLimit limit;      // where shown; never above what was wanted
  DataRate rate;         // what it costs
  bool reduced = false;  // less than was wanted, or paused
  bool operator==(const Grant&) const = default;
};

// What is known of the line.
struct Line {
  DataRate target;  // estimate::EstimatorState::target
  double loss = 0;  // 0..1
  Duration rtt;
};

enum class PictureState : uint8_t { Full, Reduced, VoiceOnly };

struct Allocation {
  DataRate spent;
  // Blocks of RED (RFC 2198) per packet of the voices, 0..2: where packets are lost, and where it
  // takes nothing from the rest.
  uint8_t red_blocks = 0;
  // The rate at which everything wanted would fit, with the room that a step up needs; zero when
  // everything fits. For SendSideEstimator::set_wanted().
  DataRate wanted;
  // The rate at which the next step up would fit; zero when there is none.
  DataRate next_step;
  PictureState pictures = PictureState::Full;
  bool changed = false;  // some grant differs from the time before
};

class Allocator {
 public:
  // With each new estimate and each change of wants, at least ten times a second while something is
  // reduced. At most kMaxWants; more are left out and paused.
  const Allocation& update(Instant now, const Line& line, std::span<const Want> wants);

  [[nodiscard]] const Allocation& allocation() const { return allocation_; }
  // In the order of the wants given; valid until the next update().
  [[nodiscard]] std::span<const Grant> grants() const { return grants_; }

  // A 40-class wall has 12 pictures and a few voices.
  static constexpr size_t kMaxWants = 64;
  static constexpr Duration kPauseAfter = Duration::seconds(2);
  static constexpr Duration kResumeAfter = Duration::seconds(5);
  static constexpr double kResumeRoom = 1.2;
  // A step up must have fitted with this much to spare for this long, twice as long each time that
  // one did not hold, up to half a minute.
  static constexpr double kStepRoom = 1.1;
  static constexpr Duration kStepAfter = Duration::millis(1'000);
  static constexpr Duration kStepAfterMax = Duration::seconds(32);
  static constexpr Duration kProbation = Duration::seconds(10);
  static constexpr Duration kForgiven = Duration::seconds(90);
  // RED: the first block above 3 % loss, the second above 10 %; off below half of that for 10 s.
  static constexpr double kRedLoss = 0.03;
  static constexpr double kRedMoreLoss = 0.10;
  static constexpr Duration kRedHold = Duration::seconds(10);
  // Voices with their copies take at most this share of the rate beside a picture (of 50 % video
  // fell to 4 to 8 frames a second where of 25 % it kept 21 to 30), and this where there is none.
  static constexpr double kRedShare = 0.25;
  static constexpr double kRedShareAlone = 0.50;

 private:
  struct Step {
    LayerLimit limit;
    int64_t bps = 0;
  };
  // A slot's way from its least to what is wanted, by rising cost.
  struct Path {
    Rank rank = Rank::Thumbnail;
    size_t want = 0;  // index
    std::array<Step, kSpatialLayers * kTemporalLayers> steps;
    size_t count = 0;
    int level = -1;  // step granted in this pass; -1: none
  };
  // What is remembered of a slot between updates.
  struct Memory {
    SlotId slot;
    int64_t bps = 0;
    bool shown = false;
    bool known = false;
    LayerLimit limit;
    Instant below_since = Instant::never();
    Instant fits_since = Instant::never();
    Instant rose_at = Instant::never();
    Instant fell_at = Instant::never();
    Duration patience = kStepAfter;
  };

  void build_paths(std::span<const Want> wants);
  void spend(int64_t budget);
  void settle(Instant now, int64_t budget, std::span<const Want> wants);
  void settle_one(Instant now, Path& path, int64_t& left, int64_t rest_of_room);
  void choose_red(Instant now, const Line& line, int64_t voices);
  Memory& memory_of(SlotId slot);

  std::vector<Path> paths_;
  std::vector<Memory> memories_;
  std::vector<Grant> grants_;
  std::vector<Grant> previous_;
  Allocation allocation_;
  Instant red_low_since_ = Instant::never();
};

}  // namespace media::allocate
