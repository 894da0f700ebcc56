// One receiver's line, by the cases of RFC 8867 section 5 and by those that schools have.
#include <gtest/gtest.h>

#include "sim_congestion.h"

namespace sim {
namespace {

BottleneckParams wide() {
  BottleneckParams params;
  params.kbps_from = {{0, 10'000}};
  return params;
}
double kilobits(DataRate rate) {
  return static_cast<double>(rate.as_bps()) / 1'000;
}
double lost(const Flow& flow) {
  return 1 - static_cast<double>(flow.arrivals.arrived) / static_cast<double>(flow.arrivals.sent);
}

class EstimatesFollowTheLine : public ::testing::TestWithParam<uint64_t> {
 protected:
  [[nodiscard]] uint64_t seed() const { return GetParam(); }
  MediaFlow& media(Network& net, MediaFlowParams params = {}) {
    return net.add(std::make_unique<MediaFlow>(seed(), params));
  }
};

// RFC 8867 section 5.1.
TEST_P(EstimatesFollowTheLine, ACapacityThatVariesIsUsedWithoutALongQueue) {
  BottleneckParams line;
  line.kbps_from = {{0, 1'000}, {40, 2'500}, {60, 600}, {80, 1'000}};
  Network net(seed(), line, wide());
  MediaFlow& flow = media(net);
  net.run_until(100);
  EXPECT_GE(kilobits(flow.arrivals.rate(5, 40)), 850) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(52, 60)), 1'900) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(62, 80)), 480) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(85, 100)), 850) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(5), at_second(100)), Duration::millis(150));
  EXPECT_LE(lost(flow), 0.02);
}

// The same with 30 ms of jitter, as the RFC asks for.
TEST_P(EstimatesFollowTheLine, JitterIsNotTakenForAQueue) {
  BottleneckParams line;
  line.kbps_from = {{0, 1'000}, {40, 2'500}, {60, 600}, {80, 1'000}};
  line.jitter = Duration::millis(30);
  Network net(seed(), line, wide());
  MediaFlow& flow = media(net);
  net.run_until(100);
  EXPECT_GE(kilobits(flow.arrivals.rate(10, 40)), 800) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(53, 60)), 1'500) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(62, 80)), 450) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(5), at_second(100)), Duration::millis(150));
}

// 2 Mbit/s, 300 kbit/s for half a minute, 2 Mbit/s: the promise of a quick return.
TEST_P(EstimatesFollowTheLine, TheTopLayerIsBackWithinTwelveSecondsOfTheLine) {
  BottleneckParams line;
  line.kbps_from = {{0, 2'000}, {20, 300}, {50, 2'000}};
  Network net(seed(), line, wide());
  MediaFlowParams params;
  params.layers = {150, 500, 1'500};
  params.max_kbps = 1'500;
  MediaFlow& flow = media(net, params);
  net.run_until(80);
  EXPECT_GE(kilobits(flow.arrivals.rate(3, 20)), 1'400) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(25, 50)), 150) << "the lowest layer stays";
  EXPECT_GE(kilobits(flow.arrivals.rate(62, 80)), 0.9 * 1'560) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(25), at_second(50)), Duration::millis(150));
  // The rate that fits is found within a second or two of the fall; the voice has a hole there and
  // nowhere else.
  EXPECT_LE(kilobits(flow.mean_target(22, 50)), 420);
  EXPECT_LE(1 - static_cast<double>(flow.arrivals.voice_arrived) /
                    static_cast<double>(flow.arrivals.voice_sent),
            0.02);
}

TEST_P(EstimatesFollowTheLine, ATopLayerIsReachedWithinThreeSecondsOfTheStart) {
  BottleneckParams line;
  line.kbps_from = {{0, 5'000}};
  Network net(seed(), line, wide());
  MediaFlowParams params;
  params.layers = {150, 500, 1'500};
  params.max_kbps = 1'500;
  MediaFlow& flow = media(net, params);
  net.run_until(6);
  EXPECT_GE(kilobits(flow.arrivals.rate(3, 6)), 0.9 * 1'560) << "seed " << seed();
}

TEST_P(EstimatesFollowTheLine, SixHundredKilobitsCarryALowerLayerWithAShortQueue) {
  BottleneckParams line;
  line.kbps_from = {{0, 600}};
  Network net(seed(), line, wide());
  MediaFlowParams params;
  params.layers = {150, 450, 1'500};
  params.max_kbps = 1'500;
  MediaFlow& flow = media(net, params);
  net.run_until(60);
  EXPECT_GE(kilobits(flow.arrivals.rate(5, 60)), 190) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(5), at_second(60)), Duration::millis(150));
  EXPECT_LE(lost(flow), 0.01);
}

struct Loss {
  double share;
  double mean_burst;
};

// Loss that has nothing to do with what is sent must not take the picture away.
TEST_P(EstimatesFollowTheLine, RadioLossDoesNotStarveThePicture) {
  for (const Loss loss : {Loss{0.05, 1}, Loss{0.20, 1}, Loss{0.30, 1}, Loss{0.10, 4}}) {
    BottleneckParams line;
    line.kbps_from = {{0, 5'000}};
    line.loss = loss.share;
    line.mean_burst = loss.mean_burst;
    Network net(seed(), line, wide());
    MediaFlowParams params;
    params.max_kbps = 1'500;
    MediaFlow& flow = media(net, params);
    net.run_until(60);
    EXPECT_GE(kilobits(flow.mean_target(10, 60)), 1'500)
        << loss.share << " in bursts of " << loss.mean_burst << ", seed " << seed();
    // A burst may be taken for congestion for some seconds; the lowest picture stays.
    EXPECT_GE(kilobits(flow.lowest_target(5, 60)), loss.mean_burst > 1 ? 150 : 400)
        << loss.share << " in bursts of " << loss.mean_burst << ", seed " << seed();
  }
}

// Radio loss on a narrow line: the loss is borne, the width obeyed.
TEST_P(EstimatesFollowTheLine, RadioLossDoesNotHideANarrowLine) {
  BottleneckParams line;
  line.kbps_from = {{0, 800}};
  line.loss = 0.2;
  Network net(seed(), line, wide());
  MediaFlow& flow = media(net);
  net.run_until(60);
  EXPECT_GE(kilobits(flow.arrivals.rate(10, 60)), 450) << "of 640 that can arrive";
  EXPECT_LE(net.line().queue_p95(at_second(10), at_second(60)), Duration::millis(150));
}

// A policer drops what is too much and queues next to nothing.
TEST_P(EstimatesFollowTheLine, APolicerIsObeyed) {
  BottleneckParams line;
  line.kbps_from = {{0, 1'000}};
  line.queue = Duration::millis(30);
  Network net(seed(), line, wide());
  MediaFlow& flow = media(net);
  net.run_until(90);
  EXPECT_GE(kilobits(flow.arrivals.rate(20, 90)), 550) << "seed " << seed();
  EXPECT_LE(kilobits(flow.mean_target(20, 90)), 1'200) << "seed " << seed();
  EXPECT_LE(lost(flow), 0.15) << "seed " << seed();
}

TEST_P(EstimatesFollowTheLine, AnOutageIsForgottenWithinThreeSeconds) {
  for (const double seconds : {3.0, 10.0}) {
    BottleneckParams line;
    line.kbps_from = {{0, 3'000}};
    line.outage_from = 20;
    line.outage_to = 20 + seconds;
    Network net(seed(), line, wide());
    MediaFlowParams params;
    params.layers = {150, 500, 1'500};
    params.max_kbps = 1'500;
    MediaFlow& flow = media(net, params);
    net.run_until(35 + seconds);
    EXPECT_LE(kilobits(flow.lowest_target(20, 20 + seconds)), 700);
    EXPECT_GE(kilobits(flow.arrivals.rate(24 + seconds, 35 + seconds)), 0.9 * 1'560)
        << seconds << " s out, seed " << seed();
  }
}

TEST_P(EstimatesFollowTheLine, NothingIsProbedWhereNothingMoreIsWanted) {
  BottleneckParams line;
  line.kbps_from = {{0, 5'000}};
  Network net(seed(), line, wide());
  MediaFlowParams params;
  params.layers = {150};
  params.max_kbps = 150;
  MediaFlow& flow = media(net, params);
  net.run_until(60);
  EXPECT_EQ(flow.arrivals.padding_bytes, 0U);
}

// Probes where something is wanted and the line does not have it.
TEST_P(EstimatesFollowTheLine, AskingInVainCostsLittle) {
  BottleneckParams line;
  line.kbps_from = {{0, 300}};
  Network net(seed(), line, wide());
  MediaFlowParams params;
  params.layers = {150, 1'500};
  params.max_kbps = 1'500;
  MediaFlow& flow = media(net, params);
  net.run_until(120);
  EXPECT_LE(static_cast<double>(flow.arrivals.padding_bytes), 0.02 * 300e3 / 8 * 120);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EstimatesFollowTheLine, ::testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace sim
