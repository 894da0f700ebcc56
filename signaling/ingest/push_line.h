// The bytes of one RTMP connection, plain or over TLS (RTMPS). Does not block. One owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace signaling::ingest {

class PushLine {
 public:
  // What one read() takes at most.
  static constexpr size_t kRead = 64 * 1024;

  // `fd` stays the caller's.
  explicit PushLine(int fd) : fd_(fd) {}
  // TLS 1.2 or later with a certificate of PEM files, read now, so that a renewed one counts from
  // the next connection on. Errors: the files cannot be used.
  static media::Outcome<PushLine> over_tls(int fd, const std::string& certificate,
                                           const std::string& private_key);

  // Appends what is there to `out`. False when the other side is gone, or speaks no TLS.
  bool read(std::vector<uint8_t>& out);
  // All of it or nothing: a few hundred bytes into an empty socket. False: the other side does not
  // read.
  bool write(media::ByteSpan bytes);

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
    void operator()(ssl_ctx_st* context) const;
  };
  int fd_;
  std::unique_ptr<ssl_ctx_st, Free> context_;  // null: plain
  std::unique_ptr<ssl_st, Free> tls_;
};

}  // namespace signaling::ingest
