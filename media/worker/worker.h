// One media thread: its UDP port, its engine, its loop. Wait, read a batch, forward, send, keep
// time. Shares nothing with other workers; talks to signaling through two mailboxes. Owner:
// WorkerPool. Construction and commands: signaling's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "media/base/address.h"
#include "media/base/result.h"
#include "media/engine/commands.h"
#include "media/net/os_rng.h"
#include "media/net/poller.h"
#include "media/net/send_batch.h"
#include "media/net/udp_socket.h"
#include "media/worker/mailbox.h"
#include "media/worker/stats_board.h"

namespace media::dtls {
class Certificate;
}
namespace media::engine {
class Engine;
}

namespace media::worker {

class Worker {
 public:
  struct Params {
    unsigned index = 0;
    Address bind;
    bool pin = false;  // keep the thread on one CPU
  };
  // `certificate` outlives the worker. `wake` is called on the worker's thread when take_events()
  // has something. Errors: the address cannot be bound, or the kernel refuses what a loop needs.
  static Outcome<std::unique_ptr<Worker>> start(const Params& params,
                                                const dtls::Certificate& certificate,
                                                std::function<void()> wake);
  // Ends the thread; connections are closed politely.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Signaling's thread.
  void post(engine::Command command);
  void take_events(std::vector<engine::Event>& out);

  // Any thread.
  [[nodiscard]] const Address& local_address() const { return socket_.local_address(); }
  [[nodiscard]] WorkerCounters counters() const { return board_.read(); }
  uint64_t take_lag_us() { return board_.take_lag(); }
  [[nodiscard]] bool uses_gso() const { return gso_; }

 private:
  Worker(const Params& params, const dtls::Certificate& certificate, net::UdpSocket socket,
         net::Poller poller, std::function<void()> wake);

  void run();
  bool take_commands(Instant now);
  void read_batches();
  void deliver_events();
  void publish(Instant now);
  void say_goodbye();

  // Batches read before timers and commands get their turn.
  static constexpr int kBatchesPerTurn = 8;
  static constexpr Duration kPublishInterval = Duration::millis(100);

  Params params_;
  net::UdpSocket socket_;
  net::Poller poller_;
  std::function<void()> wake_;
  net::OsRng rng_;
  std::unique_ptr<engine::Engine> engine_;
  net::ReceiveBatch receive_;
  net::SendBatch send_;
  Mailbox<engine::Command> commands_;
  Mailbox<engine::Event> events_;
  std::vector<engine::Event> fresh_events_;
  StatsBoard board_;
  uint64_t datagrams_in_ = 0;
  uint64_t bytes_in_ = 0;
  uint64_t recv_calls_ = 0;
  Instant next_publish_;
  bool gso_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: runs only with everything above in place
};

}  // namespace media::worker
