#include "media/net/affinity.h"

#include <pthread.h>
#include <sched.h>

namespace media::net {

namespace {

constexpr size_t kMaxName = 15;  // pthread_setname_np(3): 16 bytes with the terminator

}  // namespace

void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, kMaxName).c_str());
}

bool pin_this_thread(unsigned index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return false;
  const auto usable = static_cast<unsigned>(CPU_COUNT(&allowed));
  if (usable == 0) return false;
  unsigned skip = index % usable;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || skip-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof(one), &one) == 0;
  }
  return false;
}

}  // namespace media::net
