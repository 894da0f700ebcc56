#include "signaling/app/rtmp_door.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/posted_tasks.h"

namespace signaling::app {
namespace {

using media::Duration;
using media::Instant;

class RtmpDoorTest : public testing::Test {
 protected:
  RtmpDoor::Params params(const std::string& script) {
    RtmpDoor::Params out;
    out.bind = "127.0.0.1";
    out.whip_base = "https://127.0.0.1:1/whip/";
    out.post = tasks_.poster();
    out.monotonic = [this] { return now; };
    out.program = {"/bin/sh", "-c", script};
    return out;
  }
  bool run_until(const std::function<bool()>& done) { return tasks_.run_until(done); }

  Instant now = Instant::from_micros(1'000'000);

 private:
  tests::PostedTasks tasks_;
};

TEST_F(RtmpDoorTest, KnowsWhereItsChildListensAndGivesItTheJob) {
  RtmpDoor door(
      params("read job; case $job in *127.0.0.1:1/whip/*) echo "
             "'{\"state\":\"listening\",\"port\":4711}';; "
             "esac; read wait"));
  EXPECT_EQ(door.port(), 0);
  door.on_tick(now);
  // The shell ends with its stdin; until then and after, what it said is handled in order.
  uint16_t seen = 0;
  ASSERT_TRUE(run_until([&] { return (seen = door.port()) != 0; }));
  EXPECT_EQ(seen, 4711);
}

TEST_F(RtmpDoorTest, ComesBackWithGrowingWaits) {
  RtmpDoor door(params("echo '{\"state\":\"listening\",\"port\":1}'; exit 3"));
  door.on_tick(now);
  // Backoff takes away up to half of 1, 2, 4 … seconds.
  for (const int64_t longest : {1, 2, 4}) {
    const uint64_t before = door.restarts();
    ASSERT_TRUE(run_until([&] { return door.port() != 0; }));
    ASSERT_TRUE(run_until([&] { return door.port() == 0; })) << "it has ended";
    now += Duration::millis(longest * 500 - 1);
    door.on_tick(now);
    EXPECT_EQ(door.restarts(), before) << "too early";
    now += Duration::millis(longest * 500 + 2);
    door.on_tick(now);
    ASSERT_EQ(door.restarts(), before + 1) << "too late";
  }
}

TEST_F(RtmpDoorTest, AStoppedDoorStaysShut) {
  RtmpDoor door(
      params("trap 'exit 0' TERM; echo '{\"state\":\"listening\",\"port\":1}'; while :; "
             "do :; done"));
  door.on_tick(now);
  ASSERT_TRUE(run_until([&] { return door.port() == 1; }));
  door.stop();
  ASSERT_TRUE(run_until([&] { return door.port() == 0; }));
  now += Duration::seconds(3600);
  door.on_tick(now);
  EXPECT_EQ(door.restarts(), 0U);
}

}  // namespace
}  // namespace signaling::app
