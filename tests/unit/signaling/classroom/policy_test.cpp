#include "signaling/classroom/policy.h"

#include <gtest/gtest.h>

#include <set>

#include "storage/api/names.h"

namespace signaling::classroom {
namespace {

using storage::ActivityKind;

constexpr ActivityKind kAll[] = {ActivityKind::SynchronousLesson, ActivityKind::OpenLesson,
                                 ActivityKind::LessonPrep,        ActivityKind::SameTopic,
                                 ActivityKind::Critique,          ActivityKind::Lecture,
                                 ActivityKind::Consultation,      ActivityKind::TeachingRound};

TEST(Policies, ExistForEveryKindUnderTheNameOfTheDatabase) {
  std::set<std::string_view> names;
  for (const ActivityKind kind : kAll) {
    EXPECT_EQ(policy_of(kind).kind, kind);
    EXPECT_EQ(policy_of(kind).name, storage::name_of(kind));
    EXPECT_GE(policy_of(kind).most_participants, 2);
    names.insert(policy_of(kind).name);
  }
  EXPECT_EQ(names.size(), std::size(kAll));
}

TEST(Policies, PrivateActivitiesAreWatchedAndRecordedByNobody) {
  EXPECT_EQ(policy_of(ActivityKind::Consultation).most_observers, 0);
  EXPECT_EQ(policy_of(ActivityKind::Consultation).recording, Recording::ByConsent);
  EXPECT_EQ(policy_of(ActivityKind::LessonPrep).most_observers, 0);
  EXPECT_EQ(policy_of(ActivityKind::TeachingRound).recording, Recording::ByConsent);
}

TEST(Policies, InLessonsAClassSpeaksWhenCalledAndTheLessonIsRecorded) {
  for (const ActivityKind kind : {ActivityKind::SynchronousLesson, ActivityKind::OpenLesson,
                                  ActivityKind::SameTopic, ActivityKind::Lecture}) {
    EXPECT_EQ(policy_of(kind).voices, Voices::WhenCalled);
    EXPECT_EQ(policy_of(kind).recording, Recording::WithLesson);
    EXPECT_GE(policy_of(kind).most_participants, 13) << "a teacher and twelve classes";
    EXPECT_FALSE(policy_of(kind).everyone_has_a_wall);
  }
}

}  // namespace
}  // namespace signaling::classroom
