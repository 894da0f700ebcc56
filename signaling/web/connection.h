// One client connection: reads one request after the other, writes their answers, or carries a
// WebSocket. The state machine between libwebsockets' callbacks and the application. Owner: the
// server. Thread: the server's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "media/base/time.h"
#include "signaling/web/answer.h"
#include "signaling/web/http.h"
#include "signaling/web/message_assembler.h"
#include "signaling/web/server.h"

struct lws;

namespace signaling::web {

// What connections share.
struct ConnectionHost {
  Application& application;
  const ServerParams& params;
  ServerStats stats;
  std::function<media::Instant()> now;
  std::function<int64_t()> wall_s;
  std::function<void(const std::string& peer)> forget_stranger;
  uint64_t next_socket_id = 1;
};

class Connection final : public Responder::Target, public Socket {
 public:
  enum class Stage : uint8_t {
    Headers,  // connecting, or between requests
    Body,
    Waiting,  // for the application's answer
    Writing,
    Discarding,  // the answer is out, what the client still sends is thrown away before closing
    WebSocket,
  };

  Connection(ConnectionHost& host, lws* wsi, std::string peer);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // libwebsockets' callbacks. -1 closes the connection.
  int on_headers(std::string_view path);
  int on_body(std::string_view piece);
  int on_body_end();
  int on_http_writable();
  int on_upgrade_request();  // 0 goes on with the handshake, 1 has answered, -1 closes
  int on_socket_established();
  int on_socket_data(std::string_view piece);
  void on_socket_alive() { last_heard_ = host_.now(); }
  int on_socket_writable();
  void on_closed();

  // Once a second: true when it has overstayed one of the limits.
  [[nodiscard]] bool is_overdue(media::Instant now);
  // Writing and stuck since `since`: suspected when the loop spins.
  [[nodiscard]] bool is_stalled_since(media::Instant since) const {
    return (stage_ == Stage::Writing || stage_ == Stage::Discarding) && last_progress_ < since;
  }

  [[nodiscard]] lws* handle() const { return wsi_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] bool is_stranger() const { return stranger_; }
  [[nodiscard]] bool is_socket() const { return stage_ == Stage::WebSocket; }

  // Responder::Target
  void respond(Response response) override;
  void trust() override;
  // Socket
  [[nodiscard]] uint64_t id() const override { return socket_id_; }
  void send(std::string text) override;
  void close(uint16_t code, std::string reason) override;

 private:
  [[nodiscard]] Request read_request(std::string_view path) const;
  int refuse(int status, const char* code, const char* message);
  void dispatch();
  void enter(Stage stage);
  int write_next_chunk();
  int finish_answer();
  bool has_early_bytes();
  void begin_close(uint16_t code, std::string reason, media::Duration patience);

  ConnectionHost& host_;
  lws* wsi_;
  std::string peer_;
  bool stranger_ = true;
  Stage stage_ = Stage::Headers;
  media::Instant stage_began_;
  media::Instant last_progress_;
  bool first_request_ = true;
  bool closed_ = false;

  // HTTP
  Request request_;
  uint64_t body_expected_ = 0;
  bool keep_alive_ = true;
  bool body_unread_ = false;  // close instead of looking for the next request behind it
  uint64_t discarded_ = 0;
  unsigned early_bytes_ = 0;
  Answer answer_;
  std::string chunk_;
  std::shared_ptr<Responder::Target*> pending_;

  // WebSocket
  uint64_t socket_id_ = 0;
  std::any upgrade_context_;
  bool opened_ = false;
  MessageAssembler assembler_;
  std::deque<std::string> outgoing_;
  size_t outgoing_bytes_ = 0;
  media::Instant last_heard_;
  bool ping_due_ = false;
  media::Instant ping_sent_;
  bool closing_ = false;
  uint16_t close_code_ = 0;
  std::string close_reason_;
  media::Instant close_deadline_ = media::Instant::never();
};

// {"error":{"code":…,"message":…}} as all our refusals look; the arguments are literals without
// quotes.
Response error_response(int status, const char* code, const char* message);

}  // namespace signaling::web
