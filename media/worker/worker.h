// One media thread: its port (UDP and TCP), its engine, its loop. Wait, read a batch, forward,
// send, keep time. Shares nothing with other workers; talks to signaling through two mailboxes.
// Owner: WorkerPool. Construction and commands: signaling's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "media/base/address.h"
#include "media/base/result.h"
#include "media/engine/commands.h"
#include "media/mesh/mailbox.h"
#include "media/net/capabilities.h"
#include "media/net/os_rng.h"
#include "media/net/poller.h"
#include "media/net/send_batch.h"
#include "media/net/tcp_peers.h"
#include "media/net/udp_socket.h"
#include "media/worker/line_meter.h"
#include "media/worker/load_watch.h"
#include "media/worker/outgoing.h"
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
    net::Capabilities capabilities{true, true};
    bool tcp = true;                  // also listen for TCP on the same port
    std::shared_ptr<LineMeter> line;  // null: the line has no limit
  };
  // `certificate` outlives the worker. `wake` is called on the worker's thread when take_events()
  // has something. Errors: the address cannot be bound, or the kernel refuses what a loop needs.
  static Outcome<std::unique_ptr<Worker>> start(const Params& params,
                                                const dtls::Certificate& certificate,
                                                std::function<void()> wake);
  // As stop().
  ~Worker();
  // Ends the thread; connections are closed politely. Workers that share rooms wake each other, so
  // all are stopped before the first is destroyed.
  void stop();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Signaling's thread.
  void post(engine::Command command);
  void take_events(std::vector<engine::Event>& out);

  // Any thread.
  // Makes the loop look at its pipes.
  void wake() { poller_.wake(); }
  [[nodiscard]] const Address& local_address() const { return socket_.local_address(); }
  [[nodiscard]] WorkerCounters counters() const { return board_.read(); }
  uint64_t take_lag_us() { return board_.take_lag(); }
  [[nodiscard]] bool uses_gso() const { return gso_; }
  [[nodiscard]] bool uses_gro() const { return socket_.has_gro(); }
  // What the kernel granted, in bytes.
  [[nodiscard]] int receive_buffer() const { return socket_.receive_buffer(); }
  [[nodiscard]] int send_buffer() const { return socket_.send_buffer(); }

 private:
  // The sockets of one port.
  struct Sockets {
    net::UdpSocket udp;
    std::optional<net::TcpListener> tcp;
  };
  static Outcome<Sockets> open_sockets(const Params& params);

  Worker(const Params& params, const dtls::Certificate& certificate, Sockets sockets,
         net::Poller poller, std::function<void()> wake);
  Outcome<void> watch_sockets();

  void run();
  bool take_commands(Instant now);
  void take_messages(Instant now);
  void read_batches();
  void read_tcp(std::span<const uint64_t> tokens);
  void flush(Instant now);
  void deliver_events();
  void publish(Instant now);
  void watch_load(Instant now, WorkerCounters& counters);
  void say_goodbye();

  // Batches read before timers and commands get their turn.
  static constexpr int kBatchesPerTurn = 8;
  static constexpr Duration kPublishInterval = Duration::millis(100);
  static constexpr Duration kTcpSweepInterval = Duration::seconds(1);

  Params params_;
  net::UdpSocket socket_;
  net::Poller poller_;
  std::function<void()> wake_;
  net::OsRng rng_;
  std::unique_ptr<engine::Engine> engine_;
  net::ReceiveBatch receive_;
  net::SendBatch send_;
  std::unique_ptr<net::TcpPeers> tcp_;
  Outgoing outgoing_;
  mesh::Mailbox<engine::Command> commands_;
  mesh::Mailbox<engine::Event> events_;
  std::vector<engine::Event> fresh_events_;
  StatsBoard board_;
  uint64_t datagrams_in_ = 0;
  uint64_t bytes_in_ = 0;
  uint64_t recv_calls_ = 0;
  uint64_t recent_lag_us_ = 0;
  LoadWatch load_;
  Instant next_publish_;
  Instant next_sweep_;
  bool gso_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: runs only with everything above in place
};

}  // namespace media::worker
