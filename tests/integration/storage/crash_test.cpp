// What the store has acknowledged survives a SIGKILL at any moment; what it has not is absent or
// whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "storage/sql/sql_store.h"
#include "tests/support/storage_rows.h"

namespace {

using tests::events_from;
using tests::id_of;

// Kills; TONGKE_CRASH_ROUNDS asks for more.
int rounds() {
  const char* text = std::getenv("TONGKE_CRASH_ROUNDS");
  return text == nullptr ? 40 : std::atoi(text);
}

// Appends batches of 1 to 3 events and writes each acknowledged sequence to `out`, until it is
// killed.
[[noreturn]] void append_for_ever(const std::filesystem::path& data, int out) {
  auto database = storage::sql::open_database(data);
  if (!database) _exit(2);
  int64_t last = database->store->last_event_sequence(id_of("lesson")).value_or(-1);
  for (int64_t batch = 1;; batch = batch % 3 + 1) {
    if (!database->store->append_events(events_from("lesson", last + 1, last + batch))) _exit(3);
    last += batch;
    if (write(out, &last, sizeof(last)) != static_cast<ssize_t>(sizeof(last))) _exit(4);
  }
}

TEST(Crash, NoAcknowledgedEventIsLostByAKill) {
  const tests::ScratchDir dir;
  const auto data = dir.path() / "data";
  {
    auto database = storage::sql::open_database(data);
    ASSERT_TRUE(database.has_value()) << database.error().message;
    tests::add_collective(*database->store);
  }
  const unsigned seed = std::random_device()();
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  int64_t acknowledged = 0;
  for (int round = 0; round < rounds(); ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", round " << round);
    int ends[2] = {-1, -1};
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      append_for_ever(data, ends[1]);
    }
    close(ends[1]);
    // Killed after a random number of acknowledgements, so in the middle of the next append.
    const auto wanted = random() % 20;
    int64_t last = 0;
    for (unsigned i = 0; i <= wanted && read(ends[0], &last, sizeof(last)) == sizeof(last); ++i)
      acknowledged = last;
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    while (read(ends[0], &last, sizeof(last)) == sizeof(last)) acknowledged = last;
    close(ends[0]);

    auto database = storage::sql::open_database(data);
    ASSERT_TRUE(database.has_value()) << database.error().message;
    const auto events = database->store->events(id_of("lesson"), 0, 1'000'000);
    ASSERT_TRUE(events.has_value());
    ASSERT_GE(static_cast<int64_t>(events->size()), acknowledged);
    for (size_t i = 0; i < events->size(); ++i) {
      ASSERT_EQ(events->at(i).sequence, static_cast<int64_t>(i) + 1);
      ASSERT_EQ(events->at(i).payload,
                events_from("lesson", static_cast<int64_t>(i) + 1, static_cast<int64_t>(i) + 1)[0]
                    .payload);
    }
    const auto complaints = database->store->check_integrity();
    ASSERT_TRUE(complaints && complaints->empty())
        << (complaints ? complaints->front() : complaints.error().message);
  }
  ASSERT_GT(acknowledged, 0);
}

}  // namespace
