// What this kernel can do for the packet path, found out once at start by doing it: sockets that
// accept an option need not honour it (sandboxes, old drivers).
#pragma once

#include <string>

namespace media::net {

struct Capabilities {
  bool gso = false;  // UDP_SEGMENT (Linux 4.18): one send of many datagrams
  bool gro = false;  // UDP_GRO (Linux 5.0): many datagrams of one peer in one receive
};

// Sends two segments over loopback in one call and looks at what arrives. False for what did not
// work, for whatever reason: everything works without.
Capabilities probe_capabilities();

// The part of `wanted` that `have` offers: an operator may switch off what a driver does badly.
constexpr Capabilities operator&(Capabilities wanted, Capabilities have) {
  return {wanted.gso && have.gso, wanted.gro && have.gro};
}

// "UDP GSO on, GRO off".
std::string to_string(const Capabilities& capabilities);

}  // namespace media::net
