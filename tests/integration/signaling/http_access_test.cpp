// Who may knock where: every route with every kind of credential.
#include <algorithm>
#include <chrono>
#include <set>

#include "signaling/app/openapi.h"
#include "tests/integration/signaling/http_fixture.h"

namespace tests {
namespace {

using signaling::app::Gate;
using signaling::app::route_table;
using storage::LessonRole;

std::string fill_in(std::string_view pattern, const std::string& lesson) {
  std::string path(pattern);
  const auto put = [&](const std::string& name, const std::string& value) {
    const size_t at = path.find("{" + name + "}");
    if (at != std::string::npos) path.replace(at, name.size() + 2, value);
  };
  put("lesson", lesson);
  put("segment", "segment-1-------------");
  put("session", "session-x");
  put("grant", "1790000400.signature");
  put("file", "av.m3u8");
  return path;
}

class HttpAccessTest : public HttpTest {
 protected:
  // All gated routes with `headers`; how many answered 2xx without being named in `expected` ("GET
  // /path").
  std::set<std::string> opened(const std::string& headers, const std::string& lesson) {
    std::set<std::string> open;
    TlsClient client(port());
    for (const auto& route : route_table()) {
      if (route.gate.kind() == Gate::Kind::Open) continue;
      const std::string method = signaling::web::method_name(route.method);
      const std::string path = fill_in(route.pattern, lesson);
      std::string more = headers;
      std::string body;
      if (method == "POST" || method == "PATCH") {
        const bool api = path.starts_with("/api");
        body = api ? "{}" : "v=0";
        more += std::string("Content-Type: ") +
                (api                 ? "application/json"
                 : method == "PATCH" ? "application/trickle-ice-sdpfrag"
                                     : "application/sdp") +
                "\r\nIf-Match: \"1\"\r\n";
      }
      const HttpAnswer answer = client.request(method, path, more, body);
      EXPECT_NE(answer.status, 0) << method << " " << path;
      EXPECT_LT(answer.status, 500) << method << " " << path;
      if (answer.status < 300) open.insert(method + " " + std::string(route.pattern));
    }
    return open;
  }
};

// The loopback may read the metrics: the test's own client is on it.
const std::set<std::string> kLoopback = {"GET /metrics"};

TEST_F(HttpAccessTest, NothingOpensWithoutAValidCredential) {
  const std::string expired = token(world_.live, LessonRole::Teacher, -1);
  const std::string revoked = token(world_.live, LessonRole::Teacher);
  ASSERT_TRUE(storage_->ask_and_wait(
      [&](storage::Store& s) { return s.revoke_token(signaling::auth::hash_secret(revoked)); }));
  const std::string valid = token(world_.live, LessonRole::Teacher);
  const std::string origin = own_origin();
  for (const std::string& headers :
       {std::string(), bearer(expired), bearer(revoked), bearer(signaling::auth::new_secret()),
        bearer(""), bearer(std::string(5'000, 'a')),
        std::string("Authorization: Basic ") + valid + "\r\n", bearer(valid.substr(0, 42)),
        bearer(valid + "a"), origin + "Cookie: tongke_session=" + valid + "\r\n",
        origin + "Cookie: other=" + valid + "\r\n", bearer("' OR 1=1 --")}) {
    EXPECT_EQ(opened(headers, world_.live), kLoopback) << headers.substr(0, 80);
  }
}

TEST_F(HttpAccessTest, AnObserverWatchesAndChangesNothing) {
  const std::set<std::string> expected = {
      "GET /metrics", "GET /api/v1/session", "GET /api/v1/ice-servers", "GET /api/v1/lessons",
      "GET /api/v1/lessons/{lesson}", "GET /api/v1/recordings", "GET /api/v1/recordings/{lesson}",
      "GET /recordings/{lesson}/{segment}", "POST /whep/{lesson}", "GET /whep/{lesson}",
      // Whose session it is, the live lessons decide; the ones here take everybody.
      "PATCH /whip/{lesson}/{session}", "DELETE /whip/{lesson}/{session}",
      "PATCH /whep/{lesson}/{session}", "DELETE /whep/{lesson}/{session}"};
  EXPECT_EQ(opened(bearer(token(world_.recorded, LessonRole::Observer)), world_.recorded),
            expected);
}

TEST_F(HttpAccessTest, ATokenOpensNoOtherLesson) {
  const std::string mine = token(world_.live, LessonRole::Teacher);
  for (const auto& route : route_table()) {
    if (route.gate.kind() != Gate::Kind::Lesson) continue;
    const std::string method = signaling::web::method_name(route.method);
    const auto answer =
        ask(method, fill_in(route.pattern, world_.recorded),
            bearer(mine) + "Content-Type: application/sdp\r\n", method == "POST" ? "v=0" : "");
    EXPECT_EQ(answer.status, 404) << method << " " << route.pattern;
  }
}

TEST_F(HttpAccessTest, AnotherCollectiveSeesNothing) {
  const std::string cookie = cookie_of(world_.stranger);
  for (const std::string& path :
       {"/api/v1/lessons/" + world_.live, "/api/v1/lessons/" + world_.live + "/attendance",
        "/api/v1/recordings/" + world_.recorded,
        "/recordings/" + world_.recorded + "/segment-1-------------"}) {
    EXPECT_EQ(ask("GET", path, cookie).status, 404) << path;
  }
  EXPECT_EQ(ask("GET", "/api/v1/lessons", cookie).body, R"({"lessons":[]})");
  EXPECT_EQ(ask("GET", "/api/v1/recordings", cookie).body, R"({"recordings":[]})");
}

TEST_F(HttpAccessTest, AnUnknownLessonLooksLikeAForeignOne) {
  const std::string cookie = cookie_of(world_.stranger);
  EXPECT_EQ(ask("GET", "/api/v1/lessons/" + world_.live, cookie).body,
            ask("GET", "/api/v1/lessons/no-such-lesson", cookie).body);
}

TEST_F(HttpAccessTest, ARevokedTokenStopsWorkingWithinTwoSeconds) {
  const std::string secret = token(world_.live, LessonRole::Observer);
  ASSERT_EQ(ask("GET", "/api/v1/session", bearer(secret)).status, 200);
  ASSERT_TRUE(storage_->ask_and_wait(
      [&](storage::Store& s) { return s.revoke_token(signaling::auth::hash_secret(secret)); }));
  on_server([&] {
    skew_ = media::Duration::seconds(2);
    return 0;
  });
  EXPECT_EQ(ask("GET", "/api/v1/session", bearer(secret)).status, 401);
}

TEST_F(HttpAccessTest, ASessionEndsWithTheLinkThatOpenedIt) {
  const std::string secret = token(world_.live, LessonRole::Class);
  const auto signed_in = ask("POST", "/api/v1/session", "Content-Type: application/json\r\n",
                             R"({"token":")" + secret + "\"}");
  ASSERT_EQ(signed_in.status, 200);
  const std::string set = signed_in.headers.at("set-cookie");
  EXPECT_NE(set.find("HttpOnly"), std::string::npos);
  EXPECT_NE(set.find("Secure"), std::string::npos);
  EXPECT_NE(set.find("SameSite=Strict"), std::string::npos);
  const std::string cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  const auto me = nlohmann::json::parse(ask("GET", "/api/v1/session", cookie).body);
  EXPECT_EQ(me["role"], "class");
  EXPECT_EQ(me["classId"], world_.class_a);
  EXPECT_EQ(me["lesson"], world_.live);
  ASSERT_TRUE(storage_->ask_and_wait(
      [&](storage::Store& s) { return s.revoke_token(signaling::auth::hash_secret(secret)); }));
  on_server([&] {
    skew_ = media::Duration::seconds(2);
    return 0;
  });
  EXPECT_EQ(ask("GET", "/api/v1/session", cookie).status, 401);
}

TEST_F(HttpAccessTest, ACookieChangesNothingFromAnotherSite) {
  const std::string cookie = cookie_of(world_.teacher);
  const std::string body =
      R"({"collectiveId":"c1--------------------","topic":"t","scheduledAt":1,"classIds":[]})";
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(ask("POST", "/api/v1/lessons", cookie + json, body).status, 403);
  EXPECT_EQ(ask("POST", "/api/v1/lessons", cookie + json + "Origin: https://evil.example\r\n", body)
                .status,
            403);
  EXPECT_EQ(
      ask("POST", "/api/v1/lessons", cookie + json + "Origin: http://127.0.0.1\r\n", body).status,
      403);
  EXPECT_EQ(ask("POST", "/api/v1/lessons", cookie + json + "Origin: null\r\n", body).status, 403);
  EXPECT_EQ(ask("POST", "/api/v1/lessons", cookie + json + own_origin(), body).status, 201);
  EXPECT_EQ(
      ask("POST", "/api/v1/session", json + "Origin: https://evil.example\r\n", R"({"token":"x"})")
          .status,
      403);
}

TEST_F(HttpAccessTest, TheWebSocketAsksForTheCredentialBeforeTheUpgrade) {
  EXPECT_EQ(TlsClient(port()).upgrade().status, 401);
  EXPECT_EQ(TlsClient(port()).upgrade("/ws", bearer(signaling::auth::new_secret())).status, 401);
  EXPECT_EQ(TlsClient(port()).upgrade("/ws", cookie_of(world_.teacher)).status,
            403);  // no Origin: not a page
  EXPECT_EQ(TlsClient(port())
                .upgrade("/ws", cookie_of(world_.teacher) + "Origin: https://evil.example\r\n")
                .status,
            403);
  TlsClient page(port());
  ASSERT_EQ(page.upgrade("/ws", cookie_of(world_.teacher) + own_origin()).status, 101);
  EXPECT_EQ(page.read_frame().payload, "hello person");
  page.send_frame(1, "x");
  EXPECT_EQ(page.read_frame().payload, "x");
  TlsClient program(port());
  ASSERT_EQ(program.upgrade("/ws", bearer(token(world_.live, LessonRole::Teacher))).status, 101);
  EXPECT_EQ(program.read_frame().payload, "hello link");
}

TEST_F(HttpAccessTest, OpenApiListsExactlyTheRoutes) {
  const auto document = nlohmann::json::parse(signaling::app::openapi_document());
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> described;
  std::set<std::string> open;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string name = method;
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return std::toupper(c); });
      described.insert(name + " " + path);
      if (operation.contains("security") && operation["security"].empty())
        open.insert(name + " " + path);
    }
  }
  std::set<std::string> routed;
  std::set<std::string> ungated;
  for (const auto& route : route_table()) {
    const std::string key =
        std::string(signaling::web::method_name(route.method)) + " " + std::string(route.pattern);
    routed.insert(key);
    // A signed address is its own credential.
    if (route.gate.kind() == Gate::Kind::Open || route.gate.kind() == Gate::Kind::SignedPath)
      ungated.insert(key);
  }
  EXPECT_EQ(described, routed);
  EXPECT_EQ(open, ungated);
  EXPECT_EQ(ask("GET", "/api/v1/openapi.json").body, signaling::app::openapi_document());
}

}  // namespace
}  // namespace tests
