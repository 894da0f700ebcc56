// The least that a lesson's packets can cost on this machine: the server's mix (50 sounds of 80
// bytes and 30 pictures of 6 x 1050 bytes a second for each receiver) copied, sealed and sent with
// the server's own cipher and batches, and nothing else. Receivers are read by another thread, as
// the load reads them.
//
//   bench_media_limit RECEIVERS SECONDS paced|tight
//
// paced: in the lesson's rhythm, with a sleep between, as the server works. tight: without pause.
// Prints one JSON line: CPU of the sending thread per packet.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "media/base/rng.h"
#include "media/net/clock.h"
#include "media/net/poller.h"
#include "media/net/send_batch.h"
#include "media/net/udp_socket.h"
#include "media/srtp/srtp_sender.h"

namespace media {
namespace {

constexpr size_t kHeader = 28;  // 12 bytes and the extensions mid, abs-send-time, transport-cc
constexpr size_t kSound = kHeader + 80;
constexpr size_t kPicturePacket = kHeader + 1050;
constexpr int kPicturePackets = 6;
constexpr Duration kSoundInterval = Duration::millis(20);
constexpr Duration kPictureInterval = Duration::micros(33'333);

double thread_cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

struct Receiver {
  net::UdpSocket socket;
  srtp::SrtpSender sealer;
  int64_t sound = 0;
  int64_t picture = 0;
};

class Limit {
 public:
  explicit Limit(size_t receivers);
  void run(Duration span, bool paced);

 private:
  void send(Receiver& to, size_t size, uint32_t ssrc, int64_t index);
  void send_sounds();
  void send_pictures();
  void read();

  net::UdpSocket socket_ = *net::UdpSocket::bind(*Address::parse("127.0.0.1", 0));
  net::SendBatch batch_{socket_};
  std::vector<Receiver> receivers_;
  std::vector<uint8_t> plain_ = std::vector<uint8_t>(kPicturePacket, 7);
  std::atomic<bool> stop_{false};
  uint64_t packets_ = 0;
};

Limit::Limit(size_t receivers) {
  SplitMix64 rng(1);
  net::SocketOptions options;
  options.receive_buffer = 256 * 1024;
  for (size_t i = 0; i < receivers; ++i) {
    auto socket = net::UdpSocket::bind(*Address::parse("127.0.0.1", 0), options);
    if (!socket) {
      std::fprintf(stderr, "%s\n", socket.error().message.c_str());
      std::exit(1);
    }
    srtp::MasterKey master;
    rng.fill(master.key);
    rng.fill(master.salt);
    receivers_.push_back(
        {std::move(*socket), srtp::SrtpSender(srtp::Profile::AeadAes128Gcm, master)});
  }
}

void Limit::send(Receiver& to, size_t size, uint32_t ssrc, int64_t index) {
  const MutableByteSpan slot = batch_.slot();
  std::copy_n(plain_.begin(), size, slot.begin());
  slot[0] = 0x90;
  slot[1] = 96;
  store_be16(slot.data() + 2, static_cast<uint16_t>(index));
  store_be32(slot.data() + 8, ssrc);
  batch_.commit(to.socket.local_address(), to.sealer.seal_rtp(slot, kHeader, size, index));
  ++packets_;
}

void Limit::send_sounds() {
  for (Receiver& to : receivers_) send(to, kSound, 1, to.sound++);
  batch_.flush();
}

void Limit::send_pictures() {
  for (Receiver& to : receivers_) {
    for (int i = 0; i < kPicturePackets; ++i) send(to, kPicturePacket, 2, to.picture++);
  }
  batch_.flush();
}

void Limit::read() {
  auto poller = net::Poller::make();
  if (!poller) return;
  for (size_t i = 0; i < receivers_.size(); ++i)
    static_cast<void>(poller->add(receivers_[i].socket.fd(), i));
  net::ReceiveBatch batch(16);
  while (!stop_) {
    const Instant now = net::monotonic_now();
    for (const uint64_t token : poller->wait(now, now + Duration::millis(50)).tokens)
      static_cast<void>(batch.receive(receivers_[token].socket));
  }
}

void Limit::run(Duration span, bool paced) {
  std::thread reader([this] { read(); });
  auto poller = net::Poller::make();
  const Instant start = net::monotonic_now();
  Instant next_sound = start;
  Instant next_picture = start + Duration::millis(5);
  const double cpu_before = thread_cpu_us();
  Instant virtual_now = start;  // runs ahead of the clock when not paced
  while (net::monotonic_now() < start + span) {
    const Instant next = std::min(next_sound, next_picture);
    if (paced && poller) poller->wait(net::monotonic_now(), next);
    virtual_now = paced ? net::monotonic_now() : next;
    if (virtual_now >= next_sound) {
      send_sounds();
      next_sound += kSoundInterval;
    }
    if (virtual_now >= next_picture) {
      send_pictures();
      next_picture += kPictureInterval;
    }
  }
  const double cpu = thread_cpu_us() - cpu_before;
  stop_ = true;
  reader.join();
  std::printf("{\"receivers\":%zu,\"packets\":%llu,\"us_per_packet\":%.3f,\"gso\":%s}\n",
              receivers_.size(), static_cast<unsigned long long>(packets_),
              cpu / static_cast<double>(std::max<uint64_t>(1, packets_)),
              batch_.uses_gso() ? "true" : "false");
}

}  // namespace
}  // namespace media

int main(int argc, char** argv) {
  const bool paced = argc == 4 && std::string_view(argv[3]) == "paced";
  if (argc != 4 || (!paced && std::string_view(argv[3]) != "tight")) {
    std::fprintf(stderr, "bench_media_limit RECEIVERS SECONDS paced|tight\n");
    return 2;
  }
  media::Limit limit(std::strtoul(argv[1], nullptr, 10));
  const double seconds = std::strtod(argv[2], nullptr);
  limit.run(media::Duration::micros(static_cast<int64_t>(seconds * 1e6)), paced);
  return 0;
}
