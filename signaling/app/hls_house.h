// The HLS streams of this server: for each lesson that somebody watches that way, one encoder (a
// child process) and one Channel from whose memory all its viewers are served. A stream begins with
// the first who asks for it and ends some time after the last.
//
// Owner: App. Thread: signaling. Nothing here waits.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/app/hls_audience.h"
#include "signaling/hls/channel.h"
#include "signaling/hls/signed_path.h"
#include "signaling/process/backoff.h"
#include "signaling/process/child_process.h"

namespace storage::sql {
class StorageThread;
}

namespace signaling::app {

struct HlsStats {
  uint64_t streams = 0;
  uint64_t viewers = 0;           // estimated from the media handed out
  uint64_t blocked = 0;           // requests that wait for what comes next
  uint64_t bytes = 0;             // of media in memory
  uint64_t encoder_restarts = 0;  // counters from here on
  uint64_t parts = 0;
  uint64_t pictures_skipped = 0;  // encoders were behind
  uint64_t waits_timed_out = 0;
  uint64_t refused_full = 0;  // streams not begun because max_streams were there
  uint64_t cuts = 0;          // addresses made void because somebody lost the right to watch
};

class HlsHouse {
 public:
  struct Params {
    std::filesystem::path folder;            // for what encoders write; made and emptied by us
    std::function<std::string()> whep_base;  // "https://127.0.0.1:8443/whep/", once listening
    std::function<media::Instant()> monotonic;
    std::function<int64_t()> wall_us;
    process::ChildProcess::Post post;
    std::vector<std::string> encoder = {process::kOwnProgram, "hls"};
    // A camera's picture takes an encoder up to half a core. More lectures at once belong on more
    // machines.
    size_t max_streams = 4;
    // Whom the lesson's teacher has removed; empty: nobody.
    std::function<bool(const std::string& lesson, const auth::Actor& actor)> is_removed = {};
  };
  // Without any request for this long a stream ends.
  static constexpr media::Duration kIdle = media::Duration::seconds(60);
  // Viewers see the end of a lesson for this long.
  static constexpr media::Duration kAfterEnd = media::Duration::seconds(60);
  // Nothing an encoder writes is larger: a part of 0.3 s has some 60 KB.
  static constexpr uintmax_t kMaxFile = uintmax_t{8} * 1024 * 1024;
  // An encoder that says nothing for this long hangs.
  static constexpr media::Duration kSilent = media::Duration::seconds(20);

  // `storage` outlives it. Errors: the folder cannot be made.
  static media::Outcome<std::unique_ptr<HlsHouse>> open(Params params,
                                                        storage::sql::StorageThread& storage);
  ~HlsHouse();
  HlsHouse(const HlsHouse&) = delete;
  HlsHouse& operator=(const HlsHouse&) = delete;

  // For somebody who may watch the lesson, which is live: starts its stream if need be. Errors:
  // max_streams are there already.
  media::Outcome<hls::PathSigner::Grant> admit(const std::string& lesson, const auth::Actor& actor);
  // Somebody was removed from the lesson, or may not watch it any more: every address of its stream
  // is void from now on, and requests that wait are refused. Whoever may watch asks for a new one.
  void cut(const std::string& lesson);
  [[nodiscard]] bool is_removed(const std::string& lesson, const auth::Actor& actor) const;
  [[nodiscard]] bool check(std::string_view lesson, std::string_view grant) const;
  // A request whose grant has been checked.
  void request(const std::string& lesson, std::string_view file, const hls::ReloadQuery& query,
               hls::Channel::Client client);
  void on_tick(media::Instant now);
  // The server stops: encoders end, requests that wait are refused.
  void stop();
  [[nodiscard]] HlsStats stats() const;

 private:
  struct Stream;
  using Streams = std::map<std::string, std::unique_ptr<Stream>, std::less<>>;  // by lesson

  HlsHouse(Params params, storage::sql::StorageThread& storage);
  Stream* find(const std::string& lesson);
  [[nodiscard]] uint64_t turn(std::string_view lesson) const;
  void start(Stream& stream);
  void start_encoder(Stream& stream, const std::string& token);
  void on_line(Stream& stream, const std::string& line);
  void on_exit(Stream& stream, const process::ChildExit& exit);
  void end_if_over(const std::string& lesson);
  hls::Bytes read_file(Stream& stream, const std::string& name);
  void forget_token(Stream& stream);
  // With its files; the one behind it.
  Streams::iterator drop(Streams::iterator it);

  Params params_;
  storage::sql::StorageThread& storage_;
  hls::PathSigner signer_;
  Streams streams_;
  HlsAudience audience_;
  // Of the lessons whose addresses have been made void: how often. Kept, so that no old address of
  // theirs becomes good again.
  std::map<std::string, uint64_t, std::less<>> turns_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool stopping_ = false;
  uint64_t next_series_ = 0;  // of discontinuities; not used by any stream that has gone
  HlsStats counters_;
};

}  // namespace signaling::app
