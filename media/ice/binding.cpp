#include "media/ice/binding.h"

#include "media/ice/hmac.h"

namespace media::ice {

size_t write_request(MutableByteSpan out, const stun::TransactionId& id,
                     const IceCredentials& local, const IceCredentials& remote, AgentRole role,
                     uint64_t tie_breaker) {
  stun::MessageBuilder builder(out, stun::Class::Request, id);
  builder.username(remote.ufrag + ":" + local.ufrag);
  builder.priority(kCheckPriority);
  if (role == AgentRole::Controlling) {
    builder.use_candidate();
    builder.ice_controlling(tie_breaker);
  } else {
    builder.ice_controlled(tie_breaker);
  }
  return builder.finish(hmac_sha1, as_bytes(remote.password));
}

size_t write_answer(MutableByteSpan out, const stun::MessageView& request, size_t request_size,
                    const Address& from, const IceCredentials& local) {
  stun::MessageBuilder builder(out, stun::Class::Success, request.transaction_id());
  builder.xor_mapped_address(from);
  const size_t size = builder.finish(hmac_sha1, as_bytes(local.password));
  return size <= request_size ? size : 0;
}

bool split_username(std::string_view username, std::string_view& left, std::string_view& right) {
  const size_t colon = username.find(':');
  if (colon == std::string_view::npos) return false;
  left = username.substr(0, colon);
  right = username.substr(colon + 1);
  return true;
}

}  // namespace media::ice
