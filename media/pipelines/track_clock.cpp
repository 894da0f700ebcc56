#include "media/pipelines/track_clock.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/base/check.h"

namespace media::pipelines {
namespace {

Duration magnitude(Duration d) {
  return d < Duration() ? -d : d;
}

// Errors are judged once per this much media time.
constexpr Duration kWindow = Duration::seconds(1);

}  // namespace

TrackClock::TrackClock(uint32_t clock_rate) : clock_rate_(clock_rate) {
  CHECK(clock_rate != 0);
}

Duration TrackClock::media_time(int64_t rtp) const {
  const int64_t rate = clock_rate_;
  // Split so that hours of ticks times a million stay within 64 bits.
  return Duration::seconds(rtp / rate) + Duration::micros((rtp % rate) * 1'000'000 / rate);
}

Duration TrackClock::linear(const Anchor& from, int64_t rtp) const {
  return from.session + media_time(rtp - from.rtp);
}

void TrackClock::add_anchor(int64_t rtp, Duration session) {
  if (!anchors_.empty() && anchors_.back().rtp == rtp) {
    anchors_.back().session = session;
  } else if (anchors_.size() < kMaxAnchors) {
    anchors_.push_back({rtp, session});
  }
}

void TrackClock::observe(int64_t rtp, Duration session_time, bool from_sender_report) {
  const bool first_report = from_sender_report && !sender_report_;
  if (sender_report_ && !from_sender_report) return;  // an arrival time knows less than a report
  sender_report_ = sender_report_ || from_sender_report;
  if (!current_) {
    const Anchor seen{rtp, session_time};
    // Among arrival times the packet that was delayed least is the best witness.
    if (!candidate_ || from_sender_report || session_time < linear(*candidate_, rtp))
      candidate_ = seen;
    return;
  }
  if (first_report) window_error_.reset();
  judge(rtp, session_time - linear(*current_, rtp), from_sender_report);
}

void TrackClock::judge(int64_t rtp, Duration error, bool from_sender_report) {
  if (from_sender_report && error > kJump && last_rtp_ && rtp > *last_rtp_) {
    // Forwards only: a file's times cannot run back, so a step back is approached by slewing.
    current_ = Anchor{rtp, linear(*current_, rtp) + error};
    add_anchor(rtp, current_->session);
    pending_ = Duration();
    slew_sign_ = 0;
    window_error_.reset();
    return;
  }
  if (!window_error_) {
    window_error_ = error;
    window_start_ = rtp;
    return;
  }
  window_error_ = std::min(*window_error_, error);
  if (media_time(rtp - window_start_) < kWindow) return;
  // A correction under way is led to its end.
  if (magnitude(*window_error_) > kTolerance || slew_sign_ != 0) pending_ = *window_error_;
  window_error_.reset();
}

void TrackClock::slew(int64_t rtp) {
  if (pending_ == Duration()) {
    slew_sign_ = 0;
    return;
  }
  const int sign = pending_ < Duration() ? -1 : 1;
  const bool hurry = magnitude(pending_) * 2 > kJump;
  const Duration passed = media_time(rtp - *last_rtp_);
  const Duration most = passed * (hurry ? kFastSlewPerMille : kSlewPerMille) / 1000;
  const Duration correction = std::min(most, magnitude(pending_)) * sign;
  // The end of one correction moves along while it runs, so that it costs two anchors in all.
  if (sign == slew_sign_) {
    anchors_.pop_back();
  } else {
    add_anchor(*last_rtp_, linear(*current_, *last_rtp_));
  }
  slew_sign_ = sign;
  current_ = Anchor{rtp, linear(*current_, rtp) + correction};
  add_anchor(rtp, current_->session);
  pending_ = pending_ - correction;
}

Duration TrackClock::session_time(int64_t rtp) {
  CHECK(candidate_.has_value());
  if (!current_) {
    current_ = Anchor{rtp, linear(*candidate_, rtp)};
    add_anchor(rtp, current_->session);
  }
  if (last_rtp_ && rtp > *last_rtp_) slew(rtp);
  Duration out = linear(*current_, rtp);
  if (last_rtp_) out = std::max(out, last_session_);
  last_rtp_ = rtp;
  last_session_ = out;
  return out;
}

std::string TrackClock::anchors_json() const {
  std::string out = "[";
  for (const Anchor& anchor : anchors_) {
    if (out.size() > 1) out += ',';
    out += fmt::format("[{},{}]", anchor.rtp, anchor.session.as_micros());
  }
  return out + "]";
}

}  // namespace media::pipelines
