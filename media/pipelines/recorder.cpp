#include "media/pipelines/recorder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "media/base/log.h"
#include "media/pipelines/disk_syncer.h"
#include "media/pipelines/track_recorder.h"

namespace media::pipelines {
namespace {

// The ring holds seconds; looking every 20 ms costs nothing and keeps what is not yet on the way to
// the disk small.
constexpr std::chrono::milliseconds kPoll{20};
// Packets taken between two looks at timers and pipelines.
constexpr int kBurst = 512;

Instant monotonic_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant::from_micros(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

}  // namespace

struct Recorder::Parts {
  Params params;
  std::shared_ptr<tap::TapRing> ring;
  DiskSyncer syncer;
  std::unordered_map<TrackId, std::unique_ptr<TrackRecorder>> open;
  std::vector<std::unique_ptr<TrackRecorder>> closing;
  uint64_t lost_reported = 0;

  std::mutex mutex;
  std::condition_variable wake;
  bool stop_asked = false;  // guarded by mutex
  std::atomic<bool> finished{false};
  std::thread thread;

  void run();
  bool take_packets(Instant now);
  void take(Instant now, const tap::TapPacket& packet);
  void close_track(Instant now, TrackId track);
  void tick(Instant now);
  void finish_all(Instant now);
  void report_losses();
};

Recorder::Recorder(Params params, std::shared_ptr<tap::TapRing> ring)
    : parts_(std::make_unique<Parts>()) {
  parts_->params = std::move(params);
  parts_->ring = std::move(ring);
  parts_->thread = std::thread([parts = parts_.get()] { parts->run(); });
}

Recorder::~Recorder() {
  stop();
  parts_->thread.join();
}

void Recorder::stop() {
  const std::lock_guard lock(parts_->mutex);
  parts_->stop_asked = true;
  parts_->wake.notify_one();
}

bool Recorder::finished() const {
  return parts_->finished.load(std::memory_order_acquire);
}

void Recorder::Parts::run() {
  pthread_setname_np(pthread_self(), "recorder");
  bool stopping = false;
  while (!stopping) {
    {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, kPoll, [this] { return stop_asked; });
      stopping = stop_asked;
    }
    const Instant now = monotonic_now();
    // Asked to stop by the caller: what the ring holds at this moment is still recorded.
    stopping = take_packets(now) || stopping;
    tick(now);
    report_losses();
  }
  finish_all(monotonic_now());
  params.on_event(RecordingFinished{});
  finished.store(true, std::memory_order_release);
}

bool Recorder::Parts::take_packets(Instant now) {
  int taken = 0;
  while (const tap::TapPacket* packet = ring->front()) {
    const bool stop = packet->type == tap::TapPacket::Type::Stop;
    if (!stop) take(now, *packet);
    ring->release();
    if (stop) return true;
    if (++taken % kBurst == 0) tick(now);
  }
  return false;
}

void Recorder::Parts::take(Instant now, const tap::TapPacket& packet) {
  switch (packet.type) {
    case tap::TapPacket::Type::Start: {
      close_track(now, packet.track);
      TrackRecorder::Params track{.room = params.room,
                                  .track = packet.track,
                                  .codec = packet.codec,
                                  .source = packet.source,
                                  .directory = params.directory};
      open.emplace(packet.track,
                   std::make_unique<TrackRecorder>(std::move(track), params.on_event, syncer));
      break;
    }
    case tap::TapPacket::Type::Rtp: {
      const auto found = open.find(packet.track);
      if (found != open.end()) found->second->on_packet(now, packet);
      break;
    }
    case tap::TapPacket::Type::End:
      close_track(now, packet.track);
      break;
    case tap::TapPacket::Type::Stop:
      break;
  }
}

void Recorder::Parts::close_track(Instant now, TrackId track) {
  const auto found = open.find(track);
  if (found == open.end()) return;
  found->second->finish(now);
  closing.push_back(std::move(found->second));
  open.erase(found);
}

void Recorder::Parts::tick(Instant now) {
  for (auto& [id, track] : open) track->on_tick(now);
  for (auto& track : closing) track->on_tick(now);
  std::erase_if(closing, [](const auto& track) { return track->is_closed(); });
}

void Recorder::Parts::finish_all(Instant now) {
  while (!open.empty()) close_track(now, open.begin()->first);
  // Each track gives itself up after kCloseLimit, so this ends.
  while (!closing.empty()) {
    tick(monotonic_now());
    if (!closing.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Recorder::Parts::report_losses() {
  const uint64_t lost = ring->lost();
  if (lost == lost_reported) return;
  logger("pipe")->warn("room {}: the recorder was too slow and missed {} packets",
                       params.room.value, lost - lost_reported);
  lost_reported = lost;
}

}  // namespace media::pipelines
