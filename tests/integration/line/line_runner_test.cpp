// The program behind `./dev line`: commands in namespaces of their own, real packets, real ends.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "media/net/udp_socket.h"
#include "tests/support/waiting.h"

namespace line {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Program {
 public:
  // Standard output and error go to `output`.
  Program(std::vector<std::string> arguments, const std::string& output) {
    arguments.insert(arguments.begin(), TONGKE_LINE_PROGRAM);
    std::vector<char*> pointers;
    for (std::string& a : arguments) pointers.push_back(a.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_CREAT | O_WRONLY | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    EXPECT_EQ(posix_spawn(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

class LineRunner : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/net/tun", R_OK | W_OK) != 0)
      GTEST_SKIP() << "network namespaces take root and /dev/net/tun";
    std::string name = (fs::temp_directory_path() / "tongke-line-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(folder_ / "lines.toml") << "[near]\nabout = \"a line\"\ndelay_ms = 30\n"
                                             "[lossy]\ndelay_ms = 5\nloss_percent = 20\n"
                                             "[gone]\nout = true\n";
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::vector<std::string> behind(const std::string& profile,
                                                std::vector<std::string> command) const {
    std::vector<std::string> all{"--profiles", file("lines.toml"), "--profile", profile,
                                 "--report",   file("report"),     "--"};
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }
  int run(const std::string& profile, std::vector<std::string> command) const {
    return Program(behind(profile, std::move(command)), file("out")).wait();
  }

  fs::path folder_;
};

// Sends datagrams numbered by their first byte to the machine, and waits for as many answers as
// come within a second of silence.
constexpr const char* kSender = R"(
import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[3]))
began = time.monotonic()
for i in range(int(sys.argv[2])):
    s.sendto(bytes([i % 256]) * 100, ('10.77.255.1', int(sys.argv[1])))
    select.select([], [], [], 0.001)
got = 0
try:
    while got < int(sys.argv[2]):
        s.recv(2000)
        got += 1
        if got == 1:
            print('first after', time.monotonic() - began)
except TimeoutError:
    pass
print('got', got)
)";

// Echoes what comes to `socket` until `program` has ended.
size_t echo_until_end(const media::net::UdpSocket& socket, Program& program, int& status) {
  size_t seen = 0;
  media::net::ReceiveBatch batch;
  std::atomic<bool> ended{false};
  std::thread waiting([&] {
    status = program.wait();
    ended = true;
  });
  tests::wait_until([&] {
    for (const auto& got : batch.receive(socket)) {
      ++seen;
      [[maybe_unused]] const bool sent = socket.send(got.from, got.bytes);
    }
    return ended.load();
  });
  waiting.join();
  return seen;
}

TEST_F(LineRunner, ACommandReachesTheMachineOverTheLineAndComesToTheSameFiguresForTheSameSeed) {
  const auto socket = media::net::UdpSocket::bind(*media::Address::parse("0.0.0.0", 0));
  ASSERT_TRUE(socket);
  const std::string port = std::to_string(socket->local_address().port);
  std::vector<size_t> arrived;
  for (int i = 0; i < 2; ++i) {
    Program program(behind("lossy", {"python3", "-c", kSender, port, "300", "0.5"}), file("out"));
    int status = -1;
    arrived.push_back(echo_until_end(*socket, program, status));
    ASSERT_EQ(status, 0) << text("out");
    const auto report = nlohmann::json::parse(text("report"));
    EXPECT_EQ(report["up"]["offered_packets"], 300);
    EXPECT_EQ(report["up"]["delivered_packets"], arrived.back());
    EXPECT_EQ(report["down"]["offered_packets"], arrived.back());
    EXPECT_THAT(text("out"),
                HasSubstr("got " + std::to_string(report["down"]["delivered_packets"].get<int>())));
  }
  EXPECT_EQ(arrived[0], arrived[1]);
  EXPECT_NEAR(static_cast<double>(arrived[0]) / 300, 0.8, 0.07);
}

TEST_F(LineRunner, NothingComesBackSoonerThanTheLineAllows) {
  const auto socket = media::net::UdpSocket::bind(*media::Address::parse("0.0.0.0", 0));
  ASSERT_TRUE(socket);
  Program program(behind("near", {"python3", "-c", kSender,
                                  std::to_string(socket->local_address().port), "1", "10"}),
                  file("out"));
  int status = -1;
  echo_until_end(*socket, program, status);
  const std::string out = text("out");
  ASSERT_THAT(out, HasSubstr("first after "));
  EXPECT_GE(std::stod(out.substr(out.find("first after ") + 12)), 0.060) << out;
}

TEST_F(LineRunner, TheCommandsExitStatusIsThePrograms) {
  EXPECT_EQ(run("near", {"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ(run("near", {"sh", "-c", "kill -9 $$"}), 128 + 9);
  EXPECT_EQ(run("near", {"/nowhere/nothing"}), 127);
  EXPECT_THAT(text("out"), HasSubstr("cannot run /nowhere/nothing"));
  EXPECT_EQ(run("nosuch", {"true"}), 125);
  EXPECT_THAT(text("out"), HasSubstr("no line is called nosuch"));
}

TEST_F(LineRunner, NothingButTheLineLeadsOut) {
  ASSERT_EQ(run("near", {"cat", "/proc/net/dev"}), 0);
  const std::string devices = text("out");
  EXPECT_THAT(devices, HasSubstr("line0:"));
  EXPECT_THAT(devices, HasSubstr("lo:"));
  // Two heading lines, the two devices, and the summary of three lines.
  EXPECT_EQ(std::count(devices.begin(), devices.end(), '\n'), 7) << devices;
}

// The devices of this machine that lines have made.
std::vector<std::string> line_devices() {
  std::vector<std::string> out;
  struct if_nameindex* all = if_nameindex();
  for (const auto* one = all; one->if_index != 0; ++one) {
    if (std::string(one->if_name).starts_with("tongke")) out.emplace_back(one->if_name);
  }
  if_freenameindex(all);
  return out;
}

bool runs(const std::string& argument) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(in), {}};
    if (line.find(argument) != std::string::npos && line.starts_with("sleep")) return true;
  }
  return false;
}

TEST_F(LineRunner, WhateverEndsItNothingOfItsCommandOrNetworkIsLeft) {
  const std::string mark = std::to_string(100'000 + ::getpid()) + ".25";
  for (const int how : {SIGKILL, SIGTERM}) {
    const auto before = line_devices();
    Program program(behind("near", {"sh", "-c", "sleep " + mark + " & sleep " + mark}),
                    file("out"));
    ASSERT_TRUE(tests::wait_until([&] { return runs(mark); }));
    ASSERT_GT(line_devices().size(), before.size());
    program.signal(how);
    program.wait();
    EXPECT_TRUE(tests::wait_until([&] { return !runs(mark); })) << "after signal " << how;
    EXPECT_TRUE(tests::wait_until([&] { return line_devices() == before; }));
  }
}

// One request to a running line; its answer.
nlohmann::json ask(const std::string& path, const std::string& request) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  std::string answer;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string row = request + "\n";
    EXPECT_EQ(::send(fd, row.data(), row.size(), 0), static_cast<ssize_t>(row.size()));
    std::array<char, 4096> buffer;
    for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
      answer.append(buffer.data(), static_cast<size_t>(n));
  }
  ::close(fd);
  return answer.empty() ? nlohmann::json() : nlohmann::json::parse(answer);
}

TEST_F(LineRunner, ARunningLineIsSteeredBySocket) {
  std::vector<std::string> arguments = behind("near", {"sleep", "1000"});
  arguments.insert(arguments.begin(), {"--control", file("control")});
  Program program(arguments, file("out"));
  ASSERT_TRUE(tests::wait_until([&] { return fs::exists(file("control")); }));
  EXPECT_EQ(ask(file("control"), "report")["profile"], "near");
  EXPECT_EQ(ask(file("control"), "use gone"), nlohmann::json({{"ok", true}}));
  EXPECT_EQ(ask(file("control"), "report")["profile"], "gone");
  EXPECT_TRUE(ask(file("control"), "use nosuch").contains("error"));
  EXPECT_TRUE(ask(file("control"), "dance").contains("error"));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 128 + SIGTERM);
  EXPECT_FALSE(fs::exists(file("control")));
}

TEST_F(LineRunner, TwoLinesAtOnceHaveAddressesOfTheirOwn) {
  const auto socket = media::net::UdpSocket::bind(*media::Address::parse("0.0.0.0", 0));
  ASSERT_TRUE(socket);
  const std::string port = std::to_string(socket->local_address().port);
  Program a(behind("near", {"python3", "-c", kSender, port, "1", "20"}), file("a"));
  Program b(behind("near", {"python3", "-c", kSender, port, "1", "20"}), file("b"));
  std::vector<media::Address> from;
  media::net::ReceiveBatch batch;
  EXPECT_TRUE(tests::wait_until([&] {
    for (const auto& got : batch.receive(*socket)) from.push_back(got.from);
    return from.size() == 2;
  }));
  ASSERT_EQ(from.size(), 2U);
  EXPECT_NE(from[0].ip_string(), from[1].ip_string());
  for (const auto& to : from) EXPECT_TRUE(socket->send(to, std::vector<uint8_t>{1}));
  EXPECT_EQ(a.wait(), 0);
  EXPECT_EQ(b.wait(), 0);
  EXPECT_THAT(text("a"), HasSubstr("got 1"));
  EXPECT_THAT(text("b"), HasSubstr("got 1"));
}

}  // namespace
}  // namespace line
