// Broken invariants end the process: a wrong server is worse than a restarted one.
#pragma once

namespace media {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace media

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::media::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
