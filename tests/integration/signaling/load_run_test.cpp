// The load generator against a real MediaServer: what it reports is what happened.
#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include "signaling/load/capacity_run.h"
#include "signaling/load/demo_teacher.h"
#include "signaling/load/server_usage.h"
#include "tests/support/whip_stub.h"

namespace signaling::load {
namespace {

using media::Duration;
using tests::WhipStub;

Room room_of(const WhipStub& stub) {
  return {.whip_url = stub.base() + "/whip/lesson",
          .token = "any",
          .whep_url = stub.base() + "/whep/lesson",
          .watch_token = "any"};
}

TEST(LoadRun, MeasuresEveryWatcherOfItsPublisher) {
  WhipStub stub;
  std::atomic<bool> stop{false};
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.publish = true;
  params.subscribers = 8;
  params.windows = 2;
  params.window = Duration::seconds(1);
  params.warm_up = Duration::seconds(1);
  params.server_pid = ::getpid();
  const auto result = run_capacity(params, stop);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->joined, 8U) << result->first_failure;
  EXPECT_EQ(result->lost, 0U);
  EXPECT_EQ(result->offered_pps, 8 * 230.0);
  EXPECT_GT(result->delivered_pps, 0.8 * result->offered_pps);
  EXPECT_LT(result->delivered_pps, 1.2 * result->offered_pps);
  EXPECT_GT(result->join_p50_ms, 0.1);
  EXPECT_LE(result->join_p50_ms, result->join_p99_ms);
  EXPECT_GT(result->delay_p50_ms, 0);
  EXPECT_LE(result->delay_p50_ms, result->delay_p99_ms);
  EXPECT_GT(result->cpu_us_per_packet, 0);
  EXPECT_EQ(stub.removed(), 9U) << "everybody says goodbye";
  const auto line = nlohmann::json::parse(as_json(*result));
  EXPECT_EQ(line["subscribers"], 8);
  EXPECT_NEAR(line["delivered_pps"].get<double>(), result->delivered_pps, 0.1);
}

TEST(LoadRun, WhatWatchersLoseOnPurposeTheServerSendsAgain) {
  WhipStub stub;
  std::atomic<bool> stop{false};
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.publish = true;
  params.subscribers = 4;
  params.manners = {.loss = 0.05, .nack = true};
  params.windows = 1;
  params.window = Duration::seconds(2);
  params.warm_up = Duration::millis(500);
  const auto result = run_capacity(params, stop);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->joined, 4U) << result->first_failure;
  EXPECT_GT(result->repair.thrown_away, 20U);
  EXPECT_GT(result->repair.asked, 10U);
  EXPECT_GT(result->repair.repaired, result->repair.thrown_away / 2)
      << "sound cannot be sent again, and the last losses are still under way";
}

TEST(LoadRun, AStormComesBackAndTheOthersAreWatchedMeanwhile) {
  WhipStub stub;
  std::atomic<bool> stop{false};
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.publish = true;
  params.subscribers = 2;
  params.windows = 1;
  params.window = Duration::millis(500);
  params.warm_up = Duration::millis(100);
  params.join_rate = 50;
  params.storm = 6;
  params.storm_within = Duration::millis(500);
  std::vector<std::string> phases;
  const auto result =
      run_capacity(params, stop, [&](const Progress& p) { phases.push_back(p.phase); });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->storm.watchers, 6U);
  EXPECT_EQ(result->storm.back, 6U) << result->first_failure;
  EXPECT_GT(result->storm.all_back_s, 0.3);
  EXPECT_GT(result->storm.rejoin_p50_ms, 0);
  EXPECT_GT(result->storm.others_p99_before_ms, 0);
  EXPECT_GT(result->storm.others_p99_during_ms, 0);
  EXPECT_EQ(stub.opened(), 1U + 2U + 6U + 6U);
  EXPECT_FALSE(phases.empty());
  EXPECT_EQ(nlohmann::json::parse(as_json(*result))["storm"]["back"], 6);
}

TEST(LoadRun, PausedWatchersAreJoinedOnceTheyAreConnected) {
  WhipStub stub;
  std::atomic<bool> stop{false};
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.subscribers = 3;
  params.paused = true;
  params.windows = 1;
  params.window = Duration::millis(500);
  params.warm_up = Duration();
  const auto result = run_capacity(params, stop);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->joined, 3U) << result->first_failure;
  EXPECT_EQ(result->delivered_pps, 0);
  EXPECT_GT(result->join_p50_ms, 0);
}

TEST(LoadRun, ARefusalIsReportedInASentence) {
  WhipStub stub;
  stub.refuse_with(503);
  std::atomic<bool> stop{false};
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.publish = true;
  params.subscribers = 1;
  const auto result = run_capacity(params, stop);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("503"), std::string::npos);
}

TEST(LoadRun, WatchersThatAreRefusedAreCountedAndExplained) {
  WhipStub stub;
  stub.refuse_with(403);
  std::atomic<bool> stop{false};
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.subscribers = 3;
  params.windows = 1;
  params.window = Duration::millis(100);
  params.warm_up = Duration();
  const auto result = run_capacity(params, stop);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->joined, 0U);
  EXPECT_EQ(result->lost, 3U);
  EXPECT_NE(result->first_failure.find("403"), std::string::npos);
}

TEST(LoadRun, TheDemoTeacherIsSeenAndHeardAndLeavesWhenAsked) {
  WhipStub stub;
  std::atomic<bool> stop{false};
  media::Outcome<void> ended;
  std::thread teacher([&] {
    const DemoParams demo{.url = stub.base() + "/whip/lesson",
                          .token = "any",
                          .insecure = false,
                          .fps = 15,
                          .for_time = {}};
    ended = publish_demo(demo, stop);
  });
  while (stub.opened() == 0) std::this_thread::yield();
  CapacityParams params;
  params.rooms = {room_of(stub)};
  params.subscribers = 2;
  params.windows = 1;
  params.window = Duration::seconds(1);
  params.warm_up = Duration();
  std::atomic<bool> never{false};
  const auto result = run_capacity(params, never);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->joined, 2U) << "media came: " << result->first_failure;
  stop = true;
  teacher.join();
  EXPECT_TRUE(ended);
  EXPECT_EQ(stub.removed(), 3U);
}

TEST(LoadRun, TheDemoTeacherGivesUpWhenItsTokenIsWrong) {
  WhipStub stub;
  stub.refuse_with(401);
  std::atomic<bool> stop{false};
  const auto ended = publish_demo({.url = stub.base() + "/whip/lesson",
                                   .token = "wrong",
                                   .insecure = false,
                                   .fps = 15,
                                   .for_time = {}},
                                  stop);
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().message.find("401"), std::string::npos);
}

TEST(ServerUsage, OurOwnCpuGrowsAndAMissingProcessIsNothing) {
  const auto before = read_usage(::getpid());
  ASSERT_TRUE(before);
  EXPECT_GT(before->rss_bytes, 1'000'000);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  volatile uint64_t work = 0;
  while (std::chrono::steady_clock::now() < until) work = work + 1;
  EXPECT_GT(read_usage(::getpid())->cpu_s, before->cpu_s);
  EXPECT_FALSE(read_usage(-1));
}

}  // namespace
}  // namespace signaling::load
