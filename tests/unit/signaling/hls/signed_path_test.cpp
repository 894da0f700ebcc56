#include "signaling/hls/signed_path.h"

#include <gtest/gtest.h>

namespace signaling::hls {
namespace {

PathSigner::Key key(uint8_t fill) {
  PathSigner::Key out;
  out.fill(fill);
  return out;
}

constexpr int64_t kNow = 1'790'000'123;

TEST(SignedPath, OpensTheLessonItWasMadeForUntilItRunsOut) {
  const PathSigner signer(key(1));
  const auto grant = signer.grant("lesson-a", 0, kNow);
  EXPECT_TRUE(signer.check("lesson-a", 0, grant.text, kNow));
  EXPECT_TRUE(signer.check("lesson-a", 0, grant.text, grant.expires_s - 1));
  EXPECT_FALSE(signer.check("lesson-a", 0, grant.text, grant.expires_s));
  EXPECT_GT(grant.expires_s, kNow + PathSigner::kStepSeconds - 1);
  EXPECT_LE(grant.expires_s, kNow + 2 * PathSigner::kStepSeconds);
}

TEST(SignedPath, OpensNoOtherLesson) {
  const PathSigner signer(key(1));
  EXPECT_FALSE(signer.check("lesson-b", 0, signer.grant("lesson-a", 0, kNow).text, kNow));
}

TEST(SignedPath, IsNobodyElsesToMake) {
  const PathSigner signer(key(1));
  EXPECT_FALSE(
      signer.check("lesson-a", 0, PathSigner(key(2)).grant("lesson-a", 0, kNow).text, kNow));
}

TEST(SignedPath, CannotBeMadeToLastLonger) {
  const PathSigner signer(key(1));
  const auto grant = signer.grant("lesson-a", 0, kNow);
  const std::string signature = grant.text.substr(grant.text.find('.'));
  EXPECT_FALSE(signer.check("lesson-a", 0, std::to_string(grant.expires_s + 1) + signature, kNow));
}

TEST(SignedPath, EveryChangedCharacterIsSeen) {
  const PathSigner signer(key(1));
  const std::string good = signer.grant("lesson-a", 0, kNow).text;
  // The last one holds two bits that mean nothing; the comparison is of text, so it counts too.
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(signer.check("lesson-a", 0, bad, kNow)) << i;
  }
}

TEST(SignedPath, IsVoidWhenTheLessonsTurnGoesOn) {
  const PathSigner signer(key(1));
  const auto old = signer.grant("lesson-a", 3, kNow);
  EXPECT_TRUE(signer.check("lesson-a", 3, old.text, kNow));
  EXPECT_FALSE(signer.check("lesson-a", 4, old.text, kNow));
  EXPECT_TRUE(signer.check("lesson-a", 4, signer.grant("lesson-a", 4, kNow).text, kNow));
}

TEST(SignedPath, TakesNoNonsense) {
  const PathSigner signer(key(1));
  for (const char* text : {"", ".", "x", "1790000400", "1790000400.", ".abc", "-1.abc",
                           "99999999999999999999.abc", "1790000400 .abc"}) {
    EXPECT_FALSE(signer.check("lesson-a", 0, text, kNow)) << text;
  }
}

TEST(SignedPath, IsTheSameForAllWhoComeTogether) {
  const PathSigner signer(key(1));
  const int64_t step = kNow / PathSigner::kStepSeconds * PathSigner::kStepSeconds;
  EXPECT_EQ(signer.grant("l", 0, step).text,
            signer.grant("l", 0, step + PathSigner::kStepSeconds - 1).text);
}

}  // namespace
}  // namespace signaling::hls
