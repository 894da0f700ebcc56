#include "media/client/synthetic_teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "media/base/check.h"

namespace media::client {
namespace {

constexpr int kWidth = 1280;
constexpr int kHeight = 720;
constexpr Duration kSoundFrame = Duration::millis(20);
// A picture that is this late is skipped: the machine is too slow, and a late picture only delays
// the next.
constexpr Duration kMaxLateness = Duration::millis(100);

}  // namespace

SyntheticTeacher::SyntheticTeacher(const Params& params, Instant start,
                                   std::unique_ptr<Publisher> publisher)
    : fps_(params.fps),
      wall_offset_us_(params.wall_offset_us),
      start_(start),
      publisher_(std::move(publisher)),
      picture_(kWidth, kHeight, params.grain) {}

Outcome<std::unique_ptr<SyntheticTeacher>> SyntheticTeacher::make(Params params, Instant start) {
  auto publisher = Publisher::make(static_cast<const Publisher::Params&>(params), start);
  if (!publisher) return tl::unexpected(publisher.error());
  if (auto ready = (*publisher)->prepare(kWidth, kHeight); !ready)
    return tl::unexpected(ready.error());
  return std::unique_ptr<SyntheticTeacher>(
      new SyntheticTeacher(params, start, std::move(*publisher)));
}

Instant SyntheticTeacher::next_due() const {
  const Instant sound = start_ + kSoundFrame * next_sound_;
  const Instant picture = start_ + Duration::micros(next_picture_ * 1'000'000 / fps_);
  return std::min({sound, picture, publisher_->next_report()});
}

void SyntheticTeacher::produce(Instant now, const PacketSink& sink) {
  // First, while `now` is fresh: a report that leaves late shifts the receiver's idea of this
  // clock.
  publisher_->on_tick(now, sink);
  produce_sound(now, sink);
  produce_picture(now, sink);
}

void SyntheticTeacher::produce_sound(Instant now, const PacketSink& sink) {
  while (start_ + kSoundFrame * next_sound_ <= now) {
    std::array<int16_t, OpusVoiceEncoder::kFrame> samples;
    voice_.render(samples);
    publisher_->send_sound(now, start_ + kSoundFrame * next_sound_, samples, sink);
    ++next_sound_;
  }
}

void SyntheticTeacher::produce_picture(Instant now, const PacketSink& sink) {
  const auto due = [this] { return start_ + Duration::micros(next_picture_ * 1'000'000 / fps_); };
  if (now < due()) return;
  while (due() + kMaxLateness < now) ++next_picture_;
  if (now < due()) return;
  const Instant captured = due();
  ++next_picture_;
  const int64_t tenths = (captured.as_micros() + wall_offset_us_) / 100'000;
  const std::string clock = fmt::format("{:02}:{:02}:{:02}.{}", tenths / 36000 % 24,
                                        tenths / 600 % 60, tenths / 10 % 60, tenths % 10);
  const auto sent =
      publisher_->send_picture(now, captured, picture_.draw(captured - start_, clock), sink);
  CHECK(sent.has_value());  // prepare() has made the encoders
}

}  // namespace media::client
