// A session description (RFC 8866, RFC 9429) as far as a WebRTC answerer needs it: plain values, no
// behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/base/model.h"

namespace signaling::sdp {

enum class Direction : uint8_t { SendRecv, SendOnly, RecvOnly, Inactive };

struct CodecLine {
  uint8_t payload_type = 0;
  std::string name;  // as written; compare without regard to case
  uint32_t clock_rate = 0;
  uint8_t channels = 1;
  std::string fmtp;                   // after "a=fmtp:<pt> "
  std::vector<std::string> feedback;  // after "a=rtcp-fb:<pt> ", those of "*" included
};

struct ExtmapLine {
  uint8_t id = 0;  // 1..255
  std::string uri;
};

struct RidLine {
  std::string rid;
  bool send = true;
};

struct SsrcGroup {
  std::string semantics;  // "FID", "SIM", ...
  std::vector<uint32_t> ssrcs;
};

struct Section {
  std::string kind;  // "audio", "video", "application", ...
  uint16_t port = 0;
  std::string protocol;
  std::string mid;
  Direction direction = Direction::SendRecv;
  bool rtcp_mux = false;
  bool bundle_only = false;
  std::optional<media::IceCredentials> ice;
  std::optional<media::Fingerprint> fingerprint;  // the sha-256 one
  bool has_other_fingerprint = false;             // one with a hash that we do not take
  std::string setup;
  std::string msid;               // "stream track", as written
  std::vector<CodecLine> codecs;  // in the order of the m-line
  std::vector<ExtmapLine> extmaps;
  std::vector<RidLine> rids;
  std::vector<std::string> simulcast_send;  // first alternative of each stream, without "~"
  std::vector<std::string> simulcast_recv;
  std::vector<uint32_t> ssrcs;  // in order of first appearance, without repeats
  std::vector<SsrcGroup> ssrc_groups;
  std::vector<std::string> candidates;  // after "a=candidate:"
};

struct Session {
  std::string origin;  // after "o="
  bool ice_lite = false;
  bool extmap_allow_mixed = false;
  std::vector<std::string> bundle;  // mids of the first a=group:BUNDLE
  std::vector<Section>
      sections;  // session-level ICE, fingerprint, setup and direction are copied in where absent
};

}  // namespace signaling::sdp
