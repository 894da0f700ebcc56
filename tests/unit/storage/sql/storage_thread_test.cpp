#include "storage/sql/storage_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "storage/sql/sql_store.h"
#include "tests/support/storage_rows.h"

namespace storage::sql {
namespace {

using tests::events_from;
using tests::id_of;

class StorageThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = open_store(":memory:");
    ASSERT_TRUE(store.has_value()) << store.error().message;
    tests::add_collective(**store);
    thread_ =
        std::make_unique<StorageThread>(std::move(*store), [this](std::function<void()> reply) {
          const std::lock_guard lock(mutex_);
          posted_.push_back(std::move(reply));
        });
  }
  // Holds the storage thread until the returned promise is set.
  std::shared_ptr<std::promise<void>> hold() {
    auto gate = std::make_shared<std::promise<void>>();
    auto entered = std::make_shared<std::promise<void>>();
    thread_->tell("hold", [gate, entered](Store&) -> Outcome<void> {
      entered->set_value();
      gate->get_future().wait();
      return {};
    });
    entered->get_future().wait();
    return gate;
  }
  // Runs what was posted, on this thread, as a loop would.
  size_t run_posted() {
    std::vector<std::function<void()>> replies;
    {
      const std::lock_guard lock(mutex_);
      replies.swap(posted_);
    }
    for (auto& reply : replies) reply();
    return replies.size();
  }

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  std::unique_ptr<StorageThread> thread_;
};

TEST_F(StorageThreadTest, RepliesComeThroughPostInOrder) {
  std::vector<int> order;
  for (int i = 0; i < 50; ++i) {
    thread_->ask([](Store& s) { return s.collectives(); },
                 [&order, i](const Outcome<std::vector<Collective>>& rows) {
                   EXPECT_EQ(rows->size(), 2U);
                   order.push_back(i);
                 });
  }
  thread_->stop();
  EXPECT_TRUE(order.empty()) << "no reply runs on the storage thread";
  EXPECT_EQ(run_posted(), 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST_F(StorageThreadTest, AppendsThatWaitTogetherAreOneTransaction) {
  const auto gate = hold();
  int acknowledged = 0;
  for (int64_t n = 1; n <= 100; ++n) {
    thread_->append_events(events_from("lesson", n, n),
                           [&](const Outcome<void>& done) { acknowledged += done ? 1 : 0; });
  }
  gate->set_value();
  EXPECT_EQ(thread_->ask_and_wait([](Store& s) { return s.last_event_sequence(id_of("lesson")); })
                .value(),
            100)
      << "a question sees the appends before it";
  thread_->stop();
  run_posted();
  EXPECT_EQ(acknowledged, 100);
  EXPECT_EQ(thread_->stats().events, 100U);
  EXPECT_EQ(thread_->stats().commits, 1U);
}

TEST_F(StorageThreadTest, OneBadAppendDoesNotTakeItsNeighboursWithIt) {
  const auto gate = hold();
  std::vector<bool> results;
  const auto note = [&](const Outcome<void>& done) { results.push_back(done.has_value()); };
  thread_->append_events(events_from("lesson", 1, 2), note);
  thread_->append_events(events_from("lesson", 9, 9), note);
  thread_->append_events(events_from("lesson", 3, 3), note);
  gate->set_value();
  EXPECT_EQ(thread_->ask_and_wait([](Store& s) { return s.last_event_sequence(id_of("lesson")); })
                .value(),
            3);
  thread_->stop();
  run_posted();
  EXPECT_EQ(results, (std::vector{true, false, true}));
  EXPECT_EQ(thread_->stats().failed, 1U);
}

TEST_F(StorageThreadTest, AFullQueueRefusesQuestionsButTakesEvents) {
  const auto gate = hold();
  int answered = 0;
  int refused = 0;
  const auto count = [&](const Outcome<std::vector<Collective>>& rows) {
    ++(rows ? answered : refused);
  };
  for (size_t i = 0; i < kMaxQueuedJobs + 5; ++i)
    thread_->ask([](Store& s) { return s.collectives(); }, count);
  bool stored = false;
  thread_->append_events(events_from("lesson", 1, 1),
                         [&](const Outcome<void>& done) { stored = done.has_value(); });
  EXPECT_EQ(thread_->stats().queued, kMaxQueuedJobs + 1);
  gate->set_value();
  thread_->stop();
  run_posted();
  EXPECT_EQ(answered, static_cast<int>(kMaxQueuedJobs));
  EXPECT_EQ(refused, 5) << "each asker is told";
  EXPECT_TRUE(stored);
  EXPECT_EQ(thread_->stats().refused, 5U);
  EXPECT_EQ(thread_->stats().queued_max, kMaxQueuedJobs + 1);
}

TEST_F(StorageThreadTest, StoppingDoesWhatWaitsAndRefusesWhatComesLater) {
  const auto gate = hold();
  bool stored = false;
  thread_->append_events(events_from("lesson", 1, 3),
                         [&](const Outcome<void>& done) { stored = done.has_value(); });
  std::thread stopper([this] { thread_->stop(); });
  gate->set_value();
  stopper.join();
  run_posted();
  EXPECT_TRUE(stored);
  bool refused = false;
  thread_->ask([](Store& s) { return s.collectives(); },
               [&](const Outcome<std::vector<Collective>>& rows) { refused = !rows.has_value(); });
  run_posted();
  EXPECT_TRUE(refused);
  EXPECT_FALSE(thread_->ask_and_wait([](Store& s) { return s.collectives(); }).has_value());
  thread_->stop();
}

TEST_F(StorageThreadTest, AFailedJobIsCounted) {
  thread_->tell("revoke", [](Store& s) { return s.append_events(events_from("lesson", 5, 5)); });
  thread_->stop();
  EXPECT_EQ(thread_->stats().failed, 1U);
  EXPECT_EQ(thread_->stats().jobs, 1U);
}

}  // namespace
}  // namespace storage::sql
