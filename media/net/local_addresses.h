// The machine's own addresses that datagrams came to, by a small number that travels in
// Address::local. Owner: UdpSocket. Thread: one worker.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

namespace media::net {

class LocalAddresses {
 public:
  using Ip = std::array<uint8_t, 16>;  // IPv4 mapped
  // Address::local is a byte, and 0 leaves the choice to the kernel. Only addresses of this machine
  // get here, so that no peer can fill the table; a machine with more has its later ones answered
  // from the address that the kernel chooses.
  static constexpr size_t kMax = 255;

  // The number of `ip`, from 1; 0 when the table is full.
  uint8_t number_of(const Ip& ip) {
    if (last_ != 0 && known_[last_ - 1U] == ip) return last_;
    for (size_t i = 0; i < known_.size(); ++i)
      if (known_[i] == ip) return last_ = static_cast<uint8_t>(i + 1);
    if (known_.size() == kMax) return 0;
    known_.push_back(ip);
    return last_ = static_cast<uint8_t>(known_.size());
  }
  // `number` as number_of() gave it.
  [[nodiscard]] const Ip& at(uint8_t number) const { return known_.at(number - 1U); }

 private:
  std::vector<Ip> known_;
  uint8_t last_ = 0;
};

// What the kernel says and is told about our own address of a datagram: IP_PKTINFO (ip(7)) or
// IPV6_PKTINFO (RFC 3542 section 6).
inline constexpr size_t kLocalControl = CMSG_SPACE(sizeof(in6_pktinfo));

// Asks the kernel to say to which address each datagram came. False where it cannot.
bool mark_local(int fd, bool v6);
// The address in `control`; false when it says nothing about it.
bool read_local(const cmsghdr& control, LocalAddresses::Ip& ip);
// Writes into `control` (kLocalControl bytes) that a datagram shall leave from `ip`. Returns its
// CMSG_SPACE.
size_t write_local(cmsghdr& control, bool v6, const LocalAddresses::Ip& ip);

}  // namespace media::net
