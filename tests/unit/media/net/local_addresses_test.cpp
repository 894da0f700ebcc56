#include "media/net/local_addresses.h"

#include <gtest/gtest.h>

namespace media::net {
namespace {

LocalAddresses::Ip ip(uint8_t low, uint8_t high = 0) {
  LocalAddresses::Ip out{};
  out[14] = high;
  out[15] = low;
  return out;
}

TEST(LocalAddresses, give_each_address_one_number_for_good) {
  LocalAddresses all;
  const uint8_t first = all.number_of(ip(1));
  const uint8_t second = all.number_of(ip(2));
  EXPECT_NE(first, 0);
  EXPECT_NE(first, second);
  EXPECT_EQ(all.number_of(ip(1)), first);
  EXPECT_EQ(all.number_of(ip(2)), second);
  EXPECT_EQ(all.at(first), ip(1));
  EXPECT_EQ(all.at(second), ip(2));
}

TEST(LocalAddresses, leave_the_choice_to_the_kernel_when_there_are_too_many) {
  LocalAddresses all;
  for (size_t i = 0; i < LocalAddresses::kMax; ++i)
    EXPECT_EQ(all.number_of(ip(static_cast<uint8_t>(i))), i + 1);
  EXPECT_EQ(all.number_of(ip(0, 1)), 0);
  EXPECT_EQ(all.number_of(ip(7)), 8) << "those that were there stay";
}

TEST(LocalAddresses, are_read_as_they_were_written) {
  for (const bool v6 : {false, true}) {
    union {
      cmsghdr aligned;
      std::array<uint8_t, kLocalControl> bytes;
    } control{};
    LocalAddresses::Ip mapped{};
    mapped[10] = mapped[11] = 0xff;
    mapped[12] = 192;
    mapped[15] = 7;
    const size_t size = write_local(control.aligned, v6, mapped);
    EXPECT_LE(size, kLocalControl);
    LocalAddresses::Ip read{};
    ASSERT_TRUE(read_local(control.aligned, read));
    EXPECT_EQ(read, mapped);
    control.aligned.cmsg_type += 100;
    EXPECT_FALSE(read_local(control.aligned, read));
  }
}

}  // namespace
}  // namespace media::net
