// The recorders, cameras and encoders of all open lessons: calls those that are to be called (each
// in a child process that publishes over WHIP with a credential of its own), calls them again when
// they fail, and tells teachers how each one does.
//
// Owner: App. Thread: signaling. Nothing here waits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/base/rng.h"
#include "media/base/time.h"
#include "signaling/app/source_host.h"
#include "signaling/ingest/address_policy.h"
#include "signaling/process/child_process.h"
#include "signaling/sources/source_keeper.h"

namespace storage::sql {
class StorageThread;
}

namespace signaling::app {

// For /metrics.
struct SourceStats {
  std::map<std::string, uint64_t> by_state;  // of open lessons; names as in protocol::SourceState
  uint64_t calls = 0;                        // counters from here on
  std::map<std::string, uint64_t> failures;  // by reason
};

class SourceHouse {
 public:
  struct Params {
    std::function<std::string()> whip_base;  // "https://127.0.0.1:8443/whip/", once listening
    std::function<std::vector<uint16_t>()> own_ports;
    std::function<media::Instant()> monotonic;
    std::function<int64_t()> wall_us;
    process::ChildProcess::Post post;
    std::vector<std::string> deny;  // beside ingest::default_deny()
    std::vector<std::string> allow;
    size_t max_pulls = 8;
    uint64_t seed = 1;  // of the jitter
    std::vector<std::string> reader = {process::kOwnProgram, "ingest"};
  };

  // `host` and `storage` outlive it. Errors: a network that cannot be read.
  static media::Outcome<std::unique_ptr<SourceHouse>> open(Params params, SourceHost& host,
                                                           storage::sql::StorageThread& storage);
  ~SourceHouse();
  SourceHouse(const SourceHouse&) = delete;
  SourceHouse& operator=(const SourceHouse&) = delete;

  // Somebody changed the lesson's rows in the database.
  void on_changed(const std::string& lesson);
  // False: the address is a number of a network that is not allowed. Names are looked up, and
  // judged, when they are called.
  [[nodiscard]] bool may_call(const std::string& url) const;
  // How it does now.
  [[nodiscard]] protocol::SourceStatus status(const storage::LessonSource& row) const;
  // At least every 100 ms.
  void on_tick(media::Instant now);
  // The server stops: readers end.
  void stop();
  [[nodiscard]] SourceStats stats() const;

 private:
  struct Entry;

  SourceHouse(Params params, ingest::AddressPolicy policy, SourceHost& host,
              storage::sql::StorageThread& storage);
  [[nodiscard]] Entry* find(const std::string& source) const;
  void look_after(Entry& entry, const HostedSources& lesson, media::Instant now);
  void follow_push(Entry& entry);
  void call(Entry& entry);
  void start_reader(Entry& entry, const std::string& token);
  void on_line(Entry& entry, const std::string& line);
  void on_exit(Entry& entry, const process::ChildExit& exit);
  void fail(Entry& entry, const std::string& reason);
  void forget_key(Entry& entry);
  void let_go_of_the_rest(const std::map<std::string, bool>& seen);
  [[nodiscard]] size_t running() const;

  Params params_;
  ingest::AddressPolicy policy_;
  SourceHost& host_;
  storage::sql::StorageThread& storage_;
  media::SplitMix64 rng_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;  // by the source's id
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool stopping_ = false;
  SourceStats counters_;
};

}  // namespace signaling::app
