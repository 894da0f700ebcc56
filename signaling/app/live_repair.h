// Makes recordings playable that were cut off: by a killed server, or by a disk that took no more.
// Works through them one by one on a thread of its own, since a file may be large.
//
// Owner: LiveLessons. add() is for the signaling thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/api/records.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {

class SegmentRepair {
 public:
  // `recordings`: the folder with one folder for each lesson. `storage` outlives it.
  SegmentRepair(std::filesystem::path recordings, storage::sql::StorageThread& storage);
  // Finishes the file under way. Those that still wait stay `writing` in the database and are found
  // at the next start.
  ~SegmentRepair();
  SegmentRepair(const SegmentRepair&) = delete;
  SegmentRepair& operator=(const SegmentRepair&) = delete;

  // Rows as they are to be finished, with the clock mapping that is known; their length is found in
  // the file.
  void add(std::vector<storage::RecordingSegment> cut);

 private:
  void run();
  void mend(const storage::RecordingSegment& segment);

  std::filesystem::path recordings_;
  storage::sql::StorageThread& storage_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<storage::RecordingSegment> cut_;
  bool stopping_ = false;
  std::thread thread_;  // started when there is something to do
};

}  // namespace signaling::app
