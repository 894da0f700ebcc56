#include "media/dtls/dtls_endpoint.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>

#include "media/dtls/certificate.h"

namespace media::dtls {
namespace {

using Bytes = std::vector<uint8_t>;
using Verdict = DtlsEndpoint::Verdict;

const Certificate& certificate(size_t index) {
  static const auto* const made = new std::vector<Certificate>([] {
    std::vector<Certificate> all;
    for (int i = 0; i < 3; ++i) all.push_back(std::move(*Certificate::make()));
    return all;
  }());
  return (*made)[index];
}

class Handshake : public testing::Test {
 protected:
  void make(Offer offer = Offer::All, size_t client_certificate = 1) {
    server_.emplace(Role::Server, certificate(0), certificate(1).fingerprint());
    client_.emplace(Role::Client, certificate(client_certificate), certificate(0).fingerprint(),
                    offer);
  }

  static std::vector<Bytes> take(DtlsEndpoint& endpoint) {
    std::vector<Bytes> all;
    Bytes datagram;
    while (endpoint.poll(datagram)) all.push_back(datagram);
    return all;
  }

  // Carries datagrams until both are quiet; `change` may alter or lose one (return false).
  void carry(const std::function<bool(bool from_client, Bytes&)>& change = nullptr) {
    for (bool moved = true; moved;) {
      moved = false;
      for (const bool from_client : {true, false}) {
        for (Bytes& datagram : take(from_client ? *client_ : *server_)) {
          moved = true;
          longest_ = std::max(longest_, datagram.size());
          if (change && !change(from_client, datagram)) continue;
          (from_client ? *server_ : *client_).handle_datagram(now_, datagram);
        }
      }
    }
  }

  Instant now_ = Instant::from_micros(1'000'000);
  std::optional<DtlsEndpoint> server_;
  std::optional<DtlsEndpoint> client_;
  size_t longest_ = 0;
};

TEST_F(Handshake, gives_both_sides_the_same_keys_and_prefers_gcm) {
  make();
  client_->start(now_);
  carry();
  ASSERT_EQ(server_->state(), State::Connected);
  ASSERT_EQ(client_->state(), State::Connected);
  EXPECT_EQ(server_->keys()->profile, SrtpProfileId::AeadAes128Gcm);
  EXPECT_EQ(server_->keys()->size, 56u);
  EXPECT_EQ(server_->keys()->bytes, client_->keys()->bytes);
  EXPECT_LE(longest_, kMtu);
  server_->drop_keys();
  EXPECT_EQ(server_->keys(), nullptr);
}

TEST_F(Handshake, accepts_aes_cm_from_a_client_without_gcm) {
  make(Offer::AesCmOnly);
  client_->start(now_);
  carry();
  ASSERT_EQ(server_->state(), State::Connected);
  EXPECT_EQ(server_->keys()->profile, SrtpProfileId::AesCm128HmacSha1);
  EXPECT_EQ(server_->keys()->bytes, client_->keys()->bytes);
}

TEST_F(Handshake, exports_nothing_when_the_fingerprint_differs) {
  make(Offer::All, 2);
  client_->start(now_);
  carry();
  EXPECT_EQ(server_->state(), State::Failed);
  EXPECT_EQ(server_->keys(), nullptr);
}

TEST_F(Handshake, the_client_checks_the_server_too) {
  server_.emplace(Role::Server, certificate(2), certificate(1).fingerprint());
  client_.emplace(Role::Client, certificate(1), certificate(0).fingerprint());
  client_->start(now_);
  carry();
  EXPECT_EQ(client_->state(), State::Failed);
  EXPECT_EQ(client_->keys(), nullptr);
  EXPECT_NE(server_->state(), State::Connected);
}

// Splits the ClientHello into fragments of 100 bytes, each a datagram, as a browser with many
// extensions does.
TEST_F(Handshake, puts_a_fragmented_client_hello_together) {
  make();
  client_->start(now_);
  const std::vector<Bytes> hello = take(*client_);
  ASSERT_EQ(hello.size(), 1u);
  const Bytes& whole = hello[0];
  const size_t length = load_be24(whole.data() + 14);
  // Numbered clear of the client's later records, which the replay check would take for these.
  for (size_t at = 0, number = 40; at < length; at += 100, ++number) {
    const size_t size = std::min<size_t>(100, length - at);
    Bytes part(whole.begin(), whole.begin() + 25);
    store_be16(part.data() + 9, static_cast<uint16_t>(number));
    store_be16(part.data() + 11, static_cast<uint16_t>(12 + size));
    store_be24(part.data() + 19, static_cast<uint32_t>(at));
    store_be24(part.data() + 22, static_cast<uint32_t>(size));
    part.insert(part.end(), whole.begin() + static_cast<std::ptrdiff_t>(25 + at),
                whole.begin() + static_cast<std::ptrdiff_t>(25 + at + size));
    EXPECT_EQ(server_->handle_datagram(now_, part), Verdict::Taken);
  }
  carry();
  EXPECT_EQ(server_->state(), State::Connected);
}

TEST_F(Handshake, repeats_a_lost_flight_after_150_ms_and_doubles) {
  make();
  client_->start(now_);
  ASSERT_EQ(take(*client_).size(), 1u);
  Duration wait = Duration::millis(150);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(client_->next_timeout() - now_, wait);
    now_ = client_->next_timeout();
    client_->on_timeout(now_);
    EXPECT_EQ(take(*client_).size(), 1u);
    wait = wait * 2;
  }
}

TEST_F(Handshake, ends_after_ten_seconds) {
  make();
  client_->start(now_);
  const Bytes hello = take(*client_).front();
  server_->handle_datagram(now_, hello);
  const Instant start = now_;
  while (server_->state() == State::Handshaking && now_ - start < Duration::seconds(60)) {
    now_ = server_->next_timeout();
    server_->on_timeout(now_);
  }
  EXPECT_EQ(server_->state(), State::Failed);
  EXPECT_EQ(now_ - start, kHandshakeLimit);
}

TEST_F(Handshake, stores_no_more_than_its_limit) {
  make();
  // First fragments of ever new messages that never become whole.
  Verdict last = Verdict::Taken;
  for (uint16_t i = 0; i < 200 && last == Verdict::Taken; ++i) {
    Bytes part(25 + 400);
    part[0] = 22;
    part[1] = 0xfe;
    part[2] = 0xfd;
    store_be16(part.data() + 9, i);
    store_be16(part.data() + 11, 412);
    part[13] = 1;
    store_be24(part.data() + 14, 4000);
    store_be16(part.data() + 17, static_cast<uint16_t>(i % 8));
    store_be24(part.data() + 22, 400);
    last = server_->handle_datagram(now_, part);
  }
  EXPECT_EQ(last, Verdict::TooLarge);
}

TEST_F(Handshake, refuses_a_message_that_announces_megabytes) {
  make();
  Bytes part(25 + 10);
  part[0] = 22;
  part[1] = 0xfe;
  part[2] = 0xfd;
  store_be16(part.data() + 11, 22);
  part[13] = 1;
  store_be24(part.data() + 14, 0xffffff);
  store_be24(part.data() + 22, 10);
  EXPECT_EQ(server_->handle_datagram(now_, part), Verdict::TooLarge);
}

TEST_F(Handshake, is_not_ended_by_a_readable_alert_or_noise) {
  make();
  client_->start(now_);
  const Bytes alert = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
  carry([&](bool from_client, Bytes&) {
    if (from_client) {
      server_->handle_datagram(now_, alert);
      EXPECT_EQ(server_->handle_datagram(now_, Bytes{22, 1, 2, 3}), Verdict::Malformed);
    }
    return true;
  });
  EXPECT_EQ(server_->state(), State::Connected);
}

TEST_F(Handshake, a_bad_first_hello_leaves_room_for_a_good_one) {
  make();
  Bytes bad = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 1,
               0,  0,    2,    0, 0, 0, 0, 0, 0, 0, 2, 9, 9};
  server_->handle_datagram(now_, bad);
  EXPECT_EQ(server_->state(), State::Handshaking);
  EXPECT_TRUE(take(*server_).empty()) << "nothing to learn from us";
  client_->start(now_);
  carry();
  EXPECT_EQ(server_->state(), State::Connected);
}

TEST_F(Handshake, forged_records_after_it_change_nothing) {
  make();
  client_->start(now_);
  carry();
  for (const uint8_t type : {uint8_t{20}, uint8_t{21}, uint8_t{22}, uint8_t{23}}) {
    for (const uint8_t epoch : {uint8_t{0}, uint8_t{1}, uint8_t{2}}) {
      Bytes forged = {type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 1, 9, 0, 40};
      forged.resize(forged.size() + 40, 0x11);
      server_->handle_datagram(now_, forged);
      EXPECT_EQ(server_->state(), State::Connected) << int{type} << "/" << int{epoch};
    }
  }
}

TEST_F(Handshake, close_reaches_the_other_side) {
  make();
  client_->start(now_);
  carry();
  client_->close();
  carry();
  EXPECT_EQ(client_->state(), State::Closed);
  EXPECT_EQ(server_->state(), State::Closed);
}

TEST_F(Handshake, leaves_no_timer_behind) {
  make();
  client_->start(now_);
  carry();
  EXPECT_EQ(server_->next_timeout(), Instant::never());
  EXPECT_EQ(client_->next_timeout(), Instant::never());
}

}  // namespace
}  // namespace media::dtls
