#include "signaling/web/range.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace signaling::web {
namespace {

constexpr std::string_view kEtag = "\"2a-3e8-1.5\"";
constexpr int64_t kModified = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

struct RangeCase {
  const char* header;
  uint64_t size;
  RangeVerdict verdict;
  ByteRange range;
};

void PrintTo(const RangeCase& c, std::ostream* out) {
  *out << c.header << " of " << c.size;
}

class ChooseRange : public testing::TestWithParam<RangeCase> {};

TEST_P(ChooseRange, FollowsRfc7233) {
  const RangeChoice choice = choose_range(GetParam().header, GetParam().size);
  EXPECT_EQ(choice.verdict, GetParam().verdict);
  if (choice.verdict == RangeVerdict::Partial) {
    EXPECT_EQ(choice.range.first, GetParam().range.first);
    EXPECT_EQ(choice.range.last, GetParam().range.last);
  }
}

constexpr RangeCase kWithin[] = {
    {"bytes=0-0", 1000, RangeVerdict::Partial, {0, 0}},
    {"bytes=0-499", 1000, RangeVerdict::Partial, {0, 499}},
    {"bytes=500-", 1000, RangeVerdict::Partial, {500, 999}},
    {"bytes=999-999", 1000, RangeVerdict::Partial, {999, 999}},
    {"bytes=-200", 1000, RangeVerdict::Partial, {800, 999}},
    {"bytes= 1 - 2 ", 1000, RangeVerdict::Partial, {1, 2}},
};
// More than there is: as much as there is.
constexpr RangeCase kCut[] = {
    {"bytes=0-5000", 1000, RangeVerdict::Partial, {0, 999}},
    {"bytes=-5000", 1000, RangeVerdict::Partial, {0, 999}},
    {"bytes=0-18446744073709551615", 1000, RangeVerdict::Partial, {0, 999}},
    {"bytes=-18446744073709551615", 1, RangeVerdict::Partial, {0, 0}},
};
constexpr RangeCase kNothingToGive[] = {
    {"bytes=1000-", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=1000-1001", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=0-0", 0, RangeVerdict::Unsatisfiable, {}},
    {"bytes=-1", 0, RangeVerdict::Unsatisfiable, {}},
    {"bytes=-0", 1000, RangeVerdict::Unsatisfiable, {}},
};
constexpr RangeCase kNotARange[] = {
    {"bytes=", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=-", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=5", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=2-1", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=a-b", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=+1-2", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=0x1-2", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=1--2", 1000, RangeVerdict::Unsatisfiable, {}},
    {"bytes=18446744073709551616-",
     1000,
     RangeVerdict::Unsatisfiable,
     {}},  // 2^64 must not wrap to 0
    {"bytes=0-0,2-2", 1000, RangeVerdict::Unsatisfiable, {}},
};
constexpr RangeCase kIgnored[] = {
    {"", 1000, RangeVerdict::Whole, {}},
    {"lines=0-1", 1000, RangeVerdict::Whole, {}},
    {"0-1", 1000, RangeVerdict::Whole, {}},
};
INSTANTIATE_TEST_SUITE_P(Within, ChooseRange, testing::ValuesIn(kWithin));
INSTANTIATE_TEST_SUITE_P(Cut, ChooseRange, testing::ValuesIn(kCut));
INSTANTIATE_TEST_SUITE_P(NothingToGive, ChooseRange, testing::ValuesIn(kNothingToGive));
INSTANTIATE_TEST_SUITE_P(NotARange, ChooseRange, testing::ValuesIn(kNotARange));
INSTANTIATE_TEST_SUITE_P(Ignored, ChooseRange, testing::ValuesIn(kIgnored));

TEST(Range, EveryShortHeaderStaysWithinTheFile) {
  // All headers of up to five characters from those that matter, against small files.
  constexpr std::string_view kAlphabet = "0129-, ";
  std::vector<std::string> headers = {""};
  for (size_t from = 0, length = 0; length < 5; ++length) {
    const size_t to = headers.size();
    for (; from < to; ++from) {
      for (const char c : kAlphabet) headers.push_back(headers[from] + c);
    }
  }
  for (const std::string& header : headers) {
    for (const uint64_t size : {0U, 1U, 2U, 10U}) {
      const RangeChoice choice = choose_range("bytes=" + header, size);
      ASSERT_NE(choice.verdict, RangeVerdict::Whole) << header;
      if (choice.verdict != RangeVerdict::Partial) continue;
      ASSERT_LE(choice.range.first, choice.range.last) << header;
      ASSERT_LT(choice.range.last, size) << header;
    }
  }
}

TEST(EtagListed, ComparesStronglyOrWeakly) {
  EXPECT_TRUE(etag_listed("\"a\"", "\"a\"", false));
  EXPECT_TRUE(etag_listed(" \"b\" ,\t\"a\"", "\"a\"", false));
  EXPECT_TRUE(etag_listed("*", "\"a\"", false));
  EXPECT_FALSE(etag_listed("W/\"a\"", "\"a\"", false));
  EXPECT_TRUE(etag_listed("\"b\", W/\"a\"", "\"a\"", true));
  EXPECT_FALSE(etag_listed("a", "\"a\"", true));
  EXPECT_FALSE(etag_listed("", "\"a\"", true));
  EXPECT_FALSE(etag_listed(",,", "\"a\"", true));
}

FilePlan plan(FileConditions conditions, uint64_t size = 1000) {
  return plan_file(conditions, size, kEtag, kModified);
}

TEST(PlanFile, GivesTheWholeFileToAPlainRequest) {
  const FilePlan got = plan({});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.offset, 0U);
  EXPECT_EQ(got.length, 1000U);
}

TEST(PlanFile, GivesTheAskedPart) {
  const FilePlan got = plan(
      {.range = "bytes=100-199", .if_range = {}, .if_none_match = {}, .if_modified_since = {}});
  EXPECT_EQ(got.status, 206);
  EXPECT_EQ(got.offset, 100U);
  EXPECT_EQ(got.length, 100U);
}

TEST(PlanFile, SaysSoWhenThereIsNoSuchPart) {
  const FilePlan got =
      plan({.range = "bytes=1000-", .if_range = {}, .if_none_match = {}, .if_modified_since = {}});
  EXPECT_EQ(got.status, 416);
  EXPECT_EQ(got.length, 0U);
}

// RFC 7233 section 3.2: parts of two different files must never be put together.
TEST(PlanFile, ChangedFileIsSentWholeToWhoHoldsAPartOfTheOldOne) {
  const auto status = [](std::string_view if_range) {
    return plan({.range = "bytes=0-0",
                 .if_range = if_range,
                 .if_none_match = {},
                 .if_modified_since = {}})
        .status;
  };
  EXPECT_EQ(status(kEtag), 206);
  EXPECT_EQ(status("\"other\""), 200);
  EXPECT_EQ(status("W/\"2a-3e8-1.5\""), 200) << "a weak validator does not promise equal bytes";
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:37 GMT"), 206);
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:38 GMT"), 200);
  EXPECT_EQ(status("yesterday"), 200);
}

TEST(PlanFile, SendsNothingToWhoHasItAlready) {
  const auto status = [](std::string_view if_none_match, std::string_view since) {
    return plan({.range = {},
                 .if_range = {},
                 .if_none_match = if_none_match,
                 .if_modified_since = since})
        .status;
  };
  EXPECT_EQ(status(kEtag, ""), 304);
  EXPECT_EQ(status("W/\"2a-3e8-1.5\"", ""), 304);
  EXPECT_EQ(status("*", ""), 304);
  EXPECT_EQ(status("\"other\"", ""), 200);
  EXPECT_EQ(status("", "Sun, 06 Nov 1994 08:49:37 GMT"), 304);
  EXPECT_EQ(status("", "Sun, 06 Nov 1994 08:49:36 GMT"), 200);
  EXPECT_EQ(status("", "not a date"), 200);
  // RFC 7232 section 3.3: the date does not count beside If-None-Match.
  EXPECT_EQ(status("\"other\"", "Sun, 06 Nov 1994 08:49:37 GMT"), 200);
}

TEST(PlanFile, WhoHasItAlreadyGetsNoPartEither) {
  const FilePlan got =
      plan({.range = "bytes=0-9", .if_range = {}, .if_none_match = kEtag, .if_modified_since = {}});
  EXPECT_EQ(got.status, 304);
  EXPECT_EQ(got.length, 0U);
}

TEST(PlanFile, CountsBeyondFourGigabytes) {
  constexpr uint64_t kSize = uint64_t{1} << 40;
  const FilePlan got = plan({.range = "bytes=1099511627775-",
                             .if_range = {},
                             .if_none_match = {},
                             .if_modified_since = {}},
                            kSize);
  EXPECT_EQ(got.status, 206);
  EXPECT_EQ(got.offset, kSize - 1);
  EXPECT_EQ(got.length, 1U);
}

}  // namespace
}  // namespace signaling::web
