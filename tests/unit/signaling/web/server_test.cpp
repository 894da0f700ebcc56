#include "signaling/web/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "tests/support/sanitizers.h"
#include "tests/support/tls_client.h"

namespace signaling::web {
namespace {

using tests::HttpAnswer;
using tests::TlsClient;
using tests::WebSocketFrame;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongke-web-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Answers by path; keeps what it was asked.
class Probe final : public Application {
 public:
  void on_request(Request request, Responder responder) override {
    if (request.path == "/file") {
      auto tree = FileTree::open(folder);
      auto file = tree->open_file("film.webm");
      Response response = text_response(200, "video/webm", "");
      response.file = std::move(*file);
      responder.send(std::move(response));
    } else if (request.path == "/later") {
      parked.push_back(responder);
      if (on_parked) on_parked();
    } else if (request.path == "/trust") {
      responder.trust();
      responder.send(text_response(200, "text/plain", "ok"));
    } else if (request.path == "/big") {
      responder.send(text_response(200, "text/plain", std::string(3'000'000, 'x')));
    } else if (request.path == "/twice") {
      responder.send(text_response(200, "text/plain", "first"));
      responder.send(text_response(500, "text/plain", "second"));
    } else if (request.path == "/header") {
      Response response = text_response(200, "text/plain", "ok");
      response.with("X-Name", "a\r\nSet-Cookie: evil=1");
      responder.send(std::move(response));
    } else {
      std::string echo =
          std::string(method_name(request.method)) + " " + request.path + " " + request.body;
      for (const auto& [name, value] : request.query) echo += " " + name + "=" + value;
      responder.send(text_response(200, "text/plain", echo));
    }
  }
  UpgradeDecision on_upgrade(const Request& request) override {
    UpgradeDecision decision;
    if (request.header("authorization") == "Bearer wrong")
      decision.refusal = text_response(401, "text/plain", "no");
    decision.context = std::string("context");
    return decision;
  }
  void on_socket_open(Socket& socket, std::any context) override {
    EXPECT_EQ(std::any_cast<std::string>(context), "context");
    ++opened;
    last = &socket;
  }
  void on_socket_message(Socket& socket, std::string_view text) override {
    if (text == "flood") {
      for (int i = 0; i < 100; ++i) socket.send(std::string(60'000, 'y'));
    } else if (text == "close") {
      socket.send("bye");
      socket.close(4403, "forbidden");
    } else {
      socket.send("echo " + std::to_string(text.size()) + " " + std::string(text.substr(0, 20)));
    }
  }
  void on_socket_close(Socket&) override { ++closed; }

  std::filesystem::path folder;
  std::deque<Responder> parked;
  std::function<void()> on_parked;
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  Socket* last = nullptr;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    probe_.folder = folder_.path();
    std::ofstream film(folder_.path() / "film.webm", std::ios::binary);
    for (int i = 0; i < 300'000; ++i) film.put(static_cast<char>('a' + i % 26));
    limits_.max_connections = 1'000;
  }
  void TearDown() override {
    if (!server_) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }
  void start() {
    auto tls = ensure_self_signed(folder_.path() / "tls", {"127.0.0.1"}, std::time(nullptr));
    ASSERT_TRUE(tls) << tls.error().message;
    ServerParams params;
    params.bind_address = "127.0.0.1";
    params.tls = *tls;
    params.limits = limits_;
    auto server = Server::start(params, probe_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::thread([this] { server_->run(); });
  }
  template <class F>
  auto on_server(F f) {
    std::promise<decltype(f())> result;
    server_->post([&] { result.set_value(f()); });
    return result.get_future().get();
  }
  ServerStats stats() {
    return on_server([&] { return server_->stats(); });
  }
  [[nodiscard]] uint16_t port() const { return server_->port(); }

  TemporaryFolder folder_;
  Probe probe_;
  Limits limits_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST_F(ServerTest, AnswersEveryMethodOnOneConnection) {
  start();
  TlsClient client(port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.request("GET", "/a?x=1&y=%E4%BD%A0").body, "GET /a  x=1 y=你");
  EXPECT_EQ(client.request("POST", "/b", "", "hello").body, "POST /b hello");
  const HttpAnswer patched = client.request("PATCH", "/b", "", "part");
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(patched.body, "PATCH /b part");
  EXPECT_EQ(client.request("PUT", "/b", "", "whole").body, "PUT /b whole");
  EXPECT_EQ(client.request("DELETE", "/c").body, "DELETE /c ");
  EXPECT_EQ(client.request("OPTIONS", "/d").body, "OPTIONS /d ");
  EXPECT_EQ(client.request("POST", "/e", "Content-Length: 0\r\n").body, "POST /e ");
  EXPECT_EQ(client.request("DELETE", "/f", "", "odd").body, "DELETE /f odd");
  const HttpAnswer head = client.request("HEAD", "/g");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "8");
  EXPECT_EQ(client.request("GET", "/last").body, "GET /last ");
  EXPECT_EQ(stats().accepted, 1U);
}

TEST_F(ServerTest, ReadsABodyThatComesInPieces) {
  start();
  TlsClient client(port());
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Le");
  client.send("ngth: 6\r\n\r\nab");
  client.send("cd");
  client.send("ef");
  EXPECT_EQ(client.read_answer().body, "POST /p abcdef");
}

// The library loops for ever over a pipelined request with a body and something behind it.
TEST_F(ServerTest, AnswersTheFirstOfPipelinedRequestsAndCloses) {
  start();
  const std::string get = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string post = "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz";
  for (const std::string& bytes :
       {get + post + get, post + get + get, post + post + post, get + get + get + get}) {
    TlsClient client(port());
    client.send(bytes);
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_TRUE(client.closes());
  }
  // Split so that the head of the second request is kept by the library and its end comes later.
  TlsClient split(port());
  split.send(get + post.substr(0, 40));
  EXPECT_EQ(split.read_answer().body, "GET /1 ");
  split.send(post.substr(40) + get);
  EXPECT_EQ(split.read_answer().status, 0);
  TlsClient other(port());
  EXPECT_EQ(other.request("GET", "/x").status, 200);
}

TEST_F(ServerTest, SetsItsSecurityHeadersEverywhere) {
  start();
  TlsClient client(port());
  const HttpAnswer answer = client.request("GET", "/a");
  EXPECT_NE(answer.headers.at("content-security-policy").find("frame-ancestors 'none'"),
            std::string::npos);
  EXPECT_EQ(answer.headers.at("content-security-policy").find("unsafe"), std::string::npos);
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.headers.at("referrer-policy"), "no-referrer");
}

TEST_F(ServerTest, DataCannotAddAHeader) {
  start();
  TlsClient client(port());
  const HttpAnswer answer = client.request("GET", "/header");
  EXPECT_EQ(answer.headers.count("set-cookie"), 0U);
  EXPECT_EQ(answer.headers.at("x-name"), "a  Set-Cookie: evil=1");
}

TEST_F(ServerTest, SendsALargeBodyWhole) {
  start();
  TlsClient client(port());
  EXPECT_EQ(client.request("GET", "/big").body, std::string(3'000'000, 'x'));
  EXPECT_EQ(client.request("GET", "/next").body, "GET /next ");
}

TEST_F(ServerTest, OnlyTheFirstAnswerCounts) {
  start();
  TlsClient client(port());
  EXPECT_EQ(client.request("GET", "/twice").body, "first");
  EXPECT_EQ(client.request("GET", "/next").body, "GET /next ");
}

TEST_F(ServerTest, AnswersLaterAndSurvivesAClientThatLeft) {
  std::promise<void> parked;
  probe_.on_parked = [&] { parked.set_value(); };
  start();
  {
    TlsClient client(port());
    client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    parked.get_future().wait();
    on_server([&] {
      probe_.parked.front().send(text_response(200, "text/plain", "at last"));
      probe_.parked.pop_front();
      return 0;
    });
    EXPECT_EQ(client.read_answer().body, "at last");
    parked = {};
    client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    parked.get_future().wait();
  }
  TlsClient other(port());
  EXPECT_EQ(other.request("GET", "/x").status, 200);
  on_server([&] {
    probe_.parked.front().send(text_response(200, "text/plain", "to nobody"));
    probe_.parked.front().send(text_response(200, "text/plain", "again"));
    return 0;
  });
  EXPECT_EQ(other.request("GET", "/x").status, 200);
}

TEST_F(ServerTest, RefusesABodyOverTheLimitBeforeReadingIt) {
  start();
  TlsClient client(port());
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  TlsClient fits(port());
  EXPECT_EQ(fits.request("POST", "/x", "", std::string(65536, 'q')).status, 200);
}

TEST_F(ServerTest, AClientThatSendsItsLargeBodyStillSeesTheRefusal) {
  start();
  TlsClient client(port());
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" +
              std::string(500'000, 'b'));
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST_F(ServerTest, RefusesChunkedBodiesAtOnce) {
  start();
  TlsClient client(port());
  client.send(
      "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 411);
}

TEST_F(ServerTest, RefusesALengthThatIsNotOne) {
  start();
  for (const char* length : {"-1", "5x", "18446744073709551617", "0x10"}) {
    TlsClient client(port());
    client.send(std::string("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: ") + length +
                "\r\n\r\n");
    const int status = client.read_answer().status;
    EXPECT_EQ(status, 400) << length;
  }
}

TEST_F(ServerTest, TellsTheClientToContinue) {
  start();
  TlsClient client(port());
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer(false).status, 100);
  client.send("ok");
  EXPECT_EQ(client.read_answer().body, "POST /x ok");
}

TEST_F(ServerTest, APostWithoutLengthIsEmptyAndEndsTheConnection) {
  start();
  TlsClient client(port());
  client.send("POST /x HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body, "POST /x ");
  EXPECT_EQ(answer.headers.at("connection"), "close");
}

TEST_F(ServerTest, ClosesWhoDoesNotSendHeadersInTime) {
  limits_.header_time = media::Duration::millis(300);
  start();
  TlsClient silent(port());
  TlsClient dripping(port());
  dripping.send("GET / HT");
  EXPECT_TRUE(silent.closes());
  EXPECT_TRUE(dripping.closes());
  EXPECT_GE(stats().timed_out, 2U);
}

TEST_F(ServerTest, ClosesWhoDoesNotSendTheBodyInTime) {
  limits_.body_time = media::Duration::millis(300);
  start();
  TlsClient client(port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(client.closes());
}

TEST_F(ServerTest, ClosesADownloadThatNobodyReads) {
  limits_.stall_time = media::Duration::millis(500);
  start();
  TlsClient client(port());
  // Small buffers and several large answers, so that the server cannot get rid of them; more
  // requests behind, so that there is input that it must not read yet.
  const int small = 4096;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  for (int i = 0; i < 8; ++i) client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  while (stats().connections != 0) std::this_thread::yield();
  EXPECT_GE(stats().timed_out, 1U);
}

TEST_F(ServerTest, HoldsStrangersFromOneAddressToTheirAllowance) {
  limits_.strangers_loopback = 3;
  start();
  TlsClient a(port());
  TlsClient b(port());
  ASSERT_EQ(a.request("GET", "/trust").status, 200);  // does not count any more
  TlsClient c(port());
  TlsClient d(port());
  EXPECT_TRUE(d.connected());
  TlsClient e(port());
  EXPECT_FALSE(e.connected());
  EXPECT_EQ(stats().refused_address, 1U);
  EXPECT_EQ(a.request("GET", "/still").status, 200);
}

TEST_F(ServerTest, StopsAcceptingAtItsConnectionLimit) {
  limits_.max_connections = 2;
  start();
  TlsClient a(port());
  TlsClient b(port());
  ASSERT_EQ(b.request("GET", "/x").status, 200);
  TlsClient c(port());
  EXPECT_FALSE(c.connected());
  EXPECT_EQ(a.request("GET", "/x").status, 200);
  EXPECT_EQ(stats().refused_full, 1U);
}

TEST_F(ServerTest, ServesRangesOfAFile) {
  start();
  TlsClient client(port());
  const HttpAnswer whole = client.request("GET", "/file");
  EXPECT_EQ(whole.status, 200);
  ASSERT_EQ(whole.body.size(), 300'000U);
  EXPECT_EQ(whole.headers.at("accept-ranges"), "bytes");
  const HttpAnswer part = client.request("GET", "/file", "Range: bytes=26-51\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 26-51/300000");
  EXPECT_EQ(client.request("GET", "/file", "Range: bytes=-3\r\n").body, whole.body.substr(299'997));
  const HttpAnswer bad = client.request("GET", "/file", "Range: bytes=300000-\r\n");
  EXPECT_EQ(bad.status, 416);
  EXPECT_EQ(bad.headers.at("content-range"), "bytes */300000");
  const std::string etag = whole.headers.at("etag");
  EXPECT_EQ(client.request("GET", "/file", "If-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(
      client.request("GET", "/file", "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n").body.size(),
      300'000U);
  const HttpAnswer head = client.request("HEAD", "/file", "Range: bytes=0-9\r\n");
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.headers.at("content-length"), "10");
  EXPECT_EQ(client.request("GET", "/x").status, 200);
}

TEST_F(ServerTest, SpeaksOnlyHttp11) {
  start();
  TlsClient client(port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_NE(client.read_answer().status, 200);
  TlsClient other(port());
  EXPECT_EQ(other.request("GET", "/x").status, 200);
}

TEST_F(ServerTest, GarbageEndsOnlyItsOwnConnection) {
  start();
  for (const std::string& garbage :
       {std::string("\0\0\0\0\r\n\r\n", 8), std::string(100'000, 'A'), std::string("GET\r\n\r\n"),
        "GET / HTTP/1.1\r\nX: " + std::string(40'000, 'h') + "\r\n\r\n",
        std::string("\r\n\r\n\r\n"), "GET /" + std::string(70'000, 'u') + " HTTP/1.1\r\n\r\n",
        std::string("GET /%zz HTTP/1.1\r\n\r\n"), std::string("CONNECT x:1 HTTP/1.1\r\n\r\n"),
        std::string("GET http://x/ HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: "
                    "Upgrade\r\nHTTP2-Settings: AAA\r\n\r\n")}) {
    TlsClient client(port(), 1);
    client.send(garbage);
    client.read_answer();
  }
  TlsClient other(port());
  EXPECT_EQ(other.request("GET", "/x").status, 200);
}

TEST_F(ServerTest, EchoesOverAWebSocket) {
  start();
  TlsClient client(port());
  const HttpAnswer answer = client.upgrade();
  ASSERT_EQ(answer.status, 101);
  EXPECT_EQ(answer.headers.at("sec-websocket-protocol"), "tongke.v1");
  EXPECT_EQ(answer.headers.count("sec-websocket-extensions"), 0U);
  client.send_frame(1, "hi");
  EXPECT_EQ(client.read_frame().payload, "echo 2 hi");
  client.send_frame(1, std::string(65'536, 'm'));
  EXPECT_EQ(client.read_frame().payload.substr(0, 10), "echo 65536");
  client.send_frame(1, "in ", false);
  client.send_frame(0, "three ", false);
  client.send_frame(0, "parts", true);
  EXPECT_EQ(client.read_frame().payload, "echo 14 in three parts");
  client.send_frame(9, "ping");
  const WebSocketFrame pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "ping");
}

TEST_F(ServerTest, DeflateIsNotNegotiated) {
  start();
  TlsClient client(port());
  const HttpAnswer answer =
      client.upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.headers.count("sec-websocket-extensions"), 0U);
}

TEST_F(ServerTest, RefusesWrongHandshakesBeforeTheUpgrade) {
  start();
  EXPECT_EQ(TlsClient(port()).upgrade("/ws", "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(TlsClient(port()).upgrade("/elsewhere").status, 404);
  EXPECT_EQ(TlsClient(port()).upgrade("/ws", "", "other.v1").status, 400);
  TlsClient old(port());
  EXPECT_EQ(old.request("GET", "/ws",
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                        "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n"
                        "Sec-WebSocket-Protocol: tongke.v1\r\n")
                .status,
            400);
  EXPECT_EQ(probe_.opened, 0);
  EXPECT_EQ(stats().upgrades_refused, 4U);
}

TEST_F(ServerTest, ClosesASocketThatSendsTooMuch) {
  start();
  {
    TlsClient client(port());
    client.upgrade();
    client.send_frame(1, std::string(65'537, 'm'));
    EXPECT_EQ(client.read_frame().close_code(), 1009);
  }
  {
    TlsClient client(port());
    client.upgrade();
    client.send_frame(1, "a", false);
    for (int i = 0; i < 80; ++i) client.send_frame(0, "a", false);
    EXPECT_EQ(client.read_frame().close_code(), 1009);
  }
  {
    TlsClient client(port());
    client.upgrade();
    client.send_frame(2, "binary");
    EXPECT_EQ(client.read_frame().close_code(), 1003);
  }
  {
    TlsClient client(port());
    client.upgrade();
    client.send_frame(1, "\xff\xfe not utf-8");
    const WebSocketFrame frame = client.read_frame();
    EXPECT_TRUE(frame.opcode == -1 || frame.opcode == 8);
  }
}

TEST_F(ServerTest, DeliversWhatWasSentBeforeTheClose) {
  start();
  TlsClient client(port());
  client.upgrade();
  client.send_frame(1, "close");
  EXPECT_EQ(client.read_frame().payload, "bye");
  EXPECT_EQ(client.read_frame().close_code(), 4403);
}

TEST_F(ServerTest, ASlowSocketIsClosedInsteadOfFillingMemory) {
  limits_.max_send_queue = 1'000'000;
  start();
  TlsClient client(port());
  client.upgrade();
  client.send_frame(1, "flood");
  while (stats().slow_sockets_closed == 0) std::this_thread::yield();
  while (probe_.closed == 0) std::this_thread::yield();
  EXPECT_EQ(stats().sockets, 0U);
}

TEST_F(ServerTest, ASilentSocketIsAskedAndThenDropped) {
  limits_.ping_every = media::Duration::millis(400);
  start();
  TlsClient client(port());
  client.upgrade();
  EXPECT_EQ(client.read_frame().opcode, 9);
  while (probe_.closed == 0) std::this_thread::yield();
}

TEST_F(ServerTest, EverySocketIsReportedClosedWhenTheServerGoes) {
  start();
  TlsClient a(port());
  TlsClient b(port());
  a.upgrade();
  b.upgrade();
  a.send_frame(1, "x");
  b.send_frame(1, "x");
  a.read_frame();
  b.read_frame();
  EXPECT_EQ(probe_.opened, 2);
  server_->stop();
  thread_.join();
  server_.reset();
  EXPECT_EQ(probe_.closed, 2);
}

TEST_F(ServerTest, RunsPostedTasksInOrderAndTimersOnItsThread) {
  start();
  std::vector<int> order;
  std::promise<std::thread::id> done;
  for (int i = 0; i < 100; ++i) server_->post([&order, i] { order.push_back(i); });
  server_->post([&] { done.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(done.get_future().get(), thread_.get_id());
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  std::promise<void> ticked;
  int ticks = 0;
  on_server([&] {
    server_->every(media::Duration::millis(5), [&] {
      if (++ticks == 3) ticked.set_value();
    });
    return 0;
  });
  ticked.get_future().wait();
}

TEST_F(ServerTest, SaysSoWhenThePortIsTaken) {
  // libwebsockets 4.1 forgets a TLS context when a vhost cannot listen. The program ends then.
  const tests::LibraryLeak forgotten;
  start();
  ServerParams params;
  params.bind_address = "127.0.0.1";
  params.port = port();
  params.tls = {folder_.path() / "tls/certificate.pem", folder_.path() / "tls/private-key.pem"};
  Probe other;
  const auto second = Server::start(params, other);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(port())), std::string::npos);
}

}  // namespace
}  // namespace signaling::web
