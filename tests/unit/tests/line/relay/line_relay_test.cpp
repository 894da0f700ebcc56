#include "tests/line/relay/line_relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "media/net/clock.h"
#include "media/net/udp_socket.h"
#include "tests/support/waiting.h"

namespace line::relay {
namespace {

using media::Address;
using media::net::monotonic_now;
using media::net::ReceiveBatch;
using media::net::UdpSocket;

Profile profile(const Params& both) {
  Profile p;
  p.name = "test";
  p.up = both;
  p.down = both;
  return p;
}

UdpSocket loopback() {
  return std::move(*UdpSocket::bind(*Address::parse("127.0.0.1", 0), {.gro = false}));
}

// What comes within the usual limit; empty when nothing does.
std::vector<uint8_t> next(const UdpSocket& socket, ReceiveBatch& batch, Address* from = nullptr) {
  std::vector<uint8_t> bytes;
  tests::wait_until([&] {
    for (const auto& got : batch.receive(socket)) {
      bytes.assign(got.bytes.begin(), got.bytes.end());
      if (from != nullptr) *from = got.from;
    }
    return !bytes.empty();
  });
  return bytes;
}

TEST(LineRelay, CarriesDatagramsBothWaysNotSoonerThanTheLineAllows) {
  const UdpSocket server = loopback();
  const UdpSocket client = loopback();
  Params p;
  p.delay = Duration::millis(60);
  const auto relay = LineRelay::start({server.local_address(), {}, profile(p), 1});
  ASSERT_TRUE(relay) << relay.error().message;
  ReceiveBatch batch;
  const Instant sent = monotonic_now();
  ASSERT_TRUE(client.send((*relay)->udp_address(), std::vector<uint8_t>{1, 2, 3}));
  Address flow;
  EXPECT_EQ(next(server, batch, &flow), (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_GE(monotonic_now() - sent, Duration::millis(60));
  ASSERT_TRUE(server.send(flow, std::vector<uint8_t>{4}));
  Address answered;
  EXPECT_EQ(next(client, batch, &answered), (std::vector<uint8_t>{4}));
  EXPECT_EQ(answered, (*relay)->udp_address());
  EXPECT_GE(monotonic_now() - sent, Duration::millis(120));
  EXPECT_EQ((*relay)->report().up.delivered_packets, 1U);
  EXPECT_EQ((*relay)->report().down.delivered_packets, 1U);
}

TEST(LineRelay, EachClientIsAnAddressOfItsOwnForTheServer) {
  const UdpSocket server = loopback();
  const UdpSocket a = loopback();
  const UdpSocket b = loopback();
  const auto relay = LineRelay::start({server.local_address(), {}, profile({}), 1});
  ASSERT_TRUE(relay);
  ReceiveBatch batch;
  Address from_a;
  Address from_b;
  ASSERT_TRUE(a.send((*relay)->udp_address(), std::vector<uint8_t>{1}));
  EXPECT_EQ(next(server, batch, &from_a), (std::vector<uint8_t>{1}));
  ASSERT_TRUE(b.send((*relay)->udp_address(), std::vector<uint8_t>{2}));
  EXPECT_EQ(next(server, batch, &from_b), (std::vector<uint8_t>{2}));
  EXPECT_NE(from_a, from_b);
  ASSERT_TRUE(server.send(from_b, std::vector<uint8_t>{3}));
  EXPECT_EQ(next(b, batch), (std::vector<uint8_t>{3}));
  EXPECT_TRUE(batch.receive(a).empty());
}

TEST(LineRelay, AStrangerOnTheServersSideReachesNobody) {
  const UdpSocket server = loopback();
  const UdpSocket client = loopback();
  const UdpSocket stranger = loopback();
  const auto relay = LineRelay::start({server.local_address(), {}, profile({}), 1});
  ASSERT_TRUE(relay);
  ReceiveBatch batch;
  Address flow;
  ASSERT_TRUE(client.send((*relay)->udp_address(), std::vector<uint8_t>{1}));
  next(server, batch, &flow);
  ASSERT_TRUE(stranger.send(flow, std::vector<uint8_t>{9}));
  ASSERT_TRUE(server.send(flow, std::vector<uint8_t>{5}));
  EXPECT_EQ(next(client, batch), (std::vector<uint8_t>{5}));
}

TEST(LineRelay, AnotherLineHoldsAtOnce) {
  const UdpSocket server = loopback();
  const UdpSocket client = loopback();
  const auto relay = LineRelay::start({server.local_address(), {}, profile({}), 1});
  ASSERT_TRUE(relay);
  Params out;
  out.out = true;
  (*relay)->use(profile(out));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(client.send((*relay)->udp_address(), std::vector<uint8_t>{1}));
  EXPECT_TRUE(
      tests::wait_until([&] { return (*relay)->report().up.lost_for(LossReason::Outage) == 20; }));
  (*relay)->use(profile({}));
  EXPECT_EQ((*relay)->report().up.lost_packets(), 0U);
  ReceiveBatch batch;
  ASSERT_TRUE(client.send((*relay)->udp_address(), std::vector<uint8_t>{7}));
  EXPECT_EQ(next(server, batch), (std::vector<uint8_t>{7}));
}

// A blocking TCP socket on loopback.
class Tcp {
 public:
  Tcp() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit Tcp(int fd) : fd_(fd) {}
  ~Tcp() { close(); }
  Tcp(Tcp&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Tcp& operator=(Tcp&&) = delete;

  Address listen() const {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(in);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&in), size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&in), &size), 0);
    return *Address::parse("127.0.0.1", ntohs(in.sin_port));
  }
  void connect(const Address& to) const {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in.sin_port = htons(to.port);
    ASSERT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&in), sizeof(in)), 0);
  }
  Tcp accept() const { return Tcp(::accept(fd_, nullptr, nullptr)); }
  void send_all(const std::string& bytes) const {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      sent += static_cast<size_t>(n);
    }
  }
  // Until the other end has finished.
  [[nodiscard]] std::string read_all() const {
    std::string out;
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n <= 0) return out;
      out.append(buffer.data(), static_cast<size_t>(n));
    }
  }
  void finish() const { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

std::string pattern(size_t size) {
  std::string out(size, ' ');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

TEST(LineRelay, AStreamArrivesWholeAndInOrderAtTheLinesRateWhateverIsLost) {
  const Tcp listening;
  Params p;
  p.delay = Duration::millis(10);
  p.loss = 0.2;
  p.bits_per_second = 8'000'000;
  const auto relay = LineRelay::start({{}, listening.listen(), profile(p), 1});
  ASSERT_TRUE(relay) << relay.error().message;
  const Tcp client;
  client.connect((*relay)->tcp_address());
  const Tcp server = listening.accept();
  const std::string sent = pattern(400'000);
  const Instant began = monotonic_now();
  std::thread sender([&] {
    client.send_all(sent);
    client.finish();
  });
  EXPECT_TRUE(server.read_all() == sent);
  sender.join();
  EXPECT_GE(monotonic_now() - began, Duration::millis(400));
  server.send_all("done");
  server.finish();
  EXPECT_EQ(client.read_all(), "done");
}

TEST(LineRelay, ASenderFeelsThatTheLineIsFull) {
  const Tcp listening;
  Params slow;
  slow.bits_per_second = 100'000;
  const auto relay = LineRelay::start({{}, listening.listen(), profile(slow), 1});
  ASSERT_TRUE(relay);
  const Tcp client;
  client.connect((*relay)->tcp_address());
  const Tcp server = listening.accept();
  const std::string sent = pattern(20'000'000);
  std::atomic<bool> finished{false};
  std::thread sender([&] {
    client.send_all(sent);
    client.finish();
    finished = true;
  });
  EXPECT_TRUE(tests::wait_until([&] { return (*relay)->report().up.offered_bytes > 100'000; }));
  EXPECT_LT((*relay)->report().up.offered_bytes, 200'000U);
  EXPECT_FALSE(finished);
  (*relay)->use(profile({}));
  EXPECT_TRUE(server.read_all() == sent);
  sender.join();
}

TEST(LineRelay, AServerThatIsNotThereIsAConnectionThatEnds) {
  Address nobody;
  {
    const Tcp closed;
    nobody = closed.listen();
  }
  const auto relay = LineRelay::start({{}, nobody, profile({}), 1});
  ASSERT_TRUE(relay);
  const Tcp client;
  client.connect((*relay)->tcp_address());
  EXPECT_EQ(client.read_all(), "");
}

}  // namespace
}  // namespace line::relay
