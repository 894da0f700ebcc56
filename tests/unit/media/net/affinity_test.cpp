#include "media/net/affinity.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <thread>

namespace media::net {
namespace {

TEST(Affinity, names_are_cut_to_what_the_kernel_keeps) {
  std::thread([] {
    name_this_thread("a-rather-long-thread-name");
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    EXPECT_STREQ(name.data(), "a-rather-long-t");
  }).join();
}

TEST(Affinity, pins_to_one_of_the_allowed_cpus) {
  std::thread([] {
    if (!pin_this_thread(7)) GTEST_SKIP() << "not allowed here";
    cpu_set_t set;
    ASSERT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
  }).join();
}

}  // namespace
}  // namespace media::net
