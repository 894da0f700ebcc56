// `tongke admin` as a program runs it: through a server's socket and on the database itself.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <set>

#include "signaling/admin/admin_command.h"
#include "signaling/admin/admin_request.h"
#include "signaling/admin/admin_socket.h"
#include "signaling/admin/local_socket.h"
#include "signaling/admin/perform.h"
#include "signaling/auth/secrets.h"
#include "storage/sql/sql_store.h"
#include "tests/support/storage_rows.h"

namespace signaling::admin {
namespace {

using nlohmann::json;
using tests::id_of;

constexpr int64_t kHourUs = 3'600'000'000;

json token_request(const std::string& role) {
  return {{"command", "token"}, {"lesson", id_of("lesson")}, {"role", role}, {"ttlUs", kHourUs}};
}

class AdminTest : public testing::Test {
 protected:
  void SetUp() override {
    auto database = storage::sql::open_database(data_);
    ASSERT_TRUE(database.has_value()) << database.error().message;
    tests::add_collective(*database->store);
  }
  // What a running server holds.
  struct Server {
    storage::sql::DatabaseLock lock;
    std::unique_ptr<storage::sql::StorageThread> storage;
    std::unique_ptr<AdminSocket> socket;
  };
  Server start_server() {
    auto database = storage::sql::open_database(data_);
    EXPECT_TRUE(database.has_value()) << database.error().message;
    auto storage =
        std::make_unique<storage::sql::StorageThread>(std::move(database->store), nullptr);
    auto socket = AdminSocket::start(data_ / "admin.sock", *storage);
    EXPECT_TRUE(socket.has_value()) << socket.error().message;
    return {std::move(database->lock), std::move(storage), std::move(*socket)};
  }
  // The command line with standard output caught.
  int run(std::vector<std::string> arguments, std::string& out) {
    CLI::App app;
    std::function<int()> command;
    add_command(app, command);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    testing::internal::CaptureStdout();
    const int code = command();
    out = testing::internal::GetCapturedStdout();
    return code;
  }

  tests::ScratchDir dir_;
  // Longer than a socket's address may be.
  std::filesystem::path data_ = dir_.path() / std::string(120, 'd');
};

TEST_F(AdminTest, ATokenIsMadeWithoutAServer) {
  const auto result = perform(data_, token_request("teacher"));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const std::string secret = (*result)["token"];
  auto database = storage::sql::open_database(data_);
  const auto token = database->store->token_by_hash(auth::hash_secret(secret));
  ASSERT_TRUE(token && *token);
  EXPECT_EQ((*token)->role, storage::LessonRole::Teacher);
  EXPECT_EQ((*token)->person_id, id_of("teacher"));
  EXPECT_EQ((*token)->lesson_id, id_of("lesson"));
  EXPECT_EQ(database->store->audit(1)->at(0).verb, "token");
}

TEST_F(AdminTest, ATokenIsMadeThroughARunningServer) {
  const Server server = start_server();
  const auto result = perform(data_, token_request("observer"));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const std::string hash = auth::hash_secret((*result)["token"].get<std::string>());
  const auto token =
      server.storage->ask_and_wait([&](storage::Store& s) { return s.token_by_hash(hash); });
  ASSERT_TRUE(token && *token);
  EXPECT_EQ((*token)->role, storage::LessonRole::Observer);
  EXPECT_EQ((*token)->expires_at, (*result)["expiresAt"].get<int64_t>());
}

TEST_F(AdminTest, TheSocketIsForItsOwnerAndGoesWithTheServer) {
  {
    const Server server = start_server();
    struct stat status {};
    ASSERT_EQ(stat((data_ / "admin.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(data_ / "admin.sock"));
}

TEST_F(AdminTest, ASocketLeftByAKilledServerIsInNobodysWay) {
  { const auto left = listen_at(data_ / "admin.sock"); }
  ASSERT_TRUE(std::filesystem::exists(data_ / "admin.sock"));
  EXPECT_TRUE(perform(data_, token_request("teacher")).has_value());
  const Server server = start_server();
  EXPECT_TRUE(perform(data_, token_request("teacher")).has_value());
}

TEST_F(AdminTest, AHeldDatabaseWithoutASocketNamesItsHolder) {
  const auto held = storage::sql::open_database(data_);
  const auto result = perform(data_, token_request("teacher"), 0);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("process " + std::to_string(getpid())), std::string::npos)
      << result.error().message;
}

TEST_F(AdminTest, ClassTokensWithoutAChoiceServeOneClassAfterTheOther) {
  std::multiset<std::string> classes;
  for (int i = 0; i < 4; ++i) {
    const auto result = perform(data_, token_request("class"));
    ASSERT_TRUE(result.has_value()) << result.error().message;
    classes.insert((*result)["classId"].get<std::string>());
  }
  EXPECT_EQ(classes,
            (std::multiset{id_of("class1"), id_of("class1"), id_of("class2"), id_of("class2")}));
  json chosen = token_request("class");
  chosen["class"] = id_of("class1");
  EXPECT_EQ((*perform(data_, chosen))["classId"], id_of("class1"));
}

TEST_F(AdminTest, WrongRequestsAreSentences) {
  auto database = storage::sql::open_database(data_);
  storage::Store& store = *database->store;
  const auto refused = [&](json request) {
    return !execute(store, request, {data_, 1, "test"}).has_value();
  };
  json request = token_request("teacher");
  request["lesson"] = "none";
  EXPECT_TRUE(refused(request));
  request = token_request("headmaster");
  EXPECT_TRUE(refused(request));
  request = token_request("class");
  request["class"] = id_of("elsewhere");
  EXPECT_TRUE(refused(request));
  request = token_request("observer");
  request["class"] = id_of("class1");
  EXPECT_TRUE(refused(request));
  request = token_request("teacher");
  request["ttlUs"] = 0;
  EXPECT_TRUE(refused(request));
  request["ttlUs"] = "1h";
  EXPECT_TRUE(refused(request)) << "a field of another type";
  EXPECT_TRUE(refused({{"command", "drop"}}));
  EXPECT_TRUE(refused(json::object()));
  EXPECT_TRUE(store.tokens_of_lesson(id_of("lesson"))->empty());
}

TEST_F(AdminTest, TheServerAnswersGarbageAndGoesOn) {
  const Server server = start_server();
  for (const std::string& line :
       {std::string("not json"), std::string("[1]"), std::string("{\"command\":7}"),
        std::string("\xff\xfe"), std::string(kMaxRequestBytes + 10, 'x')}) {
    auto client = connect_to(data_ / "admin.sock");
    ASSERT_TRUE(client && *client);
    (void)write_line((*client)->get(), line, 1'000);
    const auto answer = read_line((*client)->get(), 65'536, 2'000);
    if (answer) {
      EXPECT_FALSE(json::parse(*answer)["ok"].get<bool>()) << *answer;
    }
  }
  EXPECT_TRUE(perform(data_, token_request("teacher")).has_value());
}

TEST_F(AdminTest, AUserIsAddedAndGetsANewPassword) {
  const json add{{"command", "user-add"},
                 {"login", "chen"},
                 {"name", "陈老师"},
                 {"school", id_of("rural")},
                 {"collective", id_of("collective")},
                 {"role", "assistant-teacher"},
                 {"passwordHash", "h1"}};
  ASSERT_TRUE(perform(data_, add).has_value());
  EXPECT_FALSE(perform(data_, add).has_value()) << "the login is taken";
  ASSERT_TRUE(
      perform(data_, {{"command", "user-passwd"}, {"login", "chen"}, {"passwordHash", "h2"}})
          .has_value());
  EXPECT_FALSE(
      perform(data_, {{"command", "user-passwd"}, {"login", "none"}, {"passwordHash", "h2"}})
          .has_value());
  auto database = storage::sql::open_database(data_);
  const auto person = **database->store->person_by_login("chen");
  EXPECT_EQ(person.password_hash, "h2");
  EXPECT_EQ(database->store->roles_of(person.id)->at(0).role,
            storage::CollectiveRole::AssistantTeacher);
}

TEST_F(AdminTest, CheckFindsARecordingThatIsNotThere) {
  EXPECT_TRUE(perform(data_, {{"command", "check"}})->empty());
  storage::RecordingSegment segment;
  segment.id = id_of("s");
  segment.lesson_id = id_of("lesson");
  segment.participant = "p1";
  segment.role = "teacher";
  segment.source = "camera";
  segment.codec = "vp8";
  segment.file = "a.webm";
  segment.clock_mapping = "[]";
  segment.state = storage::SegmentState::Complete;
  { ASSERT_DONE(storage::sql::open_database(data_)->store->add_segment(segment)); }
  EXPECT_EQ(perform(data_, {{"command", "check"}})->size(), 1U);
  std::filesystem::create_directories(data_ / "recordings" / segment.lesson_id);
  std::ofstream(data_ / "recordings" / segment.lesson_id / "a.webm") << "x";
  EXPECT_TRUE(perform(data_, {{"command", "check"}})->empty());
}

TEST_F(AdminTest, TheCommandPrintsTheTokenAloneOnOneLine) {
  std::string out;
  ASSERT_EQ(run({"admin", "token", "--data", data_.string(), "--lesson", id_of("lesson"), "--role",
                 "class", "--ttl", "1h"},
                out),
            0);
  ASSERT_EQ(out.size(), auth::kSecretLength + 1);
  EXPECT_TRUE(auth::looks_like_secret(out.substr(0, auth::kSecretLength)));
  EXPECT_EQ(run({"admin", "lesson", "list", "--data", data_.string()}, out), 0);
  EXPECT_EQ(out.rfind(id_of("lesson") + "\tscheduled\t", 0), 0U) << out;
  EXPECT_EQ(run({"admin", "check", "--data", data_.string()}, out), 0);
  EXPECT_EQ(run({"admin", "token", "--data", (data_ / "none").string(), "--lesson", "x", "--role",
                 "teacher"},
                out),
            1);
  EXPECT_FALSE(std::filesystem::exists(data_ / "none")) << "a mistyped directory is not made";
  EXPECT_THROW(run({"admin", "token", "--data", "d", "--lesson", "x", "--role", "guest"}, out),
               CLI::ParseError);
}

TEST(Ttl, IsANumberAndAUnit) {
  EXPECT_EQ(parse_ttl("90s").value(), 90'000'000);
  EXPECT_EQ(parse_ttl("30m").value(), 1'800'000'000);
  EXPECT_EQ(parse_ttl("1h").value(), kHourUs);
  EXPECT_EQ(parse_ttl("7d").value(), 7 * 24 * kHourUs);
  for (const char* bad :
       {"", "h", "1", "0h", "-1h", "1 h", "1hh", "1w", "401d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_ttl(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace signaling::admin
