#include "signaling/classroom/policy.h"

#include <array>

#include "media/base/check.h"

namespace signaling::classroom {
namespace {

using storage::ActivityKind;

// Lessons have room for far more classes than the usual twelve: a whole county may join. Beyond 64
// senders a lesson is a lecture with observers.
constexpr int kLesson = 64;
constexpr int kHiddenObservers = 200;
constexpr int kPublic = 5000;

// clang-format off
constexpr std::array<Policy, 8> kPolicies{{
    // kind                            name                  voices              recording              wall   screen  participants observers
    {ActivityKind::SynchronousLesson, "synchronous-lesson", Voices::WhenCalled, Recording::WithLesson, false, false, kLesson, kHiddenObservers},
    {ActivityKind::OpenLesson,        "open-lesson",        Voices::WhenCalled, Recording::WithLesson, false, false, kLesson, kPublic},
    {ActivityKind::LessonPrep,        "lesson-prep",        Voices::Everyone,   Recording::OnRequest,  true,  true,  20,      0},
    {ActivityKind::SameTopic,         "same-topic",         Voices::WhenCalled, Recording::WithLesson, false, false, kLesson, kHiddenObservers},
    {ActivityKind::Critique,          "critique",           Voices::Everyone,   Recording::OnRequest,  true,  true,  50,      kHiddenObservers},
    {ActivityKind::Lecture,           "lecture",            Voices::WhenCalled, Recording::WithLesson, false, false, kLesson, kPublic},
    {ActivityKind::Consultation,      "consultation",       Voices::Everyone,   Recording::ByConsent,  true,  true,  6,       0},
    {ActivityKind::TeachingRound,     "teaching-round",     Voices::WhenCalled, Recording::ByConsent,  false, false, kLesson, kHiddenObservers},
}};
// clang-format on

}  // namespace

const Policy& policy_of(ActivityKind kind) {
  for (const Policy& policy : kPolicies) {
    if (policy.kind == kind) return policy;
  }
  CHECK(false);
}

}  // namespace signaling::classroom
