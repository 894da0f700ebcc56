#include "signaling/wish/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace signaling::wish {
namespace {

// An SDP answer is a few KiB; anything beyond this is not one.
constexpr size_t kMaxBody = 1024 * 1024;

size_t take_body(char* bytes, size_t /*one*/, size_t count, void* user) {
  auto* body = static_cast<std::string*>(user);
  if (body->size() + count > kMaxBody) return 0;  // makes the transfer fail
  body->append(bytes, count);
  return count;
}

struct HeaderListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// A relative Location (RFC 9110 section 10.2.2) against the URL that was asked.
std::string absolute(const std::string& base, const std::string& location) {
  if (location.empty()) return {};
  CURLU* url = curl_url();
  char* text = nullptr;
  std::string out;
  if (curl_url_set(url, CURLUPART_URL, base.c_str(), 0) == CURLUE_OK &&
      curl_url_set(url, CURLUPART_URL, location.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK) {
    out = text;
  }
  curl_free(text);
  curl_url_cleanup(url);
  return out;
}

}  // namespace

struct HttpClient::Parts {
  Params params;
  CURL* curl = nullptr;
  std::string location;

  ~Parts() {
    if (curl != nullptr) curl_easy_cleanup(curl);
  }
  media::Outcome<HttpReply> perform(const std::string& url, const char* method,
                                    const std::string* body);
  static size_t take_header(char* bytes, size_t one, size_t count, void* user);
};

size_t HttpClient::Parts::take_header(char* bytes, size_t /*one*/, size_t count, void* user) {
  constexpr std::string_view kName = "location:";
  const std::string_view line(bytes, count);
  if (line.size() > kName.size() && curl_strnequal(bytes, kName.data(), kName.size()) != 0) {
    std::string_view value = line.substr(kName.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
      value.remove_suffix(1);
    static_cast<Parts*>(user)->location = value;
  }
  return count;
}

HttpClient::HttpClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpClient::~HttpClient() = default;

media::Outcome<std::unique_ptr<HttpClient>> HttpClient::make(Params params) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto parts = std::make_unique<Parts>();
  parts->params = std::move(params);
  parts->curl = curl_easy_init();
  if (parts->curl == nullptr) return media::env_fail("libcurl does not start.");
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(parts)));
}

media::Outcome<HttpReply> HttpClient::Parts::perform(const std::string& url, const char* method,
                                                     const std::string* body) {
  HttpReply reply;
  location.clear();
  curl_easy_reset(curl);  // keeps the connection
  curl_slist* raw = curl_slist_append(nullptr, ("Authorization: Bearer " + params.token).c_str());
  if (body != nullptr) raw = curl_slist_append(raw, "Content-Type: application/sdp");
  // The server does not answer "100-continue", and waiting for it would cost a second.
  raw = curl_slist_append(raw, "Expect:");
  const std::unique_ptr<curl_slist, HeaderListFree> headers(raw);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, params.timeout_s);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  if (params.fresh_connections) {
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    // Nor shortened by what an earlier connection agreed on.
    curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  }
  if (params.insecure) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return media::env_fail(
        "The server's certificate is not trusted; with a self-signed one use --insecure.");
  }
  if (code != CURLE_OK)
    return media::env_fail(fmt::format("{} {}: {}.", method, url, curl_easy_strerror(code)));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
  reply.location = absolute(url, location);
  return reply;
}

media::Outcome<HttpReply> HttpClient::post_sdp(const std::string& url, const std::string& offer) {
  // What a server may ask for in seconds before its answer is taken for a refusal.
  constexpr curl_off_t kLongestWait = 10;
  for (int left = parts_->params.patience;; --left) {
    auto reply = parts_->perform(url, "POST", &offer);
    curl_off_t wait = 0;
    if (!reply || reply->status != 429 || left <= 0 ||
        curl_easy_getinfo(parts_->curl, CURLINFO_RETRY_AFTER, &wait) != CURLE_OK ||
        wait > kLongestWait) {
      return reply;
    }
    std::this_thread::sleep_for(std::chrono::seconds(std::max<curl_off_t>(wait, 1)));
  }
}
media::Outcome<HttpReply> HttpClient::get(const std::string& url) {
  return parts_->perform(url, "GET", nullptr);
}
media::Outcome<HttpReply> HttpClient::remove(const std::string& url) {
  return parts_->perform(url, "DELETE", nullptr);
}

}  // namespace signaling::wish
