// A TUN device (Linux): IP packets that the kernel routes to it are read from its descriptor, and
// what is written there arrives as if from a wire. It exists as long as its descriptor is open, in
// the network namespace in which it was made. Owner and thread: one caller.
#pragma once

#include <cstdint>
#include <string>

#include "media/base/bytes.h"
#include "media/base/result.h"

namespace line::runner {

// IPv4 in host byte order.
struct Ipv4 {
  uint32_t value = 0;
  [[nodiscard]] std::string to_string() const;
};

class TunDevice {
 public:
  static constexpr size_t kMtu = 1500;

  // `name` may end in "%d" for the first free number. Errors: what is missing, and what to do.
  static media::Outcome<TunDevice> make(const std::string& name);
  // One that another process made and handed over.
  static TunDevice adopt(int fd) { return {fd, {}}; }
  ~TunDevice();
  TunDevice(TunDevice&& other) noexcept;
  TunDevice& operator=(TunDevice&&) = delete;

  // Gives it `own`, and a route to `peer` through it, and switches it on.
  [[nodiscard]] media::Outcome<void> configure(Ipv4 own, Ipv4 peer) const;
  // Everything that has no better way goes through it.
  [[nodiscard]] media::Outcome<void> make_default_route() const;

  [[nodiscard]] int fd() const { return fd_; }
  // One packet into `buffer`; its size, 0 when none waits.
  [[nodiscard]] size_t read(media::MutableByteSpan buffer) const;
  // False when the kernel did not take it.
  [[nodiscard]] bool write(media::ByteSpan packet) const;

 private:
  TunDevice(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_;
  std::string name_;
};

// Switches the loopback device of the present network namespace on.
media::Outcome<void> start_loopback();

}  // namespace line::runner
