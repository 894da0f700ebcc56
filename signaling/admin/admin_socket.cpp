#include "signaling/admin/admin_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "media/base/check.h"
#include "media/base/log.h"
#include "signaling/admin/admin_request.h"

namespace signaling::admin {

namespace {

using nlohmann::json;

int64_t wall_us() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

}  // namespace

media::Outcome<std::unique_ptr<AdminSocket>> AdminSocket::start(
    const std::filesystem::path& path, storage::sql::StorageThread& storage) {
  auto listener = listen_at(path);
  if (!listener) return tl::unexpected(listener.error());
  Descriptor stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid())
    return media::env_fail(
        fmt::format("cannot make an event descriptor: {}.", std::strerror(errno)));
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(path, std::move(*listener), std::move(stop), storage));
}

AdminSocket::AdminSocket(std::filesystem::path path, Descriptor listener, Descriptor stop,
                         storage::sql::StorageThread& storage)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      storage_(storage),
      thread_([this] { run(); }) {}

AdminSocket::~AdminSocket() {
  const uint64_t one = 1;
  CHECK(write(stop_.get(), &one, sizeof(one)) == static_cast<ssize_t>(sizeof(one)));
  thread_.join();
  std::error_code ignored;  // a socket file that cannot be removed is replaced at the next start
  std::filesystem::remove(path_, ignored);
}

void AdminSocket::run() {
  for (;;) {
    std::array<pollfd, 2> items{pollfd{stop_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
    if (poll(items.data(), items.size(), -1) < 0 && errno != EINTR) return;
    if (items[0].revents != 0) return;
    if (items[1].revents == 0) continue;
    const Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.valid()) serve(client.get());
  }
}

void AdminSocket::serve(int client) {
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
      (peer.uid != geteuid() && peer.uid != 0)) {
    media::logger("app")->warn("admin socket: refused a process of user {}", peer.uid);
    return;
  }
  const auto line = read_line(client, kMaxRequestBytes, kRequestTimeoutMs);
  media::Outcome<json> outcome = media::env_fail("the request is not a JSON object.");
  if (!line) {
    outcome = tl::unexpected(line.error());
  } else if (const json request = json::parse(*line, nullptr, false); request.is_object()) {
    const AdminContext context{path_.parent_path(), wall_us(),
                               fmt::format("admin uid {}", peer.uid)};
    outcome = storage_.ask_and_wait(
        [&](storage::Store& store) { return execute(store, request, context); });
  }
  const std::string answer =
      answer_of(outcome).dump(-1, ' ', false, json::error_handler_t::replace);
  if (const auto sent = write_line(client, answer, kRequestTimeoutMs); !sent) {
    media::logger("app")->warn("admin socket: {}", sent.error().message);
  }
}

}  // namespace signaling::admin
