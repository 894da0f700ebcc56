#include "tests/line/loss_model.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace line {
namespace {

constexpr int kPackets = 400'000;

struct Runs {
  double share = 0;
  double mean_length = 0;
};

Runs measure(const Params& params, uint64_t seed) {
  LossModel model(seed);
  int lost = 0;
  int runs = 0;
  bool before = false;
  for (int i = 0; i < kPackets; ++i) {
    const bool now = model.next(params).has_value();
    lost += now ? 1 : 0;
    runs += now && !before ? 1 : 0;
    before = now;
  }
  return {static_cast<double>(lost) / kPackets, runs == 0 ? 0 : static_cast<double>(lost) / runs};
}

TEST(LossModel, LosesTheShareAskedForIndependently) {
  for (const double share : {0.01, 0.05, 0.2, 0.3}) {
    Params params;
    params.loss = share;
    const Runs seen = measure(params, 7);
    EXPECT_NEAR(seen.share, share, 0.003);
    // Independent losses follow one another with the same probability: a run is 1 / (1 - p) long.
    EXPECT_NEAR(seen.mean_length, 1 / (1 - share), 0.02);
  }
}

TEST(LossModel, BurstsHaveTheMeanLossAndTheMeanLengthAskedFor) {
  for (const auto& [share, length] : std::map<double, double>{{0.1, 4}, {0.05, 10}, {0.3, 2}}) {
    Params params;
    params.burst = {share, length};
    const Runs seen = measure(params, 11);
    EXPECT_NEAR(seen.share, share, 0.01) << "runs of " << length;
    EXPECT_NEAR(seen.mean_length, length, length * 0.05) << share;
  }
}

TEST(LossModel, NamesWhatItLostBy) {
  Params params;
  params.loss = 1;
  EXPECT_EQ(LossModel(1).next(params), LossReason::Random);
  params.burst = {0.999, 100'000};
  LossModel model(1);
  for (int i = 0; i < 1'000; ++i) model.next(params);
  EXPECT_EQ(model.next(params), LossReason::Burst);
}

TEST(LossModel, ALineWithoutLossLosesNothing) {
  EXPECT_EQ(measure(Params(), 3).share, 0);
}

TEST(LossModel, MoreLossLosesWhatLessLostAndMore) {
  Params few;
  few.loss = 0.05;
  Params many;
  many.loss = 0.2;
  LossModel a(5);
  LossModel b(5);
  for (int i = 0; i < 10'000; ++i) {
    const bool lost_by_few = a.next(few).has_value();
    const bool lost_by_many = b.next(many).has_value();
    EXPECT_TRUE(!lost_by_few || lost_by_many) << i;
  }
}

}  // namespace
}  // namespace line
