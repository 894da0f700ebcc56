#include "storage/sql/storage_thread.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "media/base/log.h"

namespace storage::sql {

StorageThread::StorageThread(std::unique_ptr<Store> store, Post post)
    : store_(std::move(store)), post_(std::move(post)), thread_([this] { run(); }) {}

StorageThread::~StorageThread() {
  stop();
}

void StorageThread::tell(const char* what, std::function<Outcome<void>(Store&)> job) {
  Job item{[what, job = std::move(job)](Store& store) {
             const Outcome<void> done = job(store);
             if (!done) media::logger("storage")->error("{}: {}", what, done.error().message);
             return done.has_value();
           },
           what};
  if (!enqueue(std::move(item), kMaxQueuedJobs)) {
    media::logger("storage")->error("{}: {}", what, overloaded().message);
  }
}

void StorageThread::append_events(std::vector<LessonEvent> events,
                                  const std::function<void(Outcome<void>)>& done) {
  if (enqueue(Append{std::move(events), done}, kMaxQueuedAppends)) return;
  media::logger("storage")->error("append to the timeline: {}", overloaded().message);
  if (done) deliver([done] { done(tl::unexpected<media::EnvError>(overloaded())); });
}

void StorageThread::stop() {
  std::call_once(stopped_, [this] {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  });
}

StorageStats StorageThread::stats() const {
  const std::lock_guard lock(mutex_);
  StorageStats copy = stats_;
  copy.queued = queue_.size();
  return copy;
}

media::EnvError StorageThread::overloaded() {
  return {
      "the database does not keep up or is stopping; try again. If it lasts, look at the disk."};
}

bool StorageThread::enqueue(Item item, size_t limit) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= limit) {
      ++stats_.refused;
      return false;
    }
    queue_.push_back(std::move(item));
    stats_.queued_max = std::max<uint64_t>(stats_.queued_max, queue_.size());
  }
  wake_.notify_one();
  return true;
}

void StorageThread::deliver(std::function<void()> reply) {
  if (post_) {
    post_(std::move(reply));
  } else {
    reply();
  }
}

void StorageThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;  // stopping, and everything has been done
    if (std::holds_alternative<Job>(queue_.front())) {
      const Job job = std::get<Job>(std::move(queue_.front()));
      queue_.pop_front();
      lock.unlock();
      run_job(job);
    } else {
      std::vector<Append> appends;
      size_t rows = 0;
      while (!queue_.empty() && std::holds_alternative<Append>(queue_.front()) &&
             rows < kMaxEventsPerCommit) {
        appends.push_back(std::get<Append>(std::move(queue_.front())));
        queue_.pop_front();
        rows += appends.back().events.size();
      }
      lock.unlock();
      run_appends(std::move(appends));
    }
    lock.lock();
  }
}

void StorageThread::run_job(const Job& job) {
  const auto start = std::chrono::steady_clock::now();
  const bool ok = job.run(*store_);
  const auto spent = std::chrono::steady_clock::now() - start;
  const std::lock_guard lock(mutex_);
  ++stats_.jobs;
  if (!ok) ++stats_.failed;
  stats_.busy_us +=
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
}

void StorageThread::run_appends(std::vector<Append> appends) {
  const auto start = std::chrono::steady_clock::now();
  StorageStats delta;
  std::vector<LessonEvent> together;
  for (const Append& append : appends)
    together.insert(together.end(), append.events.begin(), append.events.end());
  const Outcome<void> all = store_->append_events(together);
  ++delta.commits;
  if (all) delta.events += together.size();
  for (Append& append : appends) {
    Outcome<void> one = all;
    // One that is refused must not take its neighbours with it.
    if (!all && appends.size() > 1) {
      one = store_->append_events(append.events);
      ++delta.commits;
      if (one) delta.events += append.events.size();
    }
    if (!one) {
      ++delta.failed;
      media::logger("storage")->error("{}", one.error().message);
    }
    if (append.done) deliver([done = std::move(append.done), one = std::move(one)] { done(one); });
  }
  const auto spent = std::chrono::steady_clock::now() - start;
  const std::lock_guard lock(mutex_);
  stats_.events += delta.events;
  stats_.commits += delta.commits;
  stats_.failed += delta.failed;
  stats_.busy_us +=
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
}

}  // namespace storage::sql
