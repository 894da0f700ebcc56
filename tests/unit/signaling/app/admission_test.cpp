#include "signaling/app/admission.h"

#include <gtest/gtest.h>

namespace signaling::app {
namespace {

using media::overload::LoadLevel;

TEST(AdmissionTest, EveryoneMayComeWhileThereIsRoom) {
  for (const Arrival who :
       {Arrival::Player, Arrival::Page, Arrival::Encoder, Arrival::Return, Arrival::Teacher}) {
    EXPECT_TRUE(admits(LoadLevel::Calm, who));
  }
}

TEST(AdmissionTest, WhoOnlyWatchesIsTurnedAwayBeforeAClassIs) {
  EXPECT_FALSE(admits(LoadLevel::Busy, Arrival::Player));
  EXPECT_TRUE(admits(LoadLevel::Busy, Arrival::Page));
  EXPECT_TRUE(admits(LoadLevel::Busy, Arrival::Encoder));
}

TEST(AdmissionTest, AnOverloadedServerStillTakesTheTeacherAndThoseWhoComeBack) {
  EXPECT_FALSE(admits(LoadLevel::Overloaded, Arrival::Player));
  EXPECT_FALSE(admits(LoadLevel::Overloaded, Arrival::Page));
  EXPECT_FALSE(admits(LoadLevel::Overloaded, Arrival::Encoder));
  EXPECT_TRUE(admits(LoadLevel::Overloaded, Arrival::Return));
  EXPECT_TRUE(admits(LoadLevel::Overloaded, Arrival::Teacher));
}

}  // namespace
}  // namespace signaling::app
