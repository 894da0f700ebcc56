// Several flows at one bottleneck, by the cases of RFC 8867 section 5.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim_congestion.h"

namespace sim {
namespace {

BottleneckParams line_of(int64_t rate_kbps) {
  BottleneckParams params;
  params.kbps_from = {{0, rate_kbps}};
  return params;
}
double kilobits(DataRate rate) {
  return static_cast<double>(rate.as_bps()) / 1'000;
}
double voice_lost(const Flow& flow) {
  return 1 - static_cast<double>(flow.arrivals.voice_arrived) /
                 static_cast<double>(flow.arrivals.voice_sent);
}

class FlowsShareALine : public ::testing::TestWithParam<uint64_t> {
 protected:
  [[nodiscard]] uint64_t seed() const { return GetParam(); }
  MediaFlow& add(Network& net, MediaFlowParams params, bool reversed = false) {
    return net.add(std::make_unique<MediaFlow>(seed() * 100 + ++count_, params), reversed);
  }
  uint64_t count_ = 0;
};

// Two classes behind one line, the second ten seconds late.
TEST_P(FlowsShareALine, TwoFlowsGetThirtyFiveToSixtyFivePercentEach) {
  Network net(seed(), line_of(2'000), line_of(10'000));
  MediaFlow& first = add(net, {});
  MediaFlowParams late;
  late.start = 10;
  MediaFlow& second = add(net, late);
  net.run_until(120);
  const double a = kilobits(first.arrivals.rate(60, 120));
  const double b = kilobits(second.arrivals.rate(60, 120));
  EXPECT_GE(a / (a + b), 0.35) << "seed " << seed() << ": " << a << " and " << b;
  EXPECT_LE(a / (a + b), 0.65) << "seed " << seed() << ": " << a << " and " << b;
  EXPECT_GE(a + b, 0.85 * 2'000);
  EXPECT_LE(net.line().queue_p95(at_second(20), at_second(120)), Duration::millis(150));
}

// RFC 8867 section 5.2.
TEST_P(FlowsShareALine, TwoFlowsFollowACapacityThatVaries) {
  BottleneckParams line;
  line.kbps_from = {{0, 4'000}, {25, 2'000}, {50, 3'500}, {75, 1'000}, {100, 2'000}};
  Network net(seed(), line, line_of(10'000));
  MediaFlow& a = add(net, {});
  MediaFlow& b = add(net, {});
  net.run_until(125);
  const auto both = [&](double from, double to) {
    return kilobits(a.arrivals.rate(from, to)) + kilobits(b.arrivals.rate(from, to));
  };
  EXPECT_GE(both(5, 25), 0.8 * 4'000) << "seed " << seed();
  EXPECT_GE(both(28, 50), 0.8 * 2'000) << "seed " << seed();
  EXPECT_GE(both(60, 75), 0.7 * 3'500) << "seed " << seed();
  EXPECT_GE(both(78, 100), 0.8 * 1'000) << "seed " << seed();
  EXPECT_GE(both(105, 125), 0.8 * 2'000) << "seed " << seed();
  // Each of two sees half of the fall to two sevenths, and answers the half it sees.
  EXPECT_LE(net.line().queue_p95(at_second(5), at_second(125)), Duration::millis(240));
}

// RFC 8867 section 5.3: the way back is as narrow, and full of media itself.
TEST_P(FlowsShareALine, FeedbackThroughAFullLineStillGuides) {
  BottleneckParams there;
  there.kbps_from = {{0, 2'000}, {20, 1'000}, {40, 500}, {60, 2'000}};
  BottleneckParams back;
  back.kbps_from = {{0, 2'000}, {35, 800}, {70, 2'000}};
  Network net(seed(), there, back);
  MediaFlow& a = add(net, {});
  MediaFlow& b = add(net, {}, true);
  net.run_until(100);
  EXPECT_GE(kilobits(a.arrivals.rate(5, 20)), 0.75 * 2'000) << "seed " << seed();
  EXPECT_GE(kilobits(a.arrivals.rate(23, 40)), 0.75 * 1'000) << "seed " << seed();
  EXPECT_GE(kilobits(a.arrivals.rate(43, 60)), 0.7 * 500) << "seed " << seed();
  EXPECT_GE(kilobits(a.arrivals.rate(75, 100)), 0.75 * 2'000) << "seed " << seed();
  EXPECT_GE(kilobits(b.arrivals.rate(40, 70)), 0.7 * 800) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(5), at_second(100)), Duration::millis(150));
}

// RFC 8867 section 5.4.
TEST_P(FlowsShareALine, ThreeFlowsThatComeOneByOneShare) {
  Network net(seed(), line_of(3'500), line_of(10'000));
  std::vector<MediaFlow*> flows;
  for (int i = 0; i < 3; ++i) {
    MediaFlowParams params;
    params.start = 20.0 * i;
    flows.push_back(&add(net, params));
  }
  net.run_until(120);
  double sum = 0;
  for (const MediaFlow* flow : flows) sum += kilobits(flow->arrivals.rate(80, 120));
  EXPECT_GE(sum, 0.85 * 3'500);
  for (const MediaFlow* flow : flows) {
    EXPECT_GE(kilobits(flow->arrivals.rate(80, 120)), 0.5 * sum / 3) << "seed " << seed();
    EXPECT_LE(kilobits(flow->arrivals.rate(80, 120)), 1.7 * sum / 3) << "seed " << seed();
  }
  EXPECT_LE(net.line().queue_p95(at_second(50), at_second(120)), Duration::millis(150));
}

// RFC 8867 section 5.5.
TEST_P(FlowsShareALine, ALongRoundTripIsNotStarved) {
  BottleneckParams line = line_of(4'000);
  line.delay = Duration();
  Network net(seed(), line, line_of(10'000));
  std::vector<MediaFlow*> flows;
  const std::vector<int64_t> delays = {10, 25, 50, 100, 150};
  for (size_t i = 0; i < delays.size(); ++i) {
    MediaFlowParams params;
    params.start = 10.0 * static_cast<double>(i);
    flows.push_back(&add(net, params));
    flows.back()->extra_delay = Duration::millis(delays[i]);
  }
  net.run_until(200);
  double sum = 0;
  for (const MediaFlow* flow : flows) sum += kilobits(flow->arrivals.rate(140, 200));
  EXPECT_GE(sum, 0.85 * 4'000);
  for (const MediaFlow* flow : flows)
    EXPECT_GE(kilobits(flow->arrivals.rate(140, 200)), 0.35 * sum / 5) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(60), at_second(200)), Duration::millis(150));
}

// RFC 8867 section 5.6. The queue of 300 ms is the download's; the voice has to come through it.
TEST_P(FlowsShareALine, BesideADownloadTheVoiceHoldsAndTheLineComesBack) {
  Network net(seed(), line_of(2'000), line_of(10'000));
  MediaFlow& flow = add(net, {});
  RenoParams download;
  download.start = 20;
  download.end = 80;
  RenoFlow& tcp = net.add(std::make_unique<RenoFlow>(download));
  net.run_until(110);
  EXPECT_GE(kilobits(flow.arrivals.rate(25, 80)), 280) << "voice and a small picture";
  EXPECT_GE(kilobits(tcp.arrivals.rate(25, 80)), 450) << "and the download is not starved";
  EXPECT_LE(voice_lost(flow), 0.02) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(95, 110)), 0.8 * 2'000) << "seed " << seed();
}

// RFC 8867 section 5.7: ten short downloads.
TEST_P(FlowsShareALine, ShortDownloadsComeAndGo) {
  Network net(seed(), line_of(2'000), line_of(10'000));
  MediaFlow& flow = add(net, {});
  std::vector<RenoFlow*> downloads;
  media::SplitMix64 rng(seed());
  for (int i = 0; i < 10; ++i) {
    RenoParams params;
    params.start = 10 + static_cast<double>(rng.below(500)) / 10;
    params.bytes = static_cast<int64_t>(30'000 + rng.below(400'000));
    downloads.push_back(&net.add(std::make_unique<RenoFlow>(params)));
  }
  net.run_until(110);
  for (const RenoFlow* one : downloads) EXPECT_TRUE(one->done());
  EXPECT_LE(voice_lost(flow), 0.02) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(10, 60)), 350) << "seed " << seed();
  EXPECT_GE(kilobits(flow.arrivals.rate(95, 110)), 0.8 * 2'000) << "seed " << seed();
}

// RFC 8867 section 5.8.
TEST_P(FlowsShareALine, AFlowThatPausesLeavesItsShareAndGetsItBack) {
  Network net(seed(), line_of(3'500), line_of(10'000));
  MediaFlow& a = add(net, {});
  MediaFlowParams pauses;
  pauses.pause_from = 40;
  pauses.pause_to = 70;
  MediaFlow& b = add(net, pauses);
  MediaFlow& c = add(net, {});
  net.run_until(120);
  EXPECT_EQ(kilobits(b.arrivals.rate(41, 70)), 0);
  EXPECT_GE(kilobits(a.arrivals.rate(55, 70)) + kilobits(c.arrivals.rate(55, 70)), 0.8 * 3'500)
      << "seed " << seed();
  EXPECT_GE(kilobits(b.arrivals.rate(95, 120)), 0.4 * 3'500 / 3) << "seed " << seed();
  EXPECT_LE(net.line().queue_p95(at_second(20), at_second(120)), Duration::millis(200));
}

// What one receiver reports changes what it gets, and nobody else's.
TEST_P(FlowsShareALine, AReceiverThatLiesHarmsItself) {
  const auto honest_rate = [&](bool lies_lost, bool lies_well) {
    Network net(seed(), line_of(4'000), line_of(10'000));
    MediaFlowParams honest;
    honest.max_kbps = 1'000;
    MediaFlow& flow = net.add(std::make_unique<MediaFlow>(seed(), honest));
    MediaFlowParams liar;
    liar.max_kbps = 1'000;
    liar.lies_all_lost = lies_lost;
    liar.lies_all_well = lies_well;
    MediaFlow& other = net.add(std::make_unique<MediaFlow>(seed() + 50, liar));
    net.run_until(40);
    if (lies_lost) {
      EXPECT_LE(kilobits(other.mean_target(20, 40)), 100);
    }
    return kilobits(flow.arrivals.rate(10, 40));
  };
  const double without = honest_rate(false, false);
  EXPECT_NEAR(honest_rate(true, false), without, without * 0.01) << "seed " << seed();
  EXPECT_NEAR(honest_rate(false, true), without, without * 0.01) << "seed " << seed();
}

INSTANTIATE_TEST_SUITE_P(Seeds, FlowsShareALine, ::testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace sim
