// How functions fail. Three classes of error and no fourth:
//  1. bad input from the network or a client: Result<T>, a code and a literal, no allocation;
//  2. a failing environment (port taken, disk full): Outcome<T>, a sentence that says what to do
//  about it;
//  3. a broken invariant: CHECK (check.h) ends the process.
// Test, then dereference; never call .value(), which throws.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace media {

enum class Errc : uint8_t {
  Truncated,     // fewer bytes than the format needs
  Malformed,     // bytes that the format forbids
  Unsupported,   // valid, but not something we do
  TooLarge,      // over a named limit
  Unauthorized,  // failed authentication or permission
  Replayed,      // seen before
  NotFound,
  Conflict,  // contradicts the present state
};

struct Error {
  Errc code;
  const char* what;  // a literal
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, const char* what) {
  return tl::unexpected<Error>(Error{code, what});
}

// A failing environment, in a sentence for the operator.
struct EnvError {
  std::string message;
};

template <class T>
using Outcome = tl::expected<T, EnvError>;

inline tl::unexpected<EnvError> env_fail(std::string message) {
  return tl::unexpected<EnvError>(EnvError{std::move(message)});
}

}  // namespace media
