// The HTTP half of WHIP (RFC 9725) and WHEP: an offer in, an answer and a resource back. Blocking;
// one per thread.
#pragma once

#include <memory>
#include <string>

#include "media/base/result.h"

namespace signaling::wish {

struct HttpReply {
  long status = 0;
  std::string body;
  std::string location;  // absolute; empty when the reply names none
};

class HttpClient {
 public:
  struct Params {
    std::string token;      // bearer
    bool insecure = false;  // take a self-signed certificate
    long timeout_s = 10;
    bool fresh_connections = false;  // a new one for every call
    // How often an offer is made again, after the time that the server names, when it says that
    // they come too fast (429).
    int patience = 0;
  };
  static media::Outcome<std::unique_ptr<HttpClient>> make(Params params);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The connection is kept for the next call. Errors: no reply (a sentence).
  media::Outcome<HttpReply> post_sdp(const std::string& url, const std::string& offer);
  media::Outcome<HttpReply> get(const std::string& url);
  media::Outcome<HttpReply> remove(const std::string& url);

 private:
  struct Parts;
  explicit HttpClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace signaling::wish
