// Recorders and encoders of a lesson: which connection is which source, and what teachers hear of
// them.
#include <algorithm>

#include "signaling/app/live_state.h"

namespace signaling::app {

std::array<bool, classroom::kSources> LiveLessons::State::encoded(const Hosted& lesson,
                                                                  const std::string& p) const {
  std::array<bool, classroom::kSources> all{};
  for (const PeerId id : lesson.peers) {
    const Peer& peer = peers.at(id);
    if (peer.use != PeerUse::Encoder || peer.p != p) continue;
    const auto one = sources_of(peer);
    for (size_t i = 0; i < all.size(); ++i) all[i] = all[i] || one[i];
  }
  return all;
}

const storage::LessonSource* LiveLessons::State::source_of_key(
    const Hosted& lesson, const std::string& credential_hash) const {
  if (credential_hash.empty()) return nullptr;
  const auto made = lesson.source_keys.find(credential_hash);
  const auto row = std::find_if(
      lesson.sources.begin(), lesson.sources.end(), [&](const storage::LessonSource& source) {
        return source.key_hash == credential_hash ||
               (made != lesson.source_keys.end() && source.id == made->second);
      });
  return row == lesson.sources.end() ? nullptr : &*row;
}

const Peer* LiveLessons::State::encoder_of(const Hosted& lesson, const std::string& p,
                                           storage::SourceRole role) const {
  for (const PeerId id : lesson.peers) {
    const Peer& peer = peers.at(id);
    if (peer.use == PeerUse::Encoder && peer.p == p && peer.role == role) return &peer;
  }
  return nullptr;
}

bool LiveLessons::State::is_silent(const Peer& peer) const {
  const auto& sections = peer.negotiated.published;
  return std::all_of(sections.begin(), sections.end(), [&](const media::PublishedSection& section) {
    const auto track = tracks.find(section.track);
    return track != tracks.end() && track->second.silent;
  });
}

std::vector<HostedSources> LiveLessons::hosted_sources() const {
  std::vector<HostedSources> out;
  for (const auto& [id, lesson] : state_->lessons) {
    if (!lesson->ended && !state_->draining)
      out.push_back({id, lesson->room.is_live(), &lesson->sources});
  }
  return out;
}

void LiveLessons::set_sources(const std::string& id, std::vector<storage::LessonSource> rows) {
  State& s = *state_;
  Hosted* lesson = s.find(id);
  if (lesson == nullptr) return;
  lesson->sources = std::move(rows);
  std::vector<PeerId> over;
  for (const PeerId peer_id : lesson->peers) {
    const Peer& peer = s.peers.at(peer_id);
    if (peer.source.empty()) continue;
    const auto row =
        std::find_if(lesson->sources.begin(), lesson->sources.end(),
                     [&](const storage::LessonSource& source) { return source.id == peer.source; });
    if (row == lesson->sources.end() || !row->enabled || row->role != peer.role)
      over.push_back(peer_id);
  }
  for (const PeerId peer : over) s.on_peer_lost(peer);
}

void LiveLessons::add_source_key(const std::string& lesson, const std::string& source,
                                 const std::string& key_hash) {
  Hosted* hosted = state_->find(lesson);
  if (hosted == nullptr) return;
  // One at a time: the key of the reader before is used up.
  std::erase_if(hosted->source_keys, [&](const auto& entry) { return entry.second == source; });
  hosted->source_keys[key_hash] = source;
}

bool LiveLessons::source_flows(const std::string& lesson, const std::string& source) const {
  const Hosted* hosted = state_->find(lesson);
  if (hosted == nullptr) return false;
  return std::any_of(hosted->peers.begin(), hosted->peers.end(), [&](PeerId id) {
    const Peer& peer = state_->peers.at(id);
    const auto& sections = peer.negotiated.published;
    return peer.source == source &&
           std::any_of(sections.begin(), sections.end(),
                       [&](const auto& section) { return state_->tracks.at(section.track).flows; });
  });
}

void LiveLessons::tell_sources(const std::string& lesson, protocol::Sources all) {
  Hosted* hosted = state_->find(lesson);
  if (hosted == nullptr || hosted->told_sources == all) return;
  hosted->told_sources = std::move(all);
  state_->tell_teachers(*hosted, hosted->told_sources);
}

}  // namespace signaling::app
