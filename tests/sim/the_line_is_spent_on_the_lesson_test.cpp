// Estimator, allocator and pacer together, on the lines that schools have: the voice holds, the
// picture is what fits, and it does not flicker.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim_congestion.h"

namespace sim {
namespace {

double kilobits(DataRate rate) {
  return static_cast<double>(rate.as_bps()) / 1'000;
}

class TheLineIsSpentOnTheLesson : public ::testing::TestWithParam<uint64_t> {
 protected:
  [[nodiscard]] uint64_t seed() const { return GetParam(); }
  MediaFlow& teach(const BottleneckParams& line, double seconds) {
    BottleneckParams back;
    back.kbps_from = {{0, 10'000}};
    net_ = std::make_unique<Network>(seed(), line, back);
    MediaFlowParams params;
    params.layers = {150, 500, 1'500};
    params.max_kbps = 1'500;
    params.allocate = true;
    MediaFlow& flow = net_->add(std::make_unique<MediaFlow>(seed(), params));
    net_->run_until(seconds);
    return flow;
  }
  static BottleneckParams line_of(int64_t rate_kbps) {
    BottleneckParams line;
    line.kbps_from = {{0, rate_kbps}};
    return line;
  }
  static int64_t changes(const MediaFlow& flow, double from, double to) {
    return std::count_if(flow.changes().begin(), flow.changes().end(),
                         [&](Instant at) { return at >= at_second(from) && at < at_second(to); });
  }
  static double voice_lost(const MediaFlow& flow) {
    return 1 - static_cast<double>(flow.arrivals.voice_arrived) /
                   static_cast<double>(flow.arrivals.voice_sent);
  }
  Duration queue_p95(double from, double to) {
    return net_->line().queue_p95(at_second(from), at_second(to));
  }
  std::unique_ptr<Network> net_;
};

TEST_P(TheLineIsSpentOnTheLesson, AWideLineShowsTheTopLayerWithinThreeSecondsAndKeepsIt) {
  MediaFlow& flow = teach(line_of(5'000), 60);
  EXPECT_GE(kilobits(flow.arrivals.rate(3, 60)), 0.95 * 1'560) << "seed " << seed();
  EXPECT_EQ(changes(flow, 3, 60), 0);
  EXPECT_EQ(flow.allocation().pictures, media::allocate::PictureState::Full);
}

TEST_P(TheLineIsSpentOnTheLesson, SixHundredKilobitsShowALowerLayerThatStays) {
  MediaFlow& flow = teach(line_of(600), 60);
  EXPECT_GE(kilobits(flow.arrivals.rate(5, 60)), 190) << "seed " << seed();
  EXPECT_LE(queue_p95(5, 60), Duration::millis(150)) << "seed " << seed();
  EXPECT_LE(changes(flow, 5, 60), 12) << "seed " << seed();
  EXPECT_EQ(flow.frames_dropped(), 0U);
  EXPECT_LE(voice_lost(flow), 0.01);
}

TEST_P(TheLineIsSpentOnTheLesson, ThreeHundredKilobitsShowTheLeastPicture) {
  MediaFlow& flow = teach(line_of(300), 60);
  EXPECT_GE(kilobits(flow.arrivals.rate(5, 60)), 180) << "seed " << seed();
  EXPECT_LE(queue_p95(5, 60), Duration::millis(150)) << "seed " << seed();
  EXPECT_LE(changes(flow, 5, 60), 8) << "seed " << seed();
  EXPECT_LE(voice_lost(flow), 0.01);
}

TEST_P(TheLineIsSpentOnTheLesson, AHundredKilobitsCarryTheVoiceAlone) {
  MediaFlow& flow = teach(line_of(100), 60);
  EXPECT_EQ(flow.allocation().pictures, media::allocate::PictureState::VoiceOnly);
  EXPECT_LE(voice_lost(flow), 0.02) << "seed " << seed();
  EXPECT_LE(queue_p95(10, 60), Duration::millis(150)) << "seed " << seed();
  EXPECT_LE(changes(flow, 10, 60), 4) << "seed " << seed();
}

TEST_P(TheLineIsSpentOnTheLesson, TheTopLayerIsBackWithinTwelveSeconds) {
  BottleneckParams line;
  line.kbps_from = {{0, 2'000}, {20, 300}, {50, 2'000}};
  MediaFlow& flow = teach(line, 80);
  EXPECT_GE(kilobits(flow.arrivals.rate(25, 50)), 150) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(62, 80)), 0.9 * 1'560) << "seed " << seed();
  EXPECT_LE(queue_p95(25, 50), Duration::millis(150)) << "seed " << seed();
  EXPECT_LE(voice_lost(flow), 0.02) << "seed " << seed();
}

TEST_P(TheLineIsSpentOnTheLesson, RadioLossLeavesAPictureThatStays) {
  for (const double loss : {0.05, 0.20}) {
    BottleneckParams line = line_of(5'000);
    line.loss = loss;
    MediaFlow& flow = teach(line, 60);
    EXPECT_NE(flow.allocation().pictures, media::allocate::PictureState::VoiceOnly);
    EXPECT_GE(kilobits(flow.arrivals.rate(10, 60)), (1 - loss) * 0.7 * 1'560)
        << loss << ", seed " << seed();
    EXPECT_LE(changes(flow, 10, 60), 6) << loss << ", seed " << seed();
    EXPECT_GE(flow.allocation().red_blocks, loss > 0.1 ? 2 : 1) << loss;
  }
}

TEST_P(TheLineIsSpentOnTheLesson, ALineThatFallsOutEveryHalfMinuteComesBackEachTime) {
  for (const double out : {20.0, 50.0}) {
    BottleneckParams line = line_of(3'000);
    line.outage_from = out;
    line.outage_to = out + 3;
    MediaFlow& flow = teach(line, out + 20);
    EXPECT_GE(kilobits(flow.arrivals.rate(out + 3, out + 5)), 40) << "the voice at once";
    EXPECT_GE(kilobits(flow.arrivals.rate(out + 13, out + 20)), 0.9 * 1'560) << "seed " << seed();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TheLineIsSpentOnTheLesson, ::testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace sim
