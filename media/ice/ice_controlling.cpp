#include "media/ice/ice_controlling.h"

#include <algorithm>
#include <utility>

#include "media/ice/binding.h"
#include "media/ice/hmac.h"

namespace media::ice {

IceControlling::IceControlling(IceCredentials local, IceCredentials remote,
                               const Address& candidate, Rng& rng)
    : local_(std::move(local)),
      remote_(std::move(remote)),
      candidate_(candidate),
      rng_(rng),
      tie_breaker_(rng.next()) {}

void IceControlling::start(Instant now) {
  if (!consent_.is_running()) consent_.start(now);
}

IceLite::Handled IceControlling::on_datagram(Instant now, const Address& from, ByteSpan datagram,
                                             MutableByteSpan out) {
  const auto message = stun::MessageView::parse(datagram);
  if (!message) return {Drop::StunMalformed, 0};
  if (from != candidate_) return {Drop::UnknownAddress, 0};
  if (message->message_class() == stun::Class::Request)
    return on_request(from, *message, datagram.size(), out);
  if (message->message_class() == stun::Class::Success) return on_response(now, *message);
  return {Drop::StunUnsupported, 0};
}

IceLite::Handled IceControlling::on_request(const Address& from, const stun::MessageView& request,
                                            size_t size, MutableByteSpan out) {
  std::string_view ours;
  std::string_view theirs;
  if (!split_username(request.username(), ours, theirs) || ours != local_.ufrag ||
      theirs != remote_.ufrag) {
    return {Drop::UnknownUfrag, 0};
  }
  if (!request.verify_integrity(hmac_sha1, as_bytes(local_.password)))
    return {Drop::StunIntegrity, 0};
  if (!request.unknown_required().empty()) return {Drop::StunUnsupported, 0};
  return {std::nullopt, write_answer(out, request, size, from, local_)};
}

IceLite::Handled IceControlling::on_response(Instant now, const stun::MessageView& response) {
  if (!response.verify_integrity(hmac_sha1, as_bytes(remote_.password)))
    return {Drop::StunIntegrity, 0};
  const auto round_trip = consent_.on_answer(now, response.transaction_id(), rng_);
  if (!round_trip) return {Drop::StunUnsupported, 0};
  rtt_ = rtt_ == Duration() ? *round_trip : rtt_ + (*round_trip - rtt_) / 8;
  return {};
}

std::optional<Transmit> IceControlling::poll(Instant now, MutableByteSpan out) {
  if (now < consent_.next_check()) return std::nullopt;
  const stun::TransactionId id = consent_.begin_check(now, rng_);
  const size_t size = write_request(out, id, local_, remote_, AgentRole::Controlling, tie_breaker_);
  if (size == 0) return std::nullopt;
  return Transmit{candidate_, size};
}

Instant IceControlling::next_timeout() const {
  return std::min(consent_.next_check(), consent_.expiry());
}

void IceControlling::restart(Instant now, IceCredentials local, IceCredentials remote) {
  local_ = std::move(local);
  remote_ = std::move(remote);
  consent_.hurry(now);
}

}  // namespace media::ice
