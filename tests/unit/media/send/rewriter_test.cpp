#include "media/send/rewriter.h"

#include <gtest/gtest.h>

#include "send_fixture.h"

namespace media::send {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_micros(1'000'000 + ms * 1000);
}

TEST(Rewriter, TheFirstSequenceLeavesRoomBeforeTheWrap) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SplitMix64 rng(seed);
    Rewriter r(rng);
    const auto facts = vp8_facts(60'000, 5, 7);
    r.switch_source(at_ms(0), facts, 90000, {}, false);
    const auto out = r.rewrite(at_ms(0), facts);
    ASSERT_GE(out->sequence, 1) << seed;
    ASSERT_LE(out->sequence, 32'767) << seed;
  }
}

TEST(Rewriter, GapsAndReorderingInsideASourceAreKept) {
  SplitMix64 rng(1);
  Rewriter r(rng);
  const auto first = vp8_facts(100, 1000, 5);
  r.switch_source(at_ms(0), first, 90000, {}, false);
  const int64_t base = r.rewrite(at_ms(0), first)->sequence;
  EXPECT_EQ(r.rewrite(at_ms(1), vp8_facts(105, 4000, 6))->sequence, base + 5);
  EXPECT_EQ(r.rewrite(at_ms(2), vp8_facts(102, 1000, 5))->sequence, base + 2);
  EXPECT_FALSE(r.rewrite(at_ms(3), vp8_facts(99, 1000, 4)));  // before the switch
}

TEST(Rewriter, ASwitchContinuesEveryCount) {
  SplitMix64 rng(2);
  Rewriter r(rng);
  auto facts = vp8_facts(100, 1000, 32'767, 255, 31);
  r.switch_source(at_ms(0), facts, 90000, {}, false);
  const auto before = *r.rewrite(at_ms(0), facts);
  facts = vp8_facts(7, 900'000, 3, 9, 2);
  r.switch_source(at_ms(33), facts, 90000, {}, false);
  const auto after = *r.rewrite(at_ms(33), facts);
  EXPECT_EQ(after.sequence, before.sequence + 1);
  EXPECT_EQ(after.numbers.picture_id, (before.numbers.picture_id + 1) & 0x7FFF);
  EXPECT_EQ(after.numbers.tl0picidx, static_cast<uint8_t>(before.numbers.tl0picidx + 1));
  EXPECT_EQ(after.numbers.keyidx, (before.numbers.keyidx + 1) & 0x1F);
  EXPECT_EQ(after.timestamp, before.timestamp + 3000);  // arrival: one frame at least
}

class TimestampAtSwitch : public ::testing::Test {
 protected:
  // Ticks from the last old to the first new timestamp: `captured` apart by the senders' clocks,
  // `arrived` apart here.
  int64_t step(Duration captured, Duration arrived) {
    SplitMix64 rng(3);
    Rewriter r(rng);
    const auto old = vp8_facts(1, 1000, 1);
    r.switch_source(at_ms(0), old, 90000, {}, false);
    const auto before = *r.rewrite(at_ms(0), old);
    r.note_capture(Duration::seconds(10), true);
    const auto fresh = vp8_facts(500, 777'777, 90);
    r.switch_source(at_ms(0) + arrived, fresh, 90000, Duration::seconds(10) + captured, true);
    return r.rewrite(at_ms(0) + arrived, fresh)->timestamp - before.timestamp;
  }
};

TEST_F(TimestampAtSwitch, FollowsTheSendersClock) {
  EXPECT_EQ(step(Duration::millis(100), Duration::millis(90)), 9000);
}
TEST_F(TimestampAtSwitch, ThePictureShownAlreadyGetsATimestampOfItsOwn) {
  EXPECT_EQ(step(Duration(), Duration::millis(10)), 1);
  EXPECT_EQ(step(Duration::millis(-50), Duration::millis(10)), 1);
}
TEST_F(TimestampAtSwitch, AMappingFarFromArrivalIsNotBelieved) {
  EXPECT_EQ(step(Duration::seconds(5), Duration::millis(100)), 9000);
  EXPECT_EQ(step(Duration::seconds(-5), Duration::millis(100)), 9000);
}

TEST(Rewriter, NumbersCloseUpOverWhatIsLeftOut) {
  SplitMix64 rng(4);
  Rewriter r(rng);
  r.switch_source(at_ms(0), vp8_facts(100, 1000, 5), 90000, {}, false);
  const auto first = *r.rewrite(at_ms(0), vp8_facts(100, 1000, 5));
  EXPECT_FALSE(r.skip(vp8_facts(101, 4000, 6)));  // a picture of two packets
  EXPECT_FALSE(r.skip(vp8_facts(102, 4000, 6)));
  const auto next = *r.rewrite(at_ms(2), vp8_facts(103, 7000, 7));
  EXPECT_EQ(next.sequence, first.sequence + 1);
  EXPECT_EQ(next.numbers.picture_id, (first.numbers.picture_id + 1) & 0x7FFF);
}

TEST(Rewriter, APacketThatComesLateGetsTheNumberItsPlaceHas) {
  SplitMix64 rng(5);
  Rewriter r(rng);
  r.switch_source(at_ms(0), vp8_facts(100, 1000, 5), 90000, {}, false);
  const int64_t base = r.rewrite(at_ms(0), vp8_facts(100, 1000, 5))->sequence;
  r.skip(vp8_facts(101, 4000, 6));
  // 102 is late.
  EXPECT_EQ(r.rewrite(at_ms(1), vp8_facts(103, 7000, 7))->sequence, base + 2);
  r.skip(vp8_facts(104, 10'000, 8));
  EXPECT_EQ(r.rewrite(at_ms(2), vp8_facts(105, 13'000, 9))->sequence, base + 3);
  EXPECT_EQ(r.rewrite(at_ms(3), vp8_facts(102, 7000, 7))->sequence, base + 1);
}

TEST(Rewriter, ThePlaceOfALatePacketThatIsNotWantedIsTold) {
  SplitMix64 rng(6);
  Rewriter r(rng);
  r.switch_source(at_ms(0), vp8_facts(100, 1000, 5), 90000, {}, false);
  const int64_t base = r.rewrite(at_ms(0), vp8_facts(100, 1000, 5))->sequence;
  EXPECT_EQ(r.rewrite(at_ms(1), vp8_facts(102, 7000, 7))->sequence, base + 2);
  const auto place = r.skip(vp8_facts(101, 4000, 6));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->sequence, base + 1);
  EXPECT_EQ(r.rewrite(at_ms(2), vp8_facts(103, 10'000, 8))->sequence, base + 3);
}

TEST(Rewriter, AJumpOverMoreThanIsRememberedForgetsNothingThatCounts) {
  SplitMix64 rng(7);
  Rewriter r(rng);
  r.switch_source(at_ms(0), vp8_facts(100, 1000, 5), 90000, {}, false);
  const int64_t base = r.rewrite(at_ms(0), vp8_facts(100, 1000, 5))->sequence;
  r.skip(vp8_facts(101, 4000, 6));
  EXPECT_EQ(r.rewrite(at_ms(9), vp8_facts(5000, 900'000, 300))->sequence, base + 4899);
  EXPECT_FALSE(r.rewrite(at_ms(9), vp8_facts(200, 30'000, 20))) << "too far back to be placed";
  EXPECT_EQ(r.rewrite(at_ms(9), vp8_facts(4999, 899'000, 299))->sequence, base + 4898);
}

TEST(Rewriter, APlaceBeforeTheFirstPacketStaysFreeWhenItIsAskedFor) {
  SplitMix64 rng(5);
  Rewriter r(rng);
  r.switch_source(at_ms(0), vp8_facts(100, 1000, 5), 90000, {}, false);
  const auto before = r.rewrite(at_ms(0), vp8_facts(100, 1000, 5));
  r.switch_source(at_ms(33), vp8_facts(700, 9000, 50), 90000, {}, false, true);
  const auto after = r.rewrite(at_ms(33), vp8_facts(700, 9000, 50));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->sequence, before->sequence + 2);
}

}  // namespace
}  // namespace media::send
