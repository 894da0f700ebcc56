// Puts recordings on the disk: once per kInterval everything written so far to the registered
// files, on a thread of its own, because a sync may take as long as the disk likes. Owner:
// Recorder. Thread safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace media::pipelines {

class DiskSyncer {
 public:
  // With the half second that a frame may wait for its cluster this keeps what a power cut takes
  // below two seconds.
  static constexpr std::chrono::milliseconds kInterval{800};
  // From so many files on one syncfs() is cheaper than a journal commit for each.
  static constexpr size_t kFilesForSyncfs = 8;

  DiskSyncer();
  ~DiskSyncer();
  DiskSyncer(const DiskSyncer&) = delete;
  DiskSyncer& operator=(const DiskSyncer&) = delete;

  // Duplicates the descriptor, so that the caller may close its own at any time. Returns a handle
  // for remove().
  int add(int descriptor);
  void remove(int handle);
  [[nodiscard]] uint64_t rounds() const;

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<int> files_;  // our duplicates; guarded by mutex_
  std::vector<int>
      removed_;          // closed by the thread after the sync that may use them; guarded by mutex_
  uint64_t rounds_ = 0;  // guarded by mutex_
  bool stop_ = false;    // guarded by mutex_
  std::thread thread_;
};

}  // namespace media::pipelines
