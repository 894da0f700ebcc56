#include "signaling/process/line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

namespace signaling::process {
namespace {

TEST(LineSplitter, JoinsPiecesCutsWhatIsLongAndSkipsWhatIsEmpty) {
  std::vector<std::string> lines;
  const auto emit = [&](std::string line) { lines.push_back(std::move(line)); };
  LineSplitter splitter(5);
  splitter.feed("ab", emit);
  splitter.feed("c\r\n\n123456789\nend", emit);
  EXPECT_EQ(lines, (std::vector<std::string>{"abc", "12345"}));
  splitter.finish(emit);
  EXPECT_EQ(lines.back(), "end");
  EXPECT_EQ(lines.size(), 3U);
}

}  // namespace
}  // namespace signaling::process
