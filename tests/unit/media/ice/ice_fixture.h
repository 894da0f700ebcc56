// What the ICE tests share: addresses, credentials, and a browser's side of a check.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "media/ice/binding.h"
#include "media/ice/hmac.h"
#include "media/ice/ice_lite.h"

namespace media::ice {

using Bytes = std::vector<uint8_t>;

inline Address at(uint8_t host, uint16_t port = 5000) {
  return *Address::parse("192.0.2." + std::to_string(host), port);
}

inline IceCredentials credentials(const std::string& name) {
  return {"ufrag-" + name, "password-of-" + name + "-that-is-long"};
}

struct CheckOptions {
  bool nominate = true;
  uint32_t priority = 1000;
  bool controlled = false;
};

// A Binding request from `sender` to `receiver`.
inline Bytes check(const IceCredentials& sender, const IceCredentials& receiver, uint8_t id,
                   const CheckOptions& options = {}) {
  Bytes out(kMaxMessage);
  stun::MessageBuilder builder(out, stun::Class::Request, stun::TransactionId{id});
  builder.username(receiver.ufrag + ":" + sender.ufrag);
  builder.priority(options.priority);
  if (options.nominate) builder.use_candidate();
  if (options.controlled) {
    builder.ice_controlled(1);
  } else {
    builder.ice_controlling(1);
  }
  out.resize(builder.finish(hmac_sha1, as_bytes(receiver.password)));
  return out;
}

// The answer of `receiver` to the request in `request`.
inline Bytes answer(ByteSpan request, const Address& from, const IceCredentials& receiver) {
  const auto view = stun::MessageView::parse(request);
  EXPECT_TRUE(view);
  Bytes out(kMaxMessage);
  out.resize(write_answer(out, *view, request.size(), from, receiver));
  return out;
}

}  // namespace media::ice
