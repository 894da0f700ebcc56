#include "signaling/classroom/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signaling::classroom {
namespace {

using namespace protocol;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Replay : public testing::Test {
 protected:
  void SetUp() override {
    joins("p1", Role::Teacher);
    joins("p2", Role::Class);
    joins("p3", Role::Class);
  }
  void happens(EventBody body, int64_t at = 0) {
    apply(Event{lesson.last + 1, at, std::move(body)}, lesson);
  }
  void joins(const std::string& p, Role role) {
    protocol::Participant who;
    who.p = p;
    who.role = role;
    happens(JoinedEvent{who});
  }
  [[nodiscard]] const protocol::Participant& seen(const std::string& p) const {
    for (const auto& who : lesson.state.participants) {
      if (who.p == p) return who;
    }
    static const protocol::Participant nobody;
    return nobody;
  }
  static std::vector<std::string> ids(const std::vector<protocol::Participant>& all) {
    std::vector<std::string> out;
    for (const auto& who : all) out.push_back(who.p);
    return out;
  }

  Replayed lesson;
};

TEST_F(Replay, ArrivalOrderIsKeptAndWhoComesAgainArrivesLast) {
  happens(LeftEvent{"p2"});
  EXPECT_THAT(ids(lesson.left), ElementsAre("p2"));
  joins("p2", Role::Class);
  EXPECT_THAT(ids(lesson.state.participants), ElementsAre("p1", "p3", "p2"));
  EXPECT_THAT(lesson.left, IsEmpty());
}

TEST_F(Replay, NumbersAndTimesGoForward) {
  happens(LessonLiveEvent{77}, 0);
  happens(ChatEvent{"p1", "林老师", "好"}, 5'000);
  EXPECT_EQ(lesson.phase, LessonPhase::Live);
  EXPECT_EQ(lesson.started_at, 77);
  EXPECT_EQ(lesson.last, 5);
  EXPECT_EQ(lesson.at, 5'000);
  happens(LessonEndedEvent{}, 9'000);
  EXPECT_EQ(lesson.phase, LessonPhase::Ended);
}

TEST_F(Replay, TheStageTakesTheHandDownAndReleasesWhoWasThere) {
  happens(HandEvent{"p3", true}, 1'000);
  EXPECT_EQ(seen("p3").hand_at, 1'000);
  happens(StageEvent{"p2", std::nullopt});
  happens(StageEvent{"p3", "p2"});
  EXPECT_FALSE(seen("p2").on_stage);
  EXPECT_TRUE(seen("p3").on_stage);
  EXPECT_FALSE(seen("p3").hand);
  EXPECT_EQ(seen("p3").hand_at, 0);
  EXPECT_EQ(lesson.state.stage, "p3");
}

TEST_F(Replay, AwayKeepsTheHandAndLeavingDropsEverythingButNameHeadcountAndMute) {
  happens(HandEvent{"p2", true}, 7);
  happens(HeadcountEvent{"p2", 31});
  happens(MuteEvent{"p2", true, MutedBy::Teacher});
  happens(MediaEvent{"p2", true, true, false});
  happens(VoiceEvent{"p2", true});
  happens(AwayEvent{"p2"});
  EXPECT_TRUE(seen("p2").hand);
  EXPECT_FALSE(seen("p2").online);
  EXPECT_FALSE(seen("p2").speaking);
  EXPECT_EQ(seen("p2").link, LinkState::Lost);
  happens(BackEvent{"p2"});
  EXPECT_TRUE(seen("p2").online);
  EXPECT_EQ(seen("p2").link, LinkState::Good);
  happens(LeftEvent{"p2"});
  ASSERT_THAT(lesson.left, SizeIs(1));
  const protocol::Participant& gone = lesson.left.front();
  EXPECT_FALSE(gone.hand || gone.mic || gone.camera || gone.online);
  EXPECT_TRUE(gone.muted);
  EXPECT_EQ(gone.headcount, 31);
}

TEST_F(Replay, TheRemovedWaitApartUntilReadmitted) {
  happens(RemovedEvent{"p2"});
  happens(LeftEvent{"p3"});
  happens(RemovedEvent{"p3"});
  EXPECT_THAT(ids(lesson.state.removed), ElementsAre("p2", "p3"));
  happens(ReadmittedEvent{"p2"});
  EXPECT_THAT(ids(lesson.state.removed), ElementsAre("p3"));
  EXPECT_THAT(ids(lesson.left), ElementsAre("p2"));
}

TEST_F(Replay, AMuteBehindTheTeachersIsRememberedThroughLeavingAndComing) {
  happens(MuteEvent{"p2", true, MutedBy::Teacher, true});
  EXPECT_EQ(seen("p2").muted_by, MutedBy::Teacher);
  happens(LeftEvent{"p2"});
  joins("p2", Role::Class);
  EXPECT_THAT(lesson.muted_self_too, ElementsAre("p2"));
  happens(MuteEvent{"p2", true, MutedBy::Self});
  EXPECT_THAT(lesson.muted_self_too, IsEmpty());
}

TEST_F(Replay, MuteReachesWhoHasLeft) {
  happens(LeftEvent{"p2"});
  happens(MuteEvent{"p2", true, MutedBy::Teacher});
  EXPECT_TRUE(lesson.left.front().muted);
}

TEST_F(Replay, TheLastTwoHundredChatMessagesStay) {
  for (int i = 0; i < 205; ++i) happens(ChatEvent{"p1", "t", std::to_string(i)});
  ASSERT_THAT(lesson.state.chat, SizeIs(kChatKept));
  EXPECT_EQ(std::get<ChatEvent>(lesson.state.chat.front().body).text, "5");
}

TEST_F(Replay, LightsFollowTheirEvents) {
  happens(RecordingEvent{true, "lesson"});
  happens(EncoderEvent{true});
  EXPECT_TRUE(lesson.state.recording);
  EXPECT_TRUE(lesson.state.encoder);
  happens(RecordingEvent{true, "failed", "p2", "camera"});
  EXPECT_TRUE(lesson.state.recording) << "others are still recorded";
  happens(RecordingEvent{false, "ended"});
  EXPECT_FALSE(lesson.state.recording);
}

TEST_F(Replay, EventsAboutTheUnknownChangeNobody) {
  const auto before = lesson.state;
  for (EventBody body :
       {EventBody(AwayEvent{"p9"}), EventBody(LeftEvent{"p9"}), EventBody(RemovedEvent{"p9"}),
        EventBody(HandEvent{"p9", true}), EventBody(ReadmittedEvent{"p9"})}) {
    happens(std::move(body));
  }
  EXPECT_EQ(lesson.state, before);
}

}  // namespace
}  // namespace signaling::classroom
