// Forwards so many pictures to so many receivers and prints how many packets went out: run twice
// under callgrind, the difference is what packets cost in instructions.
#include <cstdio>
#include <cstdlib>

#include "tests/bench/media/forward_work.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "forward_count RECEIVERS PICTURES\n");
    return 2;
  }
  tests::ForwardWork work(static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)));
  size_t packets = 0;
  for (unsigned long i = std::strtoul(argv[2], nullptr, 10); i > 0; --i) packets += work.picture();
  std::printf("%zu\n", packets);
  return 0;
}
