// What sending one 1150-byte datagram costs on loopback, in the order in which a server makes them:
// each packet of a video frame for all receivers, then the next packet. Time includes the kernel's
// receiving half.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "media/net/send_batch.h"
#include "media/net/udp_socket.h"

namespace media::net {
namespace {

constexpr int kFramePackets = 6;
constexpr size_t kPacket = 1150;

// Arguments: receivers, GSO, receivers take joined datagrams, and how many bytes the first half of
// a frame's packets is shorter (libwebrtc splits a frame into parts that differ by one byte, the
// longer ones last).
void send_frame(benchmark::State& state) {
  const auto receivers = static_cast<size_t>(state.range(0));
  auto socket = UdpSocket::bind(*Address::parse("127.0.0.1", 0));
  SendBatch batch(*socket, state.range(1) != 0);
  const auto shorter = static_cast<size_t>(state.range(3));
  SocketOptions options;
  options.gro = state.range(2) != 0;
  // Nobody reads: what no longer fits is thrown away by the kernel at the same cost.
  options.receive_buffer = 64 * 1024;
  std::vector<UdpSocket> sinks;
  for (size_t i = 0; i < receivers; ++i) {
    auto sink = UdpSocket::bind(*Address::parse("127.0.0.1", 0), options);
    if (!sink) return state.SkipWithError(sink.error().message.c_str());
    sinks.push_back(std::move(*sink));
  }
  for (auto _ : state) {
    for (int packet = 0; packet < kFramePackets; ++packet) {
      for (const UdpSocket& sink : sinks) {
        MutableByteSpan slot = batch.slot();
        const size_t size = kPacket - (packet < kFramePackets / 2 ? shorter : 0);
        std::fill_n(slot.begin(), size, uint8_t{7});
        batch.commit(sink.local_address(), size);
      }
    }
    batch.flush();
  }
  const auto packets =
      static_cast<double>(state.iterations()) * kFramePackets * static_cast<double>(receivers);
  state.counters["per_packet"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["per_message"] =
      static_cast<double>(batch.stats().datagrams) /
      static_cast<double>(std::max<uint64_t>(batch.stats().gso_messages, 1));
}

BENCHMARK(send_frame)
    ->ArgNames({"receivers", "gso", "gro", "shorter"})
    ->ArgsProduct({{10, 100, 200}, {1}, {0, 1}, {0}})
    ->Args({100, 1, 0, 1})
    ->Args({100, 0, 0, 0});

}  // namespace
}  // namespace media::net
