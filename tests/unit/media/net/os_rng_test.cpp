#include "media/net/os_rng.h"

#include <gtest/gtest.h>

#include <set>

namespace media::net {
namespace {

TEST(OsRng, never_repeats_and_two_differ) {
  OsRng a;
  OsRng b;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(a.next());
    seen.insert(b.next());
  }
  EXPECT_EQ(seen.size(), 2000u);
}

}  // namespace
}  // namespace media::net
