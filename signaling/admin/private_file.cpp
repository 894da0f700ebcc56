#include "signaling/admin/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "signaling/admin/local_socket.h"

namespace signaling::admin {

namespace {

using media::env_fail;
using media::Outcome;

tl::unexpected<media::EnvError> failed(const char* what, const std::filesystem::path& file) {
  return env_fail(fmt::format("cannot {} {}: {}.", what, file.string(), std::strerror(errno)));
}

bool write_all(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

Outcome<void> write_private_file(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::path fresh = file;
  fresh += ".new";
  unlink(fresh.c_str());
  const Descriptor out(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.valid()) return failed("make", fresh);
  if (!write_all(out.get(), text) || fsync(out.get()) != 0) return failed("write", fresh);
  if (std::rename(fresh.c_str(), file.c_str()) != 0) return failed("replace", file);
  const Descriptor directory(open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || fsync(directory.get()) != 0) return failed("write", file.parent_path());
  return {};
}

Outcome<std::optional<std::string>> read_private_file(const std::filesystem::path& file) {
  const Descriptor in(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.valid() && errno == ENOENT) return std::optional<std::string>();
  if (!in.valid()) return failed("open", file);
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t n = read(in.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", file);
    if (n == 0) return std::optional(std::move(text));
    text.append(chunk.data(), static_cast<size_t>(n));
    if (text.size() > kMaxPrivateFileBytes)
      return env_fail(fmt::format("{} is too large.", file.string()));
  }
}

}  // namespace signaling::admin
