#include "tests/line/runner/tun_device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace line::runner {

namespace {

using media::env_fail;
using media::Outcome;

// Packets that wait for the emulator; at 50 Mbit/s of full ones a fifth of a second.
constexpr int kTransmitQueue = 1000;

// A socket for interface requests, closed at the end of the scope.
class RequestSocket {
 public:
  RequestSocket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~RequestSocket() { ::close(fd_); }
  RequestSocket(const RequestSocket&) = delete;
  RequestSocket& operator=(const RequestSocket&) = delete;

  Outcome<void> ask(unsigned long request, void* what, const char* to_do) const {
    if (::ioctl(fd_, request, what) == 0) return {};
    return env_fail(fmt::format("cannot {}: {}", to_do, std::strerror(errno)));
  }

 private:
  int fd_;
};

ifreq named(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

sockaddr socket_address(Ipv4 ip) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(ip.value);
  sockaddr out{};
  std::memcpy(&out, &in, sizeof(out));
  return out;
}

Outcome<void> switch_on(const RequestSocket& socket, const std::string& name) {
  ifreq request = named(name);
  if (auto got = socket.ask(SIOCGIFFLAGS, &request, "read a device's flags"); !got) return got;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  return socket.ask(SIOCSIFFLAGS, &request, "switch a device on");
}

}  // namespace

std::string Ipv4::to_string() const {
  return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 0xff, value >> 8 & 0xff,
                     value & 0xff);
}

Outcome<TunDevice> TunDevice::make(const std::string& name) {
  const int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return env_fail(
        fmt::format("cannot open /dev/net/tun ({}): it takes root and the kernel's tun "
                    "module; in a container, --device /dev/net/tun and CAP_NET_ADMIN",
                    std::strerror(errno)));
  }
  ifreq request = named(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(fd, TUNSETIFF, &request) != 0) {
    const int error = errno;
    ::close(fd);
    return env_fail(fmt::format("cannot make a TUN device ({}): it takes root (CAP_NET_ADMIN)",
                                std::strerror(error)));
  }
  return TunDevice(fd, request.ifr_name);
}

TunDevice::~TunDevice() {
  if (fd_ >= 0) ::close(fd_);
}

TunDevice::TunDevice(TunDevice&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}

Outcome<void> TunDevice::configure(Ipv4 own, Ipv4 peer) const {
  const RequestSocket socket;
  ifreq request = named(name_);
  request.ifr_addr = socket_address(own);
  if (auto set = socket.ask(SIOCSIFADDR, &request, "set a device's address"); !set) return set;
  request.ifr_dstaddr = socket_address(peer);
  if (auto set = socket.ask(SIOCSIFDSTADDR, &request, "set a device's peer"); !set) return set;
  request.ifr_netmask = socket_address({0xffffffff});
  if (auto set = socket.ask(SIOCSIFNETMASK, &request, "set a device's mask"); !set) return set;
  request.ifr_mtu = static_cast<int>(kMtu);
  if (auto set = socket.ask(SIOCSIFMTU, &request, "set a device's packet size"); !set) return set;
  request.ifr_qlen = kTransmitQueue;
  if (auto set = socket.ask(SIOCSIFTXQLEN, &request, "set a device's queue"); !set) return set;
  return switch_on(socket, name_);
}

Outcome<void> TunDevice::make_default_route() const {
  const RequestSocket socket;
  std::string device = name_;
  rtentry route{};
  route.rt_dst = socket_address({});
  route.rt_genmask = socket_address({});
  route.rt_flags = RTF_UP;
  route.rt_dev = device.data();
  return socket.ask(SIOCADDRT, &route, "set the default route");
}

size_t TunDevice::read(media::MutableByteSpan buffer) const {
  const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
  return got > 0 ? static_cast<size_t>(got) : 0;
}

bool TunDevice::write(media::ByteSpan packet) const {
  return ::write(fd_, packet.data(), packet.size()) == static_cast<ssize_t>(packet.size());
}

Outcome<void> start_loopback() {
  return switch_on(RequestSocket(), "lo");
}

}  // namespace line::runner
