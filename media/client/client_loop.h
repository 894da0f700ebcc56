// Runs many WebRtcClients on the calling thread: one socket each (as many browsers have), UDP or
// TCP as the server's candidate says, one poller for all.
#pragma once

#include <cstdint>
#include <memory>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/webrtc_client.h"

namespace media::dtls {
class Certificate;
}

namespace media::client {

class ClientLoop {
 public:
  using ClientId = uint32_t;  // never reused within a loop

  // Makes one certificate that all clients share.
  static Outcome<std::unique_ptr<ClientLoop>> make();
  ~ClientLoop();
  ClientLoop(const ClientLoop&) = delete;
  ClientLoop& operator=(const ClientLoop&) = delete;

  // For the SDP offer: credentials are the caller's, the fingerprint is the loop's.
  [[nodiscard]] const dtls::Certificate& certificate() const;
  [[nodiscard]] Rng& rng();

  // Opens a socket that can reach `params.candidate` and starts connecting. `events` outlives the
  // client.
  Outcome<ClientId> add(WebRtcClient::Params params, ClientEvents& events);
  // nullptr for an unknown id.
  WebRtcClient* find(ClientId id);
  // Sends close_notify and closes the socket. Not from within an event of the same client.
  void remove(ClientId id);
  // Moves the client to a new socket, as a NAT or a network change does.
  Outcome<void> rebind(ClientId id);

  bool send_rtp(ClientId id, ByteSpan packet);
  bool send_rtcp(ClientId id, ByteSpan compound);

  // Handles what is there, waiting at most until `deadline` for it. Returns the time after the
  // wait.
  Instant run_once(Instant deadline);
  // run_once() until `deadline`.
  void run_until(Instant deadline);

  [[nodiscard]] uint64_t datagrams_in() const;
  [[nodiscard]] uint64_t send_failures() const;

 private:
  struct Parts;
  explicit ClientLoop(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace media::client
