// One lesson as a stream: its two playlists ("av" and "a", picture with sound and sound alone), the
// requests that wait for what comes next, and how many watch. Pure: told the time. Owner: HlsHouse.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "media/base/time.h"
#include "signaling/hls/announcement.h"
#include "signaling/hls/media_window.h"

namespace signaling::hls {

// _HLS_msn, _HLS_part, _HLS_skip (RFC 8216bis section 6.2.5.1), as sent.
struct ReloadQuery {
  std::optional<std::string> msn;
  std::optional<std::string> part;
  std::optional<std::string> skip;
};

struct Reply {
  int status = 200;
  Bytes body;  // null with an error
  std::string_view content_type;
  std::string etag;
  media::Duration cache;  // how long a cache may keep it
};

class Channel {
 public:
  struct Params {
    uint64_t first_number = 0;  // of segments; larger than in any earlier life
    // Of discontinuities; not smaller than in any earlier life. Small: hls.js indexes an array by
    // it, and a browser's copy of an array of 10^9 holes takes minutes.
    uint64_t first_series = 0;
    size_t max_blocked = 8192;  // requests that wait at once
  };
  // Asks whether the client is still there; answers once.
  struct Client {
    std::function<bool()> is_there;
    std::function<void(const Reply&)> answer;
  };
  // RFC 8216bis section 6.2.5.2: a wait ends with 503 after three target durations.
  static constexpr media::Duration kMaxWait = media::Duration::seconds(6);
  // While the encoder starts, the first requests wait longer.
  static constexpr media::Duration kMaxStart = media::Duration::seconds(15);
  // Over which viewers are counted.
  static constexpr media::Duration kAudienceSpan = media::Duration::seconds(10);

  explicit Channel(Params params);

  // ---- from the encoder ----
  void begin(const InitAnnouncement& init, Bytes av, Bytes a);
  void add_part(const PartAnnouncement& part, Bytes bytes);
  // The lesson is over: playlists end, waiting requests are answered.
  void end();

  // ---- from viewers: `file` is the last part of the path ----
  void request(media::Instant now, std::string_view file, const ReloadQuery& query, Client client);
  // Answers what waited too long, forgets who went away. Call a few times a second.
  void on_tick(media::Instant now);
  // Answers everything that waits with `status`: 503 at the end of the server, 403 when addresses
  // have changed.
  void refuse_waiting(int status);

  [[nodiscard]] bool is_playable() const;
  [[nodiscard]] bool has_ended() const { return av_.has_ended(); }
  // Where the next life of this stream may begin to count discontinuities.
  [[nodiscard]] uint64_t next_series() const;
  [[nodiscard]] size_t blocked() const { return waiting_.size(); }
  [[nodiscard]] uint64_t timed_out() const { return timed_out_; }
  // Seconds of media handed out per second: each viewer takes one, however it fetches.
  [[nodiscard]] unsigned viewers(media::Instant now) const;
  [[nodiscard]] media::Instant last_request() const { return last_request_; }
  [[nodiscard]] size_t bytes() const { return av_.bytes() + a_.bytes(); }

 private:
  enum class Want : uint8_t { Master, Playlist, File };
  struct Waiting {
    Want want = Want::Playlist;
    MediaWindow* window = nullptr;
    std::optional<ReloadPoint> point;
    bool skip = false;
    std::string file;
    media::Instant deadline;
    Client client;
  };
  struct Rendered {
    uint64_t version = UINT64_MAX;
    uint64_t sibling = UINT64_MAX;
    Bytes full;
    Bytes delta;
  };

  [[nodiscard]] bool is_ready(const Waiting& asked) const;
  void answer(media::Instant now, const Waiting& asked);
  void answer_playlist(const Waiting& asked);
  void wait(media::Instant now, Waiting asked);
  void serve_waiting(media::Instant now);
  void request_playlist(media::Instant now, MediaWindow& window, const ReloadQuery& query,
                        Client client);
  void request_file(media::Instant now, std::string_view file, Client client);
  [[nodiscard]] std::string master() const;
  Rendered& rendered(const MediaWindow& window);
  void count(media::Instant now, media::Duration served);

  Params params_;
  MediaWindow av_;
  MediaWindow a_;
  Rendered rendered_av_;
  Rendered rendered_a_;
  InitAnnouncement init_;
  std::list<Waiting> waiting_;
  media::Instant now_;  // of the latest call
  media::Instant last_request_;
  uint64_t timed_out_ = 0;
  std::deque<std::pair<media::Instant, media::Duration>> served_;  // by whole seconds
};

}  // namespace signaling::hls
