#include "signaling/classroom/attendance.h"

#include <gtest/gtest.h>

namespace signaling::classroom {
namespace {

struct Spans : testing::Test {
  template <class E>
  E only() {
    EXPECT_EQ(out.effects.size(), 1U);
    E effect = std::get<E>(out.effects.at(0));
    out = Output();
    return effect;
  }
  Attendance attendance;
  Output out;
};

TEST_F(Spans, AShortOutageIsPresence) {
  attendance.on_present("p1", 10, out);
  EXPECT_EQ(only<AttendanceOpen>().at, 10);
  attendance.on_away("p1", 20);
  attendance.on_present("p1", 30, out);
  EXPECT_TRUE(out.effects.empty());
  attendance.on_absent("p1", 40, out);
  EXPECT_EQ(only<AttendanceClose>().at, 40);
}

TEST_F(Spans, WhoDoesNotComeBackLeftWhenItWentAway) {
  attendance.on_present("p1", 10, out);
  out = Output();
  attendance.on_away("p1", 20);
  attendance.on_away("p1", 25);
  attendance.on_absent("p1", 80, out);
  EXPECT_EQ(only<AttendanceClose>().at, 20);
  attendance.on_absent("p1", 90, out);
  EXPECT_TRUE(out.effects.empty());
}

TEST_F(Spans, TheEndClosesAllAndHeadcountNeedsASpan) {
  attendance.on_headcount("p1", out);
  EXPECT_TRUE(out.effects.empty());
  attendance.on_present("p1", 10, out);
  attendance.on_present("p2", 11, out);
  out = Output();
  attendance.on_headcount("p1", out);
  EXPECT_EQ(only<AttendanceHeadcount>().p, "p1");
  attendance.on_away("p2", 50);
  attendance.close_all(60, out);
  ASSERT_EQ(out.effects.size(), 2U);
  EXPECT_EQ(std::get<AttendanceClose>(out.effects[0]).at, 60);
  EXPECT_EQ(std::get<AttendanceClose>(out.effects[1]).at, 50);
  EXPECT_FALSE(attendance.is_open("p1"));
}

}  // namespace
}  // namespace signaling::classroom
