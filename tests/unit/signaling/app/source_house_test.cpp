#include "signaling/app/source_house.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "storage/sql/sql_store.h"
#include "storage/sql/storage_thread.h"
#include "tests/support/posted_tasks.h"
#include "tests/support/storage_rows.h"

namespace signaling::app {
namespace {

using media::Duration;
using media::Instant;
using protocol::SourceState;
using storage::LessonSource;
using tests::id_of;

// One lesson, and what was told about it.
struct FakeHost final : SourceHost {
  [[nodiscard]] std::vector<HostedSources> hosted_sources() const override {
    if (!is_open) return {};
    return {{id_of("lesson"), is_live, &rows}};
  }
  void set_sources(const std::string&, std::vector<LessonSource> changed) override {
    rows = std::move(changed);
  }
  void add_source_key(const std::string&, const std::string& source,
                      const std::string& hash) override {
    keys[source] = hash;
  }
  [[nodiscard]] bool source_flows(const std::string&, const std::string& source) const override {
    return flowing.contains(source);
  }
  void tell_sources(const std::string&, protocol::Sources all) override { told = std::move(all); }

  bool is_open = true;
  bool is_live = true;
  std::vector<LessonSource> rows;
  std::set<std::string> flowing;
  std::map<std::string, std::string> keys;
  protocol::Sources told;
};

LessonSource camera(const std::string& name) {
  LessonSource row;
  row.id = id_of(name);
  row.lesson_id = id_of("lesson");
  row.name = name;
  row.role = storage::SourceRole::Board;
  row.url = "rtsp://192.0.2.7/cam?token=SECRET";
  row.user = "admin";
  row.password = "SECRET";
  return row;
}

class SourceHouseTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = storage::sql::open_store(":memory:");
    ASSERT_TRUE(store) << store.error().message;
    tests::add_collective(**store);
    storage_ = std::make_unique<storage::sql::StorageThread>(std::move(*store), tasks_.poster());
  }
  void TearDown() override {
    house_.reset();
    storage_->stop();
  }
  // `script` is the reader, run by the shell with the job on its stdin.
  void open(const std::string& script, size_t max_pulls = 8) {
    SourceHouse::Params params;
    params.whip_base = [] { return "https://127.0.0.1:1/whip/"; };
    params.own_ports = [] { return std::vector<uint16_t>{8443}; };
    params.monotonic = [this] { return now_; };
    params.wall_us = [] { return int64_t{1'000'000}; };
    params.post = tasks_.poster();
    params.max_pulls = max_pulls;
    params.reader = {"/bin/sh", "-c", script};
    auto house = SourceHouse::open(std::move(params), host_, *storage_);
    ASSERT_TRUE(house) << house.error().message;
    house_ = std::move(*house);
  }
  SourceState state(size_t which = 0) {
    house_->on_tick(now_);
    return house_->status(host_.rows.at(which)).state;
  }
  bool becomes(SourceState wanted, size_t which = 0) {
    return tasks_.run_until([&] { return state(which) == wanted; });
  }
  bool is_revoked(const std::string& hash) {
    const auto token =
        storage_->ask_and_wait([&](storage::Store& store) { return store.token_by_hash(hash); });
    return token && *token && (*token)->revoked;
  }

  Instant now_ = Instant() + Duration::seconds(100);
  tests::PostedTasks tasks_;
  FakeHost host_;
  std::unique_ptr<storage::sql::StorageThread> storage_;
  std::unique_ptr<SourceHouse> house_;
};

constexpr const char* kOnAir = "echo '{\"state\":\"on-air\"}'; exec cat";

TEST_F(SourceHouseTest, CallsASourceOnceItsLessonIsLive) {
  host_.is_live = false;
  host_.rows = {camera("a")};
  open("read job; echo '{\"state\":\"on-air\"}'; exec sleep 600");
  EXPECT_EQ(state(), SourceState::Waiting);
  EXPECT_EQ(house_->stats().calls, 0U);
  host_.is_live = true;
  EXPECT_TRUE(becomes(SourceState::Live));
  EXPECT_EQ(house_->stats().by_state.at("live"), 1U);
  EXPECT_EQ(host_.told.sources.at(0).state, SourceState::Live) << "teachers are told";
  EXPECT_EQ(host_.keys.size(), 1U);
}

TEST_F(SourceHouseTest, TheReaderGetsTheWholeJobAndNobodyElseItsSecrets) {
  const tests::ScratchDir dir;
  const std::string file = (dir.path() / "job").string();
  host_.rows = {camera("a")};
  open("cat > '" + file + "'; echo '{\"state\":\"on-air\"}'; exec sleep 600");
  ASSERT_TRUE(becomes(SourceState::Live));
  std::ifstream in(file);
  const auto job = nlohmann::json::parse(in, nullptr, false);
  ASSERT_TRUE(job.is_object());
  EXPECT_EQ(job["target"]["whip"], "https://127.0.0.1:1/whip/" + id_of("lesson"));
  EXPECT_EQ(job["url"], "rtsp://192.0.2.7/cam?token=SECRET");
  EXPECT_EQ(job["password"], "SECRET");
  EXPECT_EQ(job["own_ports"], nlohmann::json({8443}));
  EXPECT_NE(job["deny"].dump().find("169.254.0.0/16"), std::string::npos);
  EXPECT_EQ(host_.told.sources.at(0).address, "rtsp://192.0.2.7/cam");
}

TEST_F(SourceHouseTest, AFailureIsToldWithItsReasonAndCalledAgain) {
  host_.rows = {camera("a")};
  open("read job; echo '{\"state\":\"ended\",\"reason\":\"unreachable\"}'");
  ASSERT_TRUE(becomes(SourceState::Retrying));
  const auto status = house_->status(host_.rows.at(0));
  EXPECT_EQ(status.reason, "unreachable");
  EXPECT_GE(status.retry_in, 1);
  EXPECT_EQ(host_.told.sources.at(0).retry_in, status.retry_in);
  EXPECT_EQ(house_->stats().failures.at("unreachable"), 1U);
  EXPECT_TRUE(is_revoked(host_.keys.begin()->second)) << "a reader's credential dies with it";
  now_ += sources::SourceKeeper::kFirstRetry;
  state();
  EXPECT_EQ(house_->stats().calls, 2U);
}

TEST_F(SourceHouseTest, AReaderThatCrashesHarmsNobodyElse) {
  host_.rows = {camera("a"), camera("b")};
  // The first one that gets the lock dies of a signal, the other one goes on.
  const tests::ScratchDir dir;
  open("read job; mkdir '" + (dir.path() / "lock").string() +
       "' && kill -SEGV $$; echo '{\"state\":\"on-air\"}'; exec sleep 600");
  ASSERT_TRUE(tasks_.run_until([&] {
    const std::set<SourceState> both = {state(0), state(1)};
    return both == std::set{SourceState::Live, SourceState::Retrying};
  }));
  EXPECT_EQ(house_->stats().failures.at("broken"), 1U);
}

TEST_F(SourceHouseTest, SwitchedOffItsReaderEnds) {
  host_.rows = {camera("a")};
  open("read job; echo '{\"state\":\"on-air\"}'; exec sleep 600");
  ASSERT_TRUE(becomes(SourceState::Live));
  const std::string key = host_.keys.begin()->second;
  host_.rows.at(0).enabled = false;
  EXPECT_EQ(state(), SourceState::Off);
  EXPECT_TRUE(tasks_.run_until([&] { return is_revoked(key); }));
  EXPECT_EQ(state(), SourceState::Off);
  EXPECT_TRUE(house_->stats().failures.empty()) << "nothing failed";
}

TEST_F(SourceHouseTest, RemovedOrWithItsLessonOverItsReaderEnds) {
  host_.rows = {camera("a")};
  open("read job; echo '{\"state\":\"on-air\"}'; exec sleep 600");
  ASSERT_TRUE(becomes(SourceState::Live));
  const std::string key = host_.keys.begin()->second;
  host_.is_open = false;
  house_->on_tick(now_);
  EXPECT_TRUE(tasks_.run_until([&] { return is_revoked(key); }));
  house_->on_tick(now_);
  EXPECT_EQ(house_->stats().by_state.at("live"), 0U);
}

TEST_F(SourceHouseTest, TheServerCallsNoMoreThanItMay) {
  host_.rows = {camera("a"), camera("b")};
  open("read job; echo '{\"state\":\"on-air\"}'; exec sleep 600", 1);
  ASSERT_TRUE(becomes(SourceState::Live));
  EXPECT_EQ(state(1), SourceState::Waiting);
  EXPECT_EQ(house_->status(host_.rows.at(1)).reason, "no-room");
  host_.rows.at(0).enabled = false;
  EXPECT_TRUE(becomes(SourceState::Live, 1)) << "it was next";
}

TEST_F(SourceHouseTest, AnEncoderThatPushesIsLiveWhileSomethingComes) {
  LessonSource row = camera("a");
  row.kind = storage::SourceKind::RtmpPush;
  row.url.clear();
  host_.rows = {row};
  open(kOnAir);
  EXPECT_EQ(state(), SourceState::Waiting);
  host_.flowing.insert(row.id);
  EXPECT_EQ(state(), SourceState::Live);
  host_.flowing.clear();
  EXPECT_EQ(state(), SourceState::Waiting);
  EXPECT_EQ(house_->stats().calls, 0U) << "it calls us";
}

TEST_F(SourceHouseTest, RefusesAtSightWhatNoNameIsNeededFor) {
  open(kOnAir);
  EXPECT_FALSE(house_->may_call("rtsp://127.0.0.1/x"));
  EXPECT_FALSE(house_->may_call("rtsp://[::1]/x"));
  EXPECT_FALSE(house_->may_call("rtmp://169.254.169.254/latest/meta-data"));
  EXPECT_TRUE(house_->may_call("rtsp://192.168.1.64/x"));
  EXPECT_TRUE(house_->may_call("rtsp://camera.school/x")) << "judged when it is looked up";
}

}  // namespace
}  // namespace signaling::app
