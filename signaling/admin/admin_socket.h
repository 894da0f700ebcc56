// The running server's ear for `tongke admin`: a Unix socket <data>/admin.sock (mode 0600;
// SO_PEERCRED must be the server's user or root). One connection: one JSON line in, one JSON line
// out (admin_request.h). Its own thread, since a request waits for the storage thread.
#pragma once

#include <filesystem>
#include <memory>
#include <thread>

#include "media/base/result.h"
#include "signaling/admin/local_socket.h"
#include "storage/sql/storage_thread.h"

namespace signaling::admin {

inline constexpr size_t kMaxRequestBytes = 64 * 1024;
inline constexpr int kRequestTimeoutMs =
    5'000;  // for one line to come; a hung client must not hold the next

class AdminSocket {
 public:
  // `path` is <data>/admin.sock; a socket left there by a killed server is replaced, which the
  // database lock makes safe. `storage` outlives it. Errors: cannot be bound.
  static media::Outcome<std::unique_ptr<AdminSocket>> start(const std::filesystem::path& path,
                                                            storage::sql::StorageThread& storage);
  ~AdminSocket();  // joins, removes the socket
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  AdminSocket(std::filesystem::path path, Descriptor listener, Descriptor stop,
              storage::sql::StorageThread& storage);
  void run();
  void serve(int client);

  std::filesystem::path path_;
  Descriptor listener_;
  Descriptor stop_;  // readable: stop
  storage::sql::StorageThread& storage_;
  std::thread thread_;
};

}  // namespace signaling::admin
