#include "media/transport/peer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "media/base/check.h"
#include "media/dtls/certificate.h"
#include "media/dtls/dtls_endpoint.h"
#include "media/ice/ice_controlling.h"
#include "media/ice/ice_lite.h"
#include "media/rtp/demux.h"
#include "media/srtp/srtp_receiver.h"
#include "media/srtp/srtp_sender.h"

namespace media::transport {

namespace {

// From the first authenticated check to the end of the handshake. A browser needs two round trips.
constexpr Duration kConnectLimit = Duration::seconds(20);

// What a server that starts DTLS may send of it to an address that has not answered yet: a peer
// that has seen one answer to its check sends nothing for 5 s, and a lost ClientHello must be
// repeated sooner. Five of ours; only who knows the session's password gets that far.
constexpr size_t kHelloCredit = 1500;

// A ClientHello of today's browsers is two datagrams; room for one repetition.
constexpr size_t kMaxEarly = 4;

const Address kNowhere{};

Drop reason_of(Errc code) {
  switch (code) {
    case Errc::Replayed:
      return Drop::SrtpReplay;
    case Errc::Unauthorized:
      return Drop::SrtpAuth;
    case Errc::TooLarge:
      return Drop::RtpTooManySsrcs;
    default:
      return Drop::SrtpMalformed;
  }
}

srtp::Profile profile_of(dtls::SrtpProfileId id) {
  switch (id) {
    case dtls::SrtpProfileId::AeadAes128Gcm:
      return srtp::Profile::AeadAes128Gcm;
    case dtls::SrtpProfileId::AeadAes256Gcm:
      return srtp::Profile::AeadAes256Gcm;
    case dtls::SrtpProfileId::AesCm128HmacSha1:
      return srtp::Profile::AesCm128HmacSha1;
  }
  return srtp::Profile::AeadAes128Gcm;
}

}  // namespace

struct Peer::Parts {
  Parts(Params& params, const dtls::Certificate& certificate, Rng& rng)
      : is_server(params.role == Params::Role::Server),
        starts_dtls(is_server == params.dtls_reversed),
        max_ssrcs(params.max_ssrcs),
        ufrags{params.local.ufrag},
        dtls(starts_dtls ? dtls::Role::Client : dtls::Role::Server, certificate,
             params.remote_fingerprint,
             params.aes_cm_only ? dtls::Offer::AesCmOnly : dtls::Offer::All) {
    if (is_server) {
      lite.emplace(std::move(params.local), std::move(params.remote), rng);
    } else {
      controlling.emplace(std::move(params.local), std::move(params.remote), params.candidate, rng);
    }
  }

  [[nodiscard]] const Address* selected() const;
  bool note_traffic(Instant now, const Address& from, size_t size);
  void on_stun(Instant now, const Address& from, ByteSpan datagram, DatagramSink& sink,
               DropCounters& drops);
  void on_dtls(Instant now, const Address& from, ByteSpan datagram, DatagramSink& sink,
               DropCounters& drops);
  Inbound on_media(Instant now, const Address& from, MutableByteSpan datagram, bool rtcp,
                   DropCounters& drops);
  bool keep_early(Instant now, const Address& from, ByteSpan datagram);
  void take_early(Instant now, DatagramSink& sink, DropCounters& drops);
  void send_checks(Instant now, DatagramSink& sink);
  void send_dtls(DatagramSink& sink);
  bool borrow(size_t size);
  void follow_dtls(Instant now);
  void install_keys(Instant now);

  bool is_server;
  bool starts_dtls;
  size_t hello_credit = kHelloCredit;
  size_t max_ssrcs;
  State state = State::New;
  // A server has one, a client the other.
  std::optional<ice::IceLite> lite;
  std::optional<ice::IceControlling> controlling;
  std::vector<std::string> ufrags;  // client
  dtls::DtlsEndpoint dtls;
  std::optional<srtp::SrtpSender> sender;
  std::optional<srtp::SrtpReceiver> receiver;
  Instant connect_deadline = Instant::never();
  std::vector<std::pair<Address, std::vector<uint8_t>>> early;
};

const Address* Peer::Parts::selected() const {
  return is_server ? lite->selected() : &controlling->candidate();
}

bool Peer::Parts::note_traffic(Instant now, const Address& from, size_t size) {
  return is_server ? lite->on_traffic(now, from, size) : from == controlling->candidate();
}

void Peer::Parts::on_stun(Instant now, const Address& from, ByteSpan datagram, DatagramSink& sink,
                          DropCounters& drops) {
  std::array<uint8_t, ice::kMaxMessage> reply;
  const ice::IceLite::Handled handled = is_server
                                            ? lite->on_datagram(now, from, datagram, reply)
                                            : controlling->on_datagram(now, from, datagram, reply);
  if (handled.drop) return drops.add(*handled.drop);
  if (state == State::New && connect_deadline == Instant::never())
    connect_deadline = now + kConnectLimit;
  // Our own check goes first: the peer then proves its address before our answer lets it start
  // DTLS.
  send_checks(now, sink);
  if (handled.reply_size != 0) sink.send(from, ByteSpan(reply).first(handled.reply_size));
  if (!early.empty()) take_early(now, sink, drops);
  const bool is_ready = is_server ? selected() != nullptr : controlling->is_connected();
  if (starts_dtls && state == State::New && is_ready) {
    state = State::Handshaking;
    dtls.start(now);
    send_dtls(sink);
  }
}

void Peer::Parts::on_dtls(Instant now, const Address& from, ByteSpan datagram, DatagramSink& sink,
                          DropCounters& drops) {
  const Address* chosen = selected();
  const bool expected = chosen != nullptr && (*chosen == from || (is_server && lite->prefer(from)));
  if (!expected) {
    if (!keep_early(now, from, datagram)) drops.add(Drop::DtlsUnexpected);
    return;
  }
  note_traffic(now, from, datagram.size());
  switch (dtls.handle_datagram(now, datagram)) {
    case dtls::DtlsEndpoint::Verdict::Taken:
      break;
    case dtls::DtlsEndpoint::Verdict::Malformed:
      drops.add(Drop::DtlsUnexpected);
      break;
    case dtls::DtlsEndpoint::Verdict::TooLarge:
      drops.add(Drop::DtlsTooLarge);
      break;
    case dtls::DtlsEndpoint::Verdict::Failed:
      drops.add(Drop::DtlsFailed);
      break;
  }
  follow_dtls(now);
  send_dtls(sink);
}

// A ClientHello may overtake the proof of its address. It waits for that, unread.
bool Peer::Parts::keep_early(Instant now, const Address& from, ByteSpan datagram) {
  if (!is_server || state != State::New || early.size() >= kMaxEarly) return false;
  if (!lite->on_traffic(now, from, datagram.size())) return false;
  early.emplace_back(from, std::vector<uint8_t>(datagram.begin(), datagram.end()));
  return true;
}

void Peer::Parts::take_early(Instant now, DatagramSink& sink, DropCounters& drops) {
  for (auto& [from, datagram] : std::exchange(early, {})) {
    const Address* chosen = lite->selected();
    if ((chosen != nullptr && *chosen == from) || lite->prefer(from)) {
      on_dtls(now, from, datagram, sink, drops);
    } else if (state == State::New) {
      early.emplace_back(from, std::move(datagram));
    } else {
      drops.add(Drop::DtlsUnexpected);
    }
  }
}

Peer::Inbound Peer::Parts::on_media(Instant now, const Address& from, MutableByteSpan datagram,
                                    bool rtcp, DropCounters& drops) {
  // Before any cryptography: media may only come from where an authenticated check came from.
  if (!note_traffic(now, from, datagram.size())) {
    drops.add(Drop::UnknownAddress);
    return {};
  }
  if (!receiver || state != State::Connected) {
    drops.add(Drop::SrtpNotReady);
    return {};
  }
  const auto plain = rtcp ? receiver->open_rtcp(datagram) : receiver->open_rtp(datagram);
  if (!plain) {
    drops.add(reason_of(plain.error().code));
    return {};
  }
  return {rtcp ? Kind::Rtcp : Kind::Rtp, *plain};
}

void Peer::Parts::send_checks(Instant now, DatagramSink& sink) {
  std::array<uint8_t, ice::kMaxMessage> check;
  while (const auto due = is_server ? lite->poll(now, check) : controlling->poll(now, check)) {
    sink.send(due->to, ByteSpan(check).first(due->size));
  }
}

void Peer::Parts::send_dtls(DatagramSink& sink) {
  std::vector<uint8_t> datagram;
  while (dtls.poll(datagram)) {
    const Address* to = selected();
    if (to == nullptr || (is_server && !lite->spend(datagram.size()) && !borrow(datagram.size())))
      continue;
    sink.send(*to, datagram);
  }
}

bool Peer::Parts::borrow(size_t size) {
  if (!starts_dtls || size > hello_credit) return false;
  hello_credit -= size;
  return true;
}

void Peer::Parts::follow_dtls(Instant now) {
  if (state == State::Failed || state == State::Closed) return;
  switch (dtls.state()) {
    case dtls::State::New:
      break;
    case dtls::State::Handshaking:
      state = State::Handshaking;
      break;
    case dtls::State::Connected:
      if (state != State::Connected) install_keys(now);
      break;
    case dtls::State::Failed:
      state = State::Failed;
      break;
    case dtls::State::Closed:
      state = State::Closed;
      break;
  }
}

void Peer::Parts::install_keys(Instant now) {
  const dtls::SrtpKeyBlock* block = dtls.keys();
  CHECK(block != nullptr);
  const srtp::Profile profile = profile_of(block->profile);
  const auto keys = srtp::split_exporter(profile, ByteSpan(block->bytes).first(block->size));
  CHECK(keys.has_value());
  sender.emplace(profile, starts_dtls ? keys->client : keys->server);
  receiver.emplace(profile, starts_dtls ? keys->server : keys->client);
  receiver->set_max_ssrcs(max_ssrcs);
  dtls.drop_keys();
  // Only who received our flights can have finished the handshake, so the address is the peer's.
  if (is_server) lite->confirm_selected(now);
  state = State::Connected;
  connect_deadline = Instant::never();
}

Peer::Peer(Params params, const dtls::Certificate& certificate, Rng& rng)
    : parts_(std::make_unique<Parts>(params, certificate, rng)) {}
Peer::~Peer() = default;

Peer::Inbound Peer::on_datagram(Instant now, const Address& from, MutableByteSpan datagram,
                                DatagramSink& sink, DropCounters& drops) {
  Parts& p = *parts_;
  switch (rtp::protocol_of(datagram)) {
    case rtp::Protocol::Rtp:
      return p.on_media(now, from, datagram, false, drops);
    case rtp::Protocol::Rtcp:
      return p.on_media(now, from, datagram, true, drops);
    case rtp::Protocol::Stun:
      if (p.state != State::Failed && p.state != State::Closed)
        p.on_stun(now, from, datagram, sink, drops);
      break;
    case rtp::Protocol::Dtls:
      p.on_dtls(now, from, datagram, sink, drops);
      break;
    case rtp::Protocol::Unknown:
      drops.add(Drop::UnknownAddress);
      break;
  }
  return {};
}

void Peer::on_timeout(Instant now, DatagramSink& sink) {
  Parts& p = *parts_;
  if (p.state == State::Failed || p.state == State::Closed) return;
  const bool expired = p.is_server ? p.lite->is_expired(now) : p.controlling->is_expired(now);
  if (expired || now >= p.connect_deadline) {
    p.state = State::Failed;
    return;
  }
  p.send_checks(now, sink);
  p.dtls.on_timeout(now);
  p.follow_dtls(now);
  p.send_dtls(sink);
}

Instant Peer::next_timeout() const {
  const Parts& p = *parts_;
  if (p.state == State::Failed || p.state == State::Closed) return Instant::never();
  const Instant ice = p.is_server ? p.lite->next_timeout() : p.controlling->next_timeout();
  return std::min({ice, p.dtls.next_timeout(), p.connect_deadline});
}

void Peer::restart_ice(IceCredentials local, IceCredentials remote) {
  Parts& p = *parts_;
  if (p.is_server) return p.lite->restart(std::move(local), std::move(remote));
  p.ufrags = {local.ufrag};
  p.controlling->restart(Instant(), std::move(local), std::move(remote));
}

void Peer::check_now(Instant now) {
  Parts& p = *parts_;
  if (p.is_server) return;
  p.controlling->start(now);
  p.controlling->check_now(now);
  if (p.state == State::New && p.connect_deadline == Instant::never())
    p.connect_deadline = now + kConnectLimit;
}

void Peer::close(DatagramSink& sink) {
  Parts& p = *parts_;
  if (p.state == State::Closed) return;
  p.dtls.close();
  p.send_dtls(sink);
  p.state = State::Closed;
}

Peer::State Peer::state() const {
  return parts_->state;
}

bool Peer::can_send() const {
  const Parts& p = *parts_;
  return p.state == State::Connected && (p.is_server ? p.lite->is_confirmed() : true);
}

const Address& Peer::remote() const {
  const Address* chosen = parts_->selected();
  return chosen != nullptr ? *chosen : kNowhere;
}

std::span<const Address> Peer::known_addresses() const {
  const Parts& p = *parts_;
  return p.is_server ? p.lite->known_addresses() : std::span(&p.controlling->candidate(), 1);
}

std::span<const std::string> Peer::local_ufrags() const {
  const Parts& p = *parts_;
  return p.is_server ? p.lite->local_ufrags() : std::span<const std::string>(p.ufrags);
}

Duration Peer::rtt() const {
  return parts_->is_server ? parts_->lite->rtt() : parts_->controlling->rtt();
}

size_t Peer::seal_rtp(MutableByteSpan slot, size_t header_size, size_t size, int64_t index) {
  return parts_->sender ? parts_->sender->seal_rtp(slot, header_size, size, index) : 0;
}

size_t Peer::seal_rtcp(MutableByteSpan slot, size_t size) {
  return parts_->sender ? parts_->sender->seal_rtcp(slot, size) : 0;
}

}  // namespace media::transport
