#include "media/pipelines/disk_syncer.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace media::pipelines {

DiskSyncer::DiskSyncer() : thread_([this] { run(); }) {}

DiskSyncer::~DiskSyncer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (const int file : files_) ::close(file);
  for (const int file : removed_) ::close(file);
}

int DiskSyncer::add(int descriptor) {
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return -1;  // out of descriptors: the kernel writes back by itself, later
  const std::lock_guard lock(mutex_);
  files_.push_back(copy);
  return copy;
}

void DiskSyncer::remove(int handle) {
  const std::lock_guard lock(mutex_);
  if (std::erase(files_, handle) != 0) removed_.push_back(handle);
}

uint64_t DiskSyncer::rounds() const {
  const std::lock_guard lock(mutex_);
  return rounds_;
}

void DiskSyncer::run() {
  pthread_setname_np(pthread_self(), "disk-sync");
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_for(lock, kInterval, [this] { return stop_; });
    // A file that is being removed is synced once more: its index and duration came last.
    std::vector<int> files = files_;
    const std::vector<int> last = std::exchange(removed_, {});
    files.insert(files.end(), last.begin(), last.end());
    lock.unlock();
    if (files.size() >= kFilesForSyncfs) {
      ::syncfs(files.front());
    } else {
      for (const int file : files) ::fdatasync(file);
    }
    for (const int file : last) ::close(file);
    lock.lock();
    ++rounds_;
  }
}

}  // namespace media::pipelines
