// A publisher's connection over WHIP from its offer to its end: microphone and camera in three
// layers, as media::client::Publisher sends them. Ends when it goes: DELETE, and the connection is
// closed.
//
// Owner and thread: one caller, who runs the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/client_loop.h"
#include "media/client/publisher.h"
#include "signaling/wish/http_client.h"
#include "signaling/wish/media_session.h"

namespace signaling::wish {

class PublishingSession {
 public:
  // Blocks for the POST; `loop` and `http` outlive the session. Errors: those of open_session().
  static media::Outcome<std::unique_ptr<PublishingSession>> open(media::client::ClientLoop& loop,
                                                                 HttpClient& http,
                                                                 const std::string& url);
  ~PublishingSession();
  PublishingSession(const PublishingSession&) = delete;
  PublishingSession& operator=(const PublishingSession&) = delete;

  [[nodiscard]] bool is_connected() const { return events_.connected; }
  [[nodiscard]] bool is_lost() const { return events_.lost; }
  // Whether the server takes sound from this publisher.
  [[nodiscard]] bool takes_sound() const;
  [[nodiscard]] const media::client::PacketSink& sink() const { return sink_; }
  // RTCP that came since the last call.
  std::vector<std::vector<uint8_t>> take_feedback() { return std::exchange(events_.feedback, {}); }
  // What was agreed, for a publisher that starts now.
  [[nodiscard]] media::client::Publisher::Params params(media::Instant start) const;

 private:
  struct Events final : media::client::ClientEvents {
    void on_connected(media::Instant /*now*/) override { connected = true; }
    void on_lost(media::Instant /*now*/, media::transport::Peer::State /*state*/) override {
      lost = true;
    }
    void on_rtcp(media::Instant /*now*/, media::ByteSpan compound) override {
      feedback.emplace_back(compound.begin(), compound.end());
    }
    bool connected = false;
    bool lost = false;
    std::vector<std::vector<uint8_t>> feedback;
  };
  PublishingSession(media::client::ClientLoop& loop, HttpClient& http, OpenedSession opened);

  media::client::ClientLoop& loop_;
  HttpClient& http_;
  OpenedSession opened_;
  Events events_;
  media::client::ClientLoop::ClientId id_{};
  bool added_ = false;
  media::client::PacketSink sink_;
};

}  // namespace signaling::wish
