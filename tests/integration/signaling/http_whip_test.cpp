// WHIP and WHEP: each requirement of RFC 9725 (R) and of draft-ietf-wish-whep (W) that HTTP can
// show, by its section. What needs media is in live_media_test.cpp and tests/e2e/whip_page.e2e.mjs.
#include "tests/integration/signaling/http_fixture.h"

namespace tests {
namespace {

using storage::LessonRole;

const std::string kSdp = "Content-Type: application/sdp\r\n";
const std::string kFragment = "Content-Type: application/trickle-ice-sdpfrag\r\n";

class HttpWhipTest : public HttpTest {
 protected:
  void SetUp() override {
    HttpTest::SetUp();
    teacher_ = bearer(token(world_.live, LessonRole::Teacher));
    url_ = "/whip/" + world_.live;
  }
  std::string teacher_;
  std::string url_;
};

TEST_F(HttpWhipTest, R4_2ThePostIsAnswered201WithLocationETagAndAcceptPatch) {
  const auto answer = ask("POST", url_, teacher_ + kSdp, "v=0 offer");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.body, "v=0 answer");
  EXPECT_EQ(answer.headers.at("content-type"), "application/sdp");
  EXPECT_EQ(answer.headers.at("location"), url_ + "/session-" + world_.live);
  EXPECT_EQ(answer.headers.at("etag"), "\"1\"");
  EXPECT_EQ(answer.headers.at("accept-patch"), "application/trickle-ice-sdpfrag");
  EXPECT_EQ(answer.headers.count("link"), 0U);
  EXPECT_EQ(live_.last_offer, "v=0 offer");
}

TEST_F(HttpWhipTest, ASecondPublisherOfOneKeyIs409AndCounted) {
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 201);
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 409);
  EXPECT_EQ(on_server([&] { return http_->api().refusals.at("/whip/{lesson} 409"); }), 1U);
}

TEST_F(HttpWhipTest, R4_2WhatIsNotAnOfferIsA4xx) {
  EXPECT_EQ(ask("POST", url_, teacher_ + "Content-Type: text/plain\r\n", "v=0").status, 415);
  EXPECT_EQ(ask("POST", url_, teacher_, "v=0").status, 415);
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp + "Content-Length: 0\r\n").status, 400);
  EXPECT_EQ(ask("POST", url_, teacher_ + "Content-Type: application/sdp; charset=utf-8\r\n", "v=0")
                .status,
            201);
  TlsClient large(port());
  large.send("POST " + url_ + " HTTP/1.1\r\nHost: x\r\n" + teacher_ + kSdp +
             "Content-Length: 10000000\r\n\r\n");
  EXPECT_EQ(large.read_answer().status, 413);
  TlsClient chunked(port());
  chunked.send("POST " + url_ + " HTTP/1.1\r\nHost: x\r\n" + teacher_ + kSdp +
               "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(chunked.read_answer().status, 411);
}

TEST_F(HttpWhipTest, R4_7OnlyABearerTokenOpens) {
  EXPECT_EQ(ask("POST", url_ + "?access_token=" + teacher_.substr(22, 43), kSdp, "v=0").status, 401)
      << "a token in the address ends up in logs";
  EXPECT_EQ(ask("POST", url_, kSdp, "v=0").status, 401);
  EXPECT_EQ(ask("POST", url_, kSdp, "v=0").headers.at("www-authenticate"), "Bearer");
  EXPECT_EQ(
      ask("POST", url_, bearer(token(world_.live, LessonRole::Observer)) + kSdp, "v=0").status,
      403);
  EXPECT_EQ(ask("POST", "/whip/unknown", teacher_ + kSdp, "v=0").status, 404);
  EXPECT_EQ(ask("POST", "/whip/" + world_.recorded, teacher_ + kSdp, "v=0").status, 404);
  EXPECT_TRUE(live_.publishers.empty());
}

TEST_F(HttpWhipTest, R4_3_1PatchIsConditional) {
  const std::string session = url_ + "/s";
  const auto trickled =
      ask("PATCH", session, teacher_ + kFragment + "If-Match: \"1\"\r\n", "a=candidate");
  EXPECT_EQ(trickled.status, 204);
  EXPECT_TRUE(trickled.body.empty());
  EXPECT_EQ(trickled.headers.count("etag"), 0U) << "R4.3.2";
  const auto restarted = ask("PATCH", session, teacher_ + kFragment + "If-Match: *\r\n", "a=x");
  EXPECT_EQ(restarted.status, 200);
  EXPECT_EQ(restarted.headers.at("etag"), "\"2\"");
  EXPECT_EQ(restarted.headers.at("content-type"), "application/trickle-ice-sdpfrag");
  EXPECT_EQ(ask("PATCH", session, teacher_ + kFragment + "If-Match: \"0\"\r\n", "a").status, 412);
  EXPECT_EQ(ask("PATCH", session, teacher_ + kFragment, "a").status, 428);
  EXPECT_EQ(ask("PATCH", session, teacher_ + kSdp + "If-Match: *\r\n", "a").status, 415);
  EXPECT_EQ(ask("PATCH", url_ + "/gone", teacher_ + kFragment + "If-Match: *\r\n", "a").status,
            404);
  EXPECT_EQ(ask("PATCH", session, kFragment + "If-Match: *\r\n", "a").status, 401);
}

TEST_F(HttpWhipTest, R4_2DeleteEndsTheSessionWhateverTheTag) {
  EXPECT_EQ(ask("DELETE", url_ + "/s", teacher_).status, 200);
  EXPECT_EQ(ask("DELETE", url_ + "/s", teacher_ + "If-Match: \"old\"\r\n").status, 200) << "R4.3.1";
  EXPECT_EQ(ask("DELETE", url_ + "/gone", teacher_).status, 404);
  EXPECT_EQ(ask("DELETE", url_ + "/s").status, 401);
}

TEST_F(HttpWhipTest, R4_1AGetHasNothingToShowAndIsNoError) {
  const auto endpoint = ask("GET", url_, teacher_);
  EXPECT_EQ(endpoint.status, 204);
  EXPECT_TRUE(endpoint.body.empty());
  EXPECT_EQ(ask("HEAD", url_, teacher_).status, 204);
  EXPECT_EQ(ask("GET", url_ + "/s", teacher_).status, 204);
  EXPECT_EQ(ask("GET", "/whep/" + world_.live, teacher_).status, 204) << "W4.1";
  EXPECT_EQ(ask("GET", "/whep/" + world_.live + "/s", teacher_).status, 204) << "W4.1";
  EXPECT_EQ(ask("GET", url_ + "/gone", teacher_).status, 404);
  EXPECT_EQ(ask("GET", url_).status, 401);
  EXPECT_EQ(ask("GET", url_, bearer(token(world_.live, LessonRole::Observer))).status, 403);
}

TEST_F(HttpWhipTest, OtherMethodsAre405AndNameTheRightOnes) {
  for (const char* method : {"PUT", "PATCH", "DELETE"}) {
    const auto answer = ask(method, url_, teacher_ + kSdp, "v=0");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("allow"), "POST, GET, HEAD, OPTIONS") << method;
    EXPECT_EQ(nlohmann::json::parse(answer.body)["error"]["code"], "method-not-allowed");
  }
  for (const char* method : {"PUT", "POST"}) {
    const auto answer = ask(method, url_ + "/s", teacher_ + kSdp, "v=0");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD, PATCH, DELETE, OPTIONS") << method;
  }
}

TEST_F(HttpWhipTest, R4_1RefusalsAreProblemDetails) {
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 201);
  const std::string session = url_ + "/s";
  const std::string observer = bearer(token(world_.live, LessonRole::Observer));
  for (const auto& [answer, status] :
       {std::pair{ask("POST", url_, teacher_ + kSdp, "v=0"), 409},
        std::pair{ask("POST", url_, teacher_ + "Content-Type: text/plain\r\n", "v=0"), 415},
        std::pair{ask("POST", url_, teacher_ + kSdp + "Content-Length: 0\r\n"), 400},
        std::pair{ask("POST", url_, kSdp, "v=0"), 401},
        std::pair{ask("POST", url_, observer + kSdp, "v=0"), 403},
        std::pair{ask("PATCH", session, teacher_ + kFragment, "a"), 428},
        std::pair{ask("PATCH", session, teacher_ + kFragment + "If-Match: \"0\"\r\n", "a"), 412},
        std::pair{ask("DELETE", url_ + "/gone", teacher_), 404}}) {
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json") << status;
    EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "*") << status;
    const auto problem = nlohmann::json::parse(answer.body);
    EXPECT_EQ(problem["status"], status);
    EXPECT_FALSE(problem["title"].get<std::string>().empty()) << status;
    EXPECT_EQ(problem["detail"], problem["error"]["message"]);
    EXPECT_FALSE(problem["error"]["code"].get<std::string>().empty());
  }
}

TEST_F(HttpWhipTest, R4_5AnOverloadedServerSaysWhenToComeBack) {
  live_.refuse_with = HttpError{503, "overloaded", "the server is full"};
  for (const std::string& url : {url_, "/whep/" + world_.live}) {
    const auto answer = ask("POST", url, teacher_ + kSdp, "v=0");
    EXPECT_EQ(answer.status, 503);
    EXPECT_GT(std::stoi(answer.headers.at("retry-after")), 0);
  }
}

TEST_F(HttpWhipTest, AKeyThatPublishesOverAndOverIsToldWhenToComeBack) {
  const std::string observer = bearer(token(world_.live, LessonRole::Observer));
  live_.refuse_with = signaling::app::HttpError{422, "unsupported", "no"};
  for (int i = 0; i < static_cast<int>(signaling::app::kPublishesAtOnce); ++i)
    ASSERT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 422);
  const auto refused = ask("POST", url_, teacher_ + kSdp, "v=0");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_NE(refused.headers.at("access-control-expose-headers").find("Retry-After"),
            std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(refused.body)["error"]["code"], "too-fast");
  live_.refuse_with.reset();
  EXPECT_EQ(ask("POST", "/whep/" + world_.live, teacher_ + kSdp, "v=0").status, 201)
      << "watching is another matter";
  EXPECT_EQ(ask("POST", "/whep/" + world_.live, observer + kSdp, "v=0").status, 201)
      << "and so are other keys";
  on_server([&] {
    skew_ += media::Duration::millis(1'100);
    return 0;
  });
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 201);
}

TEST_F(HttpWhipTest, AFloodFromOneAddressIsRefusedBeforeItsTokenIsLookedUp) {
  TlsClient flood(port());
  int answered = 0;
  int status = 0;
  for (; status != 429 && answered < 4000; ++answered) {
    flood.send("POST /whep/" + world_.live +
               " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n" + kSdp +
               "Content-Length: 3\r\n\r\nv=0");
    status = flood.read_answer().status;
    ASSERT_TRUE(status == 401 || status == 429) << status;
  }
  EXPECT_EQ(status, 429);
  EXPECT_GT(answered, static_cast<int>(signaling::app::kOffersAtOnce));
  const auto refused = ask("POST", url_, teacher_ + kSdp, "v=0");
  EXPECT_EQ(refused.status, 429) << "whoever it is";
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(ask("OPTIONS", "/whep/" + world_.live, "").status, 200) << "nothing but offers";
}

TEST_F(HttpWhipTest, R4_6IceServersComeAsLinksWithCredentialsAlsoBeforeTheOffer) {
  on_server([&] {
    ice_servers_ = {{{"turn:t:1?transport=udp", "turns:t:2?transport=tcp"}, "9:me", "pass="}};
    return 0;
  });
  const std::string links =
      "<turn:t:1?transport=udp>; rel=\"ice-server\"; username=\"9:me\"; credential=\"pass=\"; "
      "credential-type=\"password\", <turns:t:2?transport=tcp>; rel=\"ice-server\"; "
      "username=\"9:me\"; credential=\"pass=\"; credential-type=\"password\"";
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").headers.at("link"), links);
  EXPECT_EQ(ask("POST", "/whep/" + world_.live, teacher_ + kSdp, "v=0").headers.at("link"), links);
  EXPECT_EQ(ask("OPTIONS", url_, teacher_).headers.at("link"), links);
  EXPECT_EQ(ask("OPTIONS", url_).headers.count("link"), 0U) << "a preflight has no token";
  EXPECT_EQ(ask("OPTIONS", url_, bearer(signaling::auth::new_secret())).headers.count("link"), 0U);
  EXPECT_EQ(ask("OPTIONS", url_, cookie_of(world_.teacher)).headers.count("link"), 0U);
  const auto page = ask("GET", "/api/v1/ice-servers", cookie_of(world_.teacher));
  EXPECT_EQ(page.headers.at("cache-control"), "no-store");
  EXPECT_EQ(nlohmann::json::parse(page.body),
            nlohmann::json::parse(
                R"({"iceServers":[{"urls":["turn:t:1?transport=udp","turns:t:2?transport=tcp"],)"
                R"("username":"9:me","credential":"pass="}]})"));
}

TEST_F(HttpWhipTest, R4_2OtherSitesMayCallWithABearerNeverWithCookies) {
  const auto preflight = ask(
      "OPTIONS", url_, "Origin: https://player.example\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 200);
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight.headers.count("access-control-allow-credentials"), 0U);
  EXPECT_NE(preflight.headers.at("access-control-allow-headers").find("Authorization"),
            std::string::npos);
  EXPECT_EQ(preflight.headers.at("accept-post"), "application/sdp");
  const auto session = ask("OPTIONS", url_ + "/s");
  EXPECT_EQ(session.headers.at("access-control-allow-methods"),
            "GET, HEAD, PATCH, DELETE, OPTIONS");
  EXPECT_EQ(session.headers.at("accept-patch"), "application/trickle-ice-sdpfrag");
  const auto answer =
      ask("POST", url_, teacher_ + kSdp + "Origin: https://player.example\r\n", "v=0");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "*");
  for (const char* header : {"Location", "ETag", "Link", "Accept-Patch", "Retry-After"}) {
    EXPECT_NE(answer.headers.at("access-control-expose-headers").find(header), std::string::npos)
        << header;
  }
  EXPECT_EQ(ask("GET", "/api/v1/session", teacher_ + "Origin: https://player.example\r\n")
                .headers.count("access-control-allow-origin"),
            0U);
}

TEST_F(HttpWhipTest, WhepPlaysTheTeacherOrTheScreen) {
  const std::string observer = bearer(token(world_.live, LessonRole::Observer));
  EXPECT_EQ(ask("POST", "/whep/" + world_.live, observer + kSdp, "v=0").body, "teacher");
  EXPECT_EQ(ask("POST", "/whep/" + world_.live + "?source=screen", observer + kSdp, "v=0").body,
            "screen");
  EXPECT_EQ(ask("POST", "/whep/" + world_.live + "?source=roof", observer + kSdp, "v=0").status,
            400);
}

}  // namespace
}  // namespace tests
