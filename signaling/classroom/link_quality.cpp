#include "signaling/classroom/link_quality.h"

#include <algorithm>
#include <array>

namespace signaling::classroom {
namespace {

using media::Duration;
using media::Instant;
using protocol::LinkState;

// ITU-T G.114 calls a delay beyond 400 ms one way unacceptable for conversation; half a second of
// round trip is where teacher and class begin to talk over each other. Above 8 % loss repair no
// longer hides everything.
constexpr LinkSample kBad{.rtt_ms = 500, .loss_up = 0.08, .loss_down = 0.08, .frozen_ms = 500};
constexpr LinkSample kFine{.rtt_ms = 300, .loss_up = 0.03, .loss_down = 0.03, .frozen_ms = 0};
constexpr Duration kBadFor = Duration::seconds(3);
constexpr Duration kFineFor = Duration::seconds(5);
// The server measures every second and pages report every few; what is older says nothing about
// now.
constexpr Duration kServerSampleAge = Duration::seconds(5);
constexpr Duration kPageSampleAge = Duration::seconds(10);

bool exceeds(const LinkSample& s, const LinkSample& limit) {
  return s.rtt_ms > limit.rtt_ms || s.loss_up > limit.loss_up || s.loss_down > limit.loss_down ||
         s.frozen_ms > limit.frozen_ms;
}

}  // namespace

void LinkQuality::on_server_sample(Instant now, const LinkSample& sample) {
  server_ = Timed{sample, now};
  if (state_ == LinkState::Lost) on_connected(now);
}

void LinkQuality::on_page_sample(Instant now, const LinkSample& sample) {
  page_ = Timed{sample, now};
}

void LinkQuality::on_connected(Instant) {
  state_ = LinkState::Good;
  bad_since_.reset();
  fine_since_.reset();
}

void LinkQuality::on_lost() {
  reset(LinkState::Lost);
}

void LinkQuality::reset(LinkState state) {
  state_ = state;
  server_.reset();
  page_.reset();
  bad_since_.reset();
  fine_since_.reset();
}

bool LinkQuality::is_bad(Instant now) const {
  return (server_ && now - server_->at <= kServerSampleAge && exceeds(server_->sample, kBad)) ||
         (page_ && now - page_->at <= kPageSampleAge && exceeds(page_->sample, kBad));
}

bool LinkQuality::is_fine(Instant now) const {
  return !(server_ && now - server_->at <= kServerSampleAge && exceeds(server_->sample, kFine)) &&
         !(page_ && now - page_->at <= kPageSampleAge && exceeds(page_->sample, kFine));
}

LinkState LinkQuality::update(Instant now) {
  if (state_ == LinkState::Lost) return state_;
  if (server_ && now - server_->at > kServerSampleAge) {
    on_lost();
    return state_;
  }
  if (!is_bad(now))
    bad_since_.reset();
  else if (!bad_since_)
    bad_since_ = now;
  if (!is_fine(now))
    fine_since_.reset();
  else if (!fine_since_)
    fine_since_ = now;
  if (bad_since_ && now - *bad_since_ >= kBadFor) state_ = LinkState::Weak;
  if (fine_since_ && now - *fine_since_ >= kFineFor) state_ = LinkState::Good;
  return state_;
}

}  // namespace signaling::classroom
