#include "storage/api/names.h"

#include <gtest/gtest.h>

namespace storage {
namespace {

// Every value up to the last has a name of its own that reads back to it.
template <class E>
void expect_round_trip(E last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const E value = static_cast<E>(i);
    EXPECT_FALSE(name_of(value).empty());
    EXPECT_EQ(parse_name<E>(name_of(value)), value) << name_of(value);
  }
  EXPECT_FALSE(parse_name<E>("").has_value());
  EXPECT_FALSE(parse_name<E>("Teacher ").has_value());
}

TEST(Names, EveryValueReadsBack) {
  expect_round_trip(CollectiveKind::Medical);
  expect_round_trip(MemberRole::TeachingPoint);
  expect_round_trip(CollectiveRole::Guest);
  expect_round_trip(ActivityKind::TeachingRound);
  expect_round_trip(LessonState::Ended);
  expect_round_trip(LessonRole::Observer);
  expect_round_trip(SegmentState::Broken);
  expect_round_trip(SourceRole::Other);
  expect_round_trip(SourceKind::Rtmp);
}

TEST(Names, AreThoseOfTheProtocol) {
  EXPECT_EQ(name_of(LessonState::Scheduled), "scheduled");
  EXPECT_EQ(name_of(LessonRole::Class), "class");
  EXPECT_EQ(name_of(ActivityKind::SynchronousLesson), "synchronous-lesson");
}

}  // namespace
}  // namespace storage
