// `tongke ingest` against real senders: ffmpeg and GStreamer in processes of their own, a real
// media server behind WHIP, everything on loopback.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "signaling/ingest/ingest_command.h"
#include "signaling/ingest/job.h"
#include "signaling/process/child_process.h"
#include "tests/support/posted_tasks.h"
#include "tests/support/storage_rows.h"
#include "tests/support/whip_stub.h"

namespace signaling::ingest {
namespace {

using media::Duration;
using media::ingest::SourceKind;
using process::ChildExit;
using process::ChildProcess;
using Argv = std::vector<std::string>;

// A child, what it said and how it ended.
struct Process {
  std::vector<nlohmann::json> lines;
  std::vector<std::string> logs;
  std::optional<ChildExit> exit;
  std::unique_ptr<ChildProcess> child;

  [[nodiscard]] bool said(const std::string& state) const {
    for (const auto& line : lines) {
      if (line.is_object() && line.value("state", "") == state) return true;
    }
    return false;
  }
  [[nodiscard]] std::string reason() const {
    return said("ended") ? lines.back().value("reason", "") : "(runs)";
  }
  [[nodiscard]] std::string log() const {
    std::string out;
    for (const auto& line : lines) out += line.dump() + '\n';
    for (const auto& line : logs) out += line + '\n';
    return out;
  }
};

// A port that was free a moment ago, for servers that cannot be asked for theirs.
uint16_t free_port(int type) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  socklen_t size = sizeof name;
  ::bind(fd, generic, size);
  ::getsockname(fd, generic, &size);
  ::close(fd);
  return ntohs(name.sin_port);
}

class Sources : public testing::Test {
 protected:
  std::unique_ptr<Process> run(Argv argv, std::string input = {}) {
    auto out = std::make_unique<Process>();
    Process* raw = out.get();
    out->child = ChildProcess::start(
        {.argv = std::move(argv), .input = std::move(input), .limits = {}},
        {.on_line =
             [raw](const std::string& line) {
               raw->lines.push_back(nlohmann::json::parse(line, nullptr, false));
             },
         .on_log = [raw](const std::string& line) { raw->logs.push_back(line); },
         .on_exit = [raw](const ChildExit& exit) { raw->exit = exit; }},
        loop.poster());
    return out;
  }
  std::unique_ptr<Process> ingest(SourceKind kind, const std::string& url) {
    Job job;
    job.target = {stub.base() + "/whip/lesson", "token", false};
    auto source = parse_source_url(kind, url);
    EXPECT_TRUE(source) << source.error().what;
    job.source = *source;
    job.source.timeout = Duration::seconds(2);
    return run({process::kOwnProgram, "ingest"}, to_json(job).dump());
  }
  std::unique_ptr<Process> listen_rtmp(uint16_t& port) {
    const ListenJob job{{stub.base() + "/whip/", "", false}, "127.0.0.1", 0, {}, {}};
    auto listener = run({process::kOwnProgram, "ingest", "--rtmp-listen"}, to_json(job).dump());
    EXPECT_TRUE(loop.run_until([&] { return listener->said("listening"); })) << listener->log();
    port = listener->lines.front().value("port", uint16_t{0});
    return listener;
  }
  std::unique_ptr<Process> launch(const std::string& pipeline) {
    return run({"/bin/sh", "-c", "exec gst-launch-1.0 -q " + pipeline});
  }
  bool on_air(const Process& process) {
    return loop.run_until([&] {
      return process.said("on-air") || process.said("ended") || process.exit;
    }) && process.said("on-air");
  }
  bool ended(const Process& process) {
    return loop.run_until([&] { return process.said("ended") || process.exit; });
  }
  tests::WhipStub stub;
  tests::PostedTasks loop;
};

// A picture and a tone, as small encoders make them: H.264 with a key frame every second, AAC.
constexpr const char* kPicture =
    "videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! openh264enc "
    "gop-size=25 ! h264parse config-interval=-1 ! ";
constexpr const char* kTone =
    "audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! voaacenc ! aacparse ! ";

Argv ffmpeg_push(const std::string& address) {
  return {"/usr/bin/ffmpeg",
          "-loglevel",
          "error",
          "-re",
          "-f",
          "lavfi",
          "-i",
          "testsrc=size=320x180:rate=15",
          "-f",
          "lavfi",
          "-i",
          "sine=sample_rate=44100",
          "-c:v",
          "libx264",
          "-preset",
          "ultrafast",
          "-g",
          "15",
          "-pix_fmt",
          "yuv420p",
          "-c:a",
          "aac",
          "-f",
          "flv",
          address};
}

TEST_F(Sources, AnRtmpPushByGStreamerGoesOnAirAndEndsWithItsSender) {
  uint16_t port = 0;
  const auto listener = listen_rtmp(port);
  const auto sender = launch(std::string(kPicture) + "mux. " + kTone +
                             "mux. flvmux name=mux streamable=true ! rtmp2sink "
                             "location=rtmp://127.0.0.1:" +
                             std::to_string(port) + "/lesson/secret");
  ASSERT_TRUE(on_air(*listener)) << listener->log() << sender->log();
  EXPECT_EQ(stub.opened(), 1U);
  sender->child->stop();
  ASSERT_TRUE(ended(*listener)) << listener->log();
  EXPECT_EQ(listener->reason(), "ended");
  EXPECT_EQ(stub.removed(), 1U) << "the session is given back at once";
  EXPECT_EQ(listener->log().find("secret"), std::string::npos);
}

TEST_F(Sources, AnRtmpPushByFfmpegGoesOnAir) {
  uint16_t port = 0;
  const auto listener = listen_rtmp(port);
  const auto sender =
      run(ffmpeg_push("rtmp://127.0.0.1:" + std::to_string(port) + "/lesson/secret"));
  ASSERT_TRUE(on_air(*listener)) << listener->log() << sender->log();
}

TEST_F(Sources, AnRtmpsPushIsReadThroughTls) {
  const tests::ScratchDir dir;
  const std::string certificate = (dir.path() / "certificate.pem").string();
  const std::string key = (dir.path() / "key.pem").string();
  const auto made = run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
                         key, "-out", certificate});
  ASSERT_TRUE(loop.run_until([&] { return made->exit.has_value(); }));
  const ListenJob job{{stub.base() + "/whip/", "", false}, "127.0.0.1", 0, certificate, key};
  const auto listener = run({process::kOwnProgram, "ingest", "--rtmp-listen"}, to_json(job).dump());
  ASSERT_TRUE(loop.run_until([&] { return listener->said("listening"); })) << listener->log();
  const auto port = listener->lines.front().value("port", uint16_t{0});
  const std::string address = "127.0.0.1:" + std::to_string(port) + "/lesson/secret";
  const auto plain = run(ffmpeg_push("rtmp://" + address));
  ASSERT_TRUE(loop.run_until([&] { return plain->exit.has_value(); })) << "no TLS, no entry";
  EXPECT_FALSE(listener->said("on-air"));
  const auto sender = run(ffmpeg_push("rtmps://" + address));
  ASSERT_TRUE(on_air(*listener)) << listener->log() << sender->log();
}

TEST_F(Sources, AnSrtCallIsTakenWithItsPassphrase) {
  const std::string port = std::to_string(free_port(SOCK_DGRAM));
  const auto source =
      ingest(SourceKind::SrtListen, "srt://127.0.0.1:" + port + "?passphrase=0123456789");
  const auto sender = launch(std::string(kPicture) + "mux. " + kTone +
                             "mux. mpegtsmux name=mux alignment=7 ! srtsink mode=caller "
                             "uri=srt://127.0.0.1:" +
                             port + " passphrase=0123456789");
  ASSERT_TRUE(on_air(*source)) << source->log() << sender->log();
  source->child->stop();
  ASSERT_TRUE(loop.run_until([&] { return source->exit.has_value(); }));
  EXPECT_EQ(source->exit->code, 0) << source->exit->describe() << source->log();
  EXPECT_EQ(source->reason(), "");
  EXPECT_EQ(stub.removed(), 1U);
}

TEST_F(Sources, AnRtspCameraIsPulledOverTcp) {
  // An H.264 and G.711 camera.
  const auto camera =
      run({"/usr/bin/python3", std::string(TONGKE_SOURCE_DIR) + "/tests/support/rtsp_camera.py"});
  ASSERT_TRUE(loop.run_until([&] { return camera->said("listening") || camera->exit; }));
  ASSERT_TRUE(camera->said("listening")) << camera->log();
  const std::string port = std::to_string(camera->lines.front().value("port", 0));
  const auto source = ingest(SourceKind::Rtsp, "rtsp://127.0.0.1:" + port + "/camera");
  ASSERT_TRUE(on_air(*source)) << source->log();
  const auto wrong = ingest(SourceKind::Rtsp, "rtsp://127.0.0.1:" + port + "/elsewhere");
  ASSERT_TRUE(ended(*wrong)) << wrong->log();
  EXPECT_EQ(wrong->reason(), "not-found") << wrong->log();
}

TEST_F(Sources, ASourceThatIsNotThereIsUnreachable) {
  const std::string port = std::to_string(free_port(SOCK_STREAM));
  const auto source = ingest(SourceKind::Rtsp, "rtsp://user:hunter2@127.0.0.1:" + port + "/x");
  ASSERT_TRUE(ended(*source)) << source->log();
  EXPECT_EQ(source->reason(), "unreachable") << source->log();
  EXPECT_EQ(source->log().find("hunter2"), std::string::npos) << "a password in the log";
  EXPECT_EQ(stub.opened(), 0U) << "a lesson never sees an empty encoder";
}

// Accepts connections and says nothing.
class Mute {
 public:
  Mute() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof name;
    ::bind(fd_, generic, size);
    ::listen(fd_, 8);
    ::getsockname(fd_, generic, &size);
    port = std::to_string(ntohs(name.sin_port));
  }
  ~Mute() { ::close(fd_); }
  Mute(const Mute&) = delete;
  Mute& operator=(const Mute&) = delete;
  std::string port;

 private:
  int fd_;
};

TEST_F(Sources, AnRtspServerThatSaysNothingIsGivenUp) {
  const Mute mute;
  const auto source = ingest(SourceKind::Rtsp, "rtsp://127.0.0.1:" + mute.port + "/x");
  ASSERT_TRUE(ended(*source)) << source->log();
  EXPECT_EQ(source->reason(), "stalled") << source->log();
  EXPECT_EQ(stub.opened(), 0U);
}

// The address that was judged is the one that is asked, whatever the device answers.
TEST_F(Sources, ACameraThatSendsItsCallerElsewhereIsNotFollowed) {
  const auto server =
      run({"/usr/bin/python3", std::string(TONGKE_SOURCE_DIR) + "/tests/support/rtsp_redirect.py"});
  ASSERT_TRUE(loop.run_until([&] { return server->said("listening"); })) << server->log();
  const std::string port = std::to_string(server->lines.front().value("port", uint16_t{0}));
  const auto source = ingest(SourceKind::Rtsp, "rtsp://127.0.0.1:" + port + "/x");
  ASSERT_TRUE(ended(*source)) << source->log();
  EXPECT_TRUE(server->said("redirected")) << server->log();
  EXPECT_FALSE(server->said("asked")) << server->log();
  EXPECT_NE(source->reason(), "");
}

TEST_F(Sources, GarbageInsteadOfRtmpIsClosedAndHarmsNobody) {
  uint16_t port = 0;
  const auto listener = listen_rtmp(port);
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\3')}) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    ::send(fd, garbage.data(), garbage.size(), MSG_NOSIGNAL);
    char byte = 0;
    ssize_t got = 1;
    while (got > 0) got = ::recv(fd, &byte, 1, 0);  // until it is closed
    EXPECT_LE(got, 0);
    ::close(fd);
  }
  const auto sender = launch(std::string(kPicture) + "mux. " + kTone +
                             "mux. flvmux name=mux streamable=true ! rtmp2sink "
                             "location=rtmp://127.0.0.1:" +
                             std::to_string(port) + "/lesson/secret");
  EXPECT_TRUE(on_air(*listener)) << listener->log() << sender->log();
}

TEST_F(Sources, ARefusalOfTheLessonIsTold) {
  stub.refuse_with(403);
  uint16_t port = 0;
  const auto listener = listen_rtmp(port);
  const auto sender = launch(std::string(kPicture) + "mux. " + kTone +
                             "mux. flvmux name=mux streamable=true ! rtmp2sink "
                             "location=rtmp://127.0.0.1:" +
                             std::to_string(port) + "/lesson/wrong");
  ASSERT_TRUE(ended(*listener)) << listener->log() << sender->log();
  EXPECT_EQ(listener->reason(), "refused");
}

TEST_F(Sources, WhatIsNotMediaIsCalledSo) {
  const std::string port = std::to_string(free_port(SOCK_DGRAM));
  const auto source = ingest(SourceKind::SrtListen, "srt://127.0.0.1:" + port);
  const auto sender = launch("multifilesrc location=" TONGKE_SOURCE_DIR
                             "/CMakeLists.txt loop=true ! identity "
                             "sleep-time=20000 ! rndbuffersize min=1000 max=1000 ! srtsink "
                             "mode=caller uri=srt://127.0.0.1:" +
                             port);
  ASSERT_TRUE(ended(*source)) << source->log() << sender->log();
  EXPECT_EQ(source->reason(), "not-media") << source->log();
}

}  // namespace
}  // namespace signaling::ingest

// The program that runs the tests is also the child that they start.
int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "ingest") {
    CLI::App app("ingest");
    std::function<int()> run;
    signaling::ingest::add_command(app, run);
    CLI11_PARSE(app, argc, argv);
    return run();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
