#include "media/estimate/loss_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "media/base/rng.h"

namespace media::estimate {
namespace {

constexpr DataRate kbps(int64_t v) {
  return DataRate::kilobits_per_second(v);
}
constexpr DataRate kWanted = kbps(2'000);

class LossModelTest : public ::testing::Test {
 protected:
  // Sends at the model's own limit for `span`; `loss_at(bps)` is the chance of a packet.
  void run(Duration span, const std::function<double(double)>& loss_at, bool queued = false) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += kStep;
      const DataRate rate =
          std::min(model_.limit() == DataRate() ? wanted_ : model_.limit(), wanted_);
      const double bps = std::max(30'000.0, static_cast<double>(rate.as_bps()));
      bytes_ += bps / 8 * kStep.as_seconds();
      LossModel::Sample sample;
      sample.span = kStep;
      sample.queue_grows = queued;
      for (; bytes_ >= kPacket; bytes_ -= kPacket) {
        ++sample.sent;
        sample.bytes += kPacket;
        if (static_cast<double>(rng_.below(1'000'000)) < loss_at(bps) * 1e6) ++sample.lost;
      }
      model_.on_sample(now_, sample, wanted_, rate);
      lowest_ = std::min(lowest_, model_.limit());
    }
  }
  static constexpr int kPacket = 250;
  static constexpr Duration kStep = Duration::millis(50);
  LossModel model_;
  SplitMix64 rng_{5};
  Instant now_ = Instant::from_micros(1'000'000);
  DataRate wanted_ = kWanted;
  DataRate lowest_ = kWanted;
  double bytes_ = 0;
};

class RadioLoss : public LossModelTest, public ::testing::WithParamInterface<double> {};

TEST_P(RadioLoss, LossThatStaysWhateverIsSentDoesNotStarveThePicture) {
  run(Duration::seconds(20), [](double) { return GetParam(); });
  EXPECT_GE(lowest_, kbps(500)) << "not even while it is being found out";
  run(Duration::seconds(10), [](double) { return GetParam(); });
  EXPECT_GE(model_.limit(), kbps(1'800));
  EXPECT_NEAR(model_.inherent(), GetParam(), 0.05);
  lowest_ = kWanted;
  run(Duration::seconds(60), [](double) { return GetParam(); });
  EXPECT_GE(lowest_, kbps(1'000)) << "and is not tried again and again";
}
INSTANTIATE_TEST_SUITE_P(Shares, RadioLoss, ::testing::Values(0.02, 0.05, 0.10, 0.20, 0.30));

class Policer : public LossModelTest, public ::testing::WithParamInterface<int> {};

TEST_P(Policer, LossThatComesFromAskingTooMuchIsObeyed) {
  const double width = GetParam() * 1'000.0;
  const auto police = [width](double bps) { return std::max(0.0, 1 - width / bps); };
  run(Duration::seconds(15), police);
  double lost = 0;
  int seconds = 0;
  for (; seconds < 30; ++seconds) {
    run(Duration::seconds(1), police);
    lost += police(static_cast<double>(model_.limit().as_bps()));
  }
  EXPECT_LT(lost / seconds, 0.12);
  EXPECT_GT(static_cast<double>(model_.limit().as_bps()), width * 0.6);
}
INSTANTIATE_TEST_SUITE_P(Kbps, Policer, ::testing::Values(600, 1'000, 1'500));

TEST_F(LossModelTest, WithoutLossThereIsNoLimit) {
  run(Duration::seconds(30), [](double) { return 0.0; });
  EXPECT_FALSE(model_.is_limiting());
  EXPECT_EQ(model_.limit(), kWanted);
  EXPECT_LT(model_.inherent(), 0.01);
}

TEST_F(LossModelTest, LossBehindAQueueIsCongestionWhateverWasLearnt) {
  run(Duration::seconds(20), [](double) { return 0.02; });
  run(
      Duration::seconds(3), [](double) { return 0.25; }, true);
  EXPECT_LT(model_.limit(), kbps(1'500));
  EXPECT_LT(model_.inherent(), 0.10) << "nothing is learnt of the line from it";
}

TEST_F(LossModelTest, LossOfNearlyAllIsNeverTheLine) {
  run(Duration::seconds(20), [](double) { return 0.9; });
  EXPECT_LE(model_.inherent(), LossModel::kMaxInherent);
  EXPECT_LT(model_.limit(), kbps(200));
}

TEST_F(LossModelTest, ALimitIsLiftedWhenTheLossIsOver) {
  run(Duration::seconds(10), [](double) { return 0.9; });
  ASSERT_TRUE(model_.is_limiting());
  const DataRate low = model_.limit();
  run(Duration::seconds(10), [](double) { return 0.0; });
  EXPECT_GT(model_.limit().as_bps(), low.as_bps() * 2);
}

TEST_F(LossModelTest, AProofLiftsALimit) {
  run(Duration::seconds(10), [](double) { return 0.9; });
  model_.on_proven(kbps(900));
  EXPECT_EQ(model_.limit(), kbps(900));
}

TEST_F(LossModelTest, PacketsThatOnlyCameLateAreNoNegativeLoss) {
  for (int i = 0; i < 100; ++i) {
    now_ += kStep;
    model_.on_sample(now_, {3, -3, 3'000, kStep, false}, kWanted, kWanted);
  }
  EXPECT_GE(model_.loss(), 0.0);
  EXPECT_FALSE(model_.is_limiting());
}

}  // namespace
}  // namespace media::estimate
