#include "signaling/auth/password_worker.h"

#include <utility>

#include "signaling/auth/passwords.h"

namespace signaling::auth {

namespace {

media::EnvError busy() {
  return {"too many sign-ins at once; try again in a few seconds."};
}
media::EnvError stopping() {
  return {"the server is stopping."};
}

}  // namespace

PasswordWorker::PasswordWorker(Post post) : post_(std::move(post)), thread_([this] { run(); }) {}

PasswordWorker::~PasswordWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (const Job& job : queue_) job.refuse(stopping());
}

void PasswordWorker::verify(std::string password, std::string hash,
                            std::function<void(media::Outcome<Verdict>)> reply) {
  auto answer = [this, reply = std::move(reply)](media::Outcome<Verdict> result) {
    post_([reply, result = std::move(result)] { reply(result); });
  };
  enqueue({[password = std::move(password), hash = std::move(hash), answer] {
             Verdict verdict;
             verdict.correct = verify_password(password, hash);
             if (verdict.correct && needs_rehash(hash))
               verdict.new_hash = hash_password(password).value_or("");
             answer(std::move(verdict));
           },
           [answer](media::EnvError error) { answer(tl::unexpected(std::move(error))); }});
}

void PasswordWorker::hash(std::string password,
                          std::function<void(media::Outcome<std::string>)> reply) {
  auto answer = [this, reply = std::move(reply)](media::Outcome<std::string> result) {
    post_([reply, result = std::move(result)] { reply(result); });
  };
  enqueue({[password = std::move(password), answer] { answer(hash_password(password)); },
           [answer](media::EnvError error) { answer(tl::unexpected(std::move(error))); }});
}

void PasswordWorker::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < kMaxWaitingPasswords) {
      queue_.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  job.refuse(busy());
}

void PasswordWorker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job.run();
    lock.lock();
  }
}

}  // namespace signaling::auth
