#include "signaling/web/server.h"

#include <fmt/format.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "media/base/log.h"
#include "signaling/web/address_counter.h"
#include "signaling/web/clock.h"
#include "signaling/web/connection.h"

namespace signaling::web {
namespace {

// How often overdue connections are looked for, and over what span the loop's turns are counted.
constexpr media::Duration kWatch = media::Duration::millis(250);
// Turns of the loop in kWatch, beyond which a connection whose input nobody may read yet is
// suspected of keeping poll() awake: a busy server makes some thousand turns that each do work.
constexpr uint64_t kSpinTurns = 20'000;
constexpr size_t kReceiveBuffer = 16 * 1024;
constexpr unsigned kLibraryTimeoutS = 20;

int64_t wall_seconds() {
  return wall_now_us() / 1'000'000;
}

size_t default_connection_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 8'000;
  return static_cast<size_t>(limit.rlim_cur) * 8 / 10;
}

void log_line(int level, const char* line) {
  std::string text(line);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if ((level & LLL_ERR) != 0) {
    media::logger("http")->warn("{}", text);
  } else {
    media::logger("http")->debug("{}", text);
  }
}

class LoopServer final : public Server {
 public:
  LoopServer(const ServerParams& params, Application& application)
      : params_(params),
        host_{application,
              params_,
              {},
              monotonic_now,
              wall_seconds,
              [this](const std::string& peer) { strangers_.remove(peer); },
              1} {
    if (params_.limits.max_connections == 0)
      params_.limits.max_connections = default_connection_limit();
  }
  ~LoopServer() override;

  media::Outcome<void> listen();
  int on_event(lws* wsi, lws_callback_reasons reason, void* in, size_t length);

  [[nodiscard]] uint16_t port() const override { return port_; }
  void run() override;
  void stop() override {
    stopping_ = true;
    lws_cancel_service(context_);
  }
  void post(std::function<void()> task) override;
  void every(media::Duration period, std::function<void()> task) override;
  [[nodiscard]] const ServerStats& stats() const override { return host_.stats; }

 private:
  struct Timer {
    lws_sorted_usec_list_t entry{};  // first: the library hands its address back
    LoopServer* server = nullptr;
    media::Duration period;
    std::function<void()> task;
  };

  static void on_timer(lws_sorted_usec_list_t* entry);
  bool refuses(lws_sockfd_type fd);
  Connection* connection_of(lws* wsi);
  void forget(lws* wsi);
  void run_posted();
  void watch();
  int on_http_event(lws* wsi, lws_callback_reasons reason, std::string_view bytes);
  int on_socket_event(lws* wsi, lws_callback_reasons reason, std::string_view bytes);

  ServerParams params_;
  ConnectionHost host_;
  AddressCounter strangers_;
  std::unordered_map<lws*, std::unique_ptr<Connection>> connections_;
  std::list<Timer> timers_;
  lws_context* context_ = nullptr;
  lws_vhost* vhost_ = nullptr;
  std::array<lws_protocols, 3> protocols_{};
  lws_retry_bo_t liveness_{};
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  uint64_t turns_ = 0;
  media::Instant last_watch_;
  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
};

int on_library_event(lws* wsi, lws_callback_reasons reason, void*, void* in, size_t length) {
  auto* server = static_cast<LoopServer*>(lws_context_user(lws_get_context(wsi)));
  return server == nullptr ? 0 : server->on_event(wsi, reason, in, length);
}

LoopServer::~LoopServer() {
  for (Timer& timer : timers_) lws_sul_cancel(&timer.entry);
  if (context_ != nullptr) lws_context_destroy(context_);
  for (auto& [wsi, connection] : connections_) connection->on_closed();
}

media::Outcome<void> LoopServer::listen() {
  lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
  protocols_[0] = {"http", on_library_event, 0, kReceiveBuffer, 0, nullptr, 0};
  protocols_[1] = {
      params_.websocket_protocol.c_str(), on_library_event, 0, kReceiveBuffer, 1, nullptr, 0};
  // Ours is the watchdog in is_overdue(); the library's default would cut downloads after five
  // minutes.
  liveness_.secs_since_valid_ping = UINT16_MAX - 1;
  liveness_.secs_since_valid_hangup = UINT16_MAX;

  lws_context_creation_info info{};
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                 LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
  info.port = params_.port;
  const bool all_v4 = params_.bind_address == "0.0.0.0";
  if (all_v4) info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
  const bool all = all_v4 || params_.bind_address.empty() || params_.bind_address == "::";
  info.iface = all ? nullptr : params_.bind_address.c_str();
  info.protocols = protocols_.data();
  info.user = this;
  info.gid = static_cast<decltype(info.gid)>(-1);
  info.uid = static_cast<decltype(info.uid)>(-1);
  info.alpn = "http/1.1";
  const std::string certificate = params_.tls.certificate.string();
  const std::string key = params_.tls.private_key.string();
  info.ssl_cert_filepath = certificate.c_str();
  info.ssl_private_key_filepath = key.c_str();
  info.ssl_options_set = static_cast<long>(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  info.max_http_header_data2 = params_.limits.max_header_bytes;
  info.max_http_header_pool2 = static_cast<unsigned>(params_.limits.max_connections);
  info.timeout_secs = kLibraryTimeoutS;
  info.keepalive_timeout = static_cast<int>(params_.limits.idle_time.as_seconds()) + 5;
  info.retry_and_idle_policy = &liveness_;
  info.vhost_name = "tongke";
  context_ = lws_create_context(&info);
  if (context_ == nullptr)
    return media::env_fail("libwebsockets could not start; its reason stands in the log");
  vhost_ = lws_create_vhost(context_, &info);
  if (vhost_ == nullptr) {
    return media::env_fail(
        fmt::format("cannot serve HTTPS on {}:{}: is the port taken, or the certificate "
                    "unreadable? The log says more",
                    params_.bind_address, params_.port));
  }
  port_ = static_cast<uint16_t>(lws_get_vhost_listen_port(vhost_));
  every(kWatch, [this] { watch(); });
  return {};
}

void LoopServer::run() {
  last_watch_ = monotonic_now();
  while (!stopping_) {
    ++turns_;
    if (lws_service(context_, 0) < 0) break;
  }
}

void LoopServer::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // a wake-up is on its way
  }
  lws_cancel_service(context_);
}

void LoopServer::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

void LoopServer::every(media::Duration period, std::function<void()> task) {
  Timer& timer = timers_.emplace_back();
  timer.server = this;
  timer.period = period;
  timer.task = std::move(task);
  lws_sul_schedule(context_, 0, &timer.entry, on_timer, period.as_micros());
}

void LoopServer::on_timer(lws_sorted_usec_list_t* entry) {
  auto* timer = reinterpret_cast<Timer*>(entry);
  lws_sul_schedule(timer->server->context_, 0, &timer->entry, on_timer, timer->period.as_micros());
  timer->task();
}

void LoopServer::watch() {
  const media::Instant now = monotonic_now();
  const bool spinning = turns_ > kSpinTurns;
  turns_ = 0;
  for (auto& [wsi, connection] : connections_) {
    if (connection->is_overdue(now) || (spinning && connection->is_stalled_since(last_watch_))) {
      ++host_.stats.timed_out;
      lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
  }
  last_watch_ = now;
}

bool LoopServer::refuses(lws_sockfd_type fd) {
  if (connections_.size() >= params_.limits.max_connections) {
    ++host_.stats.refused_full;
    return true;
  }
  std::array<char, 64> text{};
  if (lws_get_peer_simple_fd(fd, text.data(), text.size()) == nullptr) return true;
  const std::string peer = plain_address(text.data());
  const size_t limit =
      is_loopback(peer) ? params_.limits.strangers_loopback : params_.limits.strangers_per_address;
  if (strangers_.count(peer) >= limit) {
    ++host_.stats.refused_address;
    return true;
  }
  return false;
}

Connection* LoopServer::connection_of(lws* wsi) {
  const auto found = connections_.find(wsi);
  if (found != connections_.end()) return found->second.get();
  std::array<char, 64> text{};
  lws_get_peer_simple(wsi, text.data(), text.size());
  const std::string peer = plain_address(text.data());
  strangers_.try_add(peer, SIZE_MAX);
  ++host_.stats.connections;
  ++host_.stats.accepted;
  auto connection = std::make_unique<Connection>(host_, wsi, peer);
  return connections_.emplace(wsi, std::move(connection)).first->second.get();
}

void LoopServer::forget(lws* wsi) {
  const auto found = connections_.find(wsi);
  if (found == connections_.end()) return;
  found->second->on_closed();
  if (found->second->is_stranger()) strangers_.remove(found->second->peer());
  --host_.stats.connections;
  connections_.erase(found);
}

int LoopServer::on_event(lws* wsi, lws_callback_reasons reason, void* in, size_t length) {
  switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
      run_posted();
      return 0;
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
      return refuses(static_cast<lws_sockfd_type>(reinterpret_cast<intptr_t>(in))) ? 1 : 0;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
      connection_of(wsi);
      return 0;
    case LWS_CALLBACK_WSI_DESTROY:
      forget(wsi);
      return 0;
    default:
      break;
  }
  const std::string_view bytes(static_cast<const char*>(in), in == nullptr ? 0 : length);
  const int handled = on_http_event(wsi, reason, bytes);
  return handled != INT32_MIN ? handled : on_socket_event(wsi, reason, bytes);
}

// INT32_MIN: not one of these.
int LoopServer::on_http_event(lws* wsi, lws_callback_reasons reason, std::string_view bytes) {
  switch (reason) {
    case LWS_CALLBACK_HTTP:
      return connection_of(wsi)->on_headers(bytes);
    case LWS_CALLBACK_HTTP_BODY:
      return connection_of(wsi)->on_body(bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
      return connection_of(wsi)->on_body_end();
    case LWS_CALLBACK_HTTP_WRITEABLE:
      return connection_of(wsi)->on_http_writable();
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      return connection_of(wsi)->on_upgrade_request();
    default:
      return INT32_MIN;
  }
}

int LoopServer::on_socket_event(lws* wsi, lws_callback_reasons reason, std::string_view bytes) {
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      return connection_of(wsi)->on_socket_established();
    case LWS_CALLBACK_RECEIVE:
      return connection_of(wsi)->on_socket_data(bytes);
    case LWS_CALLBACK_RECEIVE_PONG:
      connection_of(wsi)->on_socket_alive();
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return connection_of(wsi)->on_socket_writable();
    case LWS_CALLBACK_CLOSED:
      connection_of(wsi)->on_closed();
      return 0;
    default:
      return 0;
  }
}

}  // namespace

media::Outcome<std::unique_ptr<Server>> Server::start(const ServerParams& params,
                                                      Application& application) {
  auto server = std::make_unique<LoopServer>(params, application);
  if (auto listening = server->listen(); !listening)
    return tl::unexpected<media::EnvError>(listening.error());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace signaling::web
