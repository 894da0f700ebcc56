// What is left of an association once its SRTP keys are out: its two record keys, enough to open
// the peer's alerts and to say goodbye. Some 200 bytes in place of OpenSSL's 40 KB for each of
// thousands of watchers. Private to this folder.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/base/bytes.h"

struct ssl_st;

namespace media::dtls {

class AlertRecords {
 public:
  // From a finished DTLS 1.2 handshake. `sent_finished` is the record with our Finished message:
  // ours go on from its numbers, so that no nonce is used twice. Null when the association is not
  // of a kind that Certificate's context negotiates.
  static std::unique_ptr<AlertRecords> from(ssl_st* ssl, bool is_server, ByteSpan sent_finished);
  ~AlertRecords();
  AlertRecords(const AlertRecords&) = delete;
  AlertRecords& operator=(const AlertRecords&) = delete;

  // Whether `record` (header included) is an authentic alert that ends the association:
  // close_notify, or any fatal one (RFC 5246 section 7.2).
  [[nodiscard]] bool ends(ByteSpan record) const;
  // A close_notify record. Each call counts on.
  std::vector<uint8_t> close_notify();

 private:
  static constexpr size_t kMaxKey = 32;
  static constexpr size_t kMaxIv = 12;
  using Iv = std::array<uint8_t, kMaxIv>;

  struct Direction {
    std::array<uint8_t, kMaxKey> key{};
    Iv iv{};  // GCM: the first 4 bytes (RFC 5288 section 3); ChaCha20: all (RFC 7905 section 2)
  };

  AlertRecords() = default;
  [[nodiscard]] Iv nonce(const Direction& direction, ByteSpan sequence,
                         ByteSpan explicit_part) const;

  int cipher_ = 0;  // OpenSSL's number
  size_t key_size_ = 0;
  size_t explicit_size_ = 0;  // of the nonce, in front of each ciphertext
  Direction ours_;
  Direction theirs_;
  uint64_t next_sequence_ = 0;  // epoch included
  uint64_t next_explicit_ = 0;
};

}  // namespace media::dtls
