#include "signaling/web/message_assembler.h"

#include <gtest/gtest.h>

namespace signaling::web {
namespace {

using Verdict = MessageAssembler::Verdict;

TEST(MessageAssembler, AMessageInOnePieceIsComplete) {
  MessageAssembler assembler(10, 2);
  EXPECT_EQ(assembler.add("hello", true, true), Verdict::Complete);
  EXPECT_EQ(assembler.take(), "hello");
}

TEST(MessageAssembler, JoinsPiecesAndFragmentsInOrder) {
  MessageAssembler assembler(10, 2);
  EXPECT_EQ(assembler.add("ab", false, false), Verdict::More);
  EXPECT_EQ(assembler.add("cd", true, false), Verdict::More);
  EXPECT_EQ(assembler.add("", false, true), Verdict::More) << "the last frame has begun, not ended";
  EXPECT_EQ(assembler.add("ef", true, true), Verdict::Complete);
  EXPECT_EQ(assembler.take(), "abcdef");
}

TEST(MessageAssembler, TheBoundOnBytesIsExact) {
  MessageAssembler fits(4, 2);
  EXPECT_EQ(fits.add("abcd", true, true), Verdict::Complete);
  MessageAssembler over(4, 2);
  EXPECT_EQ(over.add("abcde", true, true), Verdict::TooLarge);
  MessageAssembler grows(4, 2);
  EXPECT_EQ(grows.add("abc", true, false), Verdict::More);
  EXPECT_EQ(grows.add("de", false, true), Verdict::TooLarge)
      << "told before the frame is read to its end";
}

TEST(MessageAssembler, ManyTinyFragmentsAreRefused) {
  MessageAssembler assembler(1'000'000, 3);
  EXPECT_EQ(assembler.add("a", true, false), Verdict::More);
  EXPECT_EQ(assembler.add("b", true, false), Verdict::More);
  EXPECT_EQ(assembler.add("c", true, false), Verdict::More);
  EXPECT_EQ(assembler.add("", true, false), Verdict::TooManyFragments);
}

TEST(MessageAssembler, PiecesOfOneFrameAreNotFragments) {
  MessageAssembler assembler(100, 1);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(assembler.add("x", false, true), Verdict::More);
  EXPECT_EQ(assembler.add("x", true, true), Verdict::Complete);
  EXPECT_EQ(assembler.take().size(), 51U);
}

TEST(MessageAssembler, TheNextMessageStartsWithFreshBounds) {
  MessageAssembler assembler(4, 2);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(assembler.add("ab", true, false), Verdict::More);
    ASSERT_EQ(assembler.add("cd", true, true), Verdict::Complete);
    ASSERT_EQ(assembler.take(), "abcd");
  }
}

TEST(MessageAssembler, KeepsBytesThatAreNotText) {
  MessageAssembler assembler(4, 2);
  const std::string_view bytes("\0\xff\n", 3);
  EXPECT_EQ(assembler.add(bytes, true, true), Verdict::Complete);
  EXPECT_EQ(assembler.take(), bytes);
}

}  // namespace
}  // namespace signaling::web
