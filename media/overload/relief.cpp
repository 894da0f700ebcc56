#include "media/overload/relief.h"

#include <algorithm>

namespace media::overload {

const char* relief_name(Relief relief) {
  switch (relief) {
    case Relief::None:
      return "none";
    case Relief::SlowThumbnails:
      return "slow-thumbnails";
    case Relief::NoThumbnails:
      return "no-thumbnails";
    case Relief::LowStage:
      return "low-stage";
    case Relief::LowMain:
      return "low-main";
    case Relief::SlowPictures:
      return "slow-pictures";
    case Relief::NoStage:
      return "no-stage";
    case Relief::NoMain:
      return "no-main";
    case Relief::NoScreen:
      return "no-screen";
    case Relief::FewVoices:
      return "few-voices";
  }
  return "unknown";
}

namespace {

constexpr Allowance kNothing{false, {0, 0}};
constexpr Allowance kSmallest{true, {0, 0}};
constexpr Allowance kLowest{true, {0}};

Allowance thumbnail(Relief relief) {
  if (relief >= Relief::NoThumbnails) return kNothing;
  return relief >= Relief::SlowThumbnails ? kSmallest : Allowance{};
}

Allowance stage(Relief relief) {
  if (relief >= Relief::NoStage) return kNothing;
  if (relief >= Relief::SlowPictures) return kSmallest;
  return relief >= Relief::LowStage ? kLowest : Allowance{};
}

Allowance main_picture(Relief relief) {
  if (relief >= Relief::NoMain) return kNothing;
  if (relief >= Relief::SlowPictures) return kSmallest;
  return relief >= Relief::LowMain ? kLowest : Allowance{};
}

}  // namespace

Allowance allowance_of(Relief relief, MediaKind kind, SlotUse use) {
  if (kind == MediaKind::Audio) {
    const bool is_other = use != SlotUse::Main && use != SlotUse::Stage;
    return is_other && relief >= Relief::FewVoices ? kNothing : Allowance{};
  }
  switch (use) {
    case SlotUse::Thumbnail:
      return thumbnail(relief);
    case SlotUse::Stage:
      return stage(relief);
    case SlotUse::Main:
    case SlotUse::OtherVoice:
      return main_picture(relief);
    case SlotUse::Screen:
      return relief >= Relief::NoScreen ? kNothing : Allowance{};
  }
  return {};
}

Relief ReliefLadder::on_level(Instant now, LoadLevel level) {
  if (level != LoadLevel::Calm) calm_since_ = Instant::never();
  if (level == LoadLevel::Overloaded) {
    step_down(now);
  } else if (level == LoadLevel::Calm) {
    if (calm_since_ == Instant::never()) calm_since_ = now;
    step_up(now);
  }
  return relief_;
}

void ReliefLadder::step_down(Instant now) {
  if (relief_ == kLastRelief || now < next_down_) return;
  if (last_up_ != Instant::never() && now - last_up_ < kProbation) {
    patience_ = std::min(patience_ * 2, kStepUpMax);
  }
  last_up_ = Instant::never();
  last_down_ = now;
  next_down_ = now + kStepDown;
  relief_ = static_cast<Relief>(static_cast<uint8_t>(relief_) + 1);
}

void ReliefLadder::step_up(Instant now) {
  if (now - last_down_ >= kForgiven) patience_ = kStepUp;
  if (relief_ == Relief::None || now - std::max(calm_since_, last_down_) < patience_) return;
  if (last_up_ != Instant::never() && now - last_up_ < patience_) return;
  relief_ = static_cast<Relief>(static_cast<uint8_t>(relief_) - 1);
  last_up_ = now;
}

}  // namespace media::overload
