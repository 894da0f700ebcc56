#include "signaling/app/live_repair.h"

#include <utility>

#include "media/api/media_server.h"

namespace signaling::app {

SegmentRepair::SegmentRepair(std::filesystem::path recordings, storage::sql::StorageThread& storage)
    : recordings_(std::move(recordings)), storage_(storage) {}

SegmentRepair::~SegmentRepair() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SegmentRepair::add(std::vector<storage::RecordingSegment> cut) {
  if (cut.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (storage::RecordingSegment& segment : cut) cut_.push_back(std::move(segment));
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wake_.notify_one();
}

void SegmentRepair::run() {
  for (;;) {
    storage::RecordingSegment next;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !cut_.empty(); });
      if (stopping_) return;
      next = std::move(cut_.front());
      cut_.pop_front();
    }
    mend(next);
  }
}

void SegmentRepair::mend(const storage::RecordingSegment& segment) {
  const auto repaired =
      media::api::repair_recordings(recordings_ / segment.lesson_id, {segment.file});
  const bool plays = !repaired.empty() && repaired.front().playable;
  const int64_t length = plays ? repaired.front().duration.as_micros() : 0;
  storage_.tell("finish a cut recording", [segment, plays, length](storage::Store& store) {
    return store.finish_segment(
        segment.id, segment.start_us + length, segment.clock_mapping,
        plays ? storage::SegmentState::Repaired : storage::SegmentState::Broken);
  });
}

}  // namespace signaling::app
