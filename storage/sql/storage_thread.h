// The thread that owns the database. Others hand it jobs and get the results back on their own
// thread; nobody waits for a disk.
//
//   storage.ask([id](Store& s) { return s.lesson(id); },
//               [this](Outcome<std::optional<Lesson>> lesson) { … on the signaling thread … });
//
// Jobs run one after the other in the order in which they were handed in, appends among them;
// replies come in the order of their jobs. Every method may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "storage/api/store.h"

namespace storage::sql {

// A lesson makes a handful of jobs a second; four thousand waiting means that the disk has stopped.
// Requests beyond it are refused at once, so that their askers can say so.
inline constexpr size_t kMaxQueuedJobs = 4096;
// The timeline is worth more than a request: its appends have room when requests are already
// refused.
inline constexpr size_t kMaxQueuedAppends = 16384;
// Events in one transaction: a commit costs one sync, about as much as a thousand rows.
inline constexpr size_t kMaxEventsPerCommit = 1024;

struct StorageStats {       // for /metrics
  uint64_t queued = 0;      // waiting now
  uint64_t queued_max = 0;  // highest since start
  uint64_t jobs = 0;        // run, appends not counted
  uint64_t refused = 0;     // the queue was full or the thread was stopped
  uint64_t failed = 0;      // jobs and appends that ended with an EnvError
  uint64_t events = 0;      // events stored
  uint64_t commits = 0;     // transactions they took
  uint64_t busy_us = 0;     // time spent in jobs
};

namespace detail {
template <class T>
struct IsOutcome : std::false_type {};
template <class T>
struct IsOutcome<media::Outcome<T>> : std::true_type {};
}  // namespace detail

class StorageThread {
 public:
  // Hands a reply to the asking side's loop; called on the storage thread, must not block, must
  // keep the order.
  using Post = std::function<void(std::function<void()>)>;

  // Starts the thread. An empty `post` runs replies on the storage thread.
  StorageThread(std::unique_ptr<Store> store, Post post);
  ~StorageThread();  // stop()
  StorageThread(const StorageThread&) = delete;
  StorageThread& operator=(const StorageThread&) = delete;

  // Runs `job` on the storage thread and hands its result to `reply`, exactly once: when the queue
  // is full or the thread has been stopped, the reply is an EnvError. R is an Outcome<T>.
  template <class R>
  void ask(std::function<R(Store&)> job, std::function<void(R)> reply);
  // The same with any callables.
  template <class Work, class Reply>
    requires std::is_invocable_v<Work&, Store&>
  void ask(Work&& job, Reply&& reply) {
    using R = std::invoke_result_t<Work&, Store&>;
    ask<R>(std::function<R(Store&)>(std::forward<Work>(job)),
           std::function<void(R)>(std::forward<Reply>(reply)));
  }

  // Runs `job` with nobody waiting. A failure is counted and logged with `what` ("close
  // attendance").
  void tell(const char* what, std::function<Outcome<void>(Store&)> job);

  // Appends to the timeline. Appends that wait together are stored in one transaction; `done` (may
  // be empty) is called like a reply when these events are on disk, or with the error.
  void append_events(std::vector<LessonEvent> events,
                     const std::function<void(Outcome<void>)>& done = {});

  // Runs `job` and waits for it: for start-up, the admin socket's thread and tests. Never from the
  // storage thread or from a loop that must not stall.
  template <class Work>
  auto ask_and_wait(Work&& job) -> std::invoke_result_t<Work&, Store&>;

  // Refuses new jobs, runs all that wait, posts their replies, joins. A second call does nothing.
  void stop();

  [[nodiscard]] StorageStats stats() const;

 private:
  struct Job {
    std::function<bool(Store&)> run;  // false: the job failed
    const char* what = "";            // named in the log when nobody gets the reply
  };
  struct Append {
    std::vector<LessonEvent> events;
    std::function<void(Outcome<void>)> done;
  };
  using Item = std::variant<Job, Append>;

  // False when refused.
  bool enqueue(Item item, size_t limit);
  void deliver(std::function<void()> reply);
  void run();
  void run_job(const Job& job);
  void run_appends(std::vector<Append> appends);
  static media::EnvError overloaded();

  std::unique_ptr<Store> store_;
  Post post_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Item> queue_;
  StorageStats stats_;
  bool stopping_ = false;
  std::once_flag stopped_;
  std::thread thread_;
};

template <class R>
void StorageThread::ask(std::function<R(Store&)> job, std::function<void(R)> reply) {
  static_assert(detail::IsOutcome<R>::value,
                "a job returns Outcome<T>, so that its asker can be told of a full queue");
  auto shared = std::make_shared<std::function<void(R)>>(std::move(reply));
  Job item{[this, job = std::move(job), shared](Store& store) {
             auto result = std::make_shared<R>(job(store));
             const bool ok = result->has_value();
             deliver([shared, result] { (*shared)(std::move(*result)); });
             return ok;
           },
           ""};
  if (!enqueue(std::move(item), kMaxQueuedJobs)) {
    deliver([shared] { (*shared)(R(tl::unexpected<media::EnvError>(overloaded()))); });
  }
}

template <class Work>
auto StorageThread::ask_and_wait(Work&& job) -> std::invoke_result_t<Work&, Store&> {
  using R = std::invoke_result_t<Work&, Store&>;
  static_assert(detail::IsOutcome<R>::value);
  std::promise<R> promise;
  std::future<R> future = promise.get_future();
  Job item{[&job, &promise](Store& store) {
             R result = job(store);
             const bool ok = result.has_value();
             promise.set_value(std::move(result));
             return ok;
           },
           ""};
  if (!enqueue(std::move(item), kMaxQueuedJobs))
    return R(tl::unexpected<media::EnvError>(overloaded()));
  return future.get();
}

}  // namespace storage::sql
