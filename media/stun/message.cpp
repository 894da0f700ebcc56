#include "media/stun/message.h"

#include <algorithm>
#include <cstring>

#include "media/stun/crc32.h"

namespace media::stun {

namespace {

constexpr size_t kAttributeHead = 4;
constexpr size_t kIntegritySize = 20;
constexpr size_t kFingerprintSize = 4;
constexpr uint32_t kFingerprintXor = 0x5354554e;  // RFC 8489 section 14.7
constexpr uint16_t kBindingMethod = 0x0001;
constexpr uint16_t kComprehensionOptional = 0x8000;  // RFC 8489 section 14
constexpr uint8_t kFamilyV4 = 1;
constexpr uint8_t kFamilyV6 = 2;
// Longest REASON PHRASE that we write; ours are short literals.
constexpr size_t kMaxReason = 64;
constexpr std::array<uint8_t, 12> kMappedV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr size_t padded(size_t size) {
  return (size + 3) & ~size_t{3};
}

// The class bits stand at 4 and 8, between the bits of the method (RFC 8489 section 5, figure 3).
Class class_of(uint16_t type) {
  return static_cast<Class>(((type >> 4) & 1) | ((type >> 7) & 2));
}
uint16_t method_of(uint16_t type) {
  return static_cast<uint16_t>((type & 0x000f) | ((type >> 1) & 0x0070) | ((type >> 2) & 0x0f80));
}
uint16_t type_of(Class message_class) {
  const auto c = static_cast<uint16_t>(message_class);
  return static_cast<uint16_t>(kBindingMethod | ((c & 1) << 4) | ((c & 2) << 7));
}

bool is_framed(ByteSpan datagram) {
  return datagram.size() >= kHeaderSize && datagram[0] < 4 &&
         load_be32(datagram.data() + 4) == kMagicCookie &&
         load_be16(datagram.data() + 2) == datagram.size() - kHeaderSize &&
         datagram.size() % 4 == 0;
}

// The XOR mask of addresses: the cookie, then the transaction id.
std::array<uint8_t, 16> address_mask(const TransactionId& id) {
  std::array<uint8_t, 16> mask{};
  store_be32(mask.data(), kMagicCookie);
  std::copy(id.begin(), id.end(), mask.begin() + 4);
  return mask;
}

Result<Address> read_xor_address(ByteSpan value, const TransactionId& id) {
  if (value.size() < 4) return fail(Errc::Malformed, "XOR-MAPPED-ADDRESS too short");
  const size_t ip_size = value[1] == kFamilyV4 ? 4 : 16;
  if ((value[1] != kFamilyV4 && value[1] != kFamilyV6) || value.size() != 4 + ip_size) {
    return fail(Errc::Malformed, "XOR-MAPPED-ADDRESS of no known family");
  }
  Address out;
  out.port = static_cast<uint16_t>(load_be16(value.data() + 2) ^ (kMagicCookie >> 16));
  if (ip_size == 4) std::copy(kMappedV4Prefix.begin(), kMappedV4Prefix.end(), out.ip.begin());
  const auto mask = address_mask(id);
  const size_t start = out.ip.size() - ip_size;
  for (size_t i = 0; i < ip_size; ++i)
    out.ip[start + i] = static_cast<uint8_t>(value[4 + i] ^ mask[i]);
  return out;
}

// HMAC over the message as it was when MESSAGE-INTEGRITY was its last attribute (RFC 8489
// section 14.5).
Sha1Digest integrity_of(HmacSha1 hmac, ByteSpan key, ByteSpan message, size_t integrity_at) {
  std::array<uint8_t, kMaxMessage> copy;
  std::memcpy(copy.data(), message.data(), integrity_at);
  const size_t end = integrity_at + kAttributeHead + kIntegritySize;
  store_be16(copy.data() + 2, static_cast<uint16_t>(end - kHeaderSize));
  return hmac(key, ByteSpan(copy.data(), integrity_at));
}

}  // namespace

Result<MessageView> MessageView::parse(ByteSpan datagram) {
  if (datagram.size() < kHeaderSize) return fail(Errc::Truncated, "STUN shorter than its header");
  if (datagram.size() > kMaxMessage) return fail(Errc::TooLarge, "STUN message too large");
  if (!is_framed(datagram)) return fail(Errc::Malformed, "not a STUN message");
  const uint16_t type = load_be16(datagram.data());
  if (method_of(type) != kBindingMethod) return fail(Errc::Unsupported, "not a STUN Binding");

  MessageView view;
  view.bytes_ = datagram;
  view.class_ = class_of(type);
  std::copy_n(datagram.begin() + 8, view.transaction_id_.size(), view.transaction_id_.begin());
  size_t at = kHeaderSize;
  for (size_t count = 0; at < datagram.size(); ++count) {
    if (count == kMaxAttributes) return fail(Errc::TooLarge, "too many STUN attributes");
    // Both sizes are multiples of four, so the head is always there.
    const uint16_t attribute_type = load_be16(datagram.data() + at);
    const size_t size = load_be16(datagram.data() + at + 2);
    if (padded(size) > datagram.size() - at - kAttributeHead) {
      return fail(Errc::Truncated, "STUN attribute cut off");
    }
    const auto read =
        view.read_attribute(attribute_type, at, datagram.subspan(at + kAttributeHead, size));
    if (!read) return tl::unexpected<Error>(read.error());
    at += kAttributeHead + padded(size);
  }
  return view;
}

Result<bool> MessageView::read_attribute(uint16_t type, size_t at, ByteSpan value) {
  const auto attribute = static_cast<Attribute>(type);
  if (has_fingerprint_) return fail(Errc::Malformed, "attribute behind FINGERPRINT");
  if (attribute == Attribute::Fingerprint) {
    const size_t end = at + kAttributeHead + kFingerprintSize;
    if (value.size() != kFingerprintSize || end != bytes_.size() ||
        load_be32(value.data()) != (crc32(bytes_.first(at)) ^ kFingerprintXor)) {
      return fail(Errc::Malformed, "wrong FINGERPRINT");
    }
    has_fingerprint_ = true;
    return true;
  }
  if (has_integrity()) return true;
  if (attribute == Attribute::MessageIntegrity) {
    if (value.size() != kIntegritySize)
      return fail(Errc::Malformed, "MESSAGE-INTEGRITY of wrong size");
    integrity_at_ = at;
    return true;
  }
  return read_ice_attribute(attribute, value);
}

Result<bool> MessageView::read_ice_attribute(Attribute type, ByteSpan value) {
  switch (type) {
    case Attribute::Username:
      if (value.size() > kMaxUsername) return fail(Errc::Malformed, "USERNAME too long");
      // RFC 8489 section 14: of an attribute given twice only the first counts, as peek_username()
      // has it.
      if (username_.data() == nullptr)
        username_ = {reinterpret_cast<const char*>(value.data()), value.size()};
      return true;
    case Attribute::Priority:
      if (value.size() != 4) return fail(Errc::Malformed, "PRIORITY of wrong size");
      priority_ = load_be32(value.data());
      return true;
    case Attribute::UseCandidate:
      if (!value.empty()) return fail(Errc::Malformed, "USE-CANDIDATE with a value");
      use_candidate_ = true;
      return true;
    case Attribute::IceControlling:
    case Attribute::IceControlled: {
      if (value.size() != 8) return fail(Errc::Malformed, "ICE role of wrong size");
      auto& role = type == Attribute::IceControlling ? ice_controlling_ : ice_controlled_;
      role = load_be64(value.data());
      return true;
    }
    case Attribute::XorMappedAddress: {
      const auto address = read_xor_address(value, transaction_id_);
      if (!address) return tl::unexpected<Error>(address.error());
      xor_mapped_address_ = *address;
      return true;
    }
    case Attribute::ErrorCode: {
      if (value.size() < 4) return fail(Errc::Malformed, "ERROR-CODE too short");
      const uint32_t hundreds = value[2] & 7U;
      const uint32_t number = value[3];
      if (hundreds < 3 || hundreds > 6 || number > 99)
        return fail(Errc::Malformed, "ERROR-CODE out of range");
      error_code_ = static_cast<uint16_t>(hundreds * 100 + number);
      return true;
    }
    case Attribute::MappedAddress:
    case Attribute::UnknownAttributes:
      return true;
    default:
      break;
  }
  const auto number = static_cast<uint16_t>(type);
  if (number < kComprehensionOptional) unknown_[unknown_count_++] = number;
  return true;
}

bool MessageView::verify_integrity(HmacSha1 hmac, ByteSpan key) const {
  if (!has_integrity()) return false;
  const Sha1Digest expected = integrity_of(hmac, key, bytes_, integrity_at_);
  uint8_t difference = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference |= static_cast<uint8_t>(expected[i] ^ bytes_[integrity_at_ + kAttributeHead + i]);
  }
  return difference == 0;
}

std::string_view peek_username(ByteSpan datagram) {
  if (datagram.size() > kMaxMessage || !is_framed(datagram) ||
      load_be16(datagram.data()) != type_of(Class::Request)) {
    return {};
  }
  size_t at = kHeaderSize;
  for (size_t count = 0; at < datagram.size() && count < kMaxAttributes; ++count) {
    const auto type = static_cast<Attribute>(load_be16(datagram.data() + at));
    const size_t size = load_be16(datagram.data() + at + 2);
    at += kAttributeHead;
    if (padded(size) > datagram.size() - at) return {};
    if (type == Attribute::Username)
      return {reinterpret_cast<const char*>(datagram.data()) + at, size};
    at += padded(size);
  }
  return {};
}

MessageBuilder::MessageBuilder(MutableByteSpan out, Class message_class,
                               const TransactionId& transaction_id)
    : out_(out.first(std::min(out.size(), kMaxMessage))),
      writer_(out_),
      transaction_id_(transaction_id) {
  writer_.u16(type_of(message_class));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(transaction_id);
}

void MessageBuilder::attribute(Attribute type, ByteSpan value) {
  writer_.u16(static_cast<uint16_t>(type));
  writer_.u16(static_cast<uint16_t>(value.size()));
  writer_.bytes(value);
  writer_.zeros(padded(value.size()) - value.size());
}

void MessageBuilder::set_length(size_t attributes_end) {
  if (writer_.ok()) writer_.patch_u16(2, static_cast<uint16_t>(attributes_end - kHeaderSize));
}

MessageBuilder& MessageBuilder::username(std::string_view value) {
  DCHECK(value.size() <= kMaxUsername);
  attribute(Attribute::Username, {reinterpret_cast<const uint8_t*>(value.data()), value.size()});
  return *this;
}

MessageBuilder& MessageBuilder::priority(uint32_t value) {
  std::array<uint8_t, 4> bytes{};
  store_be32(bytes.data(), value);
  attribute(Attribute::Priority, bytes);
  return *this;
}

MessageBuilder& MessageBuilder::use_candidate() {
  attribute(Attribute::UseCandidate, {});
  return *this;
}

MessageBuilder& MessageBuilder::ice_controlling(uint64_t tie_breaker) {
  std::array<uint8_t, 8> bytes{};
  store_be64(bytes.data(), tie_breaker);
  attribute(Attribute::IceControlling, bytes);
  return *this;
}

MessageBuilder& MessageBuilder::ice_controlled(uint64_t tie_breaker) {
  std::array<uint8_t, 8> bytes{};
  store_be64(bytes.data(), tie_breaker);
  attribute(Attribute::IceControlled, bytes);
  return *this;
}

MessageBuilder& MessageBuilder::xor_mapped_address(const Address& address) {
  const size_t ip_size = address.is_v4() ? 4 : 16;
  std::array<uint8_t, 20> bytes{};
  bytes[1] = address.is_v4() ? kFamilyV4 : kFamilyV6;
  store_be16(bytes.data() + 2, static_cast<uint16_t>(address.port ^ (kMagicCookie >> 16)));
  const auto mask = address_mask(transaction_id_);
  const size_t start = address.ip.size() - ip_size;
  for (size_t i = 0; i < ip_size; ++i) {
    bytes[4 + i] = static_cast<uint8_t>(address.ip[start + i] ^ mask[i]);
  }
  attribute(Attribute::XorMappedAddress, ByteSpan(bytes).first(4 + ip_size));
  return *this;
}

MessageBuilder& MessageBuilder::error_code(uint16_t code, std::string_view reason) {
  DCHECK(code >= 300 && code <= 699);
  std::array<uint8_t, 4 + kMaxReason> bytes{};
  bytes[2] = static_cast<uint8_t>(code / 100);
  bytes[3] = static_cast<uint8_t>(code % 100);
  const size_t size = std::min(reason.size(), kMaxReason);
  std::copy_n(reason.begin(), size, bytes.begin() + 4);
  attribute(Attribute::ErrorCode, ByteSpan(bytes).first(4 + size));
  return *this;
}

MessageBuilder& MessageBuilder::unknown_attributes(std::span<const uint16_t> types) {
  std::array<uint8_t, 2 * kMaxAttributes> bytes{};
  const size_t count = std::min(types.size(), kMaxAttributes);
  for (size_t i = 0; i < count; ++i) store_be16(bytes.data() + 2 * i, types[i]);
  attribute(Attribute::UnknownAttributes, ByteSpan(bytes).first(2 * count));
  return *this;
}

MessageBuilder& MessageBuilder::software(std::string_view name) {
  attribute(Attribute::Software, {reinterpret_cast<const uint8_t*>(name.data()), name.size()});
  return *this;
}

size_t MessageBuilder::finish(HmacSha1 hmac, ByteSpan key) {
  const size_t at = writer_.size();
  if (writer_.room() < kAttributeHead + kIntegritySize) return 0;
  attribute(Attribute::MessageIntegrity, integrity_of(hmac, key, writer_.written(), at));
  return finish_without_integrity();
}

size_t MessageBuilder::finish_without_integrity() {
  const size_t at = writer_.size();
  set_length(at + kAttributeHead + kFingerprintSize);
  std::array<uint8_t, kFingerprintSize> bytes{};
  store_be32(bytes.data(), crc32(writer_.written()) ^ kFingerprintXor);
  attribute(Attribute::Fingerprint, bytes);
  return writer_.ok() ? writer_.size() : 0;
}

}  // namespace media::stun
