// One thread that hashes and verifies passwords, so that neither the signaling loop nor the
// timeline's storage thread waits 100 ms for a sign-in. One at a time: also the bound on memory (64
// MiB) and on what a flood of sign-ins can burn.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "media/base/result.h"

namespace signaling::auth {

// Waiting longer than three seconds for a sign-in is worse than being told to try again.
inline constexpr size_t kMaxWaitingPasswords = 32;

class PasswordWorker {
 public:
  // Hands a reply to the asking loop; called on the worker's thread, must not block.
  using Post = std::function<void(std::function<void()>)>;

  struct Verdict {
    bool correct = false;
    std::string new_hash;  // set when correct and the stored hash is out of date: store it
                           // (replace_password_hash)
  };

  explicit PasswordWorker(Post post);
  ~PasswordWorker();  // answers what waits with an error, joins
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;

  // `reply` is called exactly once through post. Errors: too many waiting (answer 503), stopping.
  void verify(std::string password, std::string hash,
              std::function<void(media::Outcome<Verdict>)> reply);
  void hash(std::string password, std::function<void(media::Outcome<std::string>)> reply);

 private:
  struct Job {
    std::function<void()> run;                    // on the worker; posts its reply
    std::function<void(media::EnvError)> refuse;  // posts the error
  };
  void enqueue(Job job);
  void run();

  Post post_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace signaling::auth
