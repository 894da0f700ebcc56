#include "media/net/local_addresses.h"

#include <cstring>

#include "media/net/socket_address.h"

namespace media::net {

bool mark_local(int fd, bool v6) {
  const int on = 1;
  return setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
                    sizeof(on)) == 0;
}

bool read_local(const cmsghdr& control, LocalAddresses::Ip& ip) {
  const uint8_t* const data = CMSG_DATA(&control);
  if (control.cmsg_level == IPPROTO_IPV6 && control.cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info{};
    std::memcpy(&info, data, sizeof(info));
    std::memcpy(ip.data(), &info.ipi6_addr, ip.size());
    return true;
  }
  if (control.cmsg_level != IPPROTO_IP || control.cmsg_type != IP_PKTINFO) return false;
  in_pktinfo info{};
  std::memcpy(&info, data, sizeof(info));
  ip = {};
  ip[10] = ip[11] = 0xff;
  std::memcpy(ip.data() + kV4Offset, &info.ipi_spec_dst, 4);
  return true;
}

size_t write_local(cmsghdr& control, bool v6, const LocalAddresses::Ip& ip) {
  // The interface is left to routing: only where the datagram seems to come from is fixed.
  if (v6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, ip.data(), ip.size());
    control.cmsg_level = IPPROTO_IPV6;
    control.cmsg_type = IPV6_PKTINFO;
    control.cmsg_len = CMSG_LEN(sizeof(info));
    std::memcpy(CMSG_DATA(&control), &info, sizeof(info));
    return CMSG_SPACE(sizeof(info));
  }
  in_pktinfo info{};
  std::memcpy(&info.ipi_spec_dst, ip.data() + kV4Offset, 4);
  control.cmsg_level = IPPROTO_IP;
  control.cmsg_type = IP_PKTINFO;
  control.cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(&control), &info, sizeof(info));
  return CMSG_SPACE(sizeof(info));
}

}  // namespace media::net
