// Real offers (tests/data/sdp/) and the facts that answers need.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "signaling/sdp/negotiate.h"
#include "signaling/sdp/parser.h"

namespace signaling::sdp {

inline std::string offer_text(const std::string& name) {
  std::ifstream file(std::string(TONGKE_SOURCE_DIR) + "/tests/data/sdp/" + name + "_offer.sdp",
                     std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

inline Session offer(const std::string& name) {
  auto session = parse(offer_text(name));
  EXPECT_TRUE(session) << name << ": " << (session ? "" : session.error().what);
  return session ? *session : Session{};
}

// Replaces every `from`; fails the test when there is none.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t count = 0;
  for (size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()), ++count) {
    text.replace(at, from.size(), to);
  }
  EXPECT_GT(count, 0U) << from;
  return text;
}

struct Ids {
  uint32_t track = 0;
  uint32_t slot = 0;
  uint32_t ssrc = 1000;
};

inline ServerFacts facts(Ids& ids) {
  ServerFacts f;
  f.ice = {"srvr", "serverpasswordserverpw12"};
  f.fingerprint.fill(0xab);
  f.candidate = *media::Address::parse("192.0.2.7", 40000);
  f.session_id = 77;
  f.next_track = [&ids] { return media::TrackId(++ids.track); };
  f.next_slot = [&ids] { return media::SlotId(++ids.slot); };
  f.next_ssrc = [&ids] { return media::Ssrc(++ids.ssrc); };
  return f;
}

}  // namespace signaling::sdp
