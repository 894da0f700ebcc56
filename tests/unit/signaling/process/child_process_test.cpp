#include "signaling/process/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>

#include "tests/support/posted_tasks.h"

namespace signaling::process {
namespace {

class ChildProcessTest : public testing::Test {
 protected:
  std::unique_ptr<ChildProcess> shell(const std::string& script, std::string input = {},
                                      ChildLimits limits = {}) {
    return start({.argv = {"/bin/sh", "-c", script}, .input = std::move(input), .limits = limits});
  }
  std::unique_ptr<ChildProcess> start(ChildParams params) {
    return ChildProcess::start(std::move(params),
                               {.on_line = [this](const std::string& l) { lines.push_back(l); },
                                .on_log = [this](const std::string& l) { logs.push_back(l); },
                                .on_exit = [this](const ChildExit& e) { exit = e; }},
                               loop.poster());
  }
  bool wait_exit() {
    return loop.run_until([this] { return exit.has_value(); });
  }

  tests::PostedTasks loop;
  std::vector<std::string> lines;
  std::vector<std::string> logs;
  std::optional<ChildExit> exit;
};

TEST_F(ChildProcessTest, HandsOverItsInputItsLinesAndItsExitCode) {
  const std::string secret(200'000, 's');  // more than a pipe holds
  const auto child = shell("wc -c; echo '{\"a\":1}'; echo grumble >&2; exit 3", secret);
  ASSERT_TRUE(wait_exit());
  EXPECT_EQ(lines, (std::vector<std::string>{"200000", "{\"a\":1}"}));
  EXPECT_EQ(logs, std::vector<std::string>{"grumble"});
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(exit->last_words, "grumble");
  EXPECT_EQ(exit->describe(), "exit code 3");
  EXPECT_EQ(child->pid(), 0);
}

TEST_F(ChildProcessTest, SaysWhyItDidNotStart) {
  const auto child = start({.argv = {"/no/such/program"}, .input = {}, .limits = {}});
  ASSERT_TRUE(wait_exit());
  EXPECT_EQ(exit->describe(), "/no/such/program cannot be run: No such file or directory");
}

TEST_F(ChildProcessTest, RunsThisProgramAgain) {
  const auto child =
      start({.argv = {kOwnProgram, "--gtest_list_tests"}, .input = {}, .limits = {}});
  ASSERT_TRUE(wait_exit());
  EXPECT_EQ(exit->code, 0);
  EXPECT_NE(std::find(lines.begin(), lines.end(), "ChildProcessTest."), lines.end());
}

TEST_F(ChildProcessTest, TellsACrashByItsSignal) {
  const auto child = shell("kill -SEGV $$");
  ASSERT_TRUE(wait_exit());
  EXPECT_EQ(exit->signal, SIGSEGV);
  EXPECT_EQ(exit->describe(), "killed by signal 11 (Segmentation fault)");
}

TEST_F(ChildProcessTest, StopsOnRequest) {
  const auto child = shell("trap 'echo bye; exit 0' TERM; echo up; while :; do read x; done");
  ASSERT_TRUE(loop.run_until([&] { return !lines.empty(); }));
  child->stop();
  ASSERT_TRUE(wait_exit());
  EXPECT_EQ(lines.back(), "bye");
  EXPECT_EQ(exit->code, 0);
}

TEST_F(ChildProcessTest, KillsWhatDoesNotListen) {
  const auto child = shell("trap '' TERM; echo up; while :; do read x < /dev/zero; done", {},
                           {.grace = media::Duration::millis(50)});
  ASSERT_TRUE(loop.run_until([&] { return !lines.empty(); }));
  child->stop();
  ASSERT_TRUE(wait_exit());
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST_F(ChildProcessTest, TakesItsOwnChildrenWithIt) {
  const auto child = shell("sh -c 'echo $$; while :; do read x < /dev/zero; done' & wait");
  ASSERT_TRUE(loop.run_until([&] { return !lines.empty(); }));
  const pid_t grandchild = std::stoi(lines.front());
  ASSERT_EQ(::kill(grandchild, 0), 0);
  child->stop();
  ASSERT_TRUE(wait_exit());
  const auto ended = [&] {  // or waits to be reaped by its new parent
    FILE* stat = std::fopen(("/proc/" + std::to_string(grandchild) + "/stat").c_str(), "re");
    if (stat == nullptr) return true;
    char state = 'Z';
    static_cast<void>(!std::fscanf(stat, "%*d (%*[^)]) %c", &state));
    std::fclose(stat);
    return state == 'Z' || state == 'X';
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!ended() && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_TRUE(ended());
}

TEST_F(ChildProcessTest, GivesItNoneOfOurDescriptorsAndItsLimits) {
  const int open = ::fcntl(1, F_DUPFD, 100);  // without close-on-exec
  const auto child = shell(
      "ls /proc/$$/fd | sort -n | tr '\\n' ' '; echo; ulimit -n; ulimit -c; "
      "nice; grep NoNewPrivs /proc/$$/status | tr -d '\\t'",
      {}, {.nice = 7, .open_files = 32});
  ASSERT_TRUE(wait_exit());
  ::close(open);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0].find(std::to_string(open)), std::string::npos) << lines[0];
  EXPECT_EQ(lines[1], "32");
  EXPECT_EQ(lines[2], "0");
  EXPECT_GE(std::stoi(lines[3]), 7);
  EXPECT_EQ(lines[4], "NoNewPrivs:1");
}

TEST_F(ChildProcessTest, AFloodOfLinesWaitsInTheChild) {
  const auto child = shell("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done");
  size_t most = 0;
  ASSERT_TRUE(loop.run_until([&] {
    most = std::max(most, loop.waiting());
    return exit.has_value();
  }));
  ASSERT_EQ(lines.size(), 20'000U);
  EXPECT_EQ(lines.back(), "19999");
  // One read may bring a bufferful more than the limit, the drain at the end a pipeful.
  EXPECT_LT(most, 64 * 1024 / 2);
}

TEST_F(ChildProcessTest, AFloodOfLogLinesIsCutShort) {
  const auto child = shell("i=0; while [ $i -lt 5000 ]; do echo $i >&2; i=$((i+1)); done");
  ASSERT_TRUE(wait_exit());
  EXPECT_LE(logs.size(), ChildProcess::kLogLinesPerSecond * 10);
  EXPECT_EQ(exit->last_words, "4999");
}

TEST_F(ChildProcessTest, NothingIsToldAfterItsOwnerLetGo) {
  auto child = shell("echo up; while :; do read x < /dev/zero; done");
  ASSERT_TRUE(loop.run_until([&] { return !lines.empty(); }));
  const int pid = child->pid();
  child.reset();
  EXPECT_EQ(::kill(pid, 0), -1);  // reaped already
  while (loop.waiting() > 0) {
    const size_t before = loop.waiting();
    ASSERT_TRUE(loop.run_until([&] { return loop.waiting() < before; }));
  }
  EXPECT_FALSE(exit.has_value());
}

}  // namespace
}  // namespace signaling::process
