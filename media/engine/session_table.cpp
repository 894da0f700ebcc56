#include "media/engine/session_table.h"

#include <algorithm>

namespace media::engine {

Session& SessionTable::add(PeerId peer) {
  uint32_t handle = static_cast<uint32_t>(sessions_.size());
  if (free_.empty()) {
    sessions_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  sessions_[handle] = std::make_unique<Session>();
  Session& session = *sessions_[handle];
  session.handle = handle;
  session.peer = peer;
  peers_.insert_or_assign(peer, &session);
  return session;
}

void SessionTable::remove(Session& session) {
  const auto drop = [&](auto& map, const auto& key) {
    const auto it = map.find(key);
    if (it != map.end() && it->second == &session) map.erase(it);
  };
  for (const Address& a : session.addresses) drop(addresses_, a);
  for (const std::string& u : session.ufrags) drop(ufrags_, u);
  drop(peers_, session.peer);
  const uint32_t handle = session.handle;
  sessions_[handle].reset();
  free_.push_back(handle);
}

Session* SessionTable::by_address(const Address& address) const {
  const auto it = addresses_.find(address);
  return it == addresses_.end() ? nullptr : it->second;
}

Session* SessionTable::by_username(std::string_view username) const {
  const auto it = ufrags_.find(std::string(username.substr(0, username.find(':'))));
  return it == ufrags_.end() ? nullptr : it->second;
}

Session* SessionTable::by_peer(PeerId peer) const {
  const auto it = peers_.find(peer);
  return it == peers_.end() ? nullptr : it->second;
}

void SessionTable::refile(Session& session) {
  const auto known = session.wire->known_addresses();
  for (const Address& old : session.addresses) {
    const auto it = addresses_.find(old);
    const bool kept = std::find(known.begin(), known.end(), old) != known.end();
    if (!kept && it != addresses_.end() && it->second == &session) addresses_.erase(it);
  }
  session.addresses.assign(known.begin(), known.end());
  for (const Address& a : known) addresses_.insert_or_assign(a, &session);

  const auto ufrags = session.wire->local_ufrags();
  for (const std::string& old : session.ufrags) {
    const auto it = ufrags_.find(old);
    const bool kept = std::find(ufrags.begin(), ufrags.end(), old) != ufrags.end();
    if (!kept && it != ufrags_.end() && it->second == &session) ufrags_.erase(it);
  }
  session.ufrags.assign(ufrags.begin(), ufrags.end());
  for (const std::string& u : ufrags) ufrags_.insert_or_assign(u, &session);
}

}  // namespace media::engine
