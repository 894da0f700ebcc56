#include "signaling/web/connection.h"

#include <fmt/format.h>
#include <libwebsockets.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "signaling/web/address_counter.h"

namespace signaling::web {
namespace {

constexpr size_t kChunk = 32 * 1024;  // one write; two TLS records
// A refused upload is read this far so that the client sees the answer before a reset; longer ones
// are cut.
constexpr uint64_t kMaxDiscard = 1024 * 1024;
constexpr media::Duration kDiscardTime = media::Duration::seconds(2);
constexpr media::Duration kCloseTime = media::Duration::seconds(5);
constexpr media::Duration kSlowCloseTime = media::Duration::seconds(1);
// Times that a client may send while an answer is on its way to it, before it is taken for an
// attack.
constexpr unsigned kMaxEarlyReads = 1'000;
constexpr size_t kMaxCloseReason = 123;  // RFC 6455 section 5.5: 125 bytes with the code

struct KnownHeader {
  const char* name;
  lws_token_indexes token;
};
constexpr std::array<KnownHeader, 20> kHeaders = {{
    {"host", WSI_TOKEN_HOST},
    {"origin", WSI_TOKEN_ORIGIN},
    {"authorization", WSI_TOKEN_HTTP_AUTHORIZATION},
    {"cookie", WSI_TOKEN_HTTP_COOKIE},
    {"content-type", WSI_TOKEN_HTTP_CONTENT_TYPE},
    {"content-length", WSI_TOKEN_HTTP_CONTENT_LENGTH},
    {"transfer-encoding", WSI_TOKEN_HTTP_TRANSFER_ENCODING},
    {"expect", WSI_TOKEN_HTTP_EXPECT},
    {"connection", WSI_TOKEN_CONNECTION},
    {"range", WSI_TOKEN_HTTP_RANGE},
    {"if-range", WSI_TOKEN_HTTP_IF_RANGE},
    {"if-match", WSI_TOKEN_HTTP_IF_MATCH},
    {"if-none-match", WSI_TOKEN_HTTP_IF_NONE_MATCH},
    {"if-modified-since", WSI_TOKEN_HTTP_IF_MODIFIED_SINCE},
    {"accept", WSI_TOKEN_HTTP_ACCEPT},
    {"accept-encoding", WSI_TOKEN_HTTP_ACCEPT_ENCODING},
    {"user-agent", WSI_TOKEN_HTTP_USER_AGENT},
    {"sec-websocket-protocol", WSI_TOKEN_PROTOCOL},
    {"sec-websocket-version", WSI_TOKEN_VERSION},
    {"sec-websocket-key", WSI_TOKEN_KEY},
}};
struct KnownMethod {
  Method method;
  lws_token_indexes token;
};
constexpr std::array<KnownMethod, 7> kMethods = {{
    {Method::Get, WSI_TOKEN_GET_URI},
    {Method::Head, WSI_TOKEN_HEAD_URI},
    {Method::Post, WSI_TOKEN_POST_URI},
    {Method::Put, WSI_TOKEN_PUT_URI},
    {Method::Patch, WSI_TOKEN_PATCH_URI},
    {Method::Delete, WSI_TOKEN_DELETE_URI},
    {Method::Options, WSI_TOKEN_OPTIONS_URI},
}};

std::string copy_header(lws* wsi, lws_token_indexes token) {
  const int length = lws_hdr_total_length(wsi, token);
  if (length <= 0) return {};
  std::string value(static_cast<size_t>(length) + 1, '\0');
  const int copied = lws_hdr_copy(wsi, value.data(), length + 1, token);
  value.resize(copied > 0 ? static_cast<size_t>(copied) : 0);
  return value;
}

NameValues copy_query(lws* wsi) {
  NameValues query;
  std::array<char, 2048> piece{};
  int copied = 0;
  for (int n = 0; (copied = lws_hdr_copy_fragment(wsi, piece.data(), static_cast<int>(piece.size()),
                                                  WSI_TOKEN_HTTP_URI_ARGS, n)) >= 0;
       ++n) {
    const std::string_view pair(piece.data(), static_cast<size_t>(copied));
    const size_t equals = pair.find('=');
    query.emplace_back(
        std::string(pair.substr(0, equals)),
        equals == std::string_view::npos ? std::string() : std::string(pair.substr(equals + 1)));
  }
  return query;
}

bool lists_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view entry = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!entry.empty() && entry.front() == ' ') entry.remove_prefix(1);
    while (!entry.empty() && entry.back() == ' ') entry.remove_suffix(1);
    if (entry.size() == token.size() &&
        std::equal(entry.begin(), entry.end(), token.begin(),
                   [](char a, char b) { return (a | 0x20) == (b | 0x20); })) {
      return true;
    }
  }
  return false;
}

// libwebsockets wants LWS_PRE bytes of room before what it writes.
std::string with_room(std::string_view payload) {
  std::string buffer(LWS_PRE, '\0');
  buffer.append(payload);
  return buffer;
}

int write_buffer(lws* wsi, std::string& buffer, lws_write_protocol kind) {
  return lws_write(wsi, reinterpret_cast<unsigned char*>(buffer.data()) + LWS_PRE,
                   buffer.size() - LWS_PRE, kind);
}

}  // namespace

Response error_response(int status, const char* code, const char* message) {
  return text_response(status, "application/json",
                       fmt::format(R"({{"error":{{"code":"{}","message":"{}"}}}})", code, message));
}

Connection::Connection(ConnectionHost& host, lws* wsi, std::string peer)
    : host_(host),
      wsi_(wsi),
      peer_(std::move(peer)),
      stage_began_(host.now()),
      last_progress_(stage_began_),
      assembler_(host.params.limits.max_message, host.params.limits.max_fragments) {}

Connection::~Connection() {
  if (pending_) *pending_ = nullptr;
}

void Connection::enter(Stage stage) {
  stage_ = stage;
  stage_began_ = host_.now();
  last_progress_ = stage_began_;
}

Request Connection::read_request(std::string_view path) const {
  Request request;
  for (const KnownMethod& known : kMethods) {
    if (lws_hdr_total_length(wsi_, known.token) > 0) request.method = known.method;
  }
  request.path = path;
  request.query = copy_query(wsi_);
  for (const KnownHeader& known : kHeaders) {
    std::string value = copy_header(wsi_, known.token);
    if (!value.empty()) request.headers.emplace_back(known.name, std::move(value));
  }
  request.peer = peer_;
  request.from_loopback = is_loopback(peer_);
  return request;
}

int Connection::on_headers(std::string_view path) {
  // Our own watchdog knows the stages; the library's timer would also end long answers.
  lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
  enter(Stage::Body);
  first_request_ = false;
  request_ = read_request(path);
  keep_alive_ = !lists_token(request_.header("connection"), "close");
  body_unread_ = false;
  body_expected_ = 0;

  if (!request_.header("transfer-encoding").empty()) {
    body_unread_ = true;
    return refuse(411, "length-required", "send the body with a Content-Length");
  }
  const std::string_view length = request_.header("content-length");
  if (length.empty()) {
    // The library expects a body of unknown length after these; what follows them cannot be told
    // apart.
    body_unread_ = request_.method == Method::Post || request_.method == Method::Put ||
                   request_.method == Method::Patch;
    dispatch();
    return 0;
  }
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), body_expected_);
  if (error != std::errc() || end != length.data() + length.size()) {
    body_unread_ = true;
    return refuse(400, "bad-request", "Content-Length is not a number");
  }
  if (body_expected_ > host_.params.limits.max_body) {
    body_unread_ = true;
    return refuse(413, "too-large", "the body is larger than the server accepts");
  }
  if (body_expected_ == 0) {
    dispatch();
    return 0;
  }
  if (lists_token(request_.header("expect"), "100-continue")) {
    std::string line = with_room("HTTP/1.1 100 Continue\r\n\r\n");
    if (write_buffer(wsi_, line, LWS_WRITE_HTTP_HEADERS) < 0) return -1;
  }
  return 0;
}

int Connection::refuse(int status, const char* code, const char* message) {
  pending_ = std::make_shared<Responder::Target*>(this);
  stage_ = Stage::Waiting;
  respond(error_response(status, code, message));
  return 0;
}

int Connection::on_body(std::string_view piece) {
  if (stage_ == Stage::Body) {
    request_.body.append(piece);
    return request_.body.size() > body_expected_ ? -1 : 0;
  }
  discarded_ += piece.size();
  return discarded_ > kMaxDiscard ? -1 : 0;
}

int Connection::on_body_end() {
  if (stage_ == Stage::Body && request_.body.size() == body_expected_) {
    dispatch();
    return 0;
  }
  if (body_expected_ == 0) return 0;  // told once even so
  // Called again by the library for bytes behind the body, which it keeps. It would do so for ever.
  return stage_ == Stage::Waiting || ++early_bytes_ > kMaxEarlyReads ? -1 : 0;
}

void Connection::dispatch() {
  enter(Stage::Waiting);
  // Bytes that come now belong to a later request; left in the socket they cost nothing, read they
  // would spin.
  lws_rx_flow_control(wsi_, 0);
  pending_ = std::make_shared<Responder::Target*>(this);
  const Responder responder(pending_);
  Request request = request_;
  request_.body.clear();
  host_.application.on_request(std::move(request), responder);
}

void Connection::respond(Response response) {
  *pending_ = nullptr;
  pending_.reset();
  if (closed_) return;
  keep_alive_ = keep_alive_ && !body_unread_;
  answer_ = prepare_answer(std::move(response), request_, keep_alive_, host_.wall_s());
  ++host_.stats.responses[answer_.status];
  enter(Stage::Writing);
  lws_rx_flow_control(wsi_, 1);
  lws_callback_on_writable(wsi_);
}

void Connection::trust() {
  if (!stranger_) return;
  stranger_ = false;
  host_.forget_stranger(peer_);
}

int Connection::on_http_writable() {
  if (stage_ != Stage::Writing) return 0;
  last_progress_ = host_.now();
  if (answer_.head.empty() && answer_.remaining == 0) return finish_answer();
  return write_next_chunk();
}

int Connection::write_next_chunk() {
  chunk_ = with_room(answer_.head);
  answer_.head.clear();
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(answer_.remaining, kChunk));
  if (wanted > 0) {
    const size_t at = chunk_.size();
    if (answer_.file.is_open()) {
      chunk_.resize(at + wanted);
      const ssize_t got = ::pread(answer_.file.get(), chunk_.data() + at, wanted,
                                  static_cast<off_t>(answer_.offset));
      if (got <= 0) return -1;  // cut shorter than promised: the client must see a broken transfer
      chunk_.resize(at + static_cast<size_t>(got));
    } else {
      const std::string& body = answer_.shared_body ? *answer_.shared_body : answer_.body;
      chunk_.append(body, static_cast<size_t>(answer_.offset), wanted);
    }
    const size_t got = chunk_.size() - at;
    answer_.offset += got;
    answer_.remaining -= got;
    host_.stats.bytes_served += got;
  }
  if (write_buffer(wsi_, chunk_, LWS_WRITE_HTTP) < 0) return -1;
  // At once when it is out: the client may ask again before we are told that we may write.
  if (answer_.remaining == 0 && lws_partial_buffered(wsi_) == 0) return finish_answer();
  lws_callback_on_writable(wsi_);
  return 0;
}

// libwebsockets 4.1 keeps bytes that came with a request but belong to the next one, and when that
// next one has a body with something behind it, loops for ever (lws_http_action() reads what it
// keeps until it is used up, and nobody uses it). So a connection with kept bytes is not used
// again. The library does not say which connection has them, only whether any has that may be read:
// asked with ours closed to reading and open, the answers differ when it is ours. When others have
// some too, the doubt counts against keeping.
bool Connection::has_early_bytes() {
  lws_context* context = lws_get_context(wsi_);
  lws_rx_flow_control(wsi_, 0);
  const bool others = lws_service_adjust_timeout(context, 1, 0) == 0;
  lws_rx_flow_control(wsi_, 1);
  return others || lws_service_adjust_timeout(context, 1, 0) == 0;
}

int Connection::finish_answer() {
  answer_ = {};
  chunk_.clear();
  chunk_.shrink_to_fit();
  if (body_unread_) {
    enter(Stage::Discarding);
    discarded_ = 0;
    return 0;
  }
  if (!keep_alive_ || has_early_bytes()) return -1;
  early_bytes_ = 0;
  request_ = {};
  enter(Stage::Headers);
  return lws_http_transaction_completed(wsi_) != 0 ? -1 : 0;
}

int Connection::on_upgrade_request() {
  request_ = read_request(copy_header(wsi_, WSI_TOKEN_GET_URI));
  const auto answer_refusal = [&](Response response) {
    ++host_.stats.upgrades_refused;
    ++host_.stats.responses[response.status];
    const Answer answer = prepare_answer(std::move(response), request_, false, host_.wall_s());
    std::string buffer = with_room(answer.head + answer.body);
    return write_buffer(wsi_, buffer, LWS_WRITE_HTTP_HEADERS) < 0 ? -1 : 1;
  };
  if (!lists_token(copy_header(wsi_, WSI_TOKEN_UPGRADE), "websocket")) return -1;
  if (request_.method != Method::Get || request_.path != host_.params.websocket_path) {
    return answer_refusal(error_response(404, "not-found", "no WebSocket here"));
  }
  if (request_.header("sec-websocket-version") != "13" ||
      request_.header("sec-websocket-key").size() != 24 ||
      !lists_token(request_.header("connection"), "upgrade")) {
    Response refusal = error_response(400, "bad-request", "not a WebSocket handshake of RFC 6455");
    refusal.with("Sec-WebSocket-Version", "13");
    return answer_refusal(std::move(refusal));
  }
  if (!lists_token(request_.header("sec-websocket-protocol"), host_.params.websocket_protocol)) {
    return answer_refusal(
        error_response(400, "version", "the WebSocket subprotocol is not one of ours"));
  }
  UpgradeDecision decision = host_.application.on_upgrade(request_);
  if (decision.refusal) return answer_refusal(std::move(*decision.refusal));
  upgrade_context_ = std::move(decision.context);
  trust();
  return 0;
}

int Connection::on_socket_established() {
  enter(Stage::WebSocket);
  first_request_ = false;
  last_heard_ = stage_began_;
  socket_id_ = host_.next_socket_id++;
  ++host_.stats.sockets;
  ++host_.stats.responses[101];
  opened_ = true;
  request_ = {};
  host_.application.on_socket_open(*this, std::move(upgrade_context_));
  return 0;
}

int Connection::on_socket_data(std::string_view piece) {
  last_heard_ = host_.now();
  if (closing_) return 0;
  if (lws_frame_is_binary(wsi_) != 0) {
    begin_close(1003, "text messages only", kCloseTime);
    return 0;
  }
  const bool ends_frame = lws_remaining_packet_payload(wsi_) == 0;
  switch (assembler_.add(piece, ends_frame, lws_is_final_fragment(wsi_) != 0)) {
    case MessageAssembler::Verdict::More:
      return 0;
    case MessageAssembler::Verdict::TooLarge:
      begin_close(1009, "message too large", kCloseTime);
      return 0;
    case MessageAssembler::Verdict::TooManyFragments:
      begin_close(1009, "too many fragments", kCloseTime);
      return 0;
    case MessageAssembler::Verdict::Complete:
      break;
  }
  const std::string message = assembler_.take();
  host_.application.on_socket_message(*this, message);
  return 0;
}

void Connection::send(std::string text) {
  if (closing_ || closed_) return;
  if (outgoing_bytes_ + text.size() > host_.params.limits.max_send_queue) {
    ++host_.stats.slow_sockets_closed;
    outgoing_.clear();
    outgoing_bytes_ = 0;
    begin_close(1013, "too slow", kSlowCloseTime);
    return;
  }
  outgoing_bytes_ += text.size();
  outgoing_.push_back(std::move(text));
  lws_callback_on_writable(wsi_);
}

void Connection::close(uint16_t code, std::string reason) {
  begin_close(code, std::move(reason), kCloseTime);
}

void Connection::begin_close(uint16_t code, std::string reason, media::Duration patience) {
  if (closing_ || closed_) return;
  closing_ = true;
  close_code_ = code;
  close_reason_ = std::move(reason);
  close_reason_.resize(std::min(close_reason_.size(), kMaxCloseReason));
  close_deadline_ = host_.now() + patience;
  lws_callback_on_writable(wsi_);
}

int Connection::on_socket_writable() {
  if (ping_due_) {
    ping_due_ = false;
    std::string ping = with_room("");
    if (write_buffer(wsi_, ping, LWS_WRITE_PING) < 0) return -1;
  } else if (!outgoing_.empty()) {
    std::string buffer = with_room(outgoing_.front());
    outgoing_bytes_ -= outgoing_.front().size();
    outgoing_.pop_front();
    if (write_buffer(wsi_, buffer, LWS_WRITE_TEXT) < 0) return -1;
  } else if (closing_) {
    lws_close_reason(wsi_, static_cast<lws_close_status>(close_code_),
                     reinterpret_cast<unsigned char*>(close_reason_.data()), close_reason_.size());
    return -1;
  } else {
    return 0;
  }
  if (!outgoing_.empty() || closing_) lws_callback_on_writable(wsi_);
  return 0;
}

void Connection::on_closed() {
  if (closed_) return;
  closed_ = true;
  if (pending_) {
    *pending_ = nullptr;
    pending_.reset();
  }
  if (opened_) {
    --host_.stats.sockets;
    host_.application.on_socket_close(*this);
  }
}

bool Connection::is_overdue(media::Instant now) {
  const Limits& limits = host_.params.limits;
  const media::Duration in_stage = now - stage_began_;
  switch (stage_) {
    case Stage::Headers:
      return in_stage > (first_request_ ? limits.header_time : limits.idle_time);
    case Stage::Body:
      return in_stage > limits.body_time;
    case Stage::Waiting:
      return false;  // the application's answer; it has its own deadlines
    case Stage::Writing:
      return now - last_progress_ > limits.stall_time;
    case Stage::Discarding:
      return in_stage > kDiscardTime;
    case Stage::WebSocket:
      break;
  }
  if (now > close_deadline_) return true;
  if (now - last_heard_ > limits.ping_every * 2) return true;
  if (!closing_ && now - last_heard_ > limits.ping_every && now - ping_sent_ > limits.ping_every) {
    ping_sent_ = now;
    ping_due_ = true;
    lws_callback_on_writable(wsi_);
  }
  return false;
}

}  // namespace signaling::web
