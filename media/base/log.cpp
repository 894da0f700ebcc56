#include "media/base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <mutex>

namespace media {

namespace {
// Long enough for a burst at start, small enough not to matter.
constexpr size_t kQueueLines = 8192;
std::mutex g_mutex;  // creation only; logging itself takes no lock of ours
}  // namespace

std::shared_ptr<spdlog::logger> logger(const std::string& name) {
  if (auto existing = spdlog::get(name)) return existing;
  const std::lock_guard lock(g_mutex);
  if (auto existing = spdlog::get(name)) return existing;
  if (!spdlog::thread_pool()) spdlog::init_thread_pool(kQueueLines, 1);
  static auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto made = std::make_shared<spdlog::async_logger>(name, sink, spdlog::thread_pool(),
                                                     spdlog::async_overflow_policy::overrun_oldest);
  made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %L %n %v");
  spdlog::initialize_logger(made);
  return made;
}

bool set_log_level(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") return false;
  spdlog::set_level(parsed);
  return true;
}

}  // namespace media
