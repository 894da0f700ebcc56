// Where other threads leave work for the signaling loop before it exists and after it is gone.
// Thread: any.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "signaling/web/server.h"

namespace signaling::app {

class PostBox {
 public:
  // In order. Kept until open(), dropped after close().
  void post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (server_ != nullptr) {
      server_->post(std::move(task));
    } else if (!closed_) {
      waiting_.push_back(std::move(task));
    }
  }
  void open(web::Server& server) {
    const std::lock_guard lock(mutex_);
    server_ = &server;
    for (auto& task : waiting_) server_->post(std::move(task));
    waiting_.clear();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    server_ = nullptr;
    closed_ = true;
  }

 private:
  std::mutex mutex_;
  web::Server* server_ = nullptr;
  bool closed_ = false;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace signaling::app
