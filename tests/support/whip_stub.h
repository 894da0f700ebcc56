// A MediaServer behind the smallest possible WHIP and WHEP: plain HTTP, one lesson, no tokens. For
// tests of clients.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "media/api/media_server.h"
#include "signaling/sdp/negotiate.h"
#include "signaling/sdp/parser.h"

namespace tests {

class WhipStub {
 public:
  WhipStub() {
    auto server = media::api::MediaServer::start(
        {.public_address = "127.0.0.1", .bind_address = "127.0.0.1"}, [] {});
    if (!server) return;
    server_ = std::move(*server);
    server_->add_room(kRoom);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0) return;
    ::getsockname(listener_, generic, &size);
    base_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { run(); });
  }
  ~WhipStub() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  WhipStub(const WhipStub&) = delete;
  WhipStub& operator=(const WhipStub&) = delete;

  [[nodiscard]] const std::string& base() const { return base_; }
  [[nodiscard]] unsigned opened() const { return opened_; }
  [[nodiscard]] unsigned removed() const { return removed_; }
  // The next POSTs are refused with this status; 0: served.
  void refuse_with(int status) { refusal_ = status; }

 private:
  static constexpr media::RoomId kRoom{1};

  void run() {
    while (!stop_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      serve(client);
      ::close(client);
    }
  }

  // One request per connection: the client opens a new one for the next.
  void serve(int client) {
    std::string text;
    char piece[4096];
    size_t head = std::string::npos;
    size_t length = 0;
    while (head == std::string::npos || text.size() < head + 4 + length) {
      const ssize_t got = ::recv(client, piece, sizeof piece, 0);
      if (got <= 0) return;
      text.append(piece, static_cast<size_t>(got));
      head = text.find("\r\n\r\n");
      const size_t field = text.find("Content-Length: ");
      if (head != std::string::npos && field != std::string::npos) {
        std::from_chars(text.data() + field + 16, text.data() + head, length);
      }
    }
    const std::string reply = answer(text.substr(0, head), text.substr(head + 4));
    ::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
  }

  std::string answer(const std::string& head, const std::string& body) {
    if (head.starts_with("DELETE /session/")) {
      ++removed_;
      uint32_t id = 0;
      std::from_chars(head.data() + 16, head.data() + head.size(), id);
      server_->remove_peer(media::PeerId(id));
      return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
    const int refusal = refusal_;
    const auto offer = signaling::sdp::parse(body);
    if (refusal != 0 || !offer) {
      return "HTTP/1.1 " + std::to_string(refusal != 0 ? refusal : 400) +
             " No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
    const media::PeerId peer(next_id_++);
    signaling::sdp::ServerFacts facts;
    facts.ice = {"stub" + std::to_string(peer.value), "stubpasswordstubpassword"};
    facts.fingerprint = server_->fingerprint();
    const auto place = *server_->place_peer(kRoom);
    facts.candidate = place.candidate;
    facts.next_track = [this] { return media::TrackId(next_id_++); };
    facts.next_slot = [this] { return media::SlotId(next_id_++); };
    facts.next_ssrc = [this] { return media::Ssrc(next_id_++); };
    const auto agreed = signaling::sdp::negotiate(
        *offer, signaling::sdp::derive_uses(*offer, "teacher"), {}, facts);
    if (!agreed) return "HTTP/1.1 422 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    server_->add_peer({.room = kRoom,
                       .peer = peer,
                       .local = facts.ice,
                       .remote = agreed->remote_ice,
                       .remote_fingerprint = agreed->remote_fingerprint,
                       .extensions = agreed->extensions,
                       .published = agreed->published,
                       .slots = agreed->slots,
                       .worker = place.worker});
    for (const auto& section : agreed->published) {
      (section.kind == media::MediaKind::Audio ? voice_ : camera_) = section.track;
      server_->open_track(section.track, true);
    }
    for (const auto& slot : agreed->slots) {
      server_->feed_slot(peer, slot.slot, slot.kind == media::MediaKind::Audio ? voice_ : camera_);
    }
    ++opened_;
    return "HTTP/1.1 201 Created\r\nContent-Type: application/sdp\r\nLocation: /session/" +
           std::to_string(peer.value) +
           "\r\nContent-Length: " + std::to_string(agreed->answer.size()) +
           "\r\nConnection: close\r\n\r\n" + agreed->answer;
  }

  std::unique_ptr<media::api::MediaServer> server_;
  int listener_ = -1;
  std::string base_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<unsigned> opened_{0};
  std::atomic<unsigned> removed_{0};
  std::atomic<int> refusal_{0};
  uint32_t next_id_ = 1;
  media::TrackId voice_;
  media::TrackId camera_;
};

}  // namespace tests
