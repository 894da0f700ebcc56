#include "media/dtls/dtls_endpoint.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "media/base/check.h"
#include "media/dtls/alert_records.h"
#include "media/dtls/certificate.h"
#include "media/dtls/fingerprint_check.h"

namespace media::dtls {

namespace {

// RFC 6347 section 4.1 and 4.2.2.
constexpr size_t kRecordHeader = 13;
constexpr size_t kHandshakeHeader = 12;
// Of a last flight of about 100 bytes; a client gives up long before.
constexpr size_t kMaxRepeats = 16;
constexpr uint8_t kAlert = 21;
constexpr uint8_t kHandshake = 22;

struct Record {
  uint8_t type = 0;
  uint16_t epoch = 0;
  ByteSpan bytes;  // header included
  ByteSpan body;
};

// The next record of a datagram; false when what is left is not one.
bool next_record(ByteSpan& left, Record& out) {
  if (left.size() < kRecordHeader) return false;
  const size_t size = load_be16(left.data() + 11);
  if (size > left.size() - kRecordHeader) return false;
  out.type = left[0];
  out.epoch = load_be16(left.data() + 3);
  out.bytes = left.first(kRecordHeader + size);
  out.body = out.bytes.subspan(kRecordHeader);
  left = left.subspan(kRecordHeader + size);
  return true;
}

ByteSpan last_record(const std::vector<std::vector<uint8_t>>& flight) {
  Record last;
  if (flight.empty()) return {};
  ByteSpan left = flight.back();
  while (next_record(left, last)) {
  }
  return last.bytes;
}

// A readable handshake fragment that announces a message nobody sends.
bool announces_too_much(const Record& record) {
  return record.epoch == 0 && record.type == kHandshake && record.body.size() >= kHandshakeHeader &&
         load_be24(record.body.data() + 1) > kMaxHandshakeMessage;
}

// OpenSSL would time retransmissions by the wall clock; we do it ourselves on the clock we are
// told. This keeps its own timer from ever firing within a handshake.
unsigned never_retransmit(SSL* /*ssl*/, unsigned /*previous_us*/) {
  return UINT_MAX;
}

}  // namespace

SrtpKeyBlock::~SrtpKeyBlock() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

struct DtlsEndpoint::Parts {
  Parts(Role as, const Certificate& own, const Fingerprint& expected, Offer srtp)
      : role(as), certificate(own), check{expected, false}, offer(srtp) {
    open_ssl();
  }
  ~Parts() { close_ssl(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void open_ssl();
  void close_ssl();
  void advance(Instant now);
  void drain_output(Instant now);
  void finish(Instant now);
  void fail_handshake();
  // Counts a record of the handshake; false when it is one too many.
  bool affordable(const Record& record);
  void answer_repetition(const Record& record);
  // Gives one record to OpenSSL. Anything but Taken: the rest of its datagram is not looked at.
  Verdict take(Instant now, const Record& record);
  void send_flight_again();

  Role role;
  const Certificate& certificate;
  FingerprintCheck check;
  Offer offer;
  SSL* ssl = nullptr;  // until the handshake has ended, well or not
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
  State state = State::New;
  Instant give_up = Instant::never();
  Instant retransmit = Instant::never();
  Duration retransmit_after = kFirstRetransmit;
  size_t handshake_bytes = 0;
  size_t handshake_records = 0;
  size_t repeats = 0;                        // of the last flight, after the handshake
  std::vector<std::vector<uint8_t>> flight;  // what we sent last, for retransmission
  std::vector<std::vector<uint8_t>> queue;   // to be polled: at most a flight or two
  std::unique_ptr<SrtpKeyBlock> keys;
  std::unique_ptr<AlertRecords> alerts;  // when connected
};

namespace {

// Each write to this BIO is one datagram; a memory BIO would run them together.
int collect_datagram(BIO* bio, const char* bytes, int size) {
  auto* queue = static_cast<std::vector<std::vector<uint8_t>>*>(BIO_get_data(bio));
  const auto* first = reinterpret_cast<const uint8_t*>(bytes);
  queue->emplace_back(first, first + size);
  return size;
}

long datagram_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return static_cast<long>(kMtu);
    default:
      return 0;
  }
}

BIO_METHOD* datagram_method() {
  static BIO_METHOD* const kMethod = []() {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    CHECK(made != nullptr);
    BIO_meth_set_write(made, collect_datagram);
    BIO_meth_set_ctrl(made, datagram_control);
    return made;
  }();
  return kMethod;
}

}  // namespace

void DtlsEndpoint::Parts::open_ssl() {
  ssl = SSL_new(certificate.context());
  in = BIO_new(BIO_s_mem());
  out = BIO_new(datagram_method());
  CHECK(ssl != nullptr && in != nullptr && out != nullptr);
  BIO_set_mem_eof_return(in, -1);  // empty means "come back later", not "closed"
  BIO_set_init(out, 1);
  SSL_set_bio(ssl, in, out);
  SSL_set_app_data(ssl, &check);
  SSL_set_max_cert_list(ssl, static_cast<long>(kMaxHandshakeMessage));
  DTLS_set_link_mtu(ssl, static_cast<long>(kMtu));
  DTLS_set_timer_cb(ssl, never_retransmit);
  if (offer == Offer::AesCmOnly) CHECK(SSL_set_tlsext_use_srtp(ssl, "SRTP_AES128_CM_SHA1_80") == 0);
  if (role == Role::Server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
}

void DtlsEndpoint::Parts::close_ssl() {
  SSL_free(ssl);
  ssl = nullptr;
  in = nullptr;
  out = nullptr;
}

void DtlsEndpoint::Parts::advance(Instant now) {
  ERR_clear_error();
  std::vector<std::vector<uint8_t>> written;
  BIO_set_data(out, &written);
  const int result = SSL_do_handshake(ssl);
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);
  BIO_set_data(out, nullptr);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) {
    // Bytes that are no handshake at all must not end an association that has not begun: wait for a
    // better ClientHello.
    if (role == Role::Server && flight.empty()) {
      close_ssl();
      return open_ssl();
    }
    for (auto& datagram : written) queue.push_back(std::move(datagram));
    return fail_handshake();
  }
  if (!written.empty()) {
    for (const auto& datagram : written) queue.push_back(datagram);
    flight = std::move(written);
    retransmit_after = kFirstRetransmit;
    retransmit = now + retransmit_after;
  }
  if (error == SSL_ERROR_NONE) finish(now);
}

void DtlsEndpoint::Parts::finish(Instant /*now*/) {
  retransmit = Instant::never();
  give_up = Instant::never();
  const SRTP_PROTECTION_PROFILE* chosen = SSL_get_selected_srtp_profile(ssl);
  // Renegotiation and resumption are off, so that the callback has run for this very handshake.
  if (!check.matched || chosen == nullptr) return fail_handshake();
  auto block = std::make_unique<SrtpKeyBlock>();
  switch (chosen->id) {
    case SRTP_AEAD_AES_128_GCM:
      block->profile = SrtpProfileId::AeadAes128Gcm;
      block->size = size_t{2} * (16 + 12);
      break;
    case SRTP_AEAD_AES_256_GCM:
      block->profile = SrtpProfileId::AeadAes256Gcm;
      block->size = size_t{2} * (32 + 12);
      break;
    case SRTP_AES128_CM_SHA1_80:
      block->profile = SrtpProfileId::AesCm128HmacSha1;
      block->size = size_t{2} * (16 + 14);
      break;
    default:
      return fail_handshake();
  }
  static constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";  // RFC 5764 section 4.2
  if (SSL_export_keying_material(ssl, block->bytes.data(), block->size, kLabel.data(),
                                 kLabel.size(), nullptr, 0, 0) != 1) {
    return fail_handshake();
  }
  // Our Finished is the last record of the last flight that either side sends.
  alerts = AlertRecords::from(ssl, role == Role::Server, last_record(flight));
  if (alerts == nullptr) return fail_handshake();
  keys = std::move(block);
  state = State::Connected;
  // A server's last flight may be lost; it stays to be sent again when the client repeats its own.
  if (role == Role::Client) flight.clear();
  flight.shrink_to_fit();
  close_ssl();
}

void DtlsEndpoint::Parts::fail_handshake() {
  state = State::Failed;
  retransmit = Instant::never();
  give_up = Instant::never();
  flight.clear();
  close_ssl();
}

bool DtlsEndpoint::Parts::affordable(const Record& record) {
  handshake_bytes += record.bytes.size();
  ++handshake_records;
  return handshake_bytes <= kMaxHandshakeBytes && handshake_records <= kMaxHandshakeRecords &&
         !announces_too_much(record);
}

// The client's Finished again: it has not heard ours. A repeated record would not get past
// OpenSSL's replay check.
void DtlsEndpoint::Parts::answer_repetition(const Record& record) {
  if (record.type != kHandshake || role != Role::Server || repeats >= kMaxRepeats) return;
  ++repeats;
  send_flight_again();
}

void DtlsEndpoint::Parts::send_flight_again() {
  // The very records sent before: a peer that has some of them drops those as replays and takes the
  // rest, and one that has them all repeats its own flight by its own timer.
  for (const auto& datagram : flight) queue.push_back(datagram);
}

DtlsEndpoint::Verdict DtlsEndpoint::Parts::take(Instant now, const Record& record) {
  const bool handshaking = state == State::Handshaking;
  if (handshaking) {
    // Anyone who can forge the peer's address can send a readable alert; the handshake limit is
    // patience enough.
    if (record.type == kAlert && record.epoch == 0) return Verdict::Taken;
    if (!affordable(record)) return Verdict::TooLarge;
  } else {
    answer_repetition(record);
  }
  if (handshaking) {
    BIO_write(in, record.bytes.data(), static_cast<int>(record.bytes.size()));
    advance(now);
  } else if (alerts->ends(record.bytes)) {
    state = State::Closed;
  }
  return state == State::Failed ? Verdict::Failed : Verdict::Taken;
}

DtlsEndpoint::DtlsEndpoint(Role role, const Certificate& certificate, const Fingerprint& peer,
                           Offer offer)
    : parts_(std::make_unique<Parts>(role, certificate, peer, offer)) {}
DtlsEndpoint::~DtlsEndpoint() = default;

void DtlsEndpoint::start(Instant now) {
  Parts& p = *parts_;
  if (p.role != Role::Client || p.state != State::New) return;
  p.state = State::Handshaking;
  p.give_up = now + kHandshakeLimit;
  p.advance(now);
}

DtlsEndpoint::Verdict DtlsEndpoint::handle_datagram(Instant now, ByteSpan datagram) {
  Parts& p = *parts_;
  if (p.state == State::Failed || p.state == State::Closed) return Verdict::Failed;
  if (p.state == State::New) {
    if (p.role == Role::Client) return Verdict::Failed;
    p.state = State::Handshaking;
    p.give_up = now + kHandshakeLimit;
  }
  ByteSpan left = datagram;
  while (!left.empty() && p.state != State::Closed) {
    Record record;
    if (!next_record(left, record)) return Verdict::Malformed;
    if (const Verdict verdict = p.take(now, record); verdict != Verdict::Taken) return verdict;
  }
  return Verdict::Taken;
}

void DtlsEndpoint::on_timeout(Instant now) {
  Parts& p = *parts_;
  if (p.state != State::Handshaking) return;
  if (now >= p.give_up) return p.fail_handshake();
  if (now < p.retransmit) return;
  p.send_flight_again();
  p.retransmit_after = std::min(p.retransmit_after * 2, kLongestRetransmit);
  p.retransmit = now + p.retransmit_after;
}

Instant DtlsEndpoint::next_timeout() const {
  return std::min(parts_->give_up, parts_->retransmit);
}

bool DtlsEndpoint::poll(std::vector<uint8_t>& out) {
  if (parts_->queue.empty()) return false;
  std::vector<std::vector<uint8_t>>& queue = parts_->queue;
  out = std::move(queue.front());
  queue.erase(queue.begin());
  if (queue.empty()) queue.shrink_to_fit();
  return true;
}

void DtlsEndpoint::close() {
  Parts& p = *parts_;
  if (p.state == State::Connected) {
    std::vector<uint8_t> goodbye = p.alerts->close_notify();
    if (!goodbye.empty()) p.queue.push_back(std::move(goodbye));
  }
  p.close_ssl();
  p.state = State::Closed;
  p.retransmit = Instant::never();
  p.give_up = Instant::never();
}

State DtlsEndpoint::state() const {
  return parts_->state;
}
const SrtpKeyBlock* DtlsEndpoint::keys() const {
  return parts_->keys.get();
}
void DtlsEndpoint::drop_keys() {
  parts_->keys.reset();
}

}  // namespace media::dtls
