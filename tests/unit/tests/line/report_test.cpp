#include "tests/line/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace line {
namespace {

using ::testing::HasSubstr;

Report sample() {
  Report report;
  report.profile = "dsl";
  report.seed = 7;
  report.ran_for = Duration::seconds(2);
  report.down.offered_packets = 200;
  report.down.delivered_packets = 190;
  report.down.delivered_bytes = 250'000;
  report.down.lost = {4, 0, 6, 0};
  for (int i = 0; i < 100; ++i) report.down.queue_wait.add(Duration::millis(i));
  report.lateness.add(Duration::millis(3));
  return report;
}

TEST(Report, ProgramsFindEveryFigure) {
  const nlohmann::json json = to_json(sample());
  EXPECT_EQ(json["profile"], "dsl");
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["seconds"], 2.0);
  EXPECT_EQ(json["down"]["lost"]["random"], 4);
  EXPECT_EQ(json["down"]["lost"]["queue_full"], 6);
  EXPECT_EQ(json["down"]["queue_wait"]["p95_ms"], 94);
  EXPECT_EQ(json["up"]["offered_packets"], 0);
  EXPECT_EQ(json["lateness"]["max_ms"], 3);
}

TEST(Report, PeopleSeeRateLossByReasonAndQueue) {
  const std::string text = to_text(sample());
  EXPECT_THAT(text, HasSubstr("line dsl (seed 7), 2.0 s"));
  EXPECT_THAT(text, HasSubstr("1000 kbit/s; lost 5.00 %, random 4, queue_full 6;"));
  EXPECT_THAT(text, HasSubstr("p95 94 ms"));
}

}  // namespace
}  // namespace line
