#include "signaling/ingest/address_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
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

}  // namespace

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

media::Outcome<AddressPolicy> AddressPolicy::make(const std::vector<std::string>& deny) {
  AddressPolicy policy;
  for (const std::string& text : deny) {
    const auto network = parse_network(text);
    if (!network) return media::env_fail(fmt::format("\"{}\" is not a network", text));
    policy.deny_.push_back(*network);
  }
  return policy;
}

bool AddressPolicy::permits(const std::string& address) const {
  std::array<uint8_t, 16> bytes{};
  bool is_v4 = false;
  if (!read_address(address, bytes, is_v4)) return false;
  return std::none_of(deny_.begin(), deny_.end(),
                      [&](const Network& network) { return contains(network, bytes); });
}

media::Outcome<std::string> resolve_permitted(const std::string& host,
                                              const AddressPolicy& policy) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0 || list == nullptr)
    return media::env_fail(fmt::format("there is no host {}", host));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  std::string first;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0 ||
        !policy.permits(text.data())) {
      return media::env_fail(fmt::format("{} is in a network that is not allowed", host));
    }
    if (first.empty()) first = text.data();
  }
  return first;
}

}  // namespace signaling::ingest
