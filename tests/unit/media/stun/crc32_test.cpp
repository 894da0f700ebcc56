#include "media/stun/crc32.h"

#include <gtest/gtest.h>

#include <string_view>

namespace media::stun {
namespace {

TEST(Crc32, GivesTheCheckValueOfTheStandard) {
  constexpr std::string_view kText = "123456789";
  EXPECT_EQ(crc32({reinterpret_cast<const uint8_t*>(kText.data()), kText.size()}), 0xCBF43926U);
}

TEST(Crc32, OfNothingIsZero) {
  EXPECT_EQ(crc32({}), 0U);
}

}  // namespace
}  // namespace media::stun
