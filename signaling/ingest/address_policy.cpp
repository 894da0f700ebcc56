#include "signaling/ingest/address_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace signaling::ingest {
namespace {

constexpr unsigned kV4Offset = 96;

// The bytes of a numeric address; whether it was IPv4 in `is_v4`.
bool read_address(const std::string& text, std::array<uint8_t, 16>& out, bool& is_v4) {
  in6_addr v6{};
  in_addr v4{};
  is_v4 = ::inet_pton(AF_INET, text.c_str(), &v4) == 1;
  if (is_v4) {
    const auto host = ntohl(v4.s_addr);
    out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    for (unsigned i = 0; i < 4; ++i) out[12 + i] = static_cast<uint8_t>(host >> (24 - 8 * i));
    return true;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  std::copy(std::begin(v6.s6_addr), std::end(v6.s6_addr), out.begin());
  return true;
}

bool contains(const Network& network, const std::array<uint8_t, 16>& address) {
  for (unsigned bit = 0; bit < network.bits; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    if (((network.bytes[bit / 8] ^ address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool in_any(const std::vector<Network>& networks, const std::array<uint8_t, 16>& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return contains(network, address); });
}

media::Outcome<std::vector<Network>> parse_networks(const std::vector<std::string>& texts) {
  std::vector<Network> out;
  for (const std::string& text : texts) {
    const auto network = parse_network(text);
    if (!network) return media::env_fail(fmt::format("\"{}\" is not a network", text));
    out.push_back(*network);
  }
  return out;
}

std::string numeric(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  const bool done =
      ::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
  return done ? text.data() : "";
}

}  // namespace

const std::vector<std::string>& default_deny() {
  static const std::vector<std::string> kNetworks = {
      "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255",
      "::/128",    "::1/128",     "fe80::/10",      "ff00::/8"};
  return kNetworks;
}

std::vector<std::string> addresses_of_this_machine() {
  std::vector<std::string> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, ::freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    std::string text;
    if (one->ifa_addr->sa_family == AF_INET) text = numeric(one->ifa_addr, sizeof(sockaddr_in));
    if (one->ifa_addr->sa_family == AF_INET6) text = numeric(one->ifa_addr, sizeof(sockaddr_in6));
    text.resize(std::min(text.size(), text.find('%')));  // the interface of a link-local address
    if (!text.empty()) out.push_back(text);
  }
  return out;
}

media::Result<Network> parse_network(std::string_view text) {
  const size_t slash = text.find('/');
  Network out;
  bool is_v4 = false;
  if (!read_address(std::string(text.substr(0, slash)), out.bytes, is_v4))
    return media::fail(media::Errc::Malformed, "not a network");
  if (slash == std::string_view::npos) return out;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size() || bits > (is_v4 ? 32U : 128U))
    return media::fail(media::Errc::Malformed, "not a network");
  out.bits = is_v4 ? kV4Offset + bits : bits;
  return out;
}

media::Outcome<AddressPolicy> AddressPolicy::make(const std::vector<std::string>& deny,
                                                  const std::vector<std::string>& allow,
                                                  const OwnDoors& own) {
  AddressPolicy policy;
  for (const auto& [texts, networks] : {std::pair{&deny, &policy.deny_},
                                        {&allow, &policy.allow_},
                                        {&own.addresses, &policy.own_}}) {
    auto parsed = parse_networks(*texts);
    if (!parsed) return tl::unexpected<media::EnvError>(parsed.error());
    *networks = std::move(*parsed);
  }
  policy.own_ports_ = own.ports;
  return policy;
}

bool AddressPolicy::permits(const std::string& address, uint16_t port) const {
  std::array<uint8_t, 16> bytes{};
  bool is_v4 = false;
  if (!read_address(address, bytes, is_v4)) return false;
  const bool is_own_port =
      std::find(own_ports_.begin(), own_ports_.end(), port) != own_ports_.end();
  if (is_own_port && in_any(own_, bytes)) return false;
  return in_any(allow_, bytes) || !in_any(deny_, bytes);
}

media::Outcome<std::string> resolve_permitted(const std::string& host, uint16_t port,
                                              const AddressPolicy& policy) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0 || list == nullptr)
    return media::env_fail(fmt::format("there is no host {}", host));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  std::string first;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    const std::string text = numeric(one->ai_addr, one->ai_addrlen);
    if (!policy.permits(text, port))
      return media::env_fail(fmt::format("{} is in a network that is not allowed", host));
    if (first.empty()) first = text;
  }
  return first;
}

}  // namespace signaling::ingest
