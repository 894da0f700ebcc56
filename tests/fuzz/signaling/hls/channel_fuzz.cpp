// What viewers may write into an address, and lines that an encoder might say: whatever comes,
// every request is answered once, and a playlist names nothing that is not there.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "signaling/hls/announcement.h"
#include "signaling/hls/channel.h"
#include "signaling/hls/signed_path.h"

namespace {

using media::Duration;
using media::Instant;
using signaling::hls::Bytes;
using signaling::hls::Channel;
using signaling::hls::ReloadQuery;
using signaling::hls::Reply;

class Input {
 public:
  explicit Input(std::string_view all) : rest_(all) {}
  [[nodiscard]] bool is_empty() const { return rest_.empty(); }
  // Up to the next line's end.
  std::string_view line() {
    const size_t end = rest_.find('\n');
    const std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return out;
  }

 private:
  std::string_view rest_;
};

std::optional<std::string> or_none(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}

void check(bool holds) {
  if (!holds) std::abort();
}

// Everything that the playlist names can be fetched, but for the part that it only hints at.
void fetch_all(Channel& channel, Instant now, const std::string& playlist) {
  for (Input lines(playlist); !lines.is_empty();) {
    const std::string_view line = lines.line();
    const size_t at = line.find("av-");
    if (at == std::string_view::npos || line.starts_with("#EXT-X-PRELOAD-HINT")) continue;
    int status = 0;
    channel.request(now, line.substr(at, line.find('"', at) - at), {},
                    {[] { return true; }, [&](const Reply& r) { status = r.status; }});
    check(status == 200);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input({reinterpret_cast<const char*>(data), size});
  Instant now = Instant::from_micros(1'000'000);
  Channel channel({.first_number = 100, .first_series = 0, .max_blocked = 64});
  const Bytes bytes = std::make_shared<const std::string>("bytes");
  const signaling::hls::PathSigner signer({});
  int asked = 0;
  int answered = 0;
  while (!input.is_empty()) {
    const std::string_view what = input.line();
    now = now + Duration::millis(50);
    if (what.starts_with('{')) {
      const auto said = signaling::hls::parse_announcement(what);
      if (!said) continue;
      if (const auto* init = std::get_if<signaling::hls::InitAnnouncement>(&*said))
        channel.begin(*init, bytes, bytes);
      if (const auto* part = std::get_if<signaling::hls::PartAnnouncement>(&*said))
        channel.add_part(*part, bytes);
      continue;
    }
    if (what.starts_with('t')) {
      channel.on_tick(now = now + Duration::seconds(2));
      continue;
    }
    check(!signer.check("lesson", 0, what, 1'790'000'000));
    const ReloadQuery query{or_none(input.line()), or_none(input.line()), or_none(input.line())};
    ++asked;
    channel.request(now, what, query,
                    {[] { return true; },
                     [&](const Reply& reply) {
                       ++answered;
                       check((reply.status == 200) == (reply.body != nullptr));
                     }});
  }
  if (channel.is_playable()) {
    std::string newest;
    channel.request(now, "av.m3u8", {},
                    {[] { return true; }, [&](const Reply& reply) { newest = *reply.body; }});
    check(!newest.empty());
    fetch_all(channel, now, newest);
  }
  channel.refuse_waiting(503);
  check(asked == answered && channel.blocked() == 0);
  return 0;
}
