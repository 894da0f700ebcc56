#include "media/ice/binding.h"

#include <gtest/gtest.h>

#include "ice_fixture.h"

namespace media::ice {
namespace {

TEST(Binding, splits_a_username_at_its_first_colon) {
  std::string_view left;
  std::string_view right;
  EXPECT_TRUE(split_username("ours:theirs", left, right));
  EXPECT_EQ(left, "ours");
  EXPECT_EQ(right, "theirs");
  EXPECT_TRUE(split_username("a:b:c", left, right));
  EXPECT_EQ(right, "b:c");
  EXPECT_FALSE(split_username("ours", left, right));
}

TEST(Binding, a_controlled_agent_asks_without_nominating) {
  Bytes out(kMaxMessage);
  out.resize(write_request(out, {}, credentials("a"), credentials("b"), AgentRole::Controlled, 77));
  const auto view = stun::MessageView::parse(out);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->use_candidate());
  EXPECT_EQ(view->ice_controlled(), 77u);
  EXPECT_EQ(view->username(), "ufrag-b:ufrag-a");
  EXPECT_EQ(view->priority(), kCheckPriority);
}

TEST(Binding, says_nothing_when_the_buffer_is_too_small) {
  Bytes out(30);
  EXPECT_EQ(write_request(out, {}, credentials("a"), credentials("b"), AgentRole::Controlled, 77),
            0u);
}

}  // namespace
}  // namespace media::ice
