#include "signaling/auth/password_worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "signaling/auth/passwords.h"

namespace signaling::auth {
namespace {

// Runs replies where they are posted from; the promise carries them to the test.
void run_now(const std::function<void()>& reply) {
  reply();
}

PasswordWorker::Verdict ask(PasswordWorker& worker, const std::string& password,
                            const std::string& hash) {
  std::promise<PasswordWorker::Verdict> answer;
  worker.verify(password, hash, [&](const media::Outcome<PasswordWorker::Verdict>& verdict) {
    answer.set_value(verdict.value_or(PasswordWorker::Verdict{}));
  });
  return answer.get_future().get();
}

TEST(PasswordWorker, HashesAndVerifiesOffTheCallersThread) {
  PasswordWorker worker(run_now);
  std::promise<std::string> hashed;
  std::promise<std::thread::id> where;
  worker.hash("correct horse", [&](const media::Outcome<std::string>& hash) {
    where.set_value(std::this_thread::get_id());
    hashed.set_value(hash.value_or(""));
  });
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
  const std::string hash = hashed.get_future().get();
  EXPECT_TRUE(ask(worker, "correct horse", hash).correct);
  EXPECT_TRUE(ask(worker, "correct horse", hash).new_hash.empty());
  EXPECT_FALSE(ask(worker, "wrong horse", hash).correct);
  EXPECT_FALSE(ask(worker, "anything", "").correct);
}

TEST(PasswordWorker, EveryQuestionIsAnsweredAlsoWhenFullOrStopping) {
  // Held inside its first reply, the worker cannot take anything from its queue.
  std::promise<void> entered;
  std::promise<void> gate;
  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  {
    PasswordWorker worker(run_now);
    worker.verify("first one", "", [&](const media::Outcome<PasswordWorker::Verdict>&) {
      ++answered;
      entered.set_value();
      gate.get_future().wait();
    });
    entered.get_future().wait();
    for (size_t i = 0; i < kMaxWaitingPasswords + 3; ++i) {
      worker.verify("another one", "", [&](const media::Outcome<PasswordWorker::Verdict>& v) {
        ++(v ? answered : refused);
      });
    }
    EXPECT_EQ(refused, 3) << "refused at once, not after a queue";
    gate.set_value();
  }
  EXPECT_EQ(answered + refused, static_cast<int>(kMaxWaitingPasswords) + 4);
}

}  // namespace
}  // namespace signaling::auth
