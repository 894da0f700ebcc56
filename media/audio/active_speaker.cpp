#include "media/audio/active_speaker.h"

#include <algorithm>

namespace media::audio {

namespace {
// Rise within about three packets of 20 ms, fall over half a second: syllables are not competitors.
constexpr double kAttack = 0.4;
constexpr double kDecay = 0.04;
// No packets at all: muted at the source, DTX or gone.
constexpr Duration kStale = Duration::millis(500);
}  // namespace

void ActiveSpeaker::on_level(Instant now, TrackId track, uint8_t dbov) {
  auto it = std::find_if(voices_.begin(), voices_.end(),
                         [&](const Standing& v) { return v.track == track; });
  if (it == voices_.end()) it = voices_.insert(voices_.end(), Standing{track, 0, now, now, false});
  const double loudness = 127.0 - std::min<uint8_t>(dbov, 127);
  it->level += (loudness - it->level) * (loudness > it->level ? kAttack : kDecay);
  it->last_level = now;
  if (it->level >= 127.0 - kAudibleDbov) {
    it->last_heard = now;
    it->heard = true;
  }
}

void ActiveSpeaker::remove(TrackId track) {
  voices_.erase(std::remove_if(voices_.begin(), voices_.end(),
                               [&](const Standing& v) { return v.track == track; }),
                voices_.end());
  ranked_.erase(std::remove(ranked_.begin(), ranked_.end(), track), ranked_.end());
}

std::vector<ActiveSpeaker::Standing> ActiveSpeaker::standings(Instant now) const {
  std::vector<Standing> out;
  for (const Standing& v : voices_) {
    if (v.heard && now - v.last_heard <= kHold) out.push_back(v);
  }
  return out;
}

void ActiveSpeaker::on_standing(const Standing& standing) {
  const auto it = std::find_if(voices_.begin(), voices_.end(),
                               [&](const Standing& v) { return v.track == standing.track; });
  if (it == voices_.end()) {
    voices_.push_back(standing);
  } else {
    *it = standing;
  }
}

const std::vector<TrackId>& ActiveSpeaker::rank(Instant now, size_t count) {
  struct Candidate {
    TrackId track;
    double score;
  };
  std::vector<Candidate> candidates;
  for (const Standing& v : voices_) {
    if (!v.heard || now - v.last_heard > kHold) continue;
    const bool is_in = std::find(ranked_.begin(), ranked_.end(), v.track) != ranked_.end();
    const double level = now - v.last_level > kStale ? 0 : v.level;
    candidates.push_back({v.track, level + (is_in ? kMarginDb : 0)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  if (candidates.size() > count) candidates.resize(count);
  ranked_.clear();
  for (const Candidate& c : candidates) ranked_.push_back(c.track);
  return ranked_;
}

}  // namespace media::audio
