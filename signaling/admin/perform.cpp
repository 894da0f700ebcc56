#include "signaling/admin/perform.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "signaling/admin/admin_request.h"
#include "signaling/admin/admin_socket.h"
#include "signaling/admin/local_socket.h"
#include "storage/sql/sql_store.h"

namespace signaling::admin {

namespace {

using media::env_fail;
using media::Outcome;
using nlohmann::json;

constexpr size_t kMaxAnswerBytes = 16UL << 20;  // the longest list
constexpr int kAnswerTimeoutMs = 120'000;       // checking a large database takes time
constexpr auto kRetryEvery = std::chrono::milliseconds(50);

Outcome<json> ask_server(int fd, const json& request) {
  if (auto sent = write_line(fd, request.dump(-1, ' ', false, json::error_handler_t::replace),
                             kRequestTimeoutMs);
      !sent)
    return tl::unexpected(sent.error());
  const auto line = read_line(fd, kMaxAnswerBytes, kAnswerTimeoutMs);
  if (!line) return env_fail(fmt::format("the server: {}", line.error().message));
  const json answer = json::parse(*line, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
    return env_fail(
        "the server's answer cannot be read; the program and the server may be of different "
        "versions.");
  }
  if (!answer["ok"].get<bool>()) {
    const auto error = answer.find("error");
    return env_fail(error != answer.end() && error->is_string() ? error->get<std::string>()
                                                                : "the server refused.");
  }
  return answer.value("result", json());
}

}  // namespace

Outcome<json> perform(const std::filesystem::path& data_dir, const json& request, int patience_ms) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(data_dir / "tongke.db", error)) {
    return env_fail(fmt::format(
        "{} has no database. Give --data the directory that the server uses, and start it once.",
        data_dir.string()));
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  for (;;) {
    const auto connection = connect_to(std::filesystem::absolute(data_dir) / "admin.sock");
    if (!connection) return tl::unexpected(connection.error());
    if (*connection) return ask_server((*connection)->get(), request);
    const auto lock = storage::sql::DatabaseLock::acquire(data_dir);
    if (lock) {
      const auto store = storage::sql::open_store(data_dir / "tongke.db");
      if (!store) return tl::unexpected(store.error());
      const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
      const auto now = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
      return execute(**store, request, {data_dir, now, fmt::format("admin uid {}", geteuid())});
    }
    if (std::chrono::steady_clock::now() >= deadline) return tl::unexpected(lock.error());
    std::this_thread::sleep_for(kRetryEvery);
  }
}

}  // namespace signaling::admin
