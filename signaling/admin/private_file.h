// Small files that hold secrets.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "media/base/result.h"

namespace signaling::admin {

inline constexpr size_t kMaxPrivateFileBytes = 1 << 20;

// Mode 0600, complete or not at all, on disk when it returns. Errors: a sentence.
media::Outcome<void> write_private_file(const std::filesystem::path& file, const std::string& text);

// Unset when the file does not exist. Errors: it cannot be read or is too large.
media::Outcome<std::optional<std::string>> read_private_file(const std::filesystem::path& file);

}  // namespace signaling::admin
