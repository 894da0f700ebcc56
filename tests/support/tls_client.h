// A blocking TLS client on 127.0.0.1 that says exactly what it is told, byte for byte: for requests
// that no proper HTTP library would make. Every wait is bounded by a socket timeout.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tests {

struct HttpAnswer {
  int status = 0;                              // 0: the connection ended first
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

struct WebSocketFrame {
  int opcode = -1;  // -1: the connection ended
  bool final = true;
  std::string payload;
  // Of a close frame; 0 when it has none.
  [[nodiscard]] int close_code() const {
    if (opcode != 8 || payload.size() < 2) return 0;
    return (static_cast<uint8_t>(payload[0]) << 8) | static_cast<uint8_t>(payload[1]);
  }
};

class TlsClient {
 public:
  explicit TlsClient(uint16_t port, int timeout_s = 10) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval timeout{timeout_s, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  ~TlsClient() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_; }
  // Selected by ALPN; "" when none was.
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

  bool send(std::string_view bytes) {
    if (!connected_) return false;
    while (!bytes.empty()) {
      const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // False at the end of the connection or after the timeout.
  bool read_more() {
    if (!connected_) return false;
    std::array<char, 16384> buffer{};
    const int n = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (n <= 0) return false;
    buffered_.append(buffer.data(), static_cast<size_t>(n));
    return true;
  }

  // True when the server closes without another byte.
  bool closes() { return buffered_.empty() && !read_more() && buffered_.empty(); }

  HttpAnswer read_answer(bool has_body = true) {
    HttpAnswer answer;
    size_t end = 0;
    while ((end = buffered_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return answer;
    }
    parse_head(std::string_view(buffered_).substr(0, end), answer);
    buffered_.erase(0, end + 4);
    const auto length = answer.headers.find("content-length");
    const size_t wanted =
        has_body && length != answer.headers.end() ? std::stoul(length->second) : 0;
    while (buffered_.size() < wanted) {
      if (!read_more()) break;
    }
    answer.body = buffered_.substr(0, wanted);
    buffered_.erase(0, answer.body.size());
    return answer;
  }

  HttpAnswer request(std::string_view method, std::string_view target,
                     std::string_view headers = "", std::string_view body = "") {
    std::string text = std::string(method) + " " + std::string(target) +
                       " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(headers);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + std::string(body));
    return read_answer(method != "HEAD");
  }

  // The key and accept value of RFC 6455 section 1.3.
  HttpAnswer upgrade(std::string_view target = "/ws", std::string_view headers = "",
                     std::string_view protocol = "tongke.v1") {
    return request("GET", target,
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                   "dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: " +
                       std::string(protocol) + "\r\n" + std::string(headers));
  }

  // Masked with a zero key, which RFC 6455 allows a test to choose.
  bool send_frame(int opcode, std::string_view payload, bool final = true) {
    std::string frame(1, static_cast<char>((final ? 0x80 : 0) | opcode));
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65536) {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(payload.size() >> 8);
      frame += static_cast<char>(payload.size());
    } else {
      frame += static_cast<char>(0x80 | 127);
      for (int shift = 56; shift >= 0; shift -= 8)
        frame += static_cast<char>(payload.size() >> shift);
    }
    frame.append(4, '\0');
    frame.append(payload);
    return send(frame);
  }

  WebSocketFrame read_frame() {
    WebSocketFrame frame;
    if (!need(2)) return frame;
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(buffered_[i]); };
    const int opcode = byte(0) & 0x0F;
    frame.final = (byte(0) & 0x80) != 0;
    size_t length = byte(1) & 0x7F;
    size_t head = 2;
    if (length == 126) {
      if (!need(head = 4)) return frame;
      length = static_cast<size_t>((byte(2) << 8) | byte(3));
    } else if (length == 127) {
      if (!need(head = 10)) return frame;
      length = 0;
      for (size_t i = 2; i < 10; ++i) length = (length << 8) | byte(i);
    }
    if (!need(head + length)) return frame;
    frame.opcode = opcode;
    frame.payload = buffered_.substr(head, length);
    buffered_.erase(0, head + length);
    return frame;
  }

 private:
  struct Free {
    void operator()(SSL* p) const { SSL_free(p); }
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  };

  bool need(size_t bytes) {
    while (buffered_.size() < bytes) {
      if (!read_more()) return false;
    }
    return true;
  }

  static void parse_head(std::string_view head, HttpAnswer& answer) {
    size_t line_end = head.find("\r\n");
    const std::string_view status_line = head.substr(0, line_end);
    if (status_line.size() >= 12)
      answer.status = std::atoi(std::string(status_line.substr(9, 3)).c_str());
    while (line_end != std::string_view::npos) {
      head.remove_prefix(line_end + 2);
      line_end = head.find("\r\n");
      const std::string_view line = head.substr(0, line_end);
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      std::string name(line.substr(0, colon));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      size_t value = colon + 1;
      while (value < line.size() && line[value] == ' ') ++value;
      std::string& kept = answer.headers[name];  // RFC 9110 section 5.3: repeated ones are a list
      kept += (kept.empty() ? "" : ", ") + std::string(line.substr(value));
    }
  }

  int fd_ = -1;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool connected_ = false;
  std::string buffered_;
};

}  // namespace tests
