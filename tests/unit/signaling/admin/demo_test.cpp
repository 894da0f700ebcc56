#include "signaling/admin/demo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "signaling/auth/passwords.h"
#include "signaling/auth/secrets.h"
#include "storage/sql/sql_store.h"
#include "tests/support/storage_rows.h"

namespace signaling::admin {
namespace {

constexpr int64_t kNow = 1'800'000'000'000'000;
constexpr int64_t kDay = 24LL * 3600 * 1'000'000;

class DemoTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = storage::sql::open_store(dir_.path() / "tongke.db");
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }
  Demo seed(int64_t now) {
    const auto demo = seed_demo(*store_, dir_.path(), now);
    EXPECT_TRUE(demo.has_value()) << demo.error().message;
    return demo.value_or(Demo{});
  }
  tests::ScratchDir dir_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(DemoTest, MakesACollectiveThatCanTeachAtOnce) {
  const Demo demo = seed(kNow);
  const auto live = **store_->lesson(demo.live_lesson);
  EXPECT_EQ(live.state, storage::LessonState::Live);
  EXPECT_EQ(live.class_ids.size(), 3U);
  const auto next = **store_->lesson(demo.next_lesson);
  EXPECT_EQ(next.state, storage::LessonState::Scheduled);
  EXPECT_EQ(next.scheduled_at, kNow + kDay);
  EXPECT_EQ(store_->schools_of_collective(demo.collective)->size(), 4U);
  for (const DemoAccount& account : demo.accounts) {
    const auto person = store_->person_by_login(account.login);
    ASSERT_TRUE(person && *person) << account.login;
    EXPECT_TRUE(auth::verify_password(account.password, (*person)->password_hash)) << account.login;
    EXPECT_EQ(store_->roles_of((*person)->id)->size(), 1U);
  }
  ASSERT_EQ(demo.links.size(), 6U);
  for (const DemoLink& link : demo.links) {
    const auto token = store_->token_by_hash(auth::hash_secret(link.token));
    ASSERT_TRUE(token && *token) << link.role;
    EXPECT_EQ((*token)->lesson_id, demo.live_lesson);
    EXPECT_EQ((*token)->class_id.value_or(""), link.class_id);
  }
  EXPECT_EQ(std::filesystem::status(dir_.path() / "demo.json").permissions() &
                std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(DemoTest, ASecondStartChangesNothing) {
  const Demo first = seed(kNow);
  reopen();
  EXPECT_EQ(seed(kNow + kDay / 2), first);
  EXPECT_EQ(store_->lessons({})->size(), 2U);
  EXPECT_EQ(store_->tokens_of_lesson(first.live_lesson)->size(), 6U);
}

TEST_F(DemoTest, AStartThatWasCutShortIsFinishedWithTheSameSecrets) {
  const Demo first = seed(kNow);
  // All that is left is the plan, as when the process dies before its first row.
  store_.reset();
  for (const char* file : {"tongke.db", "tongke.db-wal", "tongke.db-shm"})
    std::filesystem::remove(dir_.path() / file);
  reopen();
  EXPECT_EQ(seed(kNow), first);
  EXPECT_EQ(store_->tokens_of_lesson(first.live_lesson)->size(), 6U);
}

TEST_F(DemoTest, AnEndedLessonIsFollowedByANewOne) {
  const Demo first = seed(kNow);
  ASSERT_TRUE(store_->set_lesson_ended(first.live_lesson, kNow + 1).value());
  const Demo second = seed(kNow + 2);
  EXPECT_NE(second.live_lesson, first.live_lesson);
  EXPECT_EQ(second.next_lesson, first.next_lesson);
  EXPECT_EQ(second.accounts, first.accounts);
  EXPECT_EQ((**store_->lesson(second.live_lesson)).state, storage::LessonState::Live);
}

TEST_F(DemoTest, TokensThatWouldExpireAreReplaced) {
  const Demo first = seed(kNow);
  const Demo later = seed(kNow + 40 * kDay);
  EXPECT_NE(later.links.front().token, first.links.front().token);
  EXPECT_EQ(store_->lessons_in_state(storage::LessonState::Live)->size(), 1U)
      << "the one before has ended";
  EXPECT_GT((**store_->token_by_hash(auth::hash_secret(later.links.front().token))).expires_at,
            kNow + 41 * kDay);
}

TEST_F(DemoTest, IsNeverMixedIntoARealCollective) {
  tests::add_collective(*store_);
  EXPECT_FALSE(seed_demo(*store_, dir_.path(), kNow).has_value());
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "demo.json"));
}

TEST_F(DemoTest, AnUnreadablePlanIsASentence) {
  std::ofstream(dir_.path() / "demo.json") << "{\"ids\": 3}";
  const auto demo = seed_demo(*store_, dir_.path(), kNow);
  ASSERT_FALSE(demo.has_value());
  EXPECT_NE(demo.error().message.find("demo.json"), std::string::npos);
}

}  // namespace
}  // namespace signaling::admin
