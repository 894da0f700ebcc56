#include "media/estimate/send_side_estimator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "media/base/rng.h"

namespace media::estimate {
namespace {

constexpr DataRate kbps(int64_t v) {
  return DataRate::kilobits_per_second(v);
}

// A sender at a fixed rate over a fixed line, reported every 50 ms.
class SendSideEstimatorTest : public ::testing::Test {
 protected:
  struct Way {
    Duration delay = Duration::millis(30);  // one way
    int64_t line_kbps = 100'000;
    int lose_every = 0;
    bool silent = false;
  };
  void send(size_t bytes) {
    const uint16_t sequence = sequence_++;
    estimator_.on_sent(now_, sequence, bytes - kIpUdpBytes, SentKind::Media);
    line_ = std::max(line_, now_) +
            Duration::micros(static_cast<int64_t>(bytes) * 8'000 / way_.line_kbps);
    rtcp::PacketStatus status;
    status.sequence = sequence;
    status.received = way_.lose_every == 0 || sequence % way_.lose_every != 0;
    under_way_.emplace_back(line_ + way_.delay, status);
  }
  void report() {
    std::vector<rtcp::PacketStatus> statuses;
    rtcp::TransportFeedback head;
    const int64_t reference = (now_ + kClock).as_micros() / rtcp::kReferenceTick.as_micros();
    head.reference_time = static_cast<uint32_t>(reference) & (rtcp::kReferenceTicks - 1);
    const Instant base =
        Instant::from_micros(reference * rtcp::kReferenceTick.as_micros()) - kClock;
    while (!under_way_.empty() && under_way_.front().first + way_.delay <= now_) {
      rtcp::PacketStatus status = under_way_.front().second;
      status.arrival = under_way_.front().first - base;
      statuses.push_back(status);
      under_way_.pop_front();
    }
    if (way_.silent || statuses.empty()) return;
    estimator_.on_feedback(now_, head, statuses);
  }
  void run(Duration span, int64_t rate_kbps, size_t packet = 500) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += Duration::millis(10);
      owed_ += static_cast<double>(rate_kbps) * 10 / 8;
      for (; owed_ >= static_cast<double>(packet); owed_ -= static_cast<double>(packet))
        send(packet);
      if (now_ >= next_report_) {
        next_report_ = now_ + Duration::millis(50);
        report();
      }
      if (now_ >= next_tick_) {
        next_tick_ = now_ + Duration::millis(20);
        estimator_.on_tick(now_);
      }
    }
  }
  const EstimatorState& state() { return estimator_.state(); }

  static constexpr Duration kClock = Duration::seconds(12'345);  // the receiver's is ahead
  Way way_;
  SendSideEstimator estimator_{EstimatorParams{}};
  Instant now_ = Instant::from_micros(50'000'000);
  Instant line_;
  Instant next_report_;
  Instant next_tick_;
  uint16_t sequence_ = 65'000;
  double owed_ = 0;
  std::deque<std::pair<Instant, rtcp::PacketStatus>> under_way_;
};

TEST_F(SendSideEstimatorTest, BeginsCautiously) {
  EXPECT_EQ(state().target, kbps(300));
  EXPECT_FALSE(state().has_feedback);
}

TEST_F(SendSideEstimatorTest, ReportsWhatArrivesAndTheWayThere) {
  run(Duration::seconds(3), 280);
  EXPECT_TRUE(state().has_feedback);
  EXPECT_NEAR(static_cast<double>(state().arrived.as_bps()), 280e3, 20e3);
  EXPECT_NEAR(static_cast<double>(state().sent.as_bps()), 280e3, 20e3);
  EXPECT_NEAR(static_cast<double>(state().rtt.as_millis()), 85, 35) << "and the report's interval";
  EXPECT_LT(state().queue_delay, Duration::millis(3));
  EXPECT_EQ(state().loss, 0);
}

TEST_F(SendSideEstimatorTest, TheWrapOfNumbersGoesUnnoticed) {
  run(Duration::seconds(60), 280, 200);
  EXPECT_EQ(estimator_.counters().unknown_packets, 0U);
  EXPECT_EQ(estimator_.counters().repeated, 0U);
  EXPECT_EQ(state().loss, 0);
}

TEST_F(SendSideEstimatorTest, MeasuresLoss) {
  way_.lose_every = 5;
  run(Duration::seconds(10), 280);
  EXPECT_NEAR(state().loss, 0.2, 0.05);
}

TEST_F(SendSideEstimatorTest, ALineThatIsFullIsLeftBelowItsWidth) {
  way_.line_kbps = 250;
  run(Duration::seconds(2), 300);
  EXPECT_LT(state().target, kbps(250));
  EXPECT_GT(state().queue_delay, Duration::millis(40));
}

TEST_F(SendSideEstimatorTest, KnowsWhenTheSenderHasLittleToSay) {
  run(Duration::seconds(2), 100);
  EXPECT_TRUE(state().application_limited);
  run(Duration::seconds(2), 2 * state().target.as_bps() / 1'000);
  EXPECT_FALSE(state().application_limited);
}

TEST_F(SendSideEstimatorTest, SilenceHalvesTheTargetEverySecond) {
  run(Duration::seconds(2), 280);
  const int64_t before = state().target.as_bps();
  way_.silent = true;
  run(Duration::millis(1'200), 280);
  EXPECT_TRUE(state().silent);
  EXPECT_EQ(state().target.as_bps(), before / 2);
  run(Duration::seconds(20), 280);
  EXPECT_EQ(state().target, kbps(30));
  way_.silent = false;
  run(Duration::millis(300), 280);
  EXPECT_FALSE(state().silent);
}

TEST_F(SendSideEstimatorTest, WhoSendsNothingIsNotAlarmedBySilence) {
  run(Duration::seconds(2), 280);
  const DataRate before = state().target;
  run(Duration::seconds(60), 0);
  EXPECT_FALSE(state().silent);
  EXPECT_GE(state().target, before);
}

TEST_F(SendSideEstimatorTest, RembCapsAndNeverRaises) {
  run(Duration::seconds(2), 280);
  const DataRate before = state().target;
  estimator_.on_remb(now_, kbps(50'000));
  EXPECT_EQ(state().target, before);
  estimator_.on_remb(now_, kbps(200));
  EXPECT_EQ(state().target, kbps(200));
  estimator_.on_remb(now_, DataRate::bits_per_second(1));
  EXPECT_EQ(state().target, SendSideEstimator::kRembFloor) << "a voice goes on";
  run(Duration::seconds(6), 280);
  EXPECT_GT(state().target, kbps(200)) << "an old one counts no more";
}

TEST_F(SendSideEstimatorTest, WithoutFeedbackThereIsNoEstimateButItsRemb) {
  SendSideEstimator other({.limits = {}, .has_feedback = false});
  EXPECT_EQ(other.state().target, kbps(8'000));
  other.on_remb(now_, kbps(700));
  EXPECT_EQ(other.state().target, kbps(700));
  other.set_wanted(kbps(8'000));
  EXPECT_FALSE(other.take_probe(now_));
}

TEST_F(SendSideEstimatorTest, AReceiverThatSpeaksButNeverReportsIsTakenForOneThatCannot) {
  way_.silent = true;
  estimator_.on_round_trip(Duration::millis(80));
  run(Duration::seconds(12), 280);
  EXPECT_EQ(state().target, kbps(8'000));
}

TEST_F(SendSideEstimatorTest, ARoundTripFromReceiverReportsCountsMore) {
  estimator_.on_round_trip(Duration::millis(40));
  run(Duration::seconds(3), 280);
  EXPECT_EQ(state().rtt, Duration::millis(40));
  estimator_.on_round_trip(Duration::seconds(-3));
  estimator_.on_round_trip(Duration::seconds(300));
  EXPECT_EQ(state().rtt, Duration::millis(40));
}

TEST_F(SendSideEstimatorTest, ProbesOnlyWhenMoreIsWantedAndSomethingCameBack) {
  estimator_.set_wanted(kbps(2'000));
  EXPECT_FALSE(estimator_.take_probe(now_));
  run(Duration::seconds(1), 280);
  EXPECT_TRUE(estimator_.take_probe(now_));
  SendSideEstimator content{EstimatorParams{}};
  std::swap(content, estimator_);
  run(Duration::seconds(1), 280);
  EXPECT_FALSE(estimator_.take_probe(now_));
}

// ---- reports that cannot be true ----

class LyingReceiver : public SendSideEstimatorTest {
 protected:
  void lie(uint16_t first, size_t count, bool received, Duration step, uint32_t reference) {
    rtcp::TransportFeedback head;
    head.reference_time = reference & (rtcp::kReferenceTicks - 1);
    std::vector<rtcp::PacketStatus> statuses;
    for (size_t i = 0; i < count; ++i) {
      statuses.push_back(
          {static_cast<uint16_t>(first + i), received, step * static_cast<int64_t>(i)});
    }
    estimator_.on_feedback(now_, head, statuses);
  }
  void check_bounds() {
    ASSERT_GE(state().target, kbps(30));
    ASSERT_LE(state().target, kbps(8'000));
    ASSERT_GE(state().loss, 0.0);
    ASSERT_LE(state().loss, 1.0);
    ASSERT_LE(state().rtt, SendSideEstimator::kMaxRtt);
    ASSERT_GE(state().queue_delay, Duration());
  }
};

TEST_F(LyingReceiver, NumbersThatWereNeverSentChangeNothing) {
  run(Duration::seconds(2), 280);
  const DataRate before = state().target;
  lie(static_cast<uint16_t>(sequence_ + 100), 4'096, true, Duration(), 1);
  lie(static_cast<uint16_t>(sequence_ + 100), 4'096, false, Duration(), 1);
  EXPECT_EQ(state().target, before);
  EXPECT_GE(estimator_.counters().unknown_packets, 4'096U);
}

TEST_F(LyingReceiver, TheSamePacketsReportedAgainCountOnce) {
  run(Duration::seconds(2), 280);
  const DataRate arrived = state().arrived;
  for (int i = 0; i < 50; ++i)
    lie(static_cast<uint16_t>(sequence_ - 200), 150, true, Duration::micros(250), 1);
  EXPECT_EQ(state().arrived, arrived);
  EXPECT_GE(estimator_.counters().repeated, 4'000U);
}

TEST_F(LyingReceiver, AnotherClockInEachReportShowsNothing) {
  SplitMix64 rng(3);
  for (int i = 0; i < 500; ++i) {
    way_.silent = true;
    run(Duration::millis(50), 280);
    lie(static_cast<uint16_t>(sequence_ - 3), 3, true, Duration::micros(250), rng.next_u32());
    check_bounds();
  }
  EXPECT_GT(estimator_.counters().impossible, 400U);
  EXPECT_LE(state().target, kbps(600));
}

TEST_F(LyingReceiver, AllWellDoesNotGainMoreThanOneAndAHalfTimesWhatIsSent) {
  way_.silent = true;
  for (int i = 0; i < 1'200; ++i) {
    const uint16_t first = sequence_;
    run(Duration::millis(50), 280);
    lie(first, static_cast<uint16_t>(sequence_ - first), true, Duration::millis(10),
        static_cast<uint32_t>(now_.as_micros() / 64'000));
  }
  EXPECT_LE(state().target, kbps(450)) << "280 and a half, and what a slot is long";
}

TEST_F(LyingReceiver, AllLostCostsItsReceiverItsPictureAndNoMore) {
  for (int i = 0; i < 600; ++i) {
    const uint16_t first = sequence_;
    way_.silent = true;
    run(Duration::millis(50), 280);
    lie(first, static_cast<uint16_t>(sequence_ - first), false, Duration(), 7);
    check_bounds();
  }
  EXPECT_LE(state().target, kbps(60));
}

TEST_F(LyingReceiver, AnythingStaysWithinBounds) {
  SplitMix64 rng(9);
  for (int i = 0; i < 3'000; ++i) {
    run(Duration::millis(static_cast<int64_t>(rng.below(60) + 10)),
        static_cast<int64_t>(rng.below(1'500)));
    lie(static_cast<uint16_t>(rng.next_u32()), rng.below(300), rng.below(2) == 0,
        Duration::micros(static_cast<int64_t>(rng.below(2'000'000)) - 1'000'000), rng.next_u32());
    if (rng.below(50) == 0) sequence_ = static_cast<uint16_t>(rng.next_u32());
    estimator_.set_wanted(kbps(static_cast<int64_t>(rng.below(9'000))));
    estimator_.take_probe(now_);
    check_bounds();
  }
}

}  // namespace
}  // namespace media::estimate
