// Against OpenSSL itself as the peer, which knows nothing of our shortcut: both directions, for
// every cipher that may be negotiated.
#include "media/dtls/alert_records.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "media/dtls/certificate.h"
#include "media/dtls/dtls_endpoint.h"
#include "media/dtls/fingerprint_check.h"

namespace media::dtls {
namespace {

using Bytes = std::vector<uint8_t>;

class AgainstOpenSsl : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    check_.expected = own_->fingerprint();
    ssl_ = SSL_new(theirs_->context());
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    BIO_set_mem_eof_return(out_, -1);
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_app_data(ssl_, &check_);
    DTLS_set_link_mtu(ssl_, 1200);
    ASSERT_EQ(SSL_set_cipher_list(ssl_, GetParam()), 1);
    SSL_set_connect_state(ssl_);
    for (int i = 0; i < 10 && endpoint_.state() != State::Connected; ++i) {
      SSL_do_handshake(ssl_);
      to_us();
      to_them();
    }
    SSL_do_handshake(ssl_);
    ASSERT_EQ(endpoint_.state(), State::Connected);
    ASSERT_EQ(SSL_is_init_finished(ssl_), 1);
  }
  void TearDown() override { SSL_free(ssl_); }

  Bytes written_by_them() {
    Bytes bytes(20'000);
    const int n = BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return bytes;
  }
  void to_us() {
    const Bytes bytes = written_by_them();
    if (!bytes.empty()) endpoint_.handle_datagram(now_, bytes);
  }
  void to_them() {
    Bytes datagram;
    while (endpoint_.poll(datagram))
      BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
  }

  const std::unique_ptr<Certificate> own_ =
      std::make_unique<Certificate>(std::move(*Certificate::make()));
  const std::unique_ptr<Certificate> theirs_ =
      std::make_unique<Certificate>(std::move(*Certificate::make()));
  Instant now_ = Instant::from_micros(1'000'000);
  FingerprintCheck check_;
  DtlsEndpoint endpoint_{Role::Server, *own_, theirs_->fingerprint()};
  SSL* ssl_ = nullptr;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

TEST_P(AgainstOpenSsl, hears_the_goodbye_of_a_peer) {
  SSL_shutdown(ssl_);
  const Bytes alert = written_by_them();
  ASSERT_FALSE(alert.empty());
  for (size_t bit = 0; bit < alert.size() * 8; ++bit) {
    Bytes forged = alert;
    forged[bit / 8] = static_cast<uint8_t>(forged[bit / 8] ^ (1u << (bit % 8)));
    endpoint_.handle_datagram(now_, forged);
    ASSERT_EQ(endpoint_.state(), State::Connected) << bit;
  }
  endpoint_.handle_datagram(now_, alert);
  EXPECT_EQ(endpoint_.state(), State::Closed);
}

TEST_P(AgainstOpenSsl, says_a_goodbye_that_the_peer_believes) {
  endpoint_.close();
  to_them();
  std::array<uint8_t, 64> nothing{};
  EXPECT_EQ(SSL_read(ssl_, nothing.data(), static_cast<int>(nothing.size())), 0);
  EXPECT_NE(SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_P(AgainstOpenSsl, application_data_changes_nothing) {
  ASSERT_GT(SSL_write(ssl_, "hello", 5), 0);
  to_us();
  EXPECT_EQ(endpoint_.state(), State::Connected);
}

TEST_P(AgainstOpenSsl, a_peer_that_lost_our_last_flight_gets_it_again_and_still_hears_us) {
  SSL* const again = SSL_new(theirs_->context());
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(in, -1);
  BIO_set_mem_eof_return(out, -1);
  SSL_set_bio(again, in, out);
  SSL_set_app_data(again, &check_);
  DTLS_set_link_mtu(again, 1200);
  ASSERT_EQ(SSL_set_cipher_list(again, GetParam()), 1);
  SSL_set_connect_state(again);
  DtlsEndpoint endpoint(Role::Server, *own_, theirs_->fingerprint());
  Bytes last_of_theirs;
  for (int i = 0; i < 10 && endpoint.state() != State::Connected; ++i) {
    SSL_do_handshake(again);
    Bytes bytes(20'000);
    const int n = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    if (!bytes.empty()) last_of_theirs = bytes;
    endpoint.handle_datagram(now_, bytes);
    Bytes datagram;
    while (endpoint.poll(datagram)) {
      if (endpoint.state() == State::Connected) continue;  // lost
      BIO_write(in, datagram.data(), static_cast<int>(datagram.size()));
    }
  }
  ASSERT_EQ(endpoint.state(), State::Connected);
  EXPECT_NE(SSL_do_handshake(again), 1);
  endpoint.handle_datagram(now_, last_of_theirs);
  endpoint.close();
  Bytes datagram;
  while (endpoint.poll(datagram)) BIO_write(in, datagram.data(), static_cast<int>(datagram.size()));
  EXPECT_EQ(SSL_do_handshake(again), 1);
  std::array<uint8_t, 64> nothing{};
  SSL_read(again, nothing.data(), static_cast<int>(nothing.size()));
  EXPECT_NE(SSL_get_shutdown(again) & SSL_RECEIVED_SHUTDOWN, 0);
  SSL_free(again);
}

INSTANTIATE_TEST_SUITE_P(Ciphers, AgainstOpenSsl,
                         testing::Values("ECDHE-ECDSA-AES128-GCM-SHA256",
                                         "ECDHE-ECDSA-AES256-GCM-SHA384",
                                         "ECDHE-ECDSA-CHACHA20-POLY1305"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace media::dtls
