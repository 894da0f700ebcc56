#include "signaling/app/hls_house.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "media/base/log.h"
#include "signaling/auth/secrets.h"
#include "storage/sql/ids.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {

using media::Duration;
using media::Instant;

namespace {

constexpr int64_t kSecondUs = 1'000'000;
// Longer than any lesson; the encoder's credential is taken back when it ends.
constexpr int64_t kTokenUs = 24 * 3600 * kSecondUs;
// An encoder that worked this long may fail again without waiting longer than the first time.
constexpr Duration kWorked = Duration::seconds(30);

hls::PathSigner::Key fresh_key() {
  hls::PathSigner::Key key;
  randombytes_buf(key.data(), key.size());
  return key;
}

double jitter() {
  return randombytes_uniform(1000) / 1000.0;
}

}  // namespace

struct HlsHouse::Stream {
  Stream(std::string id, const hls::Channel::Params& params)
      : lesson(std::move(id)), channel(params) {}

  std::string lesson;
  std::filesystem::path folder;
  hls::Channel channel;
  std::unique_ptr<process::ChildProcess> encoder;
  process::Backoff backoff;
  std::string token_hash;
  bool starting = false;  // a credential is being made
  std::optional<Instant> restart_at;
  Instant started;
  Instant last_word;  // of the encoder
  Instant last_wish;  // somebody asked for the stream
  std::optional<Instant> ended;
  hls::EncoderStats told;
};

media::Outcome<std::unique_ptr<HlsHouse>> HlsHouse::open(Params params,
                                                         storage::sql::StorageThread& storage) {
  std::error_code error;
  // What a killed server left behind.
  std::filesystem::remove_all(params.folder, error);
  std::filesystem::create_directories(params.folder, error);
  if (!error) std::filesystem::permissions(params.folder, std::filesystem::perms::owner_all, error);
  if (error)
    return media::env_fail(
        fmt::format("cannot make {}: {}", params.folder.string(), error.message()));
  return std::unique_ptr<HlsHouse>(new HlsHouse(std::move(params), storage));
}

HlsHouse::HlsHouse(Params params, storage::sql::StorageThread& storage)
    : params_(std::move(params)),
      storage_(storage),
      signer_(fresh_key()),
      audience_({.wall_us = params_.wall_us,
                 .on_lost = [this](const std::string& lesson) { cut(lesson); },
                 .holds = Duration::seconds(2 * hls::PathSigner::kStepSeconds)},
                storage) {}

HlsHouse::~HlsHouse() {
  for (auto& [lesson, stream] : streams_) stream->encoder.reset();
  std::error_code ignored;
  std::filesystem::remove_all(params_.folder, ignored);
}

HlsHouse::Stream* HlsHouse::find(const std::string& lesson) {
  const auto it = streams_.find(lesson);
  return it == streams_.end() ? nullptr : it->second.get();
}

media::Outcome<hls::PathSigner::Grant> HlsHouse::admit(const std::string& lesson,
                                                       const auth::Actor& actor) {
  const Instant now = params_.monotonic();
  Stream* stream = find(lesson);
  if (stream != nullptr && stream->ended) {
    drop(streams_.find(lesson));  // it goes on after all
    stream = nullptr;
  }
  if (stream == nullptr) {
    if (stopping_ || streams_.size() >= params_.max_streams) {
      ++counters_.refused_full;
      return media::env_fail("this server makes as many streams as it can");
    }
    hls::Channel::Params params;
    // Half of them would do for one segment in two seconds: the rest is room for restarts.
    params.first_number = static_cast<uint64_t>(params_.wall_us() / kSecondUs);
    params.first_series = next_series_;
    auto made = std::make_unique<Stream>(lesson, params);
    made->folder = params_.folder / storage::sql::new_id();
    stream = streams_.emplace(lesson, std::move(made)).first->second.get();
    start(*stream);
  }
  stream->last_wish = now;
  audience_.add(lesson, actor, now);
  return signer_.grant(lesson, turn(lesson), params_.wall_us() / kSecondUs);
}

bool HlsHouse::is_removed(const std::string& lesson, const auth::Actor& actor) const {
  return params_.is_removed && params_.is_removed(lesson, actor);
}

uint64_t HlsHouse::turn(std::string_view lesson) const {
  const auto it = turns_.find(lesson);
  return it == turns_.end() ? 0 : it->second;
}

void HlsHouse::cut(const std::string& lesson) {
  if (!audience_.knows(lesson)) return;  // nobody holds an address
  ++turns_[lesson];
  ++counters_.cuts;
  audience_.forget(lesson);
  if (Stream* stream = find(lesson)) stream->channel.refuse_waiting(403);
}

bool HlsHouse::check(std::string_view lesson, std::string_view grant) const {
  return signer_.check(lesson, turn(lesson), grant, params_.wall_us() / kSecondUs).has_value();
}

void HlsHouse::request(const std::string& lesson, std::string_view file,
                       const hls::ReloadQuery& query, hls::Channel::Client client) {
  Stream* stream = find(lesson);
  if (stream == nullptr) {
    hls::Reply gone;
    gone.status = 404;
    return client.answer(gone);
  }
  const Instant now = params_.monotonic();
  stream->last_wish = now;
  stream->channel.request(now, file, query, std::move(client));
}

void HlsHouse::start(Stream& stream) {
  std::error_code error;
  std::filesystem::create_directory(stream.folder, error);
  if (error) {
    media::logger("hls")->error("cannot make {}: {}", stream.folder.string(), error.message());
    stream.restart_at = params_.monotonic() + stream.backoff.next(jitter());
    return;
  }
  const std::string secret = auth::new_secret();
  storage::AccessToken token;
  token.secret_hash = auth::hash_secret(secret);
  token.lesson_id = stream.lesson;
  token.role = storage::LessonRole::Observer;
  token.expires_at = params_.wall_us() + kTokenUs;
  stream.token_hash = token.secret_hash;
  stream.starting = true;
  storage_.ask([token](storage::Store& store) { return store.add_token(token); },
               [this, alive = std::weak_ptr<bool>(alive_), lesson = stream.lesson, secret,
                hash = token.secret_hash](const media::Outcome<void>& added) {
                 if (alive.expired()) return;
                 Stream* waiting = find(lesson);
                 if (waiting == nullptr || waiting->token_hash != hash) return;
                 waiting->starting = false;
                 if (added) return start_encoder(*waiting, secret);
                 waiting->restart_at = params_.monotonic() + waiting->backoff.next(jitter());
               });
}

void HlsHouse::start_encoder(Stream& stream, const std::string& token) {
  if (stopping_) return;
  process::ChildParams params;
  params.argv = params_.encoder;
  params.input = nlohmann::json{{"url", params_.whep_base() + stream.lesson},
                                {"token", token},
                                {"directory", stream.folder.string()}}
                     .dump();
  process::ChildCallbacks callbacks;
  const std::string lesson = stream.lesson;
  callbacks.on_line = [this, lesson](const std::string& line) {
    if (Stream* s = find(lesson)) on_line(*s, line);
  };
  callbacks.on_log = [](const std::string& line) {
    media::logger("hls")->info("encoder: {}", line);
  };
  callbacks.on_exit = [this, lesson](const process::ChildExit& exit) {
    if (Stream* s = find(lesson)) on_exit(*s, exit);
  };
  stream.started = stream.last_word = params_.monotonic();
  stream.encoder =
      process::ChildProcess::start(std::move(params), std::move(callbacks), params_.post);
  media::logger("hls")->info("the stream of lesson {} begins", lesson);
}

hls::Bytes HlsHouse::read_file(Stream& stream, const std::string& name) {
  const std::filesystem::path path = stream.folder / name;
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size == 0 || size > kMaxFile) return nullptr;
  auto bytes = std::make_shared<std::string>(static_cast<size_t>(size), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes->data(), static_cast<std::streamsize>(bytes->size()));
  if (!file) return nullptr;
  std::filesystem::remove(path, error);
  return bytes;
}

void HlsHouse::on_line(Stream& stream, const std::string& line) {
  const Instant now = params_.monotonic();
  stream.last_word = now;
  const auto said = hls::parse_announcement(line);
  if (!said) {
    media::logger("hls")->warn("the encoder says something unknown ({})", said.error().what);
    return;
  }
  if (const auto* part = std::get_if<hls::PartAnnouncement>(&*said)) {
    hls::Bytes bytes = read_file(stream, part->file);
    if (bytes == nullptr) return;
    ++counters_.parts;
    if (now - stream.started > kWorked) stream.backoff.reset();
    stream.channel.on_tick(now);
    return stream.channel.add_part(*part, std::move(bytes));
  }
  if (const auto* init = std::get_if<hls::InitAnnouncement>(&*said)) {
    hls::Bytes av = read_file(stream, init->av_file);
    hls::Bytes a = read_file(stream, init->a_file);
    if (av != nullptr && a != nullptr) stream.channel.begin(*init, std::move(av), std::move(a));
    return;
  }
  if (const auto* told = std::get_if<hls::EncoderStats>(&*said)) {
    counters_.pictures_skipped += told->skipped - std::min(told->skipped, stream.told.skipped);
    stream.told = *told;
  }
}

void HlsHouse::forget_token(Stream& stream) {
  if (stream.token_hash.empty()) return;
  storage_.tell("take back an encoder's token",
                [hash = std::exchange(stream.token_hash, {})](storage::Store& store) {
                  return store.revoke_token(hash);
                });
}

void HlsHouse::on_exit(Stream& stream, const process::ChildExit& exit) {
  stream.told = {};
  forget_token(stream);
  // Destroyed later: this is one of its callbacks.
  params_.post([gone = std::shared_ptr<process::ChildProcess>(std::move(stream.encoder))] {});
  if (stopping_ || stream.ended) return;
  ++counters_.encoder_restarts;
  const Duration wait = stream.backoff.next(jitter());
  stream.restart_at = params_.monotonic() + wait;
  media::logger("hls")->warn("the encoder of lesson {} ended ({}); again in {} ms", stream.lesson,
                             exit.describe(), wait.as_millis());
  end_if_over(stream.lesson);
}

void HlsHouse::end_if_over(const std::string& lesson) {
  storage_.ask([lesson](storage::Store& store) { return store.lesson(lesson); },
               [this, alive = std::weak_ptr<bool>(alive_),
                lesson](const media::Outcome<std::optional<storage::Lesson>>& row) {
                 if (alive.expired() || !row) return;
                 Stream* stream = find(lesson);
                 if (stream == nullptr || stream->ended) return;
                 if (*row && (*row)->state == storage::LessonState::Live) return;
                 stream->ended = params_.monotonic();
                 stream->restart_at.reset();
                 if (stream->encoder != nullptr) stream->encoder->stop();
                 stream->channel.end();
                 media::logger("hls")->info("the stream of lesson {} is over", lesson);
               });
}

HlsHouse::Streams::iterator HlsHouse::drop(Streams::iterator it) {
  Stream& stream = *it->second;
  forget_token(stream);
  counters_.waits_timed_out += stream.channel.timed_out();
  next_series_ = std::max(next_series_, stream.channel.next_series());
  stream.channel.refuse_waiting(503);
  const std::filesystem::path folder = stream.folder;
  const auto next = streams_.erase(it);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return next;
}

void HlsHouse::on_tick(Instant now) {
  audience_.on_tick(now);
  for (auto it = streams_.begin(); it != streams_.end();) {
    Stream& stream = *it->second;
    stream.channel.on_tick(now);
    const bool over = stream.ended && now - *stream.ended > kAfterEnd;
    const bool idle = now - stream.last_wish > kIdle;
    if (over || idle) {
      it = drop(it);
      continue;
    }
    if (stream.restart_at && now >= *stream.restart_at) {
      stream.restart_at.reset();
      start(stream);
    } else if (stream.encoder != nullptr && now - stream.last_word > kSilent) {
      stream.last_word = now;
      media::logger("hls")->warn("the encoder of lesson {} hangs", stream.lesson);
      stream.encoder->stop();
    }
    ++it;
  }
}

void HlsHouse::stop() {
  stopping_ = true;
  for (auto& [lesson, stream] : streams_) {
    forget_token(*stream);
    stream->restart_at.reset();
    if (stream->encoder != nullptr) stream->encoder->stop();
    stream->channel.refuse_waiting(503);
  }
}

HlsStats HlsHouse::stats() const {
  HlsStats stats = counters_;
  const Instant now = params_.monotonic();
  stats.streams = streams_.size();
  for (const auto& [lesson, stream] : streams_) {
    stats.viewers += stream->channel.viewers(now);
    stats.blocked += stream->channel.blocked();
    stats.bytes += stream->channel.bytes();
    stats.waits_timed_out += stream->channel.timed_out();
  }
  return stats;
}

}  // namespace signaling::app
