#include "storage/sql/migration.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "tests/support/storage_rows.h"

namespace storage::sql {
namespace {

constexpr Migration kFirst{1, "0001_first.sql",
                           "CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('one');"};
constexpr Migration kSecond{2, "0002_second.sql",
                            "CREATE TABLE b (y TEXT); INSERT INTO b SELECT x FROM a;"};

class Database {
 public:
  explicit Database(const std::filesystem::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK);
  }
  ~Database() { sqlite3_close(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  sqlite3* get() { return db_; }
  void execute(const char* sql) {
    EXPECT_EQ(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }
  // The first column of the first row; "" for none or an error.
  std::string value(const char* sql) {
    sqlite3_stmt* s = nullptr;
    std::string out;
    if (sqlite3_prepare_v2(db_, sql, -1, &s, nullptr) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(s, 0));
      out = text == nullptr ? "" : text;
    }
    sqlite3_finalize(s);
    return out;
  }

 private:
  sqlite3* db_ = nullptr;
};

class MigrationTest : public testing::Test {
 protected:
  std::vector<std::filesystem::path> backups() {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(dir_.path() / "backups")) return files;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "backups"))
      files.push_back(entry.path());
    return files;
  }
  media::Outcome<int> run(Database& db, std::vector<Migration> steps) {
    return migrate(db.get(), steps, dir_.path() / "backups", 777);
  }
  tests::ScratchDir dir_;
};

TEST_F(MigrationTest, ANewDatabaseGetsAllStepsAndNeedsNoCopy) {
  Database db(dir_.path() / "t.db");
  EXPECT_EQ(run(db, {kFirst, kSecond}).value(), 2);
  EXPECT_EQ(db.value("SELECT y FROM b"), "one");
  EXPECT_EQ(db.value("PRAGMA user_version"), "2");
  EXPECT_TRUE(backups().empty());
  EXPECT_EQ(run(db, {kFirst, kSecond}).value(), 0);
}

TEST_F(MigrationTest, AnOldDatabaseIsCopiedBeforeItIsChanged) {
  Database db(dir_.path() / "t.db");
  ASSERT_TRUE(run(db, {kFirst}));
  db.execute("PRAGMA journal_mode = WAL");
  db.execute("INSERT INTO a VALUES ('still in the log')");
  EXPECT_EQ(run(db, {kFirst, kSecond}).value(), 1);
  ASSERT_EQ(backups().size(), 1U);
  EXPECT_EQ(backups()[0].filename(), "before-0002-777.db");
  Database copy(backups()[0]);
  EXPECT_EQ(copy.value("SELECT count(*) FROM a"), "2");
  EXPECT_EQ(copy.value("SELECT count(*) FROM sqlite_master WHERE name = 'b'"), "0");
  EXPECT_EQ(copy.value("PRAGMA integrity_check"), "ok");
}

TEST_F(MigrationTest, AChangedStepIsRefusedAndNothingHappens) {
  Database db(dir_.path() / "t.db");
  ASSERT_TRUE(run(db, {kFirst}));
  Migration changed = kFirst;
  changed.text = "CREATE TABLE a (x INTEGER);";
  const auto refused = run(db, {changed, kSecond});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("0001_first.sql"), std::string::npos);
  EXPECT_NE(refused.error().message.find("backups/"), std::string::npos) << "says what to do";
  EXPECT_EQ(db.value("PRAGMA user_version"), "1");
  EXPECT_TRUE(backups().empty());
}

TEST_F(MigrationTest, ANewerSchemaIsRefused) {
  Database db(dir_.path() / "t.db");
  ASSERT_TRUE(run(db, {kFirst, kSecond}));
  const auto refused = run(db, {kFirst});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("newer Tongke"), std::string::npos)
      << refused.error().message;
}

TEST_F(MigrationTest, AForeignDatabaseIsRefused) {
  Database db(dir_.path() / "t.db");
  db.execute("CREATE TABLE accounts (x TEXT)");
  ASSERT_FALSE(run(db, {kFirst}).has_value());
  EXPECT_EQ(db.value("SELECT count(*) FROM sqlite_master"), "1");
}

TEST_F(MigrationTest, AFailedStepLeavesTheStepsBeforeIt) {
  Database db(dir_.path() / "t.db");
  constexpr Migration kBad{2, "0002_bad.sql",
                           "CREATE TABLE b (y TEXT); INSERT INTO nowhere VALUES (1);"};
  const auto failed = run(db, {kFirst, kBad});
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().message.find("0002_bad.sql"), std::string::npos);
  EXPECT_EQ(db.value("SELECT count(*) FROM sqlite_master WHERE name = 'b'"), "0");
  EXPECT_EQ(db.value("PRAGMA user_version"), "1");
  EXPECT_EQ(run(db, {kFirst, kSecond}).value(), 1) << "the right step goes on from there";
}

TEST_F(MigrationTest, AStepMayRebuildATableButNotBreakReferences) {
  Database db(dir_.path() / "t.db");
  constexpr Migration kTables{
      1, "0001_t.sql",
      "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE c (p TEXT REFERENCES p (id));"
      "INSERT INTO p VALUES ('1'); INSERT INTO c VALUES ('1');"};
  constexpr Migration kRebuild{
      2, "0002_rebuild.sql",
      "CREATE TABLE q (id TEXT PRIMARY KEY, n TEXT); INSERT INTO q SELECT id, '' FROM p;"
      "DROP TABLE p; ALTER TABLE q RENAME TO p;"};
  constexpr Migration kBreak{3, "0003_break.sql", "DELETE FROM p;"};
  EXPECT_EQ(run(db, {kTables, kRebuild}).value(), 2);
  EXPECT_FALSE(run(db, {kTables, kRebuild, kBreak}).has_value());
  EXPECT_EQ(db.value("SELECT count(*) FROM p"), "1");
  EXPECT_EQ(db.value("PRAGMA foreign_keys"), "1") << "enforced again afterwards";
}

TEST_F(MigrationTest, TheStepsInTheProgramAreTheFilesInTheTree) {
  const auto steps = built_in_migrations();
  ASSERT_FALSE(steps.empty());
  int version = 0;
  for (const Migration& step : steps) {
    EXPECT_EQ(step.version, ++version);
    std::ifstream in(std::filesystem::path(TONGKE_SOURCE_DIR) / "storage/sql/schema" / step.name);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(step.text, text) << step.name;
  }
}

}  // namespace
}  // namespace storage::sql
