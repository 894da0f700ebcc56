#include "media/base/drop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace media {
namespace {

TEST(Drop, EveryReasonHasAMetricNameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kDropCount; ++i) {
    const std::string name = drop_name(static_cast<Drop>(i));
    EXPECT_NE(name, "unknown") << i;
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return c == '_' || (c >= 'a' && c <= 'z');
    })) << name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kDropCount);
}

TEST(DropCounters, CountEachReasonApart) {
  DropCounters counters;
  counters.add(Drop::SrtpReplay);
  counters.add(Drop::SrtpReplay, 4);
  counters.add(Drop::SessionLimit);
  EXPECT_EQ(counters.of(Drop::SrtpReplay), 5U);
  EXPECT_EQ(counters.of(Drop::SessionLimit), 1U);
  EXPECT_EQ(counters.of(Drop::SrtpAuth), 0U);
}

}  // namespace
}  // namespace media
