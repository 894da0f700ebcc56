// One DTLS 1.2 association (RFC 6347) that only agrees on SRTP keys (RFC 5764): datagrams in,
// datagrams out, told the time. Application data is ignored. The peer's certificate must have the
// expected SHA-256 fingerprint, which is checked inside the handshake, before any key exists.
// Owner: transport::Peer. Thread: its worker.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/model.h"
#include "media/base/time.h"

namespace media::dtls {

class Certificate;

// Fits every path that carries IPv6 (1280) with room for tunnels.
inline constexpr size_t kMtu = 1200;
// A peer that has not finished by then never will; frees what the handshake holds.
inline constexpr Duration kHandshakeLimit = Duration::seconds(10);
// RFC 6347 section 4.2.4.1 suggests 1 s; real-time peers cannot wait that long for one lost packet.
inline constexpr Duration kFirstRetransmit = Duration::millis(150);
inline constexpr Duration kLongestRetransmit = Duration::millis(2400);
// Bounds what an unfinished handshake may make us store: an honest one needs about 3 KB.
inline constexpr size_t kMaxHandshakeBytes = size_t{32} * 1024;
inline constexpr size_t kMaxHandshakeRecords = 64;
inline constexpr size_t kMaxHandshakeMessage = size_t{8} * 1024;

enum class Role : uint8_t { Server, Client };
enum class State : uint8_t { New, Handshaking, Connected, Failed, Closed };

// RFC 5764 section 4.1.2 code points.
enum class SrtpProfileId : uint16_t { AesCm128HmacSha1 = 1, AeadAes128Gcm = 7, AeadAes256Gcm = 8 };

// "EXTRACTOR-dtls_srtp" output, client key first (RFC 5764 section 4.2). Wiped when destroyed.
struct SrtpKeyBlock {
  SrtpProfileId profile = SrtpProfileId::AeadAes128Gcm;
  size_t size = 0;
  std::array<uint8_t, size_t{2} * (32 + 14)> bytes{};

  SrtpKeyBlock() = default;
  SrtpKeyBlock(const SrtpKeyBlock&) = default;
  SrtpKeyBlock& operator=(const SrtpKeyBlock&) = default;
  ~SrtpKeyBlock();
};

// Which SRTP profiles a client offers; the server takes GCM-128, then GCM-256, then AES-CM.
enum class Offer : uint8_t { All, AesCmOnly };

class DtlsEndpoint {
 public:
  // `certificate` outlives the endpoint.
  DtlsEndpoint(Role role, const Certificate& certificate, const Fingerprint& peer,
               Offer offer = Offer::All);
  ~DtlsEndpoint();
  DtlsEndpoint(const DtlsEndpoint&) = delete;
  DtlsEndpoint& operator=(const DtlsEndpoint&) = delete;

  // What became of a datagram.
  enum class Verdict : uint8_t { Taken, Malformed, TooLarge, Failed };

  // The client's first flight; nothing for a server.
  void start(Instant now);
  Verdict handle_datagram(Instant now, ByteSpan datagram);
  // Retransmits the last flight or gives up; call when next_timeout() has passed.
  void on_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const;
  // Moves the next datagram to send into `out`; false when there is none. Call until false after
  // each call above.
  bool poll(std::vector<uint8_t>& out);
  // Queues close_notify when connected.
  void close();

  [[nodiscard]] State state() const;
  // Set once state() is Connected.
  [[nodiscard]] const SrtpKeyBlock* keys() const;
  // Forgets the exported keys once they are in use elsewhere.
  void drop_keys();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace media::dtls
