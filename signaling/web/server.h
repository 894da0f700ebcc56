// HTTPS and WebSocket over libwebsockets: one event loop on the thread that calls run(), which is
// the signaling thread. All callbacks come on it; nothing but post() and stop() may be called from
// another thread.
//
// What it takes care of, so that handlers need not: header, body and connection limits, timeouts,
// keep-alive, HEAD, Range and conditional requests for files, security headers, one answer per
// request, WebSocket reassembly, bounded send queues and liveness.
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/web/http.h"
#include "signaling/web/tls_certificate.h"

namespace signaling::web {

struct Limits {
  size_t max_body = 64 * 1024;            // PROTOCOL.md: JSON and SDP bodies
  uint32_t max_header_bytes = 32 * 1024;  // all request headers together
  media::Duration header_time =
      media::Duration::seconds(10);  // accept, TLS and headers together, not per byte
  media::Duration body_time = media::Duration::seconds(15);
  media::Duration idle_time = media::Duration::seconds(60);  // keep-alive between requests
  media::Duration stall_time =
      media::Duration::seconds(30);   // an answer of which nothing could be written
  size_t strangers_per_address = 32;  // connections that have not shown a credential
  size_t strangers_loopback = 4096;   // many clients stand behind one proxy or one test
  size_t max_connections =
      0;  // 0: 80 % of the descriptor limit; the rest is for media and the database
  size_t max_message = 64 * 1024;           // WebSocket, after reassembly
  size_t max_fragments = 64;                // frames of one message
  size_t max_send_queue = 4 * 1024 * 1024;  // bytes that a slow WebSocket client may fall behind
  media::Duration ping_every =
      media::Duration::seconds(20);  // of silence; no answer for as long again: gone
};

struct ServerParams {
  std::string bind_address;  // numeric; "" for all, IPv4 and IPv6
  uint16_t port = 0;         // 0: any free one
  TlsFiles tls;
  std::string websocket_path = "/ws";
  std::string websocket_protocol = "tongke.v1";
  Limits limits;
};

// One WebSocket. Lives from Application::on_socket_open until on_socket_close returns.
class Socket {
 public:
  virtual ~Socket() = default;
  // Unique in the life of the process, never zero.
  [[nodiscard]] virtual uint64_t id() const = 0;
  // Queues a text message. A client that is max_send_queue behind is closed with 1013 instead.
  virtual void send(std::string text) = 0;
  // Sends what is queued, then a close frame. `reason` is cut at 123 bytes (RFC 6455 section 5.5).
  virtual void close(uint16_t code, std::string reason) = 0;
};

struct UpgradeDecision {
  std::optional<Response> refusal;  // set: answered instead of the upgrade
  std::any context;                 // handed to on_socket_open
};

class Application {
 public:
  virtual ~Application() = default;
  virtual void on_request(Request request, Responder responder) = 0;
  // A valid handshake for the WebSocket path and subprotocol. Decides at once.
  virtual UpgradeDecision on_upgrade(const Request& request) = 0;
  virtual void on_socket_open(Socket& socket, std::any context) = 0;
  virtual void on_socket_message(Socket& socket, std::string_view text) = 0;
  virtual void on_socket_close(Socket& socket) = 0;
};

struct ServerStats {
  uint64_t connections = 0;  // open now
  uint64_t sockets = 0;      // WebSockets among them
  uint64_t accepted = 0;     // counters from here on
  uint64_t refused_full = 0;
  uint64_t refused_address = 0;
  uint64_t timed_out = 0;
  uint64_t upgrades_refused = 0;
  uint64_t slow_sockets_closed = 0;
  uint64_t bytes_served = 0;
  std::map<int, uint64_t> responses;  // by status
};

class Server {
 public:
  // Binds and listens at once; clients are served while run() runs. `application` outlives the
  // server.
  static media::Outcome<std::unique_ptr<Server>> start(const ServerParams& params,
                                                       Application& application);
  virtual ~Server() = default;

  [[nodiscard]] virtual uint16_t port() const = 0;
  // Serves until stop(). Open connections are closed when the server is destroyed.
  virtual void run() = 0;
  virtual void stop() = 0;  // any thread
  // Runs `task` on the server's thread, in order. Any thread. Tasks posted after run() has returned
  // run never.
  virtual void post(std::function<void()> task) = 0;
  // Calls `task` every `period` until the server is destroyed; to be asked before run() or on its
  // thread.
  virtual void every(media::Duration period, std::function<void()> task) = 0;
  [[nodiscard]] virtual const ServerStats& stats() const = 0;
};

}  // namespace signaling::web
