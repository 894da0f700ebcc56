#include "media/receive/keyframe_requester.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::receive {
namespace {

constexpr Duration kRtt = Duration::millis(50);

TEST(KeyFrameRequester, SaysNothingUnasked) {
  KeyFrameRequester r(KeyFrameRequester::kIntervalLow);
  EXPECT_FALSE(r.poll(Instant::from_micros(5'000'000), kRtt));
}

TEST(KeyFrameRequester, ManyWishesInASecondBecomeTwoRequests) {
  KeyFrameRequester r(KeyFrameRequester::kIntervalLow);
  int asked = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    const Instant now = Instant::from_micros(1'000'000 + ms * 1000);
    r.wish();
    if (r.poll(now, kRtt)) {
      ++asked;
      r.on_key_frame(now);
    }
  }
  EXPECT_EQ(asked, 2);
}

TEST(KeyFrameRequester, AnUnansweredRequestIsRepeatedAfterTwoRoundTripsThenSlower) {
  KeyFrameRequester r(KeyFrameRequester::kIntervalHigh);
  std::vector<int> at;
  r.wish();
  for (int ms = 0; ms < 4000; ++ms) {
    if (r.poll(Instant::from_micros(1'000'000 + ms * 1000), Duration::millis(150)))
      at.push_back(ms);
  }
  EXPECT_EQ(at, (std::vector<int>{0, 300, 600, 900, 1900, 2900, 3900}));
}

TEST(KeyFrameRequester, TheKeyFrameGrantsTheWish) {
  KeyFrameRequester r(KeyFrameRequester::kIntervalLow);
  r.wish();
  EXPECT_TRUE(r.poll(Instant::from_micros(1'000'000), kRtt));
  r.on_key_frame(Instant::from_micros(1'100'000));
  EXPECT_FALSE(r.is_wished());
  EXPECT_FALSE(r.poll(Instant::from_micros(9'000'000), kRtt));
}

}  // namespace
}  // namespace media::receive
