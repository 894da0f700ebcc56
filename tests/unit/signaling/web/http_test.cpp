#include "signaling/web/http.h"

#include <gtest/gtest.h>

namespace signaling::web {
namespace {

Request with_cookies(std::string value) {
  Request request;
  request.headers = {{"cookie", std::move(value)}};
  return request;
}

TEST(Request, HeadersThatAreNotThereAreEmpty) {
  Request request;
  request.headers = {{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(request.header("a"), "1");
  EXPECT_EQ(request.header("b"), "");
}

TEST(Request, AnEmptyParameterIsNotAMissingOne) {
  Request request;
  request.query = {{"a", ""}, {"b", "1"}, {"b", "2"}};
  EXPECT_EQ(request.query_value("a"), "");
  EXPECT_EQ(request.query_value("b"), "1");
  EXPECT_EQ(request.query_value("c"), std::nullopt);
}

TEST(Request, FindsACookieAmongOthersByItsWholeName) {
  const Request request = with_cookies("session=1; __Host-session=abc ;x=y=z");
  EXPECT_EQ(request.cookie("__Host-session"), "abc");
  EXPECT_EQ(request.cookie("session"), "1");
  EXPECT_EQ(request.cookie("x"), "y=z");
  EXPECT_EQ(request.cookie("Host-session"), std::nullopt);
  EXPECT_EQ(request.cookie("y"), std::nullopt);
}

TEST(Request, TheFirstOfTwoCookiesCounts) {
  EXPECT_EQ(with_cookies("a=1; a=2").cookie("a"), "1");
}

TEST(Request, TakesQuotesOffACookie) {
  EXPECT_EQ(with_cookies("a=\"1\"").cookie("a"), "1");
  EXPECT_EQ(with_cookies("a=\"").cookie("a"), "\"");
  EXPECT_EQ(with_cookies("a=").cookie("a"), "");
}

TEST(Request, CookiesThatAreNotPairsAreSkipped) {
  EXPECT_EQ(with_cookies(";;a;=b; ;c=1").cookie("c"), "1");
  EXPECT_EQ(with_cookies("a").cookie("a"), std::nullopt);
  EXPECT_EQ(with_cookies("").cookie("a"), std::nullopt);
}

class Counted final : public Responder::Target {
 public:
  void respond(Response response) override { statuses.push_back(response.status); }
  void trust() override { ++trusted; }
  std::vector<int> statuses;
  int trusted = 0;
};

TEST(Responder, ReachesNobodyOnceTheConnectionIsGone) {
  Counted connection;
  const auto target = std::make_shared<Responder::Target*>(&connection);
  const Responder responder(target);
  const Responder copy = responder;
  EXPECT_TRUE(responder.is_open());
  responder.trust();
  copy.send(text_response(201, "text/plain", ""));
  *target = nullptr;
  EXPECT_FALSE(copy.is_open());
  responder.send(text_response(500, "text/plain", ""));
  responder.trust();
  EXPECT_EQ(connection.statuses, std::vector<int>{201});
  EXPECT_EQ(connection.trusted, 1);
}

}  // namespace
}  // namespace signaling::web
