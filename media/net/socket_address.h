// media::Address to and from the kernel's form. Private to this folder.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "media/base/address.h"

namespace media::net {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

inline constexpr size_t kV4Offset = 12;  // of the IPv4 address within a mapped one

// For a socket of the family that `v6` names; an IPv4 address on an IPv6 socket goes mapped.
// Returns the length.
inline socklen_t to_kernel(const Address& address, bool v6, SocketAddress& out) {
  if (v6) {
    out.v6 = {};
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(address.port);
    std::memcpy(&out.v6.sin6_addr, address.ip.data(), address.ip.size());
    return sizeof(out.v6);
  }
  out.v4 = {};
  out.v4.sin_family = AF_INET;
  out.v4.sin_port = htons(address.port);
  std::memcpy(&out.v4.sin_addr, address.ip.data() + kV4Offset, 4);
  return sizeof(out.v4);
}

inline Address from_kernel(const SocketAddress& in) {
  Address address;
  if (in.any.sa_family == AF_INET6) {
    std::memcpy(address.ip.data(), &in.v6.sin6_addr, address.ip.size());
    address.port = ntohs(in.v6.sin6_port);
  } else {
    address.ip[10] = 0xff;
    address.ip[11] = 0xff;
    std::memcpy(address.ip.data() + kV4Offset, &in.v4.sin_addr, 4);
    address.port = ntohs(in.v4.sin_port);
  }
  return address;
}

}  // namespace media::net
