#include "signaling/auth/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "media/base/address.h"

namespace signaling::auth {

namespace {

constexpr size_t kNetworkBytes = 8;  // of an IPv6 address: /64

// No login is longer; what is typed by an attacker may be.
constexpr size_t kLoginKeyBytes = 128;

std::string login_key(const std::string& login) {
  return "login " + login.substr(0, kLoginKeyBytes);
}

}  // namespace

std::string address_key(const std::string& address) {
  const auto parsed = media::Address::parse(address, 0);
  if (!parsed || parsed->is_v4()) return "address " + address;
  const auto* bytes = reinterpret_cast<const char*>(parsed->ip.data());
  return "network " + std::string(bytes, kNetworkBytes);
}

TokenBucket::TokenBucket(double rate, double burst, media::Instant now)
    : rate_(rate), burst_(burst), level_(burst), last_(now) {}

bool TokenBucket::take(media::Instant now, double n) {
  if (now > last_) {
    level_ = std::min(burst_, level_ + rate_ * (now - last_).as_seconds());
    last_ = now;
  }
  if (level_ < n) return false;
  level_ -= n;
  return true;
}

media::Duration TokenBucket::wait() const {
  const double missing = std::max(0.0, 1 - level_);
  return media::Duration::micros(static_cast<int64_t>(std::ceil(missing / rate_ * 1e6)));
}

media::Duration KeyedBuckets::take(const std::string& key, media::Instant now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    entries_.push_back({key, TokenBucket(rate_, burst_, now)});
    found = by_key_.emplace(key, std::prev(entries_.end())).first;
    if (entries_.size() > kMaxRememberedKeys) {
      by_key_.erase(entries_.front().key);
      entries_.pop_front();
    }
  } else {
    entries_.splice(entries_.end(), entries_, found->second);
  }
  TokenBucket& bucket = found->second->bucket;
  return bucket.take(now) ? media::Duration() : bucket.wait();
}

bool WrongPasswordLimiter::allows(const std::string& login, const std::string& address,
                                  media::Instant now) {
  return retry_after(login, address, now) == media::Duration();
}

media::Duration WrongPasswordLimiter::retry_after(const std::string& login,
                                                  const std::string& address, media::Instant now) {
  return std::max(wait_of(login_key(login), now), wait_of(address_key(address), now));
}

void WrongPasswordLimiter::record_wrong(const std::string& login, const std::string& address,
                                        media::Instant now) {
  add(login_key(login), now);
  add(address_key(address), now);
}

void WrongPasswordLimiter::record_right(const std::string& login) {
  const auto found = by_key_.find(login_key(login));
  if (found == by_key_.end()) return;
  entries_.erase(found->second);
  by_key_.erase(found);
}

media::Duration WrongPasswordLimiter::wait_of(const std::string& key, media::Instant now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  auto& failures = found->second->failures;
  while (!failures.empty() && now - failures.front() >= kWrongPasswordWindow) failures.pop_front();
  if (failures.size() < kMaxWrongPasswords) return {};
  return failures.front() + kWrongPasswordWindow - now;
}

void WrongPasswordLimiter::add(const std::string& key, media::Instant now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    entries_.push_back({key, {}});
    found = by_key_.emplace(key, std::prev(entries_.end())).first;
  } else {
    entries_.splice(entries_.end(), entries_, found->second);
  }
  auto& failures = found->second->failures;
  failures.push_back(now);
  if (failures.size() > kMaxWrongPasswords) failures.pop_front();
  if (entries_.size() > kMaxRememberedKeys) {
    by_key_.erase(entries_.front().key);
    entries_.pop_front();
  }
}

}  // namespace signaling::auth
