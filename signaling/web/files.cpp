#include "signaling/web/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace signaling::web {
namespace {

// Longer names are not ours: ids are 22 characters, hashed assets below 100.
constexpr size_t kMaxPath = 512;

constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kContentTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".webm", "video/webm"},
    {".mkv", "video/x-matroska"},
    {".mp4", "video/mp4"},
    {".ogg", "audio/ogg"},
    {".opus", "audio/ogg"},
    {".pdf", "application/pdf"},
    {".vtt", "text/vtt; charset=utf-8"},
}};

bool is_plain_component(std::string_view part) {
  return !part.empty() && part != "." && part != ".." &&
         part.find('\0') == std::string_view::npos && part.find('\\') == std::string_view::npos;
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int FileDescriptor::release() {
  return std::exchange(fd_, -1);
}

media::Outcome<FileTree> FileTree::open(const std::filesystem::path& directory) {
  FileDescriptor fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) {
    return media::env_fail(
        fmt::format("cannot open the directory {}: {}", directory.string(), std::strerror(errno)));
  }
  return FileTree(std::move(fd));
}

media::Result<OpenFile> FileTree::open_file(std::string_view relative) const {
  if (relative.empty() || relative.size() > kMaxPath)
    return media::fail(media::Errc::Malformed, "file name length");
  FileDescriptor folder;
  int at = directory_.get();
  while (true) {
    const size_t slash = relative.find('/');
    const std::string_view part = relative.substr(0, slash);
    if (!is_plain_component(part))
      return media::fail(media::Errc::Malformed, "file name component");
    const std::string name(part);
    if (slash != std::string_view::npos) {
      FileDescriptor next(
          ::openat(at, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next.is_open()) return media::fail(media::Errc::NotFound, "no such folder");
      folder = std::move(next);
      at = folder.get();
      relative = relative.substr(slash + 1);
      continue;
    }
    // O_NONBLOCK: opening a FIFO that somebody placed there must not stop the loop.
    OpenFile file;
    file.descriptor =
        FileDescriptor(::openat(at, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    if (!file.descriptor.is_open() || ::fstat(file.descriptor.get(), &facts) != 0 ||
        !S_ISREG(facts.st_mode)) {
      return media::fail(media::Errc::NotFound, "no such file");
    }
    file.size = static_cast<uint64_t>(facts.st_size);
    file.modified_s = facts.st_mtim.tv_sec;
    file.etag = fmt::format("\"{:x}-{:x}-{:x}.{:x}\"", static_cast<uint64_t>(facts.st_ino),
                            file.size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
    return file;
  }
}

std::string_view content_type_of(std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view extension = path.substr(dot);
    for (const auto& [known, type] : kContentTypes) {
      if (known == extension) return type;
    }
  }
  return "application/octet-stream";
}

std::string http_date(int64_t unix_seconds) {
  const time_t when = unix_seconds;
  struct tm parts {};
  ::gmtime_r(&when, &parts);
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                     kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

media::Result<int64_t> parse_http_date(std::string_view text) {
  const std::string copy(text);
  struct tm parts {};
  // The process keeps the C locale, so that %a and %b are the English names that HTTP wants.
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return media::fail(media::Errc::Malformed, "HTTP date");
  return static_cast<int64_t>(::timegm(&parts));
}

}  // namespace signaling::web
