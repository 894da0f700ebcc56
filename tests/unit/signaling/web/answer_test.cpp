#include "signaling/web/answer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace signaling::web {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kNow = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

Request request(Method method = Method::Get, NameValues headers = {}) {
  Request made;
  made.method = method;
  made.path = "/";
  made.headers = std::move(headers);
  return made;
}

// Of 1000 bytes; what they are does not matter here.
Response file_response() {
  Response response;
  response.with("Content-Type", "video/webm");
  OpenFile file;
  file.descriptor = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  file.size = 1000;
  file.modified_s = kNow - 1;
  file.etag = "\"e\"";
  response.file = std::move(file);
  return response;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Answer, WritesStatusHeadersLengthAndOneEmptyLine) {
  const Answer answer =
      prepare_answer(text_response(200, "text/plain", "hello"), request(), true, kNow);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_TRUE(answer.head.ends_with("\r\n\r\n"));
  EXPECT_EQ(count(answer.head, "\r\n\r\n"), 1U);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.remaining, 5U);
}

TEST(Answer, SaysThatTheConnectionEnds) {
  EXPECT_THAT(prepare_answer({}, request(), false, kNow).head,
              HasSubstr("\r\nConnection: close\r\n"));
}

TEST(Answer, DataCannotMakeALineOfItsOwn) {
  Response response = text_response(200, "text/plain", "");
  response.with("X-Name", "a\r\nSet-Cookie: evil=1\r\n\r\n<script>\0b"s);
  const Answer answer = prepare_answer(std::move(response), request(), true, kNow);
  EXPECT_EQ(count(answer.head, "\r\n\r\n"), 1U);
  EXPECT_THAT(answer.head, Not(HasSubstr("\r\nSet-Cookie")));
  EXPECT_EQ(std::count(answer.head.begin(), answer.head.end(), '\0'), 0);
}

TEST(Answer, SecurityHeadersStandOnEveryAnswer) {
  for (const int status : {200, 204, 404, 500}) {
    Response response;
    response.status = status;
    const std::string head = prepare_answer(std::move(response), request(), true, kNow).head;
    EXPECT_THAT(head,
                HasSubstr("\r\nContent-Security-Policy: default-src 'self'; script-src 'self';"));
    EXPECT_THAT(head, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nX-Frame-Options: DENY\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nReferrer-Policy: no-referrer\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("unsafe-inline")));
  }
}

TEST(Answer, AHandlerMayReplaceASecurityHeaderInAnyCase) {
  Response response;
  response.with("content-security-policy", "sandbox");
  const std::string head = prepare_answer(std::move(response), request(), true, kNow).head;
  EXPECT_THAT(head, HasSubstr("content-security-policy: sandbox\r\n"));
  EXPECT_EQ(count(head, "Content-Security-Policy"), 0U);
}

// RFC 7230 section 3.3.2.
TEST(Answer, AnswersWithoutABodyHaveNoLength) {
  for (const int status : {204, 304}) {
    Response response = text_response(status, "text/plain", "must not be sent");
    const Answer answer = prepare_answer(std::move(response), request(), true, kNow);
    EXPECT_THAT(answer.head, Not(HasSubstr("Content-Length"))) << status;
    EXPECT_EQ(answer.remaining, 0U) << status;
  }
}

TEST(Answer, HeadTellsTheLengthAndSendsNothing) {
  const Answer text =
      prepare_answer(text_response(200, "text/plain", "hello"), request(Method::Head), true, kNow);
  EXPECT_THAT(text.head, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_EQ(text.remaining, 0U);
  const Answer file = prepare_answer(file_response(), request(Method::Head), true, kNow);
  EXPECT_THAT(file.head, HasSubstr("\r\nContent-Length: 1000\r\n"));
  EXPECT_EQ(file.remaining, 0U);
  EXPECT_FALSE(file.file.is_open()) << "nothing holds the file open any longer";
}

TEST(Answer, AFileIsSentWithWhatAsksForItAgain) {
  const Answer answer = prepare_answer(file_response(), request(), true, kNow);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.offset, 0U);
  EXPECT_EQ(answer.remaining, 1000U);
  EXPECT_TRUE(answer.file.is_open());
  EXPECT_THAT(answer.head, HasSubstr("\r\nETag: \"e\"\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nLast-Modified: Sun, 06 Nov 1994 08:49:36 GMT\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nAccept-Ranges: bytes\r\n"));
}

TEST(Answer, APartOfAFileSaysWhichPart) {
  const Answer answer = prepare_answer(
      file_response(), request(Method::Get, {{"range", "bytes=100-299"}}), true, kNow);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Range: bytes 100-299/1000\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Length: 200\r\n"));
  EXPECT_EQ(answer.offset, 100U);
  EXPECT_EQ(answer.remaining, 200U);
}

TEST(Answer, APartThatIsNotThereTellsTheSize) {
  const Answer answer =
      prepare_answer(file_response(), request(Method::Get, {{"range", "bytes=1000-"}}), true, kNow);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 416 Range Not Satisfiable\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Range: bytes */1000\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Length: 0\r\n"));
  EXPECT_FALSE(answer.file.is_open());
}

TEST(Answer, AnUnchangedFileIsNotSentAgain) {
  const Answer answer = prepare_answer(
      file_response(), request(Method::Get, {{"if-none-match", "\"e\""}}), true, kNow);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("\r\nETag: \"e\"\r\n"));
  EXPECT_THAT(answer.head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(answer.remaining, 0U);
}

TEST(ReasonPhrase, KnowsEveryStatusThatFilesAndHandlersAnswer) {
  for (const int status :
       {200, 201, 204, 206, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 416, 429, 500, 503}) {
    EXPECT_STRNE(reason_phrase(status), "") << status;
  }
  EXPECT_STREQ(reason_phrase(404), "Not Found");
  EXPECT_STREQ(reason_phrase(299), "");
}

}  // namespace
}  // namespace signaling::web
