// STUN Binding messages as ICE uses them (RFC 8489, RFC 8445): a validated view and a builder.
// Cryptography is handed in, so that this folder stays free of libraries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/result.h"

namespace media::stun {

inline constexpr size_t kHeaderSize = 20;  // RFC 8489 section 5
inline constexpr uint32_t kMagicCookie = 0x2112A442;
// No ICE message comes near one unfragmented datagram; what is larger is refused before any work.
inline constexpr size_t kMaxMessage = 1280;
// RFC 8489 section 14.3: USERNAME is less than 509 bytes.
inline constexpr size_t kMaxUsername = 508;
// More attributes than this is not ICE.
inline constexpr size_t kMaxAttributes = 32;

using TransactionId = std::array<uint8_t, 12>;
using Sha1Digest = std::array<uint8_t, 20>;
// HMAC-SHA1 (RFC 2104) of `message` under `key`; the edge gives OpenSSL's.
using HmacSha1 = Sha1Digest (*)(ByteSpan key, ByteSpan message);

enum class Class : uint8_t { Request = 0, Indication = 1, Success = 2, Error = 3 };

// RFC 8445 section 16.1, RFC 8489 section 14.
enum class Attribute : uint16_t {
  MappedAddress = 0x0001,
  Username = 0x0006,
  MessageIntegrity = 0x0008,
  ErrorCode = 0x0009,
  UnknownAttributes = 0x000A,
  XorMappedAddress = 0x0020,
  Priority = 0x0024,
  UseCandidate = 0x0025,
  Software = 0x8022,
  Fingerprint = 0x8028,
  IceControlled = 0x8029,
  IceControlling = 0x802A,
};

// RFC 8489 section 14.8, RFC 8445 section 7.3.1.1.
inline constexpr uint16_t kBadRequest = 400;
inline constexpr uint16_t kUnauthenticated = 401;
inline constexpr uint16_t kUnknownAttribute = 420;
inline constexpr uint16_t kRoleConflict = 487;

// Borrows the datagram. Only a Binding message (method 1) with well-formed attributes becomes a
// view. Attributes behind MESSAGE-INTEGRITY are not read, except FINGERPRINT (RFC 8489
// section 14.5).
class MessageView {
 public:
  // A wrong FINGERPRINT is Malformed; a missing one is not an error.
  // Errors: Truncated, Malformed, TooLarge, Unsupported (a method other than Binding).
  static Result<MessageView> parse(ByteSpan datagram);

  [[nodiscard]] Class message_class() const { return class_; }
  [[nodiscard]] const TransactionId& transaction_id() const { return transaction_id_; }
  // "receiver-ufrag:sender-ufrag" in a request (RFC 8445 section 7.2.2); empty when absent.
  [[nodiscard]] std::string_view username() const { return username_; }
  [[nodiscard]] std::optional<uint32_t> priority() const { return priority_; }
  [[nodiscard]] bool use_candidate() const { return use_candidate_; }
  // The tie-breaker.
  [[nodiscard]] std::optional<uint64_t> ice_controlling() const { return ice_controlling_; }
  [[nodiscard]] std::optional<uint64_t> ice_controlled() const { return ice_controlled_; }
  [[nodiscard]] const std::optional<Address>& xor_mapped_address() const {
    return xor_mapped_address_;
  }
  // 300..699; set in an error response that carries one.
  [[nodiscard]] std::optional<uint16_t> error_code() const { return error_code_; }
  [[nodiscard]] bool has_fingerprint() const { return has_fingerprint_; }
  [[nodiscard]] bool has_integrity() const { return integrity_at_ != 0; }
  // Comprehension-required attributes that we do not know: answer 420 to a request, discard a
  // response.
  [[nodiscard]] std::span<const uint16_t> unknown_required() const {
    return std::span(unknown_).first(unknown_count_);
  }
  // True when MESSAGE-INTEGRITY is there and right for `key` (the password of short-term
  // credentials). The comparison takes the same time wherever the digests differ.
  [[nodiscard]] bool verify_integrity(HmacSha1 hmac, ByteSpan key) const;

 private:
  MessageView() = default;
  Result<bool> read_attribute(uint16_t type, size_t at, ByteSpan value);
  Result<bool> read_ice_attribute(Attribute type, ByteSpan value);

  ByteSpan bytes_;
  Class class_ = Class::Request;
  TransactionId transaction_id_{};
  std::string_view username_;
  std::optional<uint32_t> priority_;
  bool use_candidate_ = false;
  std::optional<uint64_t> ice_controlling_;
  std::optional<uint64_t> ice_controlled_;
  std::optional<Address> xor_mapped_address_;
  std::optional<uint16_t> error_code_;
  bool has_fingerprint_ = false;
  size_t integrity_at_ = 0;  // offset of the attribute, 0 when absent
  std::array<uint16_t, kMaxAttributes> unknown_{};
  size_t unknown_count_ = 0;
};

// USERNAME of a Binding request, without checking anything else: what the engine needs to find the
// session of an unknown address. Empty when there is none or the bytes are not STUN. Points into
// `datagram`.
std::string_view peek_username(ByteSpan datagram);

// Writes one Binding message into a caller's buffer. What does not fit makes finish() return 0.
class MessageBuilder {
 public:
  MessageBuilder(MutableByteSpan out, Class message_class, const TransactionId& transaction_id);

  MessageBuilder& username(std::string_view value);
  MessageBuilder& priority(uint32_t value);
  MessageBuilder& use_candidate();
  MessageBuilder& ice_controlling(uint64_t tie_breaker);
  MessageBuilder& ice_controlled(uint64_t tie_breaker);
  MessageBuilder& xor_mapped_address(const Address& address);
  // `code` in 300..699.
  MessageBuilder& error_code(uint16_t code, std::string_view reason);
  MessageBuilder& unknown_attributes(std::span<const uint16_t> types);
  MessageBuilder& software(std::string_view name);

  // Appends MESSAGE-INTEGRITY and FINGERPRINT; returns the message's size, 0 when it did not fit.
  size_t finish(HmacSha1 hmac, ByteSpan key);
  // FINGERPRINT only: for an error response to a request that could not be authenticated.
  size_t finish_without_integrity();

 private:
  void attribute(Attribute type, ByteSpan value);
  void set_length(size_t attributes_end);

  MutableByteSpan out_;
  ByteWriter writer_;
  TransactionId transaction_id_;
};

}  // namespace media::stun
