#include "media/estimate/probing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace media::estimate {
namespace {

constexpr DataRate kbps(int64_t v) {
  return DataRate::kilobits_per_second(v);
}

class ProbingTest : public ::testing::Test {
 protected:
  ProbingTest() {
    input_.target = kbps(300);
    input_.wanted = kbps(8'000);
    input_.max = kbps(8'000);
    input_.application_limited = true;
    input_.rtt = Duration::millis(100);
  }
  // Waits for a train for up to `span`.
  std::optional<Probe> wait(Duration span) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += Duration::millis(20);
      if (const auto probe = probing_.poll(now_, input_)) return probe;
    }
    return std::nullopt;
  }
  // Sends `probe` at its rate over a line of `width` of which `lost` packets do not arrive.
  std::optional<DataRate> play(const Probe& probe, DataRate width, int lost = 0,
                               double line_loss = 0) {
    constexpr size_t kSize = 240;
    Instant line = now_;
    Instant out = now_;
    std::vector<Instant> arrivals;
    for (size_t bytes = 0; bytes < probe.bytes; bytes += kSize) {
      probing_.on_sent(probe.id, out, kSize);
      line = std::max(line, out) + span_of(kSize, width);
      arrivals.push_back(line);
      out += span_of(kSize, probe.rate);
    }
    for (size_t i = 0; i < arrivals.size(); ++i) {
      if (static_cast<int>(i) % 4 != 0 && lost-- > 0) {
        probing_.on_lost(probe.id);
      } else {
        probing_.on_arrival(probe.id, arrivals[i] + Duration::seconds(77), kSize);
      }
    }
    now_ = arrivals.back() + Duration::millis(100);
    return probing_.take_result(now_, line_loss);
  }
  static Duration span_of(size_t bytes, DataRate rate) {
    return Duration::micros(static_cast<int64_t>(bytes) * 8'000'000 / rate.as_bps());
  }
  Probing probing_;
  Probing::Input input_;
  Instant now_ = Instant::from_micros(1'000'000);
};

TEST_F(ProbingTest, BeginsWithThreeTimesTheTargetAndDoublesWhileItIsBorneOut) {
  auto probe = wait(Duration::millis(100));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->rate, kbps(900));
  auto result = play(*probe, kbps(50'000));
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, kbps(900)) << "never more than was asked";
  input_.target = *result;
  probe = wait(Duration::millis(500));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->rate, kbps(1'800));
}

TEST_F(ProbingTest, MeasuresTheWidthOfANarrowerLine) {
  const auto probe = wait(Duration::millis(100));
  const auto result = play(*probe, kbps(500));
  ASSERT_TRUE(result);
  EXPECT_NEAR(static_cast<double>(result->as_bps()), 500e3, 5e3);
  input_.target = *result;
  EXPECT_FALSE(wait(Duration::millis(2'500))) << "not borne out: the next only after its period";
}

TEST_F(ProbingTest, AsksForNoMoreThanIsWanted) {
  input_.wanted = kbps(400);
  const auto probe = wait(Duration::millis(100));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->rate, kbps(480));
  input_.wanted = DataRate();
  Probing content;
  for (int i = 0; i < 1'000; ++i)
    ASSERT_FALSE(content.poll(now_ + Duration::millis(20 * i), input_));
}

TEST_F(ProbingTest, TriesAgainEveryFewSecondsWhereMoreIsWantedAndNeverRarerThanSix) {
  ASSERT_TRUE(play(*wait(Duration::millis(100)), kbps(300)));
  for (int i = 0; i < 10; ++i) {
    const auto probe = wait(Duration::millis(6'100));
    ASSERT_TRUE(probe) << i;
    play(*probe, kbps(300));
  }
}

TEST_F(ProbingTest, ALineWithAQueueIsNotAsked) {
  input_.queued = true;
  EXPECT_FALSE(wait(Duration::seconds(20)));
  input_.queued = false;
  input_.excess_loss = 0.2;
  EXPECT_FALSE(wait(Duration::seconds(20)));
  input_.excess_loss = 0;
  EXPECT_TRUE(wait(Duration::seconds(7)));
}

TEST_F(ProbingTest, WhereEverythingIsUsedTheLineMustHaveBeenCalmForLonger) {
  play(*wait(Duration::millis(100)), kbps(300));
  input_.application_limited = false;
  input_.queued = true;
  probing_.poll(now_, input_);
  input_.queued = false;
  EXPECT_FALSE(wait(Duration::millis(5'900)));
  EXPECT_TRUE(wait(Duration::millis(300)));
}

TEST_F(ProbingTest, AfterADropItAsksForMostOfWhatWasThere) {
  play(*wait(Duration::millis(100)), kbps(300));
  input_.target = kbps(500);
  probing_.on_drop(now_, kbps(2'000), kbps(500));
  const auto probe = wait(Duration::seconds(2));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->rate, kbps(1'700));
}

TEST_F(ProbingTest, ASmallDropIsNoReason) {
  play(*wait(Duration::millis(100)), kbps(300));
  probing_.on_drop(now_, kbps(2'000), kbps(1'700));
  EXPECT_FALSE(wait(Duration::millis(2'500)));
}

TEST_F(ProbingTest, ATrainOfWhichTooLittleArrivesShowsNothing) {
  const auto probe = wait(Duration::millis(100));
  EXPECT_FALSE(play(*probe, kbps(5'000), 100));
}

TEST_F(ProbingTest, TheLinesOwnLossDoesNotNarrowIt) {
  input_.target = kbps(1'000);
  const auto first = wait(Duration::millis(100));
  const auto plain = play(*first, kbps(1'500), 6);
  Probing other;
  std::swap(other, probing_);
  now_ += Duration::seconds(1);
  const auto second = wait(Duration::millis(100));
  const auto allowed = play(*second, kbps(1'500), 6, 0.3);
  ASSERT_TRUE(plain && allowed);
  EXPECT_LT(*plain, kbps(1'200));
  EXPECT_NEAR(static_cast<double>(allowed->as_bps()), 1'500e3, 150e3);
}

TEST_F(ProbingTest, ATrainThatIsNeverAnsweredEnds) {
  ASSERT_TRUE(wait(Duration::millis(100)));
  EXPECT_FALSE(wait(Duration::millis(1'000))) << "one at a time";
  EXPECT_TRUE(wait(Duration::seconds(7)));
}

TEST_F(ProbingTest, ReportsAboutOtherTrainsAreLeft) {
  const auto probe = wait(Duration::millis(100));
  const auto other = static_cast<uint8_t>(probe->id + 1);
  for (int i = 0; i < 100; ++i) {
    probing_.on_arrival(other, now_, 1'000);
    probing_.on_lost(other);
  }
  EXPECT_FALSE(probing_.take_result(now_, 0));
  EXPECT_TRUE(play(*probe, kbps(5'000)));
}

TEST_F(ProbingTest, IdsAreNeverZero) {
  for (int i = 0; i < 600; ++i) {
    const auto probe = wait(Duration::seconds(8));
    ASSERT_TRUE(probe);
    ASSERT_NE(probe->id, 0);
    play(*probe, kbps(300));
  }
}

}  // namespace
}  // namespace media::estimate
