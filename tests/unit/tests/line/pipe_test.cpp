#include "tests/line/pipe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace line {
namespace {

constexpr Instant kStart = Instant::from_micros(5'000'000);

struct Arrived {
  Instant at;
  uint32_t tag = 0;
  Bytes bytes;
};

// Lets time pass until `end`, stopping exactly at each moment that the pipe names.
std::vector<Arrived> drain(Pipe& pipe, Instant from, Instant end) {
  std::vector<Arrived> out;
  Instant now = from;
  while (now <= end) {
    pipe.deliver(now, [&](Bytes bytes, uint32_t tag) {
      out.push_back({now, tag, std::move(bytes)});
    });
    const Instant due = pipe.next_due();
    if (due == Instant::never()) break;
    EXPECT_GE(due, now);
    now = std::max(due, now + Duration::micros(1));
  }
  return out;
}

Params instant() {
  Params p;
  p.delay = Duration();
  return p;
}

TEST(Pipe, AnUntroubledLineDelaysAndChangesNothing) {
  Params p;
  p.delay = Duration::millis(35);
  Pipe pipe(p, 1, kStart);
  pipe.offer(kStart, {1, 2, 3}, 9);
  EXPECT_EQ(pipe.next_due(), kStart + Duration::millis(35));
  const auto got = drain(pipe, kStart, kStart + Duration::seconds(1));
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].at, kStart + Duration::millis(35));
  EXPECT_EQ(got[0].bytes, (Bytes{1, 2, 3}));
  EXPECT_EQ(got[0].tag, 9U);
  EXPECT_EQ(pipe.next_due(), Instant::never());
}

TEST(Pipe, TheBottleneckTakesTheTimeThatBytesNeed) {
  Params p = instant();
  p.bits_per_second = 1'000'000;
  Pipe pipe(p, 1, kStart);
  for (uint32_t i = 0; i < 3; ++i) pipe.offer(kStart, Bytes(1250), i);  // 10 ms each
  const auto got = drain(pipe, kStart, kStart + Duration::seconds(1));
  ASSERT_EQ(got.size(), 3U);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(got[i].tag, i);
    EXPECT_EQ(got[i].at, kStart + Duration::millis(10 * (i + 1)));
  }
  EXPECT_EQ(pipe.statistics().queue_wait.max(), Duration::millis(20));
}

TEST(Pipe, AnOverloadedLineCarriesItsRateAndItsQueueStaysBounded) {
  Params p;
  p.bits_per_second = 600'000;
  p.max_queue = Duration::millis(300);
  Pipe pipe(p, 1, kStart);
  int64_t bytes = 0;
  Instant now = kStart;
  for (; now < kStart + Duration::seconds(20); now += Duration::millis(5)) {
    pipe.offer(now, Bytes(940));  // 1.5 Mbit/s
    pipe.deliver(now, [&](const Bytes& b, uint32_t) { bytes += static_cast<int64_t>(b.size()); });
  }
  EXPECT_NEAR(static_cast<double>(bytes) * 8 / 20, 600'000, 6'000);
  const Statistics& s = pipe.statistics();
  EXPECT_LE(s.queue_wait.max().as_millis(), 300);
  EXPECT_GE(s.queue_wait.quantile(0.5), Duration::millis(270));
  EXPECT_NEAR(static_cast<double>(s.lost_for(LossReason::QueueFull)) /
                  static_cast<double>(s.offered_packets),
              0.6, 0.02);
}

TEST(Pipe, AQueueMayBeBoundedInBytes) {
  Params p = instant();
  p.bits_per_second = 8'000;
  p.max_queue = Duration::seconds(1'000);
  p.max_queue_bytes = 3'000;
  Pipe pipe(p, 1, kStart);
  for (int i = 0; i < 5; ++i) pipe.offer(kStart, Bytes(1'000));
  EXPECT_EQ(pipe.queued_bytes(), 3'000);
  EXPECT_EQ(pipe.statistics().lost_for(LossReason::QueueFull), 2U);
}

TEST(Pipe, ARateThatChangesHoldsForWhatAlreadyWaits) {
  Params slow = instant();
  slow.bits_per_second = 100'000;
  Params fast = slow;
  fast.bits_per_second = 1'000'000;
  Schedule schedule(slow);
  schedule.steps.push_back({Duration::millis(50), fast});
  Pipe pipe(schedule, 1, kStart);
  pipe.offer(kStart, Bytes(1250));  // 100 ms at first; half of it is done when the rate changes
  const auto got = drain(pipe, kStart, kStart + Duration::seconds(1));
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].at, kStart + Duration::millis(55));
}

TEST(Pipe, AScheduleRepeats) {
  Params out = instant();
  out.out = true;
  Schedule flapping(instant());
  flapping.steps.push_back({Duration::seconds(27), out});
  flapping.repeat = Duration::seconds(30);
  Pipe pipe(flapping, 1, kStart);
  std::vector<int64_t> silent;
  for (int64_t second = 0; second < 90; ++second) {
    const Instant now = kStart + Duration::seconds(second) + Duration::millis(1);
    pipe.offer(now, Bytes(100));
    bool came = false;
    pipe.deliver(now, [&](const Bytes&, uint32_t) { came = true; });
    if (!came) silent.push_back(second);
  }
  EXPECT_EQ(silent, (std::vector<int64_t>{27, 28, 29, 57, 58, 59, 87, 88, 89}));
  EXPECT_EQ(pipe.statistics().lost_for(LossReason::Outage), 9U);
}

TEST(Pipe, AnOutageLosesWhatWaitsAndSparesWhatIsOnItsWay) {
  Params p;
  p.delay = Duration::millis(100);
  p.bits_per_second = 100'000;
  Params out = p;
  out.out = true;
  Schedule schedule(p);
  schedule.steps.push_back({Duration::millis(150), out});
  schedule.steps.push_back({Duration::millis(400), p});
  Pipe pipe(schedule, 1, kStart);
  for (uint32_t i = 0; i < 4; ++i) pipe.offer(kStart, Bytes(1250), i);  // leave every 100 ms
  const auto got = drain(pipe, kStart, kStart + Duration::seconds(2));
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].at, kStart + Duration::millis(200));
  EXPECT_EQ(pipe.statistics().lost_for(LossReason::Outage), 3U);
  pipe.offer(kStart + Duration::seconds(3), Bytes(1250), 7);
  EXPECT_EQ(drain(pipe, kStart + Duration::seconds(3), kStart + Duration::seconds(4)).size(), 1U);
}

TEST(Pipe, JitterSpreadsArrivalsOverItsRange) {
  Params p;
  p.delay = Duration::millis(50);
  p.jitter = Duration::millis(40);
  Pipe pipe(p, 3, kStart);
  double sum = 0;
  int count = 0;
  std::vector<Instant> sent;
  Instant now = kStart;
  for (uint32_t i = 0; i < 20'000; ++i, now += Duration::millis(1)) {
    sent.push_back(now);
    pipe.offer(now, Bytes(100), i);
    pipe.deliver(now, [&](const Bytes&, uint32_t tag) {
      const Duration took = now - sent[tag];
      EXPECT_GE(took, Duration::millis(50));
      EXPECT_LE(took, Duration::millis(91));
      sum += took.as_seconds() * 1e3;
      ++count;
    });
  }
  EXPECT_NEAR(sum / count, 70.5, 0.6);  // half a millisecond by looking once a millisecond
  EXPECT_GT(pipe.statistics().overtaken, 5'000U);
}

TEST(Pipe, JitterInOrderOvertakesNothing) {
  Params p;
  p.jitter = Duration::millis(40);
  p.in_order = true;
  Pipe pipe(p, 3, kStart);
  uint32_t next = 0;
  Instant now = kStart;
  for (uint32_t i = 0; i < 5'000; ++i, now += Duration::millis(1)) {
    pipe.offer(now, Bytes(100), i);
    pipe.deliver(now, [&](const Bytes&, uint32_t tag) { EXPECT_EQ(tag, next++); });
  }
  EXPECT_GT(next, 4'900U);
  EXPECT_EQ(pipe.statistics().overtaken, 0U);
}

TEST(Pipe, ReordersAndDuplicatesTheSharesAskedFor) {
  Params p;
  p.reorder = 0.1;
  p.reorder_by = Duration::millis(5);
  p.duplicate = 0.05;
  Pipe pipe(p, 4, kStart);
  Instant now = kStart;
  constexpr int kCount = 50'000;
  uint64_t got = 0;
  for (int i = 0; i < kCount; ++i, now += Duration::millis(1)) {
    pipe.offer(now, Bytes(100));
    pipe.deliver(now, [&](const Bytes&, uint32_t) { ++got; });
  }
  drain(pipe, now, now + Duration::seconds(1));
  const Statistics& s = pipe.statistics();
  EXPECT_NEAR(static_cast<double>(s.overtaken) / kCount, 0.1, 0.01);
  EXPECT_NEAR(static_cast<double>(s.duplicated) / kCount, 0.05, 0.005);
  EXPECT_EQ(s.delivered_packets, s.offered_packets + s.duplicated);
  EXPECT_GT(got, static_cast<uint64_t>(kCount));
}

TEST(Pipe, EveryDatagramIsAccountedFor) {
  Params p;
  p.bits_per_second = 800'000;
  p.max_queue = Duration::millis(100);
  p.loss = 0.05;
  p.burst = {0.1, 4};
  p.duplicate = 0.02;
  p.jitter = Duration::millis(30);
  Pipe pipe(p, 6, kStart);
  Instant now = kStart;
  for (int i = 0; i < 20'000; ++i, now += Duration::millis(8)) pipe.offer(now, Bytes(1'000));
  drain(pipe, now, now + Duration::seconds(5));
  const Statistics& s = pipe.statistics();
  EXPECT_EQ(s.offered_packets + s.duplicated, s.delivered_packets + s.lost_packets());
  EXPECT_NEAR(static_cast<double>(s.lost_for(LossReason::Burst)) / 16'000, 0.1, 0.02);
}

TEST(Pipe, SameSeedSameInputSameOutput) {
  const auto run = [](uint64_t seed) {
    Params p;
    p.loss = 0.1;
    p.jitter = Duration::millis(50);
    p.bits_per_second = 1'000'000;
    Pipe pipe(p, seed, kStart);
    std::vector<std::pair<int64_t, uint32_t>> got;
    Instant now = kStart;
    for (uint32_t i = 0; i < 2'000; ++i, now += Duration::millis(9)) {
      pipe.offer(now, Bytes(1'000), i);
      pipe.deliver(now,
                   [&](const Bytes&, uint32_t tag) { got.emplace_back(now.as_micros(), tag); });
    }
    return got;
  };
  EXPECT_EQ(run(21), run(21));
  EXPECT_NE(run(21), run(22));
}

TEST(Pipe, WhenItIsAskedDoesNotChangeWhatItDoes) {
  Params p;
  p.bits_per_second = 700'000;
  p.jitter = Duration::millis(10);
  Schedule schedule(p);
  p.bits_per_second = 200'000;
  schedule.steps.push_back({Duration::millis(900), p});
  schedule.repeat = Duration::millis(1'700);
  Pipe often(schedule, 8, kStart);
  Pipe seldom(schedule, 8, kStart);
  Instant now = kStart;
  for (int i = 0; i < 4'000; ++i, now += Duration::millis(1)) {
    often.deliver(now, [](const Bytes&, uint32_t) {});
    if (i % 9 != 0) continue;
    often.offer(now, Bytes(500));
    seldom.offer(now, Bytes(500));
  }
  seldom.deliver(now, [](const Bytes&, uint32_t) {});
  EXPECT_EQ(often.queued_bytes(), seldom.queued_bytes());
  EXPECT_EQ(often.statistics().lost_packets(), seldom.statistics().lost_packets());
  EXPECT_EQ(often.statistics().delivered_packets, seldom.statistics().delivered_packets);
}

TEST(Pipe, ATraceGivesItsOpportunitiesAndNoMore) {
  Params p = instant();
  p.trace = std::make_shared<const CapacityTrace>(*CapacityTrace::parse("5\n10\n10\n40\n"));
  Pipe pipe(p, 1, kStart);
  for (uint32_t i = 0; i < 5; ++i) pipe.offer(kStart, Bytes(1'500), i);
  pipe.offer(kStart, Bytes(700), 5);
  pipe.offer(kStart, Bytes(700), 6);  // both in one opportunity
  const auto got = drain(pipe, kStart, kStart + Duration::seconds(1));
  std::vector<int64_t> at;
  for (const auto& a : got) at.push_back((a.at - kStart).as_millis());
  EXPECT_EQ(at, (std::vector<int64_t>{5, 10, 10, 40, 45, 50, 50}));
}

TEST(Pipe, ATraceDoesNotSaveForAnEmptyQueue) {
  Params p = instant();
  p.trace = std::make_shared<const CapacityTrace>(*CapacityTrace::parse("5\n10\n40\n"));
  Pipe pipe(p, 1, kStart);
  pipe.offer(kStart + Duration::millis(11), Bytes(3'000));
  const auto got = drain(pipe, kStart + Duration::millis(11), kStart + Duration::seconds(1));
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].at, kStart + Duration::millis(45));
}

TEST(Pipe, AnOverloadedTraceCarriesItsMean) {
  MobileTraceParams mobile;
  mobile.mean_bits_per_second = 2e6;
  Params p = instant();
  p.trace = std::make_shared<const CapacityTrace>(make_mobile_trace(mobile));
  p.max_queue = Duration::millis(400);
  Pipe pipe(p, 1, kStart);
  int64_t bytes = 0;
  Instant now = kStart;
  for (; now < kStart + Duration::seconds(60); now += Duration::millis(1)) {
    pipe.offer(now, Bytes(1'200));  // 9.6 Mbit/s
    pipe.deliver(now, [&](const Bytes& b, uint32_t) { bytes += static_cast<int64_t>(b.size()); });
  }
  EXPECT_NEAR(static_cast<double>(bytes) * 8 / 60, 2e6, 0.02e6);
  EXPECT_LE(pipe.statistics().queue_wait.max(), Duration::millis(900));
}

TEST(Pipe, AStreamsBytesAreDelayedByTroubleAndNeverLost) {
  Params p;
  p.delay = Duration::millis(20);
  p.loss = 0.3;
  p.jitter = Duration::millis(30);
  p.max_queue = Duration::millis(1);
  p.bits_per_second = 1'000'000;
  Params out = p;
  out.out = true;
  Schedule schedule(p);
  schedule.steps.push_back({Duration::millis(500), out});
  schedule.steps.push_back({Duration::millis(1'500), p});
  Pipe pipe(schedule, 2, kStart);
  Instant now = kStart;
  uint32_t next = 0;
  Instant last;
  const auto take = [&](const Bytes& bytes, uint32_t) {
    EXPECT_EQ(bytes.front(), next++);
    EXPECT_FALSE(now > kStart + Duration::millis(620) && now < kStart + Duration::millis(1'500));
    last = now;
  };
  for (uint32_t i = 0; i < 200; ++i, now += Duration::millis(5)) {
    pipe.offer(now, Bytes(600, static_cast<uint8_t>(i)), 7, Carriage::Stream);
    pipe.deliver(now, take);
  }
  for (; now < kStart + Duration::seconds(5); now += Duration::millis(1)) pipe.deliver(now, take);
  EXPECT_EQ(next, 200U);
  EXPECT_GT(last, kStart + Duration::millis(1'500));
}

TEST(Pipe, BeginningAnewResetsScheduleAndFiguresAndKeepsWhatIsUnderWay) {
  Params p;
  p.delay = Duration::millis(50);
  Pipe pipe(p, 1, kStart);
  pipe.offer(kStart, Bytes(10), 1);
  Params out = p;
  out.out = true;
  Schedule later(p);
  later.steps.push_back({Duration::millis(100), out});
  pipe.restart(kStart + Duration::millis(10), later);
  EXPECT_EQ(pipe.statistics().offered_packets, 0U);
  EXPECT_EQ(drain(pipe, kStart + Duration::millis(10), kStart + Duration::millis(60)).size(), 1U);
  pipe.offer(kStart + Duration::millis(109), Bytes(10));
  pipe.offer(kStart + Duration::millis(110), Bytes(10));
  EXPECT_EQ(pipe.statistics().lost_for(LossReason::Outage), 1U);
}

}  // namespace
}  // namespace line
