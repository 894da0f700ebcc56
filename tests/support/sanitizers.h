// What a test must know of how it was built: ThreadSanitizer makes threads some ten times slower,
// so that tests of load carry less of it there. What they promise stays the same.
#pragma once

namespace tests {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#else
inline constexpr bool kThreadSanitizer = false;
#endif

}  // namespace tests
