#include "media/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace media {

void check_failed(const char* expression, const char* file, int line) {
  // Straight to stderr: the logger's queue would be lost with the process.
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace media
