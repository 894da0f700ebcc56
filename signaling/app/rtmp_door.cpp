#include "signaling/app/rtmp_door.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "media/base/log.h"
#include "signaling/ingest/job.h"

namespace signaling::app {
namespace {

// The listener and all its pushes share nothing but these; each is limited for itself.
constexpr unsigned kOpenFiles = 256;

}  // namespace

RtmpDoor::RtmpDoor(Params params) : params_(std::move(params)), rng_(params_.seed) {}

void RtmpDoor::start() {
  ended_ = false;
  started_ = params_.monotonic();
  restarts_ += begun_ ? 1 : 0;
  begun_ = true;
  process::ChildParams child;
  child.argv = params_.program;
  child.limits.open_files = kOpenFiles;
  // The server's own certificate is not for 127.0.0.1; nobody stands between on loopback.
  child.input = ingest::to_json(ingest::ListenJob{{params_.whip_base, "", true},
                                                  params_.bind,
                                                  params_.port,
                                                  params_.certificate,
                                                  params_.private_key})
                    .dump();
  child_ = process::ChildProcess::start(
      std::move(child),
      {.on_line = [this](const std::string& line) { on_line(line); },
       .on_log = [](const std::string& line) { media::logger("ingest")->warn("RTMP: {}", line); },
       .on_exit = [this](const process::ChildExit& exit) { on_exit(exit); }},
      params_.post);
}

void RtmpDoor::on_line(const std::string& line) {
  const auto said = nlohmann::json::parse(line, nullptr, false);
  if (!said.is_object()) return;
  const std::string state = said.value("state", "");
  if (state == "listening") {
    port_ = said.value("port", uint16_t{0});
    media::logger("ingest")->info("{} pushes are taken on port {}",
                                  params_.certificate.empty() ? "RTMP" : "RTMPS", port_);
  } else if (state == "on-air") {
    media::logger("ingest")->info("an RTMP push is on air");
  } else if (state == "ended") {
    media::logger("ingest")->info("an RTMP push ended: {} {}", said.value("reason", ""),
                                  said.value("detail", ""));
  }
}

void RtmpDoor::on_exit(const process::ChildExit& exit) {
  ended_ = true;
  port_ = 0;
  if (stopped_) return;
  const media::Instant now = params_.monotonic();
  if (now - started_ > kSettled) backoff_.reset();
  const media::Duration wait = backoff_.next(static_cast<double>(rng_.below(1'000)) / 1'000);
  start_at_ = now + wait;
  media::logger("ingest")->error("RTMP pushes are not taken: {} {} Trying again in {} s.",
                                 exit.describe(), exit.last_words, (wait.as_millis() + 999) / 1000);
}

void RtmpDoor::on_tick(media::Instant now) {
  if (stopped_ || !ended_ || now < start_at_) return;
  start();
}

void RtmpDoor::stop() {
  stopped_ = true;
  if (child_) child_->stop();
}

}  // namespace signaling::app
