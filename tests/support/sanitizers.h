// What a test must know of how it was built.
#pragma once

#if defined(__has_feature)
#define TONGKE_TESTS_HAVE(feature) __has_feature(feature)
#else
#define TONGKE_TESTS_HAVE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || TONGKE_TESTS_HAVE(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define TONGKE_TESTS_FIND_LEAKS 1
#else
#define TONGKE_TESTS_FIND_LEAKS 0
#endif

namespace tests {

// ThreadSanitizer makes threads some ten times slower, so that tests of load carry less of it
// there. What they promise stays the same.
#if defined(__SANITIZE_THREAD__) || TONGKE_TESTS_HAVE(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
// AddressSanitizer, which slows our own code but not the libraries, or ThreadSanitizer.
inline constexpr bool kSanitized = kThreadSanitizer || TONGKE_TESTS_FIND_LEAKS == 1;

// While it lives, what this thread allocates may leak. For a fault of a library that cannot be told
// from one of ours by its stack; say which where it is used.
class LibraryLeak {
 public:
#if TONGKE_TESTS_FIND_LEAKS
  LibraryLeak() { __lsan_disable(); }
  ~LibraryLeak() { __lsan_enable(); }
#else
  LibraryLeak() = default;
  ~LibraryLeak() {}
#endif
  LibraryLeak(const LibraryLeak&) = delete;
  LibraryLeak& operator=(const LibraryLeak&) = delete;
};

}  // namespace tests
