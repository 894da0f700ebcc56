// The Binding requests and answers that both kinds of agent send. Private to this folder.
#pragma once

#include <cstdint>
#include <string_view>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/model.h"
#include "media/stun/message.h"

namespace media::ice {

enum class AgentRole : uint8_t { Controlling, Controlled };

// RFC 8445 section 5.1.2.1 with type preference 110 (peer reflexive), local preference 65535,
// component 1: what a request must carry; the peer knows us by our host candidate and does not use
// it.
inline constexpr uint32_t kCheckPriority = (110u << 24) | (65535u << 8) | 255u;

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Both return the size written, 0 when `out` is too small.
// A request from `local` to `remote`, keyed with the remote password (RFC 8445 section 7.2.2).
size_t write_request(MutableByteSpan out, const stun::TransactionId& id,
                     const IceCredentials& local, const IceCredentials& remote, AgentRole role,
                     uint64_t tie_breaker);
// The answer to a request that came from `from`, keyed with our password. 0 also when it would be
// longer than the request was: nobody gets more out of us than he puts in.
size_t write_answer(MutableByteSpan out, const stun::MessageView& request, size_t request_size,
                    const Address& from, const IceCredentials& local);

// "left:right"; false when there is no colon.
bool split_username(std::string_view username, std::string_view& left, std::string_view& right);

}  // namespace media::ice
