// An IP address, port and transport as a value: the 5-tuple's remote half, and which of the
// machine's own addresses the other half is (the port is the worker's one).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "media/base/result.h"

namespace media {

enum class Transport : uint8_t { Udp, Tcp };

struct Address {
  // IPv6, or IPv4 mapped into ::ffff:0:0/96, so that both compare and hash alike.
  std::array<uint8_t, 16> ip{};
  uint16_t port = 0;
  Transport transport = Transport::Udp;
  // Our own address on this path, as the socket numbers them: what comes from a peer to another
  // address of ours is another path, and answers leave from where the peer sent to. 0: whichever
  // the kernel chooses, and always on a socket that is bound to one address.
  uint8_t local = 0;

  auto operator<=>(const Address&) const = default;

  [[nodiscard]] bool is_v4() const;
  // "192.0.2.1:4000" or "[2001:db8::1]:4000", with "/tcp" behind it for TCP.
  [[nodiscard]] std::string to_string() const;
  // The address alone, as in an ICE candidate.
  [[nodiscard]] std::string ip_string() const;
  // Errors: Malformed when `ip` is not a numeric IPv4 or IPv6 address.
  static Result<Address> parse(const std::string& ip, uint16_t port);
};

}  // namespace media

template <>
struct std::hash<media::Address> {
  size_t operator()(const media::Address& a) const noexcept {
    uint64_t lo = 0;
    uint64_t hi = 0;
    __builtin_memcpy(&hi, a.ip.data(), 8);
    __builtin_memcpy(&lo, a.ip.data() + 8, 8);
    uint64_t x = (hi * 0x9E3779B97F4A7C15ULL) ^ lo ^ (static_cast<uint64_t>(a.port) << 40) ^
                 (static_cast<uint64_t>(a.transport) << 60);
    x ^= static_cast<uint64_t>(a.local) << 32;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ULL;
    return static_cast<size_t>(x ^ (x >> 32));
  }
};
