// What one join costs the server in DTLS, and what an association keeps in memory afterwards. Only
// the server's half is timed; the client's runs on the child's own machine.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <vector>

#include "media/base/check.h"
#include "media/dtls/certificate.h"
#include "media/dtls/dtls_endpoint.h"

namespace media::dtls {
namespace {

const Certificate& server_certificate() {
  static const Certificate kOne = std::move(*Certificate::make());
  return kOne;
}
const Certificate& client_certificate() {
  static const Certificate kOne = std::move(*Certificate::make());
  return kOne;
}

std::vector<std::vector<uint8_t>> take_all(DtlsEndpoint& endpoint) {
  std::vector<std::vector<uint8_t>> all;
  std::vector<uint8_t> datagram;
  while (endpoint.poll(datagram)) all.push_back(std::move(datagram));
  return all;
}

// Brings both to Connected. `pause` and `resume` are called around the client's work.
template <class Pause, class Resume>
void connect(DtlsEndpoint& server, DtlsEndpoint& client, Pause pause, Resume resume) {
  const Instant now = Instant::from_micros(1);
  pause();
  client.start(now);
  while (server.state() != State::Connected || client.state() != State::Connected) {
    const auto up = take_all(client);
    resume();
    for (const auto& datagram : up) server.handle_datagram(now, datagram);
    const auto down = take_all(server);
    pause();
    CHECK(!up.empty() || !down.empty());
    for (const auto& datagram : down) client.handle_datagram(now, datagram);
  }
  resume();
}

void handshake(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    DtlsEndpoint client(Role::Client, client_certificate(), server_certificate().fingerprint());
    state.ResumeTiming();
    auto server = std::make_unique<DtlsEndpoint>(Role::Server, server_certificate(),
                                                 client_certificate().fingerprint());
    connect(
        *server, client, [&] { state.PauseTiming(); }, [&] { state.ResumeTiming(); });
    server->drop_keys();
    server.reset();
  }
}

void memory(benchmark::State& state) {
  constexpr size_t kSessions = 500;
  const auto nothing = [] {};
  for (auto _ : state) {
    std::vector<std::unique_ptr<DtlsEndpoint>> servers;
    servers.reserve(kSessions);
    const size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < kSessions; ++i) {
      DtlsEndpoint client(Role::Client, client_certificate(), server_certificate().fingerprint());
      servers.push_back(std::make_unique<DtlsEndpoint>(Role::Server, server_certificate(),
                                                       client_certificate().fingerprint()));
      connect(*servers.back(), client, nothing, nothing);
      servers.back()->drop_keys();
    }
    state.counters["bytes_per_session"] =
        static_cast<double>(mallinfo2().uordblks - before) / kSessions;
  }
}

BENCHMARK(handshake)->Unit(benchmark::kMicrosecond);
BENCHMARK(memory)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace media::dtls
