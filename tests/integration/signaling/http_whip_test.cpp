// WHIP and WHEP as RFC 9725 has them.
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

TEST_F(HttpWhipTest, PublishesAndNamesTheSession) {
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

TEST_F(HttpWhipTest, RefusesASecondPublisherAndCountsIt) {
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 201);
  EXPECT_EQ(ask("POST", url_, teacher_ + kSdp, "v=0").status, 409);
  EXPECT_EQ(on_server([&] { return http_->api().refusals.at("/whip/{lesson} 409"); }), 1U);
}

TEST_F(HttpWhipTest, RefusesWhatIsNotAnOffer) {
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

TEST_F(HttpWhipTest, AsksForTheRightToken) {
  EXPECT_EQ(ask("POST", url_, kSdp, "v=0").status, 401);
  EXPECT_EQ(ask("POST", url_, kSdp, "v=0").headers.at("www-authenticate"), "Bearer");
  EXPECT_EQ(
      ask("POST", url_, bearer(token(world_.live, LessonRole::Observer)) + kSdp, "v=0").status,
      403);
  EXPECT_EQ(ask("POST", "/whip/unknown", teacher_ + kSdp, "v=0").status, 404);
  EXPECT_EQ(ask("POST", "/whip/" + world_.recorded, teacher_ + kSdp, "v=0").status, 404);
  EXPECT_TRUE(live_.publishers.empty());
}

TEST_F(HttpWhipTest, PatchesWithTheRightTag) {
  const std::string session = url_ + "/s";
  const auto trickled =
      ask("PATCH", session, teacher_ + kFragment + "If-Match: \"1\"\r\n", "a=candidate");
  EXPECT_EQ(trickled.status, 204);
  EXPECT_TRUE(trickled.body.empty());
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

TEST_F(HttpWhipTest, EndsOnDelete) {
  EXPECT_EQ(ask("DELETE", url_ + "/s", teacher_).status, 200);
  EXPECT_EQ(ask("DELETE", url_ + "/gone", teacher_).status, 404);
  EXPECT_EQ(ask("DELETE", url_ + "/s").status, 401);
  EXPECT_EQ(ask("GET", url_ + "/s", teacher_).status, 405);
}

TEST_F(HttpWhipTest, OtherSitesMayCallWithABearerNeverWithCookies) {
  const auto preflight = ask(
      "OPTIONS", url_, "Origin: https://player.example\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight.headers.count("access-control-allow-credentials"), 0U);
  EXPECT_NE(preflight.headers.at("access-control-allow-headers").find("Authorization"),
            std::string::npos);
  EXPECT_EQ(preflight.headers.at("accept-post"), "application/sdp");
  const auto session = ask("OPTIONS", url_ + "/s");
  EXPECT_EQ(session.headers.at("access-control-allow-methods"), "PATCH, DELETE, OPTIONS");
  const auto answer =
      ask("POST", url_, teacher_ + kSdp + "Origin: https://player.example\r\n", "v=0");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "*");
  EXPECT_NE(answer.headers.at("access-control-expose-headers").find("Location"), std::string::npos);
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
