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
  // A step up must have fitted with this much to spare for a while: shortly before anything ever
  // went wrong, a second afterwards, twice as long each time that one did not hold, up to half a
  // minute.
  static constexpr double kStepRoom = 1.1;
  static constexpr Duration kFirstStepAfter = Duration::millis(300);
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
    size_t want = 0;    // index
    size_t memory = 0;  // index
    std::array<Step, kSpatialLayers * kTemporalLayers> steps;
    int count = 0;
    int held = -1;       // step granted the last time; -1: none
    int cap = -1;        // highest step to be given in a pass
    int level = -1;      // step given in a pass
    bool fits = false;   // could rise
    bool waits = false;  // ... and may not yet
    double room = kStepRoom;
    [[nodiscard]] int64_t bps_of(int step) const {
      return step < 0 ? 0 : steps[static_cast<size_t>(step)].bps;
    }
  };
  // What is remembered of a slot between updates.
  struct Memory {
    SlotId slot;
    bool seen = false;  // in this update
    bool fresh = true;  // nothing decided yet
    bool shown = false;
    bool paused = false;  // was shown, and went because the line was too narrow
    LayerLimit limit;
    Instant below_since = Instant::never();
    Instant fits_since = Instant::never();
    Instant rose_at = Instant::never();
    Instant fell_at = Instant::never();
    Duration patience = kFirstStepAfter;
  };

  void build_paths(std::span<const Want> wants);
  static void add_steps(const Want& want, Path& path);
  static void add_step(Path& path, LayerLimit limit, DataRate rate);
  [[nodiscard]] int held_step(const Path& path, const Memory& memory) const;
  size_t memory_of(SlotId slot, size_t hint);
  void forget_the_gone();

  void spend();
  void give_least(Rank from, Rank to);
  void give_more(Rank rank);
  bool give(Path& path, int step);

  void be_patient(Instant now);
  bool note_who_fits(Instant now);
  void give_grace(Instant now);
  void remember(Instant now, const Path& path);
  void write_grants(std::span<const Want> wants);
  void summarize(const Line& line);
  void choose_red(Instant now, const Line& line);
  [[nodiscard]] int64_t voices_bps() const;
  [[nodiscard]] int64_t spent_red() const;

  std::vector<Path> paths_;  // in the order of spending
  std::vector<Memory> memories_;
  std::vector<Grant> grants_;
  std::vector<Grant> previous_;
  Allocation allocation_;
  int64_t budget_ = 0;
  int64_t spent_ = 0;
  Instant red_low_since_ = Instant::never();
};

}  // namespace media::allocate
