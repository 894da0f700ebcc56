#include "signaling/app/source_house.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "media/base/log.h"
#include "signaling/auth/secrets.h"
#include "signaling/ingest/job.h"
#include "storage/api/names.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {

using media::Duration;
using media::Instant;
using protocol::SourceState;
using sources::Phase;
using sources::SourceKeeper;

namespace {

// Longer than any lesson; a reader's credential is taken back when it ends.
constexpr int64_t kTokenUs = int64_t{24} * 3600 * 1'000'000;

SourceState state_of(Phase phase) {
  switch (phase) {
    case Phase::Off:
      return SourceState::Off;
    case Phase::Waiting:
      return SourceState::Waiting;
    case Phase::Connecting:
      return SourceState::Connecting;
    case Phase::Live:
      return SourceState::Live;
    case Phase::Retrying:
      break;
  }
  return SourceState::Retrying;
}

bool is_push(const storage::LessonSource& row) {
  return row.kind == storage::SourceKind::RtmpPush;
}

int64_t seconds_until(Instant then, Instant now) {
  return then > now ? ((then - now).as_millis() + 999) / 1'000 : 0;
}

protocol::SourceStatus describe(const storage::LessonSource& row) {
  protocol::SourceStatus out;
  out.source = row.id;
  out.name = row.name;
  out.role = storage::name_of(row.role);
  out.kind = storage::name_of(row.kind);
  out.address = ingest::shown_address(row.url);
  out.state = row.enabled ? SourceState::Waiting : SourceState::Off;
  return out;
}

}  // namespace

struct SourceHouse::Entry {
  explicit Entry(uint64_t seed) : keeper(seed) {}

  std::string lesson;
  storage::LessonSource row;
  SourceKeeper keeper;
  std::unique_ptr<process::ChildProcess> reader;
  bool starting = false;  // its credential is being made
  bool leaving = false;   // its lesson or its row is gone
  std::string key_hash;
  std::string said;  // why the reader ended, as it told
  SourceState state = SourceState::Waiting;
  int64_t retry_in =
      0;  // as it was when `state` became what it is: told once, counted down by pages
};

media::Outcome<std::unique_ptr<SourceHouse>> SourceHouse::open(
    Params params, SourceHost& host, storage::sql::StorageThread& storage) {
  params.deny.insert(params.deny.end(), ingest::default_deny().begin(),
                     ingest::default_deny().end());
  auto policy = ingest::AddressPolicy::make(params.deny, params.allow);
  if (!policy)
    return media::env_fail(
        fmt::format("ingest.deny and ingest.allow: {}.", policy.error().message));
  return std::unique_ptr<SourceHouse>(
      new SourceHouse(std::move(params), std::move(*policy), host, storage));
}

SourceHouse::SourceHouse(Params params, ingest::AddressPolicy policy, SourceHost& host,
                         storage::sql::StorageThread& storage)
    : params_(std::move(params)),
      policy_(std::move(policy)),
      host_(host),
      storage_(storage),
      rng_(params_.seed) {}

SourceHouse::~SourceHouse() = default;

SourceHouse::Entry* SourceHouse::find(const std::string& source) const {
  const auto it = entries_.find(source);
  return it == entries_.end() ? nullptr : it->second.get();
}

size_t SourceHouse::running() const {
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second->keeper.is_running();
  }));
}

void SourceHouse::on_changed(const std::string& lesson) {
  storage_.ask([lesson](storage::Store& store) { return store.sources_of_lesson(lesson); },
               [this, alive = std::weak_ptr<bool>(alive_),
                lesson](media::Outcome<std::vector<storage::LessonSource>> rows) {
                 if (alive.expired() || !rows) return;
                 host_.set_sources(lesson, std::move(*rows));
                 on_tick(params_.monotonic());
               });
}

bool SourceHouse::may_call(const std::string& url) const {
  const std::string host = ingest::host_of(url);
  return !ingest::parse_network(host) || policy_.permits(host, ingest::port_of(url));
}

protocol::SourceStatus SourceHouse::status(const storage::LessonSource& row) const {
  protocol::SourceStatus out = describe(row);
  const Entry* entry = find(row.id);
  if (entry == nullptr || entry->leaving) return out;
  out.state = entry->state;
  if (is_push(row)) return out;
  out.reason = entry->keeper.reason();
  if (out.state == SourceState::Retrying)
    out.retry_in = seconds_until(entry->keeper.retry_at(), params_.monotonic());
  return out;
}

void SourceHouse::on_tick(Instant now) {
  if (stopping_) return;
  std::map<std::string, bool> seen;
  for (const HostedSources& lesson : host_.hosted_sources()) {
    protocol::Sources all;
    for (const storage::LessonSource& row : *lesson.rows) {
      auto& slot = entries_[row.id];
      if (slot == nullptr) slot = std::make_unique<Entry>(rng_.next());
      Entry& entry = *slot;
      seen[row.id] = true;
      // What it is changed: the reader before publishes under the old role, and its session ends.
      entry.lesson = lesson.lesson;
      entry.row = row;
      entry.leaving = false;
      look_after(entry, lesson, now);
      protocol::SourceStatus told = status(row);
      told.retry_in = entry.retry_in;
      all.sources.push_back(std::move(told));
    }
    host_.tell_sources(lesson.lesson, std::move(all));
  }
  let_go_of_the_rest(seen);
}

void SourceHouse::look_after(Entry& entry, const HostedSources& lesson, Instant now) {
  if (is_push(entry.row)) return follow_push(entry);
  const auto step =
      entry.keeper.on_tick(now, entry.row.enabled, lesson.is_live, running() < params_.max_pulls);
  if (step == SourceKeeper::Step::Start) call(entry);
  if (step == SourceKeeper::Step::Stop && entry.reader != nullptr) entry.reader->stop();
  const SourceState before = std::exchange(entry.state, state_of(entry.keeper.phase()));
  if (entry.state != SourceState::Retrying) entry.retry_in = 0;
  if (entry.state == SourceState::Retrying && before != entry.state)
    entry.retry_in = seconds_until(entry.keeper.retry_at(), now);
}

void SourceHouse::follow_push(Entry& entry) {
  entry.state = !entry.row.enabled                               ? SourceState::Off
                : host_.source_flows(entry.lesson, entry.row.id) ? SourceState::Live
                                                                 : SourceState::Waiting;
}

void SourceHouse::let_go_of_the_rest(const std::map<std::string, bool>& seen) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = *it->second;
    if (seen.contains(it->first)) {
      ++it;
      continue;
    }
    if (!std::exchange(entry.leaving, true)) {
      if (entry.reader != nullptr) entry.reader->stop();
    }
    it = entry.reader == nullptr && !entry.starting ? entries_.erase(it) : std::next(it);
  }
}

// A credential first: it says which source publishes, and dies with its reader.
void SourceHouse::call(Entry& entry) {
  ++counters_.calls;
  const std::string secret = auth::new_secret();
  storage::AccessToken token;
  token.secret_hash = auth::hash_secret(secret);
  token.lesson_id = entry.lesson;
  token.role = storage::LessonRole::Teacher;
  token.expires_at = params_.wall_us() + kTokenUs;
  entry.key_hash = token.secret_hash;
  entry.starting = true;
  entry.said.clear();
  storage_.ask([token](storage::Store& store) { return store.add_token(token); },
               [this, alive = std::weak_ptr<bool>(alive_), id = entry.row.id,
                secret](const media::Outcome<void>& added) {
                 if (alive.expired()) return;
                 Entry* waiting = find(id);
                 if (waiting == nullptr) return;
                 waiting->starting = false;
                 if (added && !waiting->leaving && !stopping_)
                   return start_reader(*waiting, secret);
                 fail(*waiting, "broken");
               });
}

void SourceHouse::start_reader(Entry& entry, const std::string& token) {
  host_.add_source_key(entry.lesson, entry.row.id, entry.key_hash);
  const auto kind = ingest::parse_kind(storage::name_of(entry.row.kind));
  ingest::Job job;
  // The server's own certificate is not for 127.0.0.1; nobody stands between on loopback.
  job.target = {params_.whip_base() + entry.lesson, token, true};
  job.source = {.kind = kind.value_or(media::ingest::SourceKind::Rtsp),
                .url = entry.row.url,
                .user = entry.row.user,
                .password = entry.row.password,
                .passphrase = entry.row.passphrase,
                .stream_id = entry.row.stream_id};
  job.deny = params_.deny;
  job.allow = params_.allow;
  job.own_ports = params_.own_ports();
  process::ChildParams child;
  child.argv = params_.reader;
  child.input = ingest::to_json(job).dump();
  const std::string id = entry.row.id;
  process::ChildCallbacks callbacks;
  callbacks.on_line = [this, id](const std::string& line) {
    if (Entry* e = find(id)) on_line(*e, line);
  };
  callbacks.on_log = [id](const std::string& line) {
    media::logger("ingest")->info("source {}: {}", id, line);
  };
  callbacks.on_exit = [this, id](const process::ChildExit& exit) {
    if (Entry* e = find(id)) on_exit(*e, exit);
  };
  entry.reader = process::ChildProcess::start(std::move(child), std::move(callbacks), params_.post);
}

void SourceHouse::on_line(Entry& entry, const std::string& line) {
  const auto said = nlohmann::json::parse(line, nullptr, false);
  if (!said.is_object()) return;
  const std::string state = said.value("state", "");
  if (state == "ended") {
    entry.said = said.value("reason", "");
    if (!entry.said.empty()) {
      media::logger("ingest")->warn("source {} of lesson {}: {} {}", entry.row.id, entry.lesson,
                                    entry.said, said.value("detail", ""));
    }
    return;
  }
  if (state == "on-air")
    media::logger("ingest")->info("source {} of lesson {} is on air", entry.row.id, entry.lesson);
  entry.keeper.on_word(params_.monotonic(), state == "on-air" || state == "alive");
}

void SourceHouse::on_exit(Entry& entry, const process::ChildExit& exit) {
  // Destroyed later: this is one of its callbacks.
  params_.post([gone = std::shared_ptr<process::ChildProcess>(std::move(entry.reader))] {});
  const bool crashed = entry.said.empty() && (exit.code != 0 || !exit.failure.empty());
  if (crashed && !entry.leaving) {
    media::logger("ingest")->warn("the reader of source {} ended: {} {}", entry.row.id,
                                  exit.describe(), exit.last_words);
  }
  fail(entry, crashed ? "broken" : entry.said);
}

// The reader is gone, or could not be started.
void SourceHouse::fail(Entry& entry, const std::string& reason) {
  forget_key(entry);
  entry.keeper.on_ended(params_.monotonic(), reason);
  if (entry.keeper.phase() == Phase::Retrying && !entry.leaving)
    ++counters_.failures[entry.keeper.reason()];
}

void SourceHouse::forget_key(Entry& entry) {
  if (entry.key_hash.empty()) return;
  storage_.tell("take back a source's token",
                [hash = std::exchange(entry.key_hash, {})](storage::Store& store) {
                  return store.revoke_token(hash);
                });
}

void SourceHouse::stop() {
  stopping_ = true;
  for (auto& [id, entry] : entries_) {
    forget_key(*entry);
    if (entry->reader != nullptr) entry->reader->stop();
  }
}

SourceStats SourceHouse::stats() const {
  SourceStats out = counters_;
  for (const Phase phase :
       {Phase::Off, Phase::Waiting, Phase::Connecting, Phase::Live, Phase::Retrying}) {
    out.by_state[sources::phase_name(phase)] = static_cast<uint64_t>(
        std::count_if(entries_.begin(), entries_.end(), [phase](const auto& entry) {
          return !entry.second->leaving && entry.second->state == state_of(phase);
        }));
  }
  return out;
}

}  // namespace signaling::app
