#include "storage/sql/ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace storage::sql {
namespace {

TEST(Ids, AreBase64UrlOf128BitsAndNeverRepeat) {
  std::set<Id> seen;
  std::set<char> letters;
  for (int i = 0; i < 10'000; ++i) {
    const Id id = new_id();
    ASSERT_EQ(id.size(), kIdLength);
    ASSERT_EQ(
        id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        std::string::npos);
    letters.insert(id.begin(), id.end());
    // 22 * 6 = 132: the last letter carries two bits.
    ASSERT_NE(std::string("AQgw").find(id.back()), std::string::npos);
    ASSERT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(letters.size(), 64U);
}

TEST(Sha256, IsThatOfFips180) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace storage::sql
