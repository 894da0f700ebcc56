#include "storage/sql/database_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/storage_rows.h"

namespace storage::sql {
namespace {

TEST(DatabaseLock, OneHolderAtATimeAndTheOtherIsToldWho) {
  const tests::ScratchDir dir;
  auto first = DatabaseLock::acquire(dir.path());
  ASSERT_TRUE(first.has_value()) << first.error().message;
  const auto second = DatabaseLock::acquire(dir.path());
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos)
      << second.error().message;
  DatabaseLock moved = std::move(*first);
  EXPECT_FALSE(DatabaseLock::acquire(dir.path()).has_value()) << "moving it does not release it";
}

TEST(DatabaseLock, IsFreeAgainWhenTheHolderGoes) {
  const tests::ScratchDir dir;
  { ASSERT_TRUE(DatabaseLock::acquire(dir.path()).has_value()); }
  EXPECT_TRUE(DatabaseLock::acquire(dir.path()).has_value());
}

TEST(DatabaseLock, ADirectoryThatIsNotThereIsASentence) {
  const tests::ScratchDir dir;
  const auto lock = DatabaseLock::acquire(dir.path() / "none");
  ASSERT_FALSE(lock.has_value());
  EXPECT_NE(lock.error().message.find("data directory"), std::string::npos);
}

}  // namespace
}  // namespace storage::sql
