#include "media/allocate/allocator.h"

#include <algorithm>

namespace media::allocate {

namespace {

// What a RED block adds to a voice's rate: its payload again, not its headers.
constexpr double kRedCost = 0.7;
// A share that is exceeded by less is left until the loss is over.
constexpr double kRedSlack = 1.2;
// Patience that is short keeps the room for who waits; a long one lets others have it meanwhile.
constexpr Duration kShortPatience = Duration::seconds(2);

double bps_of(DataRate rate) {
  return static_cast<double>(rate.as_bps());
}
bool is_voice(Rank rank) {
  return rank <= Rank::OtherVoice;
}
bool is_never_left_out(Rank rank) {
  return rank <= Rank::CalledVoice;
}

// Temporal layers of one spatial layer that exist and are wanted.
int temporal_count(const Want& want, size_t spatial) {
  int count = 0;
  for (size_t t = 0; t < kTemporalLayers && t <= want.wanted.temporal; ++t) {
    if (want.rates[spatial][t] > DataRate()) count = static_cast<int>(t) + 1;
  }
  return count;
}

}  // namespace

Rank rank_of(MediaKind kind, SlotUse use) {
  const bool voice = kind == MediaKind::Audio;
  switch (use) {
    case SlotUse::Main:
      return voice ? Rank::TeacherVoice : Rank::TeacherPicture;
    case SlotUse::Stage:
      return voice ? Rank::CalledVoice : Rank::Stage;
    case SlotUse::Screen:
      return voice ? Rank::OtherVoice : Rank::Courseware;
    case SlotUse::Thumbnail:
      return voice ? Rank::OtherVoice : Rank::Thumbnail;
    case SlotUse::OtherVoice:
      break;
  }
  return voice ? Rank::OtherVoice : Rank::Thumbnail;
}

// ---- what could be given ----

void Allocator::add_step(Path& path, LayerLimit limit, DataRate rate) {
  // What costs more and shows less is no step.
  while (path.count > 0 && path.bps_of(path.count - 1) >= rate.as_bps()) --path.count;
  path.steps[static_cast<size_t>(path.count++)] = {limit, rate.as_bps()};
}

void Allocator::add_steps(const Want& want, Path& path) {
  const size_t spatials = std::min<size_t>(kSpatialLayers, size_t{want.wanted.spatial} + 1);
  size_t top = spatials;
  for (size_t s = 0; s < spatials; ++s) {
    if (temporal_count(want, s) > 0) top = s;
  }
  if (top == spatials) {
    // Nothing is known of what it costs: its least, until that has been measured.
    add_step(path, LayerLimit(0, want.wanted.temporal), {});
    return;
  }
  // The best there is stays "no limit", so that a better one is taken when it comes.
  const auto limit = [&](size_t s, int t, int count) {
    return LayerLimit(s == top ? want.wanted.spatial : static_cast<uint8_t>(s),
                      t == count - 1 ? want.wanted.temporal : static_cast<uint8_t>(t));
  };
  const bool sharp_first = path.rank == Rank::Courseware;
  for (size_t s = 0; s <= top; ++s) {
    const int count = temporal_count(want, s);
    // A larger picture at the lowest frame rate moves worse than a smaller one at full rate; of
    // courseware nothing moves, and letters must be sharp.
    const int from = !sharp_first && s > 0 && count > 1 ? 1 : 0;
    const int to = sharp_first && s < top ? std::min(count, 1) : count;
    for (int t = from; t < to; ++t) {
      const DataRate rate = want.rates[s][static_cast<size_t>(t)];
      if (rate > DataRate()) add_step(path, limit(s, t, count), rate);
    }
  }
}

size_t Allocator::memory_of(SlotId slot, size_t hint) {
  if (hint < memories_.size() && memories_[hint].slot == slot) return hint;
  for (size_t i = 0; i < memories_.size(); ++i) {
    if (memories_[i].slot == slot) return i;
  }
  memories_.emplace_back().slot = slot;
  return memories_.size() - 1;
}

int Allocator::held_step(const Path& path, const Memory& memory) const {
  if (!memory.shown) return -1;
  int held = 0;  // what was shown stays shown, whatever became of its layers
  for (int i = 0; i < path.count; ++i) {
    const LayerLimit limit = path.steps[static_cast<size_t>(i)].limit;
    if (limit.spatial <= memory.limit.spatial && limit.temporal <= memory.limit.temporal) held = i;
  }
  return held;
}

void Allocator::build_paths(std::span<const Want> wants) {
  paths_.clear();
  for (Memory& memory : memories_) memory.seen = false;
  for (size_t i = 0; i < std::min(wants.size(), kMaxWants); ++i) {
    Path& path = paths_.emplace_back();
    path.rank = rank_of(wants[i].kind, wants[i].use);
    path.want = i;
    path.memory = memory_of(wants[i].slot, i);
    memories_[path.memory].seen = true;
    add_steps(wants[i], path);
    path.held = held_step(path, memories_[path.memory]);
    path.room = memories_[path.memory].paused ? kResumeRoom : kStepRoom;
  }
  // Few, and nearly in order from one time to the next.
  std::sort(paths_.begin(), paths_.end(), [](const Path& a, const Path& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.want < b.want;
  });
}

void Allocator::forget_the_gone() {
  // Paths point into the memories: only after them.
  std::erase_if(memories_, [](const Memory& memory) { return !memory.seen; });
}

// ---- spending ----

bool Allocator::give(Path& path, int step) {
  if (step > path.cap) return false;
  const int64_t total = spent_ - path.bps_of(path.level) + path.bps_of(step);
  const double needed = static_cast<double>(total) * (step > path.held ? path.room : 1.0);
  if (needed > static_cast<double>(budget_) && !is_never_left_out(path.rank)) return false;
  spent_ = total;
  path.level = step;
  return true;
}

void Allocator::give_least(Rank from, Rank to) {
  for (Path& path : paths_) {
    if (path.rank >= from && path.rank <= to) give(path, 0);
  }
}

void Allocator::give_more(Rank rank) {
  // Step by step in turn, so that equals get the same.
  for (bool more = true; more;) {
    more = false;
    for (Path& path : paths_) {
      if (path.rank != rank || path.level < 0) continue;
      // A step that does not fit may be followed by none that does: costs rise.
      more |= path.level + 1 < path.count && give(path, path.level + 1);
    }
  }
}

void Allocator::spend() {
  spent_ = spent_red();
  for (Path& path : paths_) path.level = -1;
  give_least(Rank::TeacherVoice, Rank::OtherVoice);
  give_least(Rank::Courseware, Rank::Stage);
  give_more(Rank::Courseware);
  give_more(Rank::TeacherPicture);
  give_more(Rank::Stage);
  give_least(Rank::Thumbnail, Rank::Thumbnail);
  give_more(Rank::Thumbnail);
}

int64_t Allocator::voices_bps() const {
  int64_t sum = 0;
  for (const Path& path : paths_) {
    if (is_voice(path.rank)) sum += path.bps_of(0);
  }
  return sum;
}

// ---- patience ----

// After a pass in which everybody might rise: who fits, since when, and who must wait for long.
// Returns whether somebody must.
bool Allocator::note_who_fits(Instant now) {
  bool long_wait = false;
  for (Path& path : paths_) {
    Memory& memory = memories_[path.memory];
    path.fits = path.fits || path.level > path.held;
    if (path.level <= path.held) continue;
    if (memory.fits_since == Instant::never()) memory.fits_since = now;
    const Instant ready = memory.fits_since + (memory.paused ? kResumeAfter : memory.patience);
    path.waits = !memory.fresh && !is_never_left_out(path.rank) && now < ready;
    if (!path.waits || ready - now <= kShortPatience) continue;
    path.cap = path.held;
    long_wait = true;
  }
  return long_wait;
}

// Nobody rises before its time. Who waits briefly keeps others from rising into its room, and takes
// from nobody yet; who waits for long lets others have it meanwhile.
void Allocator::be_patient(Instant now) {
  for (Path& path : paths_) path.cap = path.count - 1;
  spend();
  if (note_who_fits(now)) {
    spend();
    note_who_fits(now);
  }
  for (Path& path : paths_) {
    if (!path.fits) memories_[path.memory].fits_since = Instant::never();
    path.cap = path.waits ? path.held : std::max(path.level, path.held);
  }
  spend();
}

// The picture that matters most may stay on for a moment although its least does not fit: most dips
// are over sooner. Voices must not suffer for it.
void Allocator::give_grace(Instant now) {
  for (Path& path : paths_) {
    if (is_voice(path.rank)) continue;
    Memory& memory = memories_[path.memory];
    if (path.level >= 0 || path.held < 0) {
      memory.below_since = Instant::never();
    } else if (memory.below_since == Instant::never()) {
      memory.below_since = now;
    }
  }
  const auto first = std::find_if(paths_.begin(), paths_.end(),
                                  [](const Path& path) { return !is_voice(path.rank); });
  if (first == paths_.end() || first->level >= 0 || first->held < 0) return;
  const Memory& memory = memories_[first->memory];
  if (now - memory.below_since >= kPauseAfter) return;
  if (voices_bps() + first->bps_of(0) / 2 > budget_) return;
  first->level = 0;
  spent_ += first->bps_of(0);
}

void Allocator::remember(Instant now, const Path& path) {
  Memory& memory = memories_[path.memory];
  const int before = path.held;
  const int after = path.level;
  if (after > before && !memory.fresh) memory.rose_at = now;
  if (after < before) {
    const bool did_not_hold =
        memory.rose_at != Instant::never() && now - memory.rose_at < kProbation;
    memory.patience = did_not_hold
                          ? std::min(std::max(memory.patience, kStepAfter) * 2, kStepAfterMax)
                          : std::max(memory.patience, kStepAfter);
    memory.fell_at = now;
    memory.paused = after < 0;
  } else if (after >= 0) {
    memory.paused = false;
    if (memory.fell_at != Instant::never() && now - memory.fell_at > kForgiven)
      memory.patience = std::min(memory.patience, kStepAfter);
  }
  if (after != before) memory.fits_since = Instant::never();
  memory.shown = after >= 0;
  memory.fresh = false;
  if (after >= 0) memory.limit = path.steps[static_cast<size_t>(after)].limit;
}

// ---- telling ----

void Allocator::write_grants(std::span<const Want> wants) {
  std::swap(previous_, grants_);
  grants_.resize(wants.size());
  for (size_t i = 0; i < wants.size(); ++i) {
    grants_[i] = {wants[i].slot, false, LayerLimit(0, 0), DataRate(), true};
  }
  for (const Path& path : paths_) {
    Grant& grant = grants_[path.want];
    grant.shown = path.level >= 0;
    grant.reduced = path.level + 1 < path.count;
    if (!grant.shown) continue;
    grant.limit = path.steps[static_cast<size_t>(path.level)].limit;
    grant.rate = DataRate::bits_per_second(path.bps_of(path.level));
  }
  allocation_.changed =
      !std::equal(grants_.begin(), grants_.end(), previous_.begin(), previous_.end(),
                  [](const Grant& a, const Grant& b) {
                    return a.slot == b.slot && a.shown == b.shown && a.limit == b.limit;
                  });
}

void Allocator::summarize(const Line& line) {
  int64_t everything = 0;
  allocation_.next_step = DataRate();
  size_t pictures = 0;
  size_t shown = 0;
  bool reduced = false;
  for (const Path& path : paths_) {
    everything += path.bps_of(path.count - 1);
    const bool below = path.level + 1 < path.count;
    if (below && allocation_.next_step == DataRate()) {
      const int64_t total = spent_ - path.bps_of(path.level) + path.bps_of(path.level + 1);
      allocation_.next_step =
          DataRate::bits_per_second(static_cast<int64_t>(static_cast<double>(total) * path.room));
    }
    if (is_voice(path.rank)) continue;
    ++pictures;
    shown += path.level >= 0 ? 1 : 0;
    reduced |= below;
  }
  everything += spent_red();
  const double room = bps_of(line.target) / kStepRoom;
  allocation_.wanted = static_cast<double>(everything) > room
                           ? DataRate::bits_per_second(static_cast<int64_t>(
                                 static_cast<double>(everything) * kResumeRoom))
                           : DataRate();
  allocation_.spent = DataRate::bits_per_second(spent_);
  allocation_.pictures = pictures > 0 && shown == 0 ? PictureState::VoiceOnly
                         : reduced                  ? PictureState::Reduced
                                                    : PictureState::Full;
}

int64_t Allocator::spent_red() const {
  return static_cast<int64_t>(static_cast<double>(voices_bps()) * kRedCost *
                              allocation_.red_blocks);
}

void Allocator::choose_red(Instant now, const Line& line) {
  const auto voices = static_cast<double>(voices_bps());
  const bool alone =
      allocation_.pictures == PictureState::VoiceOnly ||
      std::none_of(paths_.begin(), paths_.end(), [](const Path& p) { return !is_voice(p.rank); });
  const double most = bps_of(line.target) * (alone ? kRedShareAlone : kRedShare);
  const auto fits = [&](int blocks, double slack) {
    return voices > 0 && voices * (1 + kRedCost * blocks) <= most * slack;
  };
  uint8_t& blocks = allocation_.red_blocks;
  while (blocks > 0 && !fits(blocks, kRedSlack)) --blocks;
  const uint8_t asked = line.loss > kRedMoreLoss ? 2 : line.loss > kRedLoss ? 1 : 0;
  if (asked > blocks) {
    while (blocks < asked && fits(blocks + 1, 1.0)) ++blocks;
    red_low_since_ = Instant::never();
    return;
  }
  const double keeps = (blocks == 2 ? kRedMoreLoss : kRedLoss) / 2;
  if (blocks == 0 || line.loss >= keeps) {
    red_low_since_ = Instant::never();
  } else if (red_low_since_ == Instant::never()) {
    red_low_since_ = now;
  } else if (now - red_low_since_ >= kRedHold) {
    --blocks;
    red_low_since_ = Instant::never();
  }
}

const Allocation& Allocator::update(Instant now, const Line& line, std::span<const Want> wants) {
  budget_ = std::max<int64_t>(line.target.as_bps(), 0);
  build_paths(wants);
  choose_red(now, line);
  be_patient(now);
  give_grace(now);
  for (const Path& path : paths_) remember(now, path);
  write_grants(wants);
  summarize(line);
  forget_the_gone();
  return allocation_;
}

}  // namespace media::allocate
