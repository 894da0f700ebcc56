#include "signaling/hls/channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace signaling::hls {
namespace {

using media::Duration;
using media::Instant;

constexpr std::string_view kPlaylistType = "application/vnd.apple.mpegurl";
constexpr std::string_view kMediaType = "video/mp4";
constexpr std::string_view kSoundType = "audio/mp4";
// Names are never used again, and who may fetch is in the address.
constexpr Duration kMediaCache = Duration::seconds(60);
// A reload that named its point stays true for six target durations (RFC 8216bis appendix B.1).
constexpr Duration kReloadCache = Duration::seconds(12);
constexpr Duration kPlaylistCache = Duration::seconds(1);
// BANDWIDTH of the first second, before a segment has been measured.
constexpr uint64_t kFirstGuessAv = 1'800'000;
constexpr uint64_t kFirstGuessA = 80'000;

std::optional<uint64_t> number_of(const std::string& text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

Reply refusal(int status) {
  Reply reply;
  reply.status = status;
  return reply;
}

}  // namespace

Channel::Channel(Params params)
    : params_(params),
      av_({"av", params.first_number, params.first_series}),
      a_({"a", params.first_number, params.first_series}) {}

void Channel::begin(const InitAnnouncement& init, Bytes av, Bytes a) {
  init_ = init;
  av_.begin(std::move(av));
  a_.begin(std::move(a));
  serve_waiting(now_);
}

void Channel::add_part(const PartAnnouncement& part, Bytes bytes) {
  MediaWindow& window = part.rendition == Rendition::PictureAndSound ? av_ : a_;
  window.add_part({part.duration, part.independent, part.date_us, std::move(bytes)},
                  part.ends_segment);
  serve_waiting(now_);
}

void Channel::end() {
  av_.end();
  a_.end();
  serve_waiting(now_);
}

uint64_t Channel::next_series() const {
  return std::max(av_.next_series(), a_.next_series());
}

bool Channel::is_playable() const {
  return av_.is_playable() && a_.is_playable();
}

void Channel::request(Instant now, std::string_view file, const ReloadQuery& query, Client client) {
  now_ = now;
  last_request_ = now;
  if (file == "master.m3u8") {
    return wait(now, {.want = Want::Master,
                      .window = &av_,
                      .point = {},
                      .skip = false,
                      .file = {},
                      .deadline = now + kMaxStart,
                      .client = std::move(client)});
  }
  if (file == "av.m3u8") return request_playlist(now, av_, query, std::move(client));
  if (file == "a.m3u8") return request_playlist(now, a_, query, std::move(client));
  request_file(now, file, std::move(client));
}

void Channel::request_playlist(Instant now, MediaWindow& window, const ReloadQuery& query,
                               Client client) {
  Waiting asked;
  asked.want = Want::Playlist;
  asked.window = &window;
  asked.skip = query.skip == "YES" || query.skip == "v2";
  asked.client = std::move(client);
  asked.deadline = now + (window.report() ? kMaxWait : kMaxStart);
  if (query.part && !query.msn) return asked.client.answer(refusal(400));
  if (query.msn) {
    const auto msn = number_of(*query.msn);
    const auto part = query.part ? number_of(*query.part) : std::nullopt;
    if (!msn || (query.part && !part)) return asked.client.answer(refusal(400));
    asked.point = ReloadPoint{*msn, part};
    if (!window.check(*asked.point)) return asked.client.answer(refusal(400));
  }
  wait(now, std::move(asked));
}

void Channel::request_file(Instant now, std::string_view file, Client client) {
  MediaWindow& window = file.starts_with("av-") ? av_ : a_;
  const MediaWindow::File found = window.find(file);
  if (found.bytes == nullptr && !found.is_next_part) return client.answer(refusal(404));
  Waiting asked;
  asked.want = Want::File;
  asked.window = &window;
  asked.file = file;
  asked.deadline = now + kMaxWait;
  asked.client = std::move(client);
  wait(now, std::move(asked));
}

bool Channel::is_ready(const Waiting& asked) const {
  switch (asked.want) {
    case Want::Master:
      return is_playable();
    case Want::Playlist:
      // Who names a point plays already.
      return asked.point ? asked.window->report() && asked.window->has(*asked.point)
                         : asked.window->is_playable();
    case Want::File:
      return !asked.window->find(asked.file).is_next_part;
  }
  return true;
}

void Channel::wait(Instant now, Waiting asked) {
  if (is_ready(asked)) return answer(now, asked);
  if (waiting_.size() >= params_.max_blocked) return asked.client.answer(refusal(503));
  waiting_.push_back(std::move(asked));
}

void Channel::serve_waiting(Instant now) {
  // Taken out first: an answer may lead to the next request at once.
  std::list<Waiting> ready;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto next = std::next(it);
    if (is_ready(*it)) ready.splice(ready.end(), waiting_, it);
    it = next;
  }
  for (const Waiting& asked : ready) answer(now, asked);
}

void Channel::answer(Instant now, const Waiting& asked) {
  if (!asked.client.is_there()) return;
  if (asked.want == Want::Playlist) return answer_playlist(asked);
  Reply reply;
  if (asked.want == Want::Master) {
    reply.body = std::make_shared<const std::string>(master());
    reply.content_type = kPlaylistType;
    reply.cache = kPlaylistCache;
    return asked.client.answer(reply);
  }
  const MediaWindow::File found = asked.window->find(asked.file);
  if (found.bytes == nullptr) return asked.client.answer(refusal(404));
  count(now, found.duration);
  reply.body = found.bytes;
  reply.content_type = asked.window == &av_ ? kMediaType : kSoundType;
  reply.etag = fmt::format("\"{}\"", asked.file);
  reply.cache = kMediaCache;
  asked.client.answer(reply);
}

Channel::Rendered& Channel::rendered(const MediaWindow& window) {
  const bool is_av = &window == &av_;
  Rendered& kept = is_av ? rendered_av_ : rendered_a_;
  const MediaWindow& sibling = is_av ? a_ : av_;
  if (kept.version == window.version() && kept.sibling == sibling.version()) return kept;
  kept.full = std::make_shared<const std::string>(window.render(false, sibling.report()));
  kept.delta = std::make_shared<const std::string>(window.render(true, sibling.report()));
  kept.version = window.version();
  kept.sibling = sibling.version();
  return kept;
}

void Channel::answer_playlist(const Waiting& asked) {
  const Rendered& text = rendered(*asked.window);
  Reply reply;
  reply.body = asked.skip ? text.delta : text.full;
  reply.content_type = kPlaylistType;
  reply.etag =
      fmt::format("\"{}-{}-{}-{}{}\"", asked.window == &av_ ? "av" : "a", params_.first_number,
                  text.version, text.sibling, asked.skip ? "-skip" : "");
  reply.cache = asked.point ? kReloadCache : kPlaylistCache;
  asked.client.answer(reply);
}

std::string Channel::master() const {
  // What a second of it takes at most; a tenth more for what is still to come.
  const auto margin = [](uint64_t bps, uint64_t guess) {
    return (bps == 0 ? guess : bps) * 11 / 10;
  };
  return fmt::format(
      "#EXTM3U\n#EXT-X-VERSION:9\n"
      "#EXT-X-STREAM-INF:BANDWIDTH={},CODECS=\"{}\",RESOLUTION={}x{}\nav.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH={},CODECS=\"{}\"\na.m3u8\n",
      margin(av_.peak_bps(), kFirstGuessAv), init_.av_codecs, init_.width, init_.height,
      margin(a_.peak_bps(), kFirstGuessA), init_.a_codecs);
}

void Channel::on_tick(Instant now) {
  now_ = now;
  std::list<Waiting> late;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto next = std::next(it);
    if (!it->client.is_there()) {
      waiting_.erase(it);
    } else if (now >= it->deadline) {
      late.splice(late.end(), waiting_, it);
    }
    it = next;
  }
  timed_out_ += late.size();
  for (const Waiting& asked : late) asked.client.answer(refusal(503));
}

void Channel::refuse_waiting(int status) {
  std::list<Waiting> all;
  all.swap(waiting_);
  for (const Waiting& asked : all) asked.client.answer(refusal(status));
}

void Channel::count(Instant now, Duration served) {
  const bool same_second = !served_.empty() && now - served_.back().first < Duration::seconds(1);
  if (same_second)
    served_.back().second += served;
  else
    served_.emplace_back(now, served);
  while (!served_.empty() && now - served_.front().first > kAudienceSpan) served_.pop_front();
}

unsigned Channel::viewers(Instant now) const {
  Duration sum;
  for (const auto& [at, served] : served_) {
    if (now - at <= kAudienceSpan) sum += served;
  }
  const double count = sum.as_seconds() / kAudienceSpan.as_seconds();
  // Somebody who has just come has taken less than a span's worth.
  return sum == Duration() ? 0 : std::max(1U, static_cast<unsigned>(std::lround(count)));
}

}  // namespace signaling::hls
