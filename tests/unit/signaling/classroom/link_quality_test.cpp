#include "signaling/classroom/link_quality.h"

#include <gtest/gtest.h>

namespace signaling::classroom {
namespace {

using media::Duration;
using media::Instant;
using protocol::LinkState;

struct Link : testing::Test {
  // `seconds` of one sample a second; the state after the last.
  LinkState feed(const LinkSample& sample, int seconds) {
    for (int i = 0; i < seconds; ++i) {
      quality.on_server_sample(now, sample);
      quality.update(now);
      now += Duration::seconds(1);
    }
    return quality.state();
  }
  LinkQuality quality;
  Instant now = Instant::from_micros(1);
  const LinkSample fine{.rtt_ms = 80};
  const LinkSample bad{.rtt_ms = 80, .loss_up = 0, .loss_down = 0.15};
  const LinkSample middling{.rtt_ms = 400};
};

TEST_F(Link, AMomentOfLossIsNotWeak) {
  feed(fine, 5);
  EXPECT_EQ(feed(bad, 3), LinkState::Good);
  EXPECT_EQ(feed(fine, 1), LinkState::Good);
  EXPECT_EQ(feed(bad, 3), LinkState::Good);
}

TEST_F(Link, LastingLossIsWeakUntilItHasBeenFineForLonger) {
  EXPECT_EQ(feed(bad, 4), LinkState::Weak);
  EXPECT_EQ(feed(fine, 5), LinkState::Weak);
  EXPECT_EQ(feed(fine, 1), LinkState::Good);
}

TEST_F(Link, BetweenTheThresholdsNothingChanges) {
  EXPECT_EQ(feed(middling, 20), LinkState::Good);
  feed(bad, 4);
  EXPECT_EQ(feed(middling, 20), LinkState::Weak);
}

TEST_F(Link, ThePagesWordCountsToo) {
  const LinkSample frozen{.frozen_ms = 900};
  for (int i = 0; i < 4; ++i) {
    quality.on_page_sample(now, frozen);
    EXPECT_EQ(quality.update(now), i < 3 ? LinkState::Good : LinkState::Weak);
    now += Duration::seconds(1);
  }
}

TEST_F(Link, SilenceFromTheServersSideIsLostAndASampleIsBack) {
  feed(fine, 2);
  now += Duration::seconds(6);
  EXPECT_EQ(quality.update(now), LinkState::Lost);
  EXPECT_EQ(feed(fine, 1), LinkState::Good);
}

TEST_F(Link, NeverConnectedIsNotLost) {
  now += Duration::seconds(100);
  EXPECT_EQ(quality.update(now), LinkState::Good);
}

}  // namespace
}  // namespace signaling::classroom
