#include "media/ice/ice_lite.h"

#include <algorithm>
#include <utility>

#include "media/base/check.h"
#include "media/ice/binding.h"
#include "media/ice/hmac.h"

namespace media::ice {

IceLite::IceLite(IceCredentials local, IceCredentials remote, Rng& rng)
    : rng_(rng), tie_breaker_(rng.next()) {
  ufrags_.push_back(local.ufrag);
  generations_.push_back({std::move(local), std::move(remote), 1});
}

IceLite::Handled IceLite::on_datagram(Instant now, const Address& from, ByteSpan datagram,
                                      MutableByteSpan out) {
  const auto message = stun::MessageView::parse(datagram);
  if (!message) {
    const bool foreign = message.error().code == Errc::Unsupported;
    return {foreign ? Drop::StunUnsupported : Drop::StunMalformed, 0};
  }
  switch (message->message_class()) {
    case stun::Class::Request:
      return on_request(now, from, *message, datagram.size(), out);
    case stun::Class::Success:
      return on_response(now, from, *message);
    case stun::Class::Indication:
    case stun::Class::Error:
      break;
  }
  return {Drop::StunUnsupported, 0};
}

const IceLite::Generation* IceLite::generation_of(std::string_view username) const {
  std::string_view ours;
  std::string_view theirs;
  if (!split_username(username, ours, theirs)) return nullptr;
  for (const Generation& generation : generations_) {
    if (generation.local.ufrag == ours && generation.remote.ufrag == theirs) return &generation;
  }
  return nullptr;
}

const IceLite::Generation* IceLite::generation_number(uint32_t number) const {
  for (const Generation& generation : generations_) {
    if (generation.number == number) return &generation;
  }
  return nullptr;
}

IceLite::Handled IceLite::on_request(Instant now, const Address& from,
                                     const stun::MessageView& request, size_t size,
                                     MutableByteSpan out) {
  const Generation* generation = generation_of(request.username());
  if (generation == nullptr) return {Drop::UnknownUfrag, 0};
  if (!request.verify_integrity(hmac_sha1, as_bytes(generation->local.password)))
    return {Drop::StunIntegrity, 0};
  // A lite agent is controlled always (RFC 8445 section 6.1.1); with two controlled agents nobody
  // would nominate.
  if (!request.unknown_required().empty() || request.ice_controlled())
    return {Drop::StunUnsupported, 0};

  const size_t index = tuple_for(now, from);
  Tuple& tuple = tuples_[index];
  tuple.generation = std::max(tuple.generation, generation->number);
  tuple.priority = request.priority().value_or(0);
  tuple.last_received = now;
  tuple.last_check = now;
  tuple.received += size;
  const size_t reply = write_answer(out, request, size, from, generation->local);
  tuple.sent += reply;
  // Until a handshake has shown which address the peer uses, each one is asked for proof: browsers
  // start DTLS before they nominate.
  if (!in_use_ && !tuple.consent.is_running()) tuple.consent.start(now);
  if (request.use_candidate()) nominate(now, index, *generation);
  return {std::nullopt, reply};
}

IceLite::Handled IceLite::on_response(Instant now, const Address& from,
                                      const stun::MessageView& response) {
  // RFC 8445 section 7.2.5.2.1: an answer must come from where the check went.
  const size_t index = index_of(from);
  if (index == kNone) return {Drop::UnknownAddress, 0};
  Tuple& tuple = tuples_[index];
  const Generation* generation = generation_number(tuple.generation);
  if (generation == nullptr ||
      !response.verify_integrity(hmac_sha1, as_bytes(generation->remote.password))) {
    return {Drop::StunIntegrity, 0};
  }
  const auto round_trip = tuple.consent.on_answer(now, response.transaction_id(), rng_);
  if (!round_trip) return {Drop::StunUnsupported, 0};
  tuple.last_received = now;
  measure(*round_trip);
  if (index == pending_) select(index);
  return {};
}

size_t IceLite::index_of(const Address& address) const {
  for (size_t i = 0; i < count_; ++i) {
    if (addresses_[i] == address) return i;
  }
  return kNone;
}

// The entry of `from`, made when it is new. With all places taken the one that has been silent
// longest gives way, but never the one in use.
size_t IceLite::tuple_for(Instant now, const Address& from) {
  if (const size_t known = index_of(from); known != kNone) return known;
  if (count_ == kMaxTuples) {
    size_t oldest = kNone;
    for (size_t i = 0; i < count_; ++i) {
      if (i == selected_) continue;
      if (oldest == kNone || tuples_[i].last_received < tuples_[oldest].last_received) oldest = i;
    }
    forget(oldest);
  }
  addresses_[count_] = from;
  tuples_[count_] = Tuple();
  tuples_[count_].last_received = now;
  return count_++;
}

void IceLite::forget(size_t index) {
  DCHECK(index != selected_ && index < count_);
  const size_t last = count_ - 1;
  addresses_[index] = addresses_[last];
  tuples_[index] = tuples_[last];
  if (pending_ == index) pending_ = kNone;
  if (pending_ == last) pending_ = index;
  if (selected_ == last) selected_ = index;
  --count_;
}

void IceLite::nominate(Instant now, size_t index, const Generation& generation) {
  Tuple& tuple = tuples_[index];
  tuple.last_nomination = now;
  if (index == selected_) {
    // A check with the new credentials on the address already in use: the old ones have done their
    // service.
    if (generation.number == generations_.back().number) select(index);
    return;
  }
  if (index == pending_) return;
  if (selected_ == kNone) return select(index);
  // Some agents put USE-CANDIDATE on every check and mean the best pair (RFC 5245 aggressive
  // nomination): a lesser one wins only when the present one has gone quiet, is nominated no more,
  // or belongs to an earlier start of ICE.
  const Tuple& present = tuples_[selected_];
  const bool wins = tuple.generation > present.generation || tuple.priority >= present.priority ||
                    now - present.last_received > kSilentTuple ||
                    now - present.last_nomination > kStaleNomination;
  if (!wins) return;
  if (!tuple.consent.is_running()) tuple.consent.start(now);
  if (tuple.consent.is_confirmed()) return select(index);
  if (pending_ != kNone && in_use_) tuples_[pending_].consent.stop();
  pending_ = index;
}

void IceLite::select(size_t index) {
  if (in_use_ && selected_ != index) tuples_[selected_].consent.stop();
  selected_ = index;
  if (pending_ == index) pending_ = kNone;
  if (generations_.size() > 1 && tuples_[index].generation == generations_.back().number) {
    generations_.erase(generations_.begin(), generations_.end() - 1);
    ufrags_.erase(ufrags_.begin(), ufrags_.end() - 1);
  }
}

std::optional<Transmit> IceLite::poll(Instant now, MutableByteSpan out) {
  // Addresses that only ever checked and were not chosen go after a while.
  for (size_t i = count_; i-- > 0;) {
    if (i == selected_ || i == pending_) continue;
    if (now >= tuples_[i].consent.expiry()) tuples_[i].consent.stop();
    if (now - tuples_[i].last_received > kConsentExpiry) forget(i);
  }
  if (pending_ != kNone && now >= tuples_[pending_].consent.expiry()) {
    tuples_[pending_].consent.stop();
    pending_ = kNone;
  }
  for (size_t i = 0; i < count_; ++i) {
    if (now < tuples_[i].consent.next_check()) continue;
    if (const size_t size = write_check(now, i, out); size != 0)
      return Transmit{addresses_[i], size};
  }
  return std::nullopt;
}

size_t IceLite::write_check(Instant now, size_t index, MutableByteSpan out) {
  Tuple& tuple = tuples_[index];
  const stun::TransactionId id = tuple.consent.begin_check(now, rng_);
  const Generation* generation = generation_number(tuple.generation);
  // The credentials under which it was nominated are gone: only the peer's next check can tell how
  // to ask.
  if (generation == nullptr) return 0;
  const size_t size = write_request(out, id, generation->local, generation->remote,
                                    AgentRole::Controlled, tie_breaker_);
  const bool affordable =
      tuple.consent.is_confirmed() || tuple.sent + size <= tuple.received * kAmplificationLimit;
  if (!affordable) return 0;
  tuple.sent += size;
  return size;
}

Instant IceLite::next_timeout() const {
  Instant next = Instant::never();
  for (size_t i = 0; i < count_; ++i) {
    const Consent& consent = tuples_[i].consent;
    next = std::min({next, consent.next_check(), consent.expiry()});
  }
  return next;
}

void IceLite::restart(IceCredentials local, IceCredentials remote) {
  // Of the older ones, those of the pair in use stay; a restart that never came to anything is
  // replaced.
  const uint32_t number = generations_.back().number + 1;
  if (generations_.size() > 1) {
    generations_.pop_back();
    ufrags_.pop_back();
  }
  ufrags_.push_back(local.ufrag);
  generations_.push_back({std::move(local), std::move(remote), number});
}

bool IceLite::on_traffic(Instant now, const Address& from, size_t size) {
  const size_t index =
      selected_ != kNone && addresses_[selected_] == from ? selected_ : index_of(from);
  if (index == kNone) return false;
  tuples_[index].last_received = now;
  tuples_[index].received += size;
  return true;
}

void IceLite::confirm_selected(Instant now) {
  if (selected_ == kNone) return;
  tuples_[selected_].consent.confirm(now);
  in_use_ = true;
  for (size_t i = 0; i < count_; ++i) {
    if (i != selected_ && i != pending_) tuples_[i].consent.stop();
  }
}

bool IceLite::prefer(const Address& from) {
  const size_t index = index_of(from);
  if (in_use_ || index == kNone) return false;
  const Consent& consent = tuples_[index].consent;
  if (!consent.is_running() || !consent.is_confirmed()) return false;
  select(index);
  return true;
}

bool IceLite::spend(size_t size) {
  if (selected_ == kNone) return false;
  Tuple& tuple = tuples_[selected_];
  if (tuple.consent.is_confirmed()) return true;
  if (tuple.sent + size > tuple.received * kAmplificationLimit) return false;
  tuple.sent += size;
  return true;
}

const Address* IceLite::selected() const {
  return selected_ == kNone ? nullptr : &addresses_[selected_];
}

bool IceLite::is_confirmed() const {
  return selected_ != kNone && tuples_[selected_].consent.is_confirmed();
}

bool IceLite::is_expired(Instant now) const {
  return selected_ != kNone && now >= tuples_[selected_].consent.expiry();
}

void IceLite::measure(Duration sample) {
  rtt_ = rtt_ == Duration() ? sample : rtt_ + (sample - rtt_) / 8;
}

}  // namespace media::ice
