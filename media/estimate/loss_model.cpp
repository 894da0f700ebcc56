#include "media/estimate/loss_model.h"

#include <algorithm>
#include <cmath>

namespace media::estimate {

namespace {

constexpr double kLossSmoothing = 0.3;
// The line's own loss follows what is seen, over some 25 seconds.
constexpr double kLearning = 0.01;
// So much beyond it does not wait for the next test as long as less does.
constexpr double kMuch = 0.10;
// Standard deviations by which loss must be out of the ordinary, and what is ordinary at least.
constexpr double kDeviations = 2.5;
constexpr double kOrdinary = 0.02;
// Where loss set a limit it is lifted by this share a second, steps of two seconds at most.
constexpr double kLift = 0.08;
constexpr double kMaxLiftSeconds = 2.0;
// A limit stays this much below what arrived, so that the loss ends.
constexpr double kBelow = 0.95;
// A test in which the rate came down by less than this shows nothing.
constexpr double kContrast = 0.9;
// With a queue, so much loss beyond the line's own is answered, and so often.
constexpr double kYieldAbove = 0.05;
constexpr Duration kYieldGap = Duration::millis(600);

double share(double lost, double sent) {
  return sent > 0 ? lost / sent : 0;
}
DataRate rate(double bps) {
  return DataRate::bits_per_second(static_cast<int64_t>(bps));
}

}  // namespace

DataRate LossModel::on_sample(Instant now, const Sample& sample, DataRate wanted,
                              DataRate present) {
  open_.sent += sample.sent;
  open_.lost = std::max(0, open_.lost + sample.lost);
  open_.bytes += sample.bytes;
  open_.span += sample.span;
  open_.queue_grows = open_.queue_grows || sample.queue_grows;
  if (!limiting_) limit_ = wanted;
  if (open_.sent < kMinPackets || open_.span < kObservation) return limit_;
  const Observation last = close_observation();
  if (last.queue_grew) {
    // The rate before a test is no limit any more, and what the test saw is no evidence.
    test_.reset();
    yield(now, last, wanted, present);
  } else if (test_) {
    go_on_testing(now, last, wanted);
  } else {
    watch(now, last, wanted);
  }
  return limit_;
}

LossModel::Observation LossModel::close_observation() {
  const double sent = open_.sent;
  const double lost = std::min(open_.lost, open_.sent);
  const Observation last{sent, lost, static_cast<double>(rate_of(open_.bytes, open_.span).as_bps()),
                         open_.queue_grows};
  recent_[next_] = last;
  next_ = (next_ + 1) % kRecent;
  loss_ += kLossSmoothing * (share(lost, sent) - loss_);
  open_ = Sample{};
  return last;
}

LossModel::Observation LossModel::recent() const {
  Observation sum;
  for (const Observation& one : recent_) {
    sum.sent += one.sent;
    sum.lost += one.lost;
    sum.bps += one.bps / kRecent;
  }
  // At the beginning the rate doubles within the second.
  sum.bps = std::max(sum.bps, recent_[(next_ + kRecent - 1) % kRecent].bps);
  return sum;
}

bool LossModel::is_suspicious(const Observation& recent) const {
  if (recent_[next_].sent <= 0) return false;  // the oldest: less than a second was seen
  const double usual = std::max(inherent_, kOrdinary);
  const double deviation = std::sqrt(usual * (1 - usual) * kDispersion / recent.sent);
  return share(recent.lost, recent.sent) > inherent_ + std::max(kMargin, kDeviations * deviation);
}

void LossModel::watch(Instant now, const Observation& last, DataRate wanted) {
  const Observation all = recent();
  if (!is_suspicious(all)) {
    learn(last);
    lift(now, wanted);
    return;
  }
  const double loss = share(all.lost, all.sent);
  if (loss > kMaxInherent || trusted_ > 0) {
    trusted_ = std::max(trusted_ - 1, 0);
    obey(now, all.bps * (1 - loss) / (1 - inherent_));
    return;
  }
  const Instant due = loss - inherent_ > kMuch ? last_test_ + kTestGap : last_test_ + test_gap_;
  if (now >= due) start_test(now, all);
}

void LossModel::learn(const Observation& last) {
  // While the rate is on its way up, more loss may be what that costs.
  if (limiting_ && share(last.lost, last.sent) > inherent_) return;
  inherent_ =
      std::min(kMaxInherent, inherent_ + kLearning * (share(last.lost, last.sent) - inherent_));
}

// Loss beyond the line's own, down by half of it, as senders do that are friendly to TCP
// (draft-ietf-rmcat-gcc-02 section 6).
void LossModel::yield(Instant now, const Observation& last, DataRate wanted, DataRate present) {
  const double beyond = std::min(share(last.lost, last.sent), loss_) - inherent_;
  if (beyond < kYieldAbove) return lift(now, wanted);
  if (now - last_yield_ < kYieldGap) return;
  last_yield_ = last_change_ = now;
  limiting_ = true;
  limit_ = rate(static_cast<double>(present.as_bps()) * (1 - beyond / 2));
}

void LossModel::start_test(Instant now, const Observation& recent) {
  test_ = Test{now, share(recent.lost, recent.sent), recent.bps};
  last_change_ = now;
  limiting_ = true;
  limit_ = rate(recent.bps * kTestShare);
}

void LossModel::go_on_testing(Instant now, const Observation& last, DataRate wanted) {
  Test& test = *test_;
  // What is reported first was sent before.
  if (last.bps <= test.bps * kContrast) {
    test.sent += last.sent;
    test.lost += last.lost;
    test.during_bps += last.bps / kTestObservations;
    ++test.observations;
  }
  if (test.observations >= kTestObservations || now - test.since > kTestWithin) judge(now, wanted);
}

void LossModel::judge(Instant now, DataRate wanted) {
  const Test test = *test_;
  test_.reset();
  last_test_ = now;
  const double after = share(test.lost, test.sent);
  const bool shows = test.observations >= kTestObservations;
  const double remaining = test.bps * (1 - test.loss) / std::max(test.during_bps, 1.0);
  const double expected = std::max(inherent_, 1 - remaining);
  if (shows && after < (test.loss + expected) / 2) {
    trusted_ = kTrusted;
    test_gap_ = kTestGap;
    last_test_ = now - kTestGap;
    obey(now, test.bps * (1 - test.loss) / (1 - inherent_));
    return;
  }
  inherent_ = std::min(kMaxInherent, shows ? (test.loss + after) / 2 : test.loss);
  recent_.fill(Observation{});
  test_gap_ = std::min(test_gap_ * 2, kTestGapMax);
  limiting_ = false;
  limit_ = wanted;
}

void LossModel::obey(Instant now, double bps) {
  // Its effect must be seen before anything else is concluded from what was lost before.
  recent_.fill(Observation{});
  last_change_ = now;
  limiting_ = true;
  limit_ = rate(bps * kBelow);
}

void LossModel::lift(Instant now, DataRate wanted) {
  const double seconds = std::min((now - last_change_).as_seconds(), kMaxLiftSeconds);
  last_change_ = now;
  if (!limiting_) return;
  const double next = static_cast<double>(limit_.as_bps()) * std::pow(1 + kLift, seconds);
  limiting_ = next < static_cast<double>(wanted.as_bps());
  limit_ = limiting_ ? rate(next) : wanted;
}

void LossModel::on_proven(DataRate proven) {
  if (limiting_ && !test_ && proven > limit_) limit_ = proven;
}

}  // namespace media::estimate
