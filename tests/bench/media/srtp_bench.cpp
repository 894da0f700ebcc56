// What protecting and opening one packet costs. 400 keys in turn, as a server with 400 receivers
// has them, so that key schedules come from memory and not always from the first-level cache.
#include <benchmark/benchmark.h>

#include <vector>

#include "media/base/bytes.h"
#include "media/base/rng.h"
#include "media/srtp/srtp_receiver.h"
#include "media/srtp/srtp_sender.h"

namespace media::srtp {
namespace {

constexpr size_t kSessions = 400;
constexpr size_t kHeader = 12;

MasterKey make_master(SplitMix64& rng) {
  MasterKey master;
  rng.fill(master.key);
  rng.fill(master.salt);
  return master;
}

std::vector<uint8_t> make_slot(size_t size) {
  std::vector<uint8_t> slot(size + kGcmTag + kRtcpIndex);
  slot[0] = 0x80;
  slot[1] = 96;
  return slot;
}

// Arguments: profile, backend, bytes of the plain packet.
void seal(benchmark::State& state) {
  const auto profile = static_cast<Profile>(state.range(0));
  const auto backend = static_cast<Backend>(state.range(1));
  const auto size = static_cast<size_t>(state.range(2));
  SplitMix64 rng(1);
  std::vector<SrtpSender> senders;
  senders.reserve(kSessions);
  for (size_t i = 0; i < kSessions; ++i) senders.emplace_back(profile, make_master(rng), backend);
  std::vector<uint8_t> slot = make_slot(size);
  int64_t index = 0;
  size_t session = 0;
  for (auto _ : state) {
    store_be16(slot.data() + 2, static_cast<uint16_t>(index));
    benchmark::DoNotOptimize(senders[session].seal_rtp(slot, kHeader, size, index));
    if (++session == kSessions) {
      session = 0;
      ++index;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(2));
}

void open(benchmark::State& state) {
  const auto profile = static_cast<Profile>(state.range(0));
  const auto backend = static_cast<Backend>(state.range(1));
  const auto size = static_cast<size_t>(state.range(2));
  SplitMix64 rng(1);
  const MasterKey master = make_master(rng);
  SrtpSender sender(profile, master, backend);
  SrtpReceiver receiver(profile, master, backend);
  constexpr int64_t kBlock = 512;
  std::vector<std::vector<uint8_t>> packets(kBlock);
  int64_t index = 0;
  for (auto _ : state) {
    if (index % kBlock == 0) {
      state.PauseTiming();
      for (int64_t i = 0; i < kBlock; ++i) {
        auto& slot = packets[static_cast<size_t>(i)] = make_slot(size);
        store_be16(slot.data() + 2, static_cast<uint16_t>(index + i));
        slot.resize(sender.seal_rtp(slot, kHeader, size, index + i));
      }
      state.ResumeTiming();
    }
    const auto plain = receiver.open_rtp(packets[static_cast<size_t>(index % kBlock)]);
    if (!plain) state.SkipWithError(plain.error().what);
    ++index;
  }
}

void settings(benchmark::internal::Benchmark* b) {
  b->ArgNames({"profile", "backend", "bytes"});
  for (const int64_t bytes : {1150, 90}) {
    b->Args({static_cast<int64_t>(Profile::AeadAes128Gcm), static_cast<int64_t>(Backend::IpsecMb),
             bytes});
    b->Args({static_cast<int64_t>(Profile::AeadAes128Gcm), static_cast<int64_t>(Backend::OpenSsl),
             bytes});
    b->Args({static_cast<int64_t>(Profile::AesCm128HmacSha1),
             static_cast<int64_t>(Backend::IpsecMb), bytes});
    b->Args({static_cast<int64_t>(Profile::AesCm128HmacSha1),
             static_cast<int64_t>(Backend::OpenSsl), bytes});
  }
}

BENCHMARK(seal)->Apply(settings);
BENCHMARK(open)->Apply(settings);

}  // namespace
}  // namespace media::srtp
