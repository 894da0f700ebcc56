// Opening files below a directory and nowhere else, and what HTTP needs to know of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "media/base/result.h"

namespace signaling::web {

// Closes its descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

struct OpenFile {
  FileDescriptor descriptor;
  uint64_t size = 0;
  int64_t modified_s = 0;  // Unix time
  std::string etag;        // strong, quoted; from inode, size and modification time in nanoseconds
};

// A directory whose regular files may be opened by relative path. Every component is opened without
// following symbolic links, so that no name, however written, leads out of it.
class FileTree {
 public:
  static media::Outcome<FileTree> open(const std::filesystem::path& directory);

  // Errors: Malformed for an absolute, empty, over-long, "." or ".." component or a NUL; NotFound
  // for anything that is not a readable regular file.
  [[nodiscard]] media::Result<OpenFile> open_file(std::string_view relative) const;

 private:
  explicit FileTree(FileDescriptor directory) : directory_(std::move(directory)) {}
  FileDescriptor directory_;
};

// By extension; "application/octet-stream" when unknown.
std::string_view content_type_of(std::string_view path);

// RFC 7231 section 7.1.1.1, for example "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(int64_t unix_seconds);
// The same backwards; Malformed for the obsolete forms, which senders must not make.
media::Result<int64_t> parse_http_date(std::string_view text);

}  // namespace signaling::web
