// How often somebody may do something. Pure: told the time.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <string>
#include <unordered_map>

#include "media/base/time.h"

namespace signaling::auth {

// `rate` per second on average, `burst` at once.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst, media::Instant now);
  // False: too fast; nothing is taken.
  bool take(media::Instant now, double n = 1);
  // How long after the last take() there will be one.
  [[nodiscard]] media::Duration wait() const;

 private:
  double rate_;
  double burst_;
  double level_;
  media::Instant last_;
};

// What an address counts as: an IPv6 address by its /64, which one household owns. Numeric, without
// a port.
std::string address_key(const std::string& address);

// A bucket for each key; the one that was used longest ago is forgotten first.
class KeyedBuckets {
 public:
  KeyedBuckets(double rate, double burst) : rate_(rate), burst_(burst) {}
  // Takes one and gives zero, or takes nothing and says in how long there will be one.
  media::Duration take(const std::string& key, media::Instant now);
  [[nodiscard]] size_t remembered() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    TokenBucket bucket;
  };
  using Entries = std::list<Entry>;  // by last use, oldest first

  double rate_;
  double burst_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_key_;
};

// Wrong passwords: after kMaxWrongPasswords in kWrongPasswordWindow for one login or one address,
// no more are tried until the oldest is out of the window.
inline constexpr size_t kMaxWrongPasswords = 5;
inline constexpr media::Duration kWrongPasswordWindow = media::Duration::seconds(300);
// Keys remembered; the one that failed longest ago is forgotten first. Far more than can be tried
// in a window at Argon2id's price.
inline constexpr size_t kMaxRememberedKeys = 10'000;

class WrongPasswordLimiter {
 public:
  // Whether a password may be tried. Ask before verifying; `address` is numeric, without a port.
  [[nodiscard]] bool allows(const std::string& login, const std::string& address,
                            media::Instant now);
  // How long until allows() is true again; zero when it is.
  [[nodiscard]] media::Duration retry_after(const std::string& login, const std::string& address,
                                            media::Instant now);
  void record_wrong(const std::string& login, const std::string& address, media::Instant now);
  // Forgives the login, not the address: one good account must not open an address for guessing
  // others.
  void record_right(const std::string& login);
  [[nodiscard]] size_t remembered() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::deque<media::Instant> failures;  // oldest first
  };
  using Entries = std::list<Entry>;  // by last failure, oldest first

  media::Duration wait_of(const std::string& key, media::Instant now);
  void add(const std::string& key, media::Instant now);

  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_key_;
};

}  // namespace signaling::auth
