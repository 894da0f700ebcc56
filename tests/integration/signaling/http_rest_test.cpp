// What the REST interface answers to whom may ask.
#include "tests/integration/signaling/http_fixture.h"

namespace tests {
namespace {

using nlohmann::json;
using storage::LessonRole;

const std::string kJson = "Content-Type: application/json\r\n";

class HttpRestTest : public HttpTest {};

TEST_F(HttpRestTest, SignsInWithAPasswordAndOut) {
  const auto answer =
      ask("POST", "/api/v1/session", kJson, R"({"login":"teacher","password":"correct horse"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json me = json::parse(answer.body);
  EXPECT_EQ(me["role"], "person");
  EXPECT_EQ(me["personId"], "teacher---------------");
  EXPECT_EQ(me["collectives"][0]["id"], "c1--------------------");
  EXPECT_EQ(me["collectives"][0]["roles"][0], "teacher");
  const std::string set = answer.headers.at("set-cookie");
  const std::string cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  EXPECT_EQ(json::parse(ask("GET", "/api/v1/session", cookie).body), me);
  EXPECT_EQ(ask("DELETE", "/api/v1/session", cookie + own_origin()).status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/session", cookie).status, 401);
}

TEST_F(HttpRestTest, StopsGuessingAfterFiveWrongPasswords) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(
        ask("POST", "/api/v1/session", kJson, R"({"login":"teacher","password":"wrong horse"})")
            .status,
        401);
  }
  const auto sixth =
      ask("POST", "/api/v1/session", kJson, R"({"login":"teacher","password":"correct horse"})");
  EXPECT_EQ(sixth.status, 429);
  EXPECT_GT(std::stoi(sixth.headers.at("retry-after")), 0);
}

TEST_F(HttpRestTest, SaysWhatIsWrongWithABody) {
  EXPECT_EQ(ask("POST", "/api/v1/session", kJson, "{").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/session", kJson, "[]").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/session", kJson, R"({"token":"a","token":"b"})").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/session", kJson, std::string(60'000, '[')).status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/session", kJson, R"({"login":5})").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/session", "Content-Type: text/plain\r\n", "{}").status, 415);
  EXPECT_EQ(json::parse(ask("POST", "/api/v1/session", kJson, "{").body)["error"]["code"],
            "bad-json");
}

TEST_F(HttpRestTest, ListsLessonsWithTheAskersRole) {
  const json mine = json::parse(ask("GET", "/api/v1/lessons", cookie_of(world_.teacher)).body);
  ASSERT_EQ(mine["lessons"].size(), 2U);
  EXPECT_EQ(mine["lessons"][0]["role"], "teacher");
  EXPECT_EQ(mine["lessons"][0]["classes"][0]["headcount"], 32);
  EXPECT_EQ(mine["lessons"][0]["classes"][0]["name"], "三年级二班");
  const json link = json::parse(
      ask("GET", "/api/v1/lessons", bearer(token(world_.live, LessonRole::Class))).body);
  ASSERT_EQ(link["lessons"].size(), 1U);
  EXPECT_EQ(link["lessons"][0]["id"], world_.live);
  EXPECT_EQ(link["lessons"][0]["role"], "class");
}

TEST_F(HttpRestTest, MakesALessonInTheOwnCollectiveOnly) {
  const std::string headers = cookie_of(world_.teacher) + own_origin() + kJson;
  const auto made = ask(
      "POST", "/api/v1/lessons", headers,
      R"({"collectiveId":"c1--------------------","topic":"圆","subject":"数学","grade":"6","kind":"open-lesson",)"
      R"("scheduledAt":1700000000000000,"classIds":["class-a---------------"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const json lesson = json::parse(made.body);
  EXPECT_EQ(lesson["kind"], "open-lesson");
  EXPECT_EQ(lesson["state"], "scheduled");
  EXPECT_EQ(json::parse(ask("GET", made.headers.at("location"), headers).body), lesson);
  const auto post = [&](const std::string& body) {
    return ask("POST", "/api/v1/lessons", headers, body).status;
  };
  EXPECT_EQ(
      post(
          R"({"collectiveId":"c2--------------------","topic":"t","scheduledAt":1,"classIds":[]})"),
      403);
  EXPECT_EQ(
      post(
          R"({"collectiveId":"c1--------------------","topic":"t","scheduledAt":1,"classIds":["class-foreign---------"]})"),
      400);
  EXPECT_EQ(
      post(R"({"collectiveId":"c1--------------------","topic":"","scheduledAt":1,"classIds":[]})"),
      400);
  EXPECT_EQ(
      post(
          R"({"collectiveId":"c1--------------------","topic":"t","scheduledAt":"soon","classIds":[]})"),
      400);
  EXPECT_EQ(
      post(
          R"({"collectiveId":"c1--------------------","topic":"t","scheduledAt":1,"classIds":[],"kind":"party"})"),
      400);
  EXPECT_EQ(
      ask("POST", "/api/v1/lessons", cookie_of(world_.researcher) + own_origin() + kJson,
          R"({"collectiveId":"c1--------------------","topic":"t","scheduledAt":1,"classIds":[]})")
          .status,
      403);
}

TEST_F(HttpRestTest, ShowsARecordingWithItsTracksAndEvents) {
  const std::string cookie = cookie_of(world_.researcher);
  const json list = json::parse(ask("GET", "/api/v1/recordings", cookie).body);
  ASSERT_EQ(list["recordings"].size(), 1U);
  EXPECT_EQ(list["recordings"][0]["durationUs"], 9'000'000);
  const json one = json::parse(ask("GET", "/api/v1/recordings/" + world_.recorded, cookie).body);
  EXPECT_EQ(one["durationUs"], 9'000'000);
  ASSERT_EQ(one["tracks"].size(), 1U);
  EXPECT_EQ(one["tracks"][0]["segments"][0]["startUs"], 500);
  EXPECT_EQ(one["events"][0]["kind"], "lesson-live-----------");
  const std::string url = one["tracks"][0]["segments"][0]["url"];
  const auto file = ask("GET", url, cookie);
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body.size(), 100'000U);
  EXPECT_EQ(file.headers.at("content-type"), "video/webm");
  EXPECT_EQ(ask("GET", "/api/v1/recordings/" + world_.live, cookie).status, 404);
}

TEST_F(HttpRestTest, WritesOneAuditEntryForEachViewNotForEachRange) {
  const std::string cookie = cookie_of(world_.teacher);
  const std::string url = "/recordings/" + world_.recorded + "/segment-1-------------";
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask("GET", url,
                  cookie + "Range: bytes=" + std::to_string(i * 100) + "-" +
                      std::to_string(i * 100 + 9) + "\r\n")
                  .status,
              206);
  }
  EXPECT_EQ(ask("GET", url, cookie_of(world_.researcher)).status, 200);
  const auto audit = storage_->ask_and_wait([](storage::Store& s) { return s.audit(100); });
  ASSERT_TRUE(audit);
  const auto views = std::count_if(audit->begin(), audit->end(),
                                   [](const auto& e) { return e.verb == "view-recording"; });
  EXPECT_EQ(views, 2);
}

TEST_F(HttpRestTest, HonoursOneRangeAndRefusesTheRest) {
  const std::string cookie = cookie_of(world_.teacher);
  const std::string url = "/recordings/" + world_.recorded + "/segment-1-------------";
  const auto status = [&](const std::string& range) {
    const auto answer = ask("GET", url, cookie + "Range: " + range + "\r\n");
    EXPECT_LE(answer.body.size(), 100'000U) << range.substr(0, 40);
    return answer.status;
  };
  EXPECT_EQ(status("bytes=0-"), 206);
  EXPECT_EQ(status("bytes=-500"), 206);
  EXPECT_EQ(status("bytes=99999-200000"), 206);
  EXPECT_EQ(status("bytes=100000-"), 416);
  EXPECT_EQ(status("bytes=-0"), 416);
  EXPECT_EQ(status("bytes=5-4"), 416);
  EXPECT_EQ(status("bytes=a-b"), 416);
  EXPECT_EQ(status("bytes=18446744073709551615-18446744073709551616"), 416);
  EXPECT_EQ(status("lines=1-2"), 200);
  std::string many = "bytes=0-0";
  for (int i = 1; i < 2'000; ++i) many += ",0-" + std::to_string(i);
  EXPECT_EQ(status(many), 416);
}

TEST_F(HttpRestTest, NoPathLeadsOutOfItsFolder) {
  const std::string cookie = cookie_of(world_.teacher);
  std::filesystem::create_symlink(folder_ / "secret.txt", folder_ / "web/link.txt");
  for (const char* path :
       {"/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt",
        "/assets/..%5c..%5csecret.txt", "/....//secret.txt", "/./../secret.txt", "//etc/passwd",
        "/%00secret.txt", "/link.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/recordings/lesson-recorded-------/..%2f..%2fsecret.txt",
        "/recordings/lesson-recorded-------/teacher.webm", "/recordings/..%2f..%2f/secret.txt",
        "/recordings/lesson-recorded-------/%2e%2e"}) {
    const auto answer = ask("GET", path, cookie);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos) << path;
    EXPECT_EQ(answer.body.find("root:"), std::string::npos) << path;
    EXPECT_NE(answer.status, 206) << path;
  }
}

TEST_F(HttpRestTest, ServesPages) {
  const auto index = ask("GET", "/");
  EXPECT_EQ(index.body, "<!doctype html>pages");
  EXPECT_EQ(index.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(ask("GET", "/enter?token=x").body, "<!doctype html>pages");
  EXPECT_EQ(ask("GET", "/lesson/abc").body, "<!doctype html>pages");
  const auto asset = ask("GET", "/assets/main-abc.js");
  EXPECT_EQ(asset.body, "script");
  EXPECT_NE(asset.headers.at("cache-control").find("immutable"), std::string::npos);
  const auto packed = ask("GET", "/assets/main-abc.js", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(packed.body, "packed");
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(packed.headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ask("GET", "/assets/none.js").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/none").status, 404);
  EXPECT_EQ(ask("POST", "/", "", "x").status, 405);
  EXPECT_EQ(ask("HEAD", "/").headers.at("content-length"), "20");
}

TEST_F(HttpRestTest, NamesTheMethodsThatAPathHas) {
  const auto answer = ask("PUT", "/api/v1/lessons", "", "x");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD, POST");
}

TEST_F(HttpRestTest, HealthFollowsTheServersLife) {
  EXPECT_EQ(ask("GET", "/healthz").body, R"({"status":"ok"})");
  on_server([&] {
    http_->begin_stop();
    return 0;
  });
  EXPECT_EQ(ask("GET", "/healthz").status, 503);
  EXPECT_EQ(
      TlsClient(port()).upgrade("/ws", bearer(token(world_.live, LessonRole::Teacher))).status,
      503);
}

TEST_F(HttpRestTest, MetricsAreForTheMachineItself) {
  EXPECT_EQ(ask("GET", "/metrics").body, "tongke_up 1\n");
}

}  // namespace
}  // namespace tests
