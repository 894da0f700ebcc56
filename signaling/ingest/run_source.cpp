#include "signaling/ingest/run_source.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "media/client/client_loop.h"
#include "media/client/publisher.h"
#include "media/ingest/source_clock.h"
#include "media/net/clock.h"
#include "signaling/wish/publishing_session.h"

namespace signaling::ingest {
namespace {

using media::Duration;
using media::Instant;
using media::ingest::SourceFault;
using media::ingest::SourceReader;

constexpr Duration kTurn = Duration::millis(5);
// Decoders wait for a key frame, which many cameras send every ten seconds.
constexpr Duration kFirstMedia = Duration::seconds(20);
constexpr Duration kSilence = Duration::seconds(10);
constexpr Duration kConnect = Duration::seconds(10);
// So that a reader that hangs is told from one that has nothing to say.
constexpr Duration kHeartbeat = Duration::seconds(5);
constexpr int kMostPerTurn = 8;

class Run {
 public:
  Run(const Target& target, SourceReader& reader, Duration timeout, const Feeder& feeder,
      const std::atomic<bool>& stop)
      : target_(target), reader_(reader), timeout_(timeout), feeder_(feeder), stop_(stop) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Ending run() {
    auto loop = media::client::ClientLoop::make();
    if (!loop) return {"broken", loop.error().message};
    loop_ = std::move(*loop);
    tell_state("connecting");
    if (auto ended = wait_for_media()) return *ended;
    if (auto ended = connect()) return *ended;
    tell_state("on-air");
    while (true) {
      if (auto ended = turn()) return *ended;
    }
  }

 private:
  // Unset: go on.
  std::optional<Ending> look_at_source(Instant now) {
    if (stop_) return Ending{};
    const bool fed = !feeder_ || feeder_(reader_);
    const SourceFault fault = reader_.fault();
    if (fault != SourceFault::None) return Ending{fault_name(fault), reader_.detail()};
    if (!fed) return Ending{fault_name(SourceFault::Ended), "The encoder closed the connection."};
    if (now > silent_after_)
      return Ending{fault_name(SourceFault::Stalled), "No picture and no sound came for a while."};
    return std::nullopt;
  }

  std::optional<Ending> wait_for_media() {
    const Instant begun = media::net::monotonic_now();
    silent_after_ = begun + kFirstMedia;
    while (true) {
      const Instant now = loop_->run_once(media::net::monotonic_now() + kTurn);
      if (auto ended = look_at_source(now)) {
        // GStreamer calls both a closed connection: one that was silent until it gave up, and one
        // whose other end hung up without having shown anything.
        const bool is_push = static_cast<bool>(feeder_);
        if (!is_push && ended->reason == fault_name(SourceFault::Ended))
          ended->reason =
              fault_name(now - begun >= timeout_ ? SourceFault::Stalled : SourceFault::NotMedia);
        return ended;
      }
      // What came first is not kept: the publisher starts with what is there when it is ready.
      if (reader_.take_picture() || reader_.take_sound()) return std::nullopt;
    }
  }

  std::optional<Ending> connect() {
    auto http = wish::HttpClient::make({.token = target_.token, .insecure = target_.insecure});
    if (!http) return Ending{"broken", http.error().message};
    http_ = std::move(*http);
    auto opened = wish::PublishingSession::open(*loop_, *http_, target_.whip_url);
    if (!opened) {
      const bool is_taken = opened.error().message.find(" 409") != std::string::npos;
      return Ending{is_taken ? "role-taken" : "refused", opened.error().message};
    }
    session_ = std::move(*opened);
    const Instant limit = media::net::monotonic_now() + kConnect;
    while (!session_->is_connected()) {
      const Instant now = loop_->run_once(media::net::monotonic_now() + kTurn);
      if (auto ended = look_at_source(now)) return ended;
      if (session_->is_lost() || now > limit)
        return Ending{"refused", "The media port does not answer."};
      static_cast<void>(reader_.take_sound());
    }
    const Instant now = media::net::monotonic_now();
    media::client::Publisher::Params params = session_->params(now);
    params.cname = "tongke-ingest";
    params.slow_lowest = true;
    params.voice_rate = media::DataRate::kilobits_per_second(48);  // a classroom, not one mouth
    auto publisher = media::client::Publisher::make(std::move(params), now);
    if (!publisher) return Ending{"broken", publisher.error().message};
    publisher_ = std::move(*publisher);
    silent_after_ = now + kSilence;
    next_beat_ = now + kHeartbeat;
    sends_sound_ = session_->takes_sound();
    return std::nullopt;
  }

  std::optional<Ending> turn() {
    Instant now = loop_->run_once(media::net::monotonic_now() + kTurn);
    if (session_->is_lost()) return Ending{"refused", "The server ended the session."};
    const media::client::PacketSink& sink = session_->sink();
    for (const auto& block : session_->take_feedback()) publisher_->on_rtcp(now, block, sink);
    publisher_->on_tick(now, sink);
    // Sound first: it is small, and its gaps are heard.
    for (int i = 0; i < kMostPerTurn; ++i) {
      const auto block = reader_.take_sound();
      if (!block) break;
      if (sends_sound_)
        publisher_->send_sound(now, clock_.captured(now, block->stamp), block->samples, sink);
      silent_after_ = now + kSilence;
    }
    if (const auto frame = reader_.take_picture()) {
      const auto sent =
          publisher_->send_picture(now, clock_.captured(now, frame->stamp), frame->picture, sink);
      if (!sent) return Ending{"broken", sent.error().message};
      silent_after_ = now + kSilence;
    }
    if (now >= next_beat_) {
      next_beat_ = now + kHeartbeat;
      tell_state("alive");
    }
    return look_at_source(now);
  }

  const Target& target_;
  SourceReader& reader_;
  Duration timeout_;  // of the reader's connection
  const Feeder& feeder_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<media::client::ClientLoop> loop_;
  std::unique_ptr<wish::HttpClient> http_;
  std::unique_ptr<wish::PublishingSession> session_;  // ends before the two
  std::unique_ptr<media::client::Publisher> publisher_;
  media::ingest::SourceClock clock_;
  Instant silent_after_;
  Instant next_beat_;
  bool sends_sound_ = false;  // a board camera's is not taken
};

void print_line(const nlohmann::json& line) {
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

}  // namespace

Ending run_source(const Target& target, const media::ingest::SourceParams& params,
                  const Feeder& feeder, const std::atomic<bool>& stop) {
  auto reader = SourceReader::open(params);
  if (!reader) return {"broken", reader.error().message};
  return Run(target, **reader, params.timeout, feeder, stop).run();
}

void tell_state(const std::string& state) {
  print_line({{"state", state}});
}

void tell_ending(const Ending& ending) {
  print_line({{"state", "ended"}, {"reason", ending.reason}, {"detail", ending.detail}});
}

}  // namespace signaling::ingest
