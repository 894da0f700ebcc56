// The connections of one worker and the ways to find them: by remote address for every datagram, by
// ICE user name for the first ones, by peer id for commands. Owner: Engine. Thread: its worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media/base/address.h"
#include "media/base/ids.h"
#include "media/base/time.h"
#include "media/sfu/room_shard.h"
#include "media/transport/peer.h"

namespace media::engine {

struct Session {
  uint32_t handle = 0;  // index in the table; RtpOut and RtcpOut name sessions by it
  PeerId peer;
  Instant created;
  bool was_connected = false;
  std::unique_ptr<transport::Peer> wire;
  sfu::RoomShard* room = nullptr;  // outlives the session
  sfu::Peer* media = nullptr;      // owned by the room
  std::vector<Address> addresses;  // under which this session is filed
  std::vector<std::string> ufrags;
};

class SessionTable {
 public:
  Session& add(PeerId peer);
  void remove(Session& session);

  [[nodiscard]] Session* by_address(const Address& address) const;
  // `username` as in a STUN request: "ours:theirs".
  [[nodiscard]] Session* by_username(std::string_view username) const;
  [[nodiscard]] Session* by_peer(PeerId peer) const;
  [[nodiscard]] Session* by_handle(uint32_t handle) const {
    return handle < sessions_.size() ? sessions_[handle].get() : nullptr;
  }

  // Files the session under what its transport says now. Call after anything but media changed it.
  void refile(Session& session);

  [[nodiscard]] size_t size() const { return peers_.size(); }
  // May hold empty places.
  [[nodiscard]] const std::vector<std::unique_ptr<Session>>& all() const { return sessions_; }

 private:
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<uint32_t> free_;
  std::unordered_map<Address, Session*> addresses_;
  std::unordered_map<std::string, Session*> ufrags_;
  std::unordered_map<PeerId, Session*> peers_;
};

}  // namespace media::engine
