#include "signaling/ingest/push_line.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace signaling::ingest {

void PushLine::Free::operator()(ssl_st* ssl) const {
  ::SSL_free(ssl);
}
void PushLine::Free::operator()(ssl_ctx_st* context) const {
  ::SSL_CTX_free(context);
}

media::Outcome<PushLine> PushLine::over_tls(int fd, const std::string& certificate,
                                            const std::string& private_key) {
  PushLine line(fd);
  line.context_.reset(::SSL_CTX_new(::TLS_server_method()));
  SSL_CTX* context = line.context_.get();
  if (context == nullptr || ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
    return media::env_fail("OpenSSL offers no TLS 1.2.");
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1 ||
      ::SSL_CTX_use_PrivateKey_file(context, private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return media::env_fail(
        fmt::format("RTMPS cannot use the certificate {} with its key; http.certificate names it.",
                    certificate));
  }
  line.tls_.reset(::SSL_new(context));
  if (line.tls_ == nullptr || ::SSL_set_fd(line.tls_.get(), fd) != 1)
    return media::env_fail("OpenSSL has no memory for a connection.");
  ::SSL_set_accept_state(line.tls_.get());
  return line;
}

bool PushLine::read(std::vector<uint8_t>& out) {
  const size_t before = out.size();
  out.resize(before + kRead);
  if (tls_ == nullptr) {
    const ssize_t size = ::recv(fd_, out.data() + before, kRead, MSG_DONTWAIT);
    out.resize(before + (size > 0 ? static_cast<size_t>(size) : 0));
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
  }
  ::ERR_clear_error();
  size_t taken = 0;
  size_t size = 0;
  int done = 1;
  // A record holds 16 KiB at most; what OpenSSL keeps would wake no poll().
  while (taken < kRead && (done = ::SSL_read_ex(tls_.get(), out.data() + before + taken,
                                                kRead - taken, &size)) == 1) {
    taken += size;
  }
  out.resize(before + taken);
  if (done == 1) return true;
  const int error = ::SSL_get_error(tls_.get(), done);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

bool PushLine::write(media::ByteSpan bytes) {
  if (tls_ != nullptr) {
    ::ERR_clear_error();
    size_t size = 0;
    return ::SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &size) == 1 &&
           size == bytes.size();
  }
  return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace signaling::ingest
