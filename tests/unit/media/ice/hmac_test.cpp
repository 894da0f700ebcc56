#include "media/ice/hmac.h"

#include <gtest/gtest.h>

#include <string_view>

#include "media/ice/binding.h"

namespace media::ice {
namespace {

// RFC 2202 test case 2.
TEST(HmacSha1, agrees_with_rfc_2202) {
  const stun::Sha1Digest expected = {0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
                                     0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
  EXPECT_EQ(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")), expected);
}

}  // namespace
}  // namespace media::ice
