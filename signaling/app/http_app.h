// The server's application: routes HTTP requests through their gates to their handlers, and
// WebSockets to the live lessons. Owner: App. Thread: signaling.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signaling/app/api.h"
#include "signaling/web/server.h"

namespace signaling::app {

class HttpApp final : public web::Application {
 public:
  // All of it outlives the application.
  HttpApp(ApiParams params, storage::sql::StorageThread& storage, auth::PasswordWorker& passwords,
          LiveDoor& live);
  ~HttpApp() override;

  void on_request(web::Request request, web::Responder responder) override;
  web::UpgradeDecision on_upgrade(const web::Request& request) override;
  void on_socket_open(web::Socket& socket, std::any context) override;
  void on_socket_message(web::Socket& socket, std::string_view text) override;
  void on_socket_close(web::Socket& socket) override;

  // Until begin_service() and after begin_stop(): 503 for health and for everything that needs the
  // lessons.
  void begin_service() { api_.status = "ok"; }
  void begin_stop() { api_.status = "stopping"; }
  [[nodiscard]] const Api& api() const { return api_; }

 private:
  class SocketConnection;

  void pass_signed_path(Call call);
  void pass_gate(Call call, AuthFailure failure);
  void pass_lesson_gate(Call call);

  Api api_;
  std::unordered_map<uint64_t, std::unique_ptr<SocketConnection>> sockets_;
};

// Whether a request that a browser made with a cookie comes from one of our own pages: its Origin
// is the host that it asked. Requests without an Origin are not from a page.
bool is_own_origin(const web::Request& request);

}  // namespace signaling::app
