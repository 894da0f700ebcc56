// A non-blocking UDP socket and the batch in which datagrams are read from it. Owner and thread:
// one worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/net/local_addresses.h"

namespace media::net {

struct SocketOptions {
  // 2 MiB hold 100 ms of 160 Mbit/s, longer than a worker may be held up by the scheduler of a busy
  // machine; the kernel grants less where net.core.rmem_max is lower.
  int receive_buffer = 2 << 20;
  int send_buffer = 2 << 20;
  // UDP_GRO: the kernel joins datagrams of one peer that came together; ReceiveBatch splits them
  // again.
  bool gro = true;
  // On a wildcard address: every peer's Address says to which of ours it sends (Address::local),
  // and is answered from there. For servers; who only answers one peer has no use for it.
  bool keep_local = false;
};

class UdpSocket {
 public:
  // Port 0 takes any free port. An IPv6 wildcard address also receives IPv4.
  // Errors: a sentence naming the address and what stands in the way.
  static Outcome<UdpSocket> bind(const Address& local, const SocketOptions& options = {});
  ~UdpSocket();
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const Address& local_address() const { return local_; }
  [[nodiscard]] bool is_v6() const { return v6_; }
  [[nodiscard]] bool has_gro() const { return gro_; }
  // Our addresses as peers' `local` numbers them; null on a socket that does not keep them.
  [[nodiscard]] LocalAddresses* locals() const { return locals_.get(); }
  // What the kernel granted, in bytes of payload as asked for (it counts double: its own
  // bookkeeping comes on top).
  [[nodiscard]] int receive_buffer() const;
  [[nodiscard]] int send_buffer() const;
  // One datagram, now or never; false when the socket would not take it.
  [[nodiscard]] bool send(const Address& to, ByteSpan datagram) const;

 private:
  UdpSocket(int fd, bool v6) : fd_(fd), v6_(v6) {}

  int fd_ = -1;
  bool v6_ = false;
  bool gro_ = false;
  Address local_;
  std::unique_ptr<LocalAddresses> locals_;
};

// One datagram within a ReceiveBatch; may be changed in place until the next receive().
struct Received {
  Address from;
  MutableByteSpan bytes;
};

class ReceiveBatch {
 public:
  static constexpr size_t kMaxMessages = 64;
  // `messages`: how many a system call may fetch.
  explicit ReceiveBatch(size_t messages = kMaxMessages);
  ~ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // One recvmmsg; never blocks. Empty when nothing waits. Truncated and empty datagrams are left
  // out. A joined buffer comes back as its single datagrams, so that more than kMaxMessages may be
  // returned.
  std::span<Received> receive(const UdpSocket& socket);
  // Whether the last receive() filled every message, so that more may be waiting.
  [[nodiscard]] bool was_full() const { return full_; }

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
  std::vector<Received> received_;
  bool full_ = false;
};

}  // namespace media::net
