#include "signaling/app/ice_servers.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <utility>

#include "media/base/check.h"
#include "media/base/log.h"
#include "signaling/admin/private_file.h"
#include "signaling/auth/actor.h"
#include "signaling/auth/secrets.h"

namespace signaling::app {
namespace {

// Enough that no two clients share one; the rest of the hash would only make headers longer.
constexpr size_t kIdLength = 16;

std::string base64(const uint8_t* bytes, size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  CHECK(written == static_cast<int>(out.size()));
  return out;
}

// The same for one credential, and no way back to it.
std::string id_of(const auth::Actor& actor) {
  std::string text = "turn " + actor.credential_hash;
  for (const auto& part : {actor.person_id, actor.lesson_id, actor.class_id})
    text += ' ' + part.value_or("");
  return auth::hash_secret(text).substr(0, kIdLength);
}

// The first line that is not empty and no comment.
std::string first_secret(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') return std::string(line);
  }
  return {};
}

media::Outcome<std::string> read_secret(const std::filesystem::path& file) {
  std::error_code error;
  const auto permissions = std::filesystem::status(file, error).permissions();
  if (!error &&
      (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none) {
    return media::env_fail(
        fmt::format("everybody may read {}: chmod o-r it, and change the secret.", file.string()));
  }
  auto text = admin::read_private_file(file);
  if (!text) return tl::unexpected<media::EnvError>(text.error());
  if (!*text) return media::env_fail(fmt::format("{} does not exist.", file.string()));
  std::string secret = first_secret(**text);
  if (secret.size() < IceServers::kMinSecret) {
    return media::env_fail(fmt::format(
        "the first line of {} is no secret of at least {} characters: `openssl rand -hex 32` makes "
        "one.",
        file.string(), IceServers::kMinSecret));
  }
  return secret;
}

}  // namespace

TurnCredential make_turn_credential(std::string_view secret, std::string_view id,
                                    int64_t expiry_s) {
  TurnCredential out;
  out.username = fmt::format("{}:{}", expiry_s, id);
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  CHECK(HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(out.username.data()), out.username.size(),
             digest.data(), &size) != nullptr);
  out.password = base64(digest.data(), size);
  return out;
}

std::vector<std::string> ice_links(const std::vector<protocol::IceServer>& servers) {
  std::vector<std::string> links;
  for (const protocol::IceServer& server : servers) {
    for (const std::string& url : server.urls) {
      links.push_back(fmt::format(
          R"(<{}>; rel="ice-server"; username="{}"; credential="{}"; credential-type="password")",
          url, server.username, server.credential));
    }
  }
  return links;
}

media::Outcome<IceServers> IceServers::open(Params params) {
  IceServers out;
  out.params_ = std::move(params);
  if (out.params_.turn.empty()) return out;
  auto secret = read_secret(out.params_.secret_file);
  if (!secret) {
    return media::env_fail(
        fmt::format("ice.turn_secret_file cannot be used: {}", secret.error().message));
  }
  out.secret_ = std::move(*secret);
  std::error_code error;
  out.version_ = {std::filesystem::last_write_time(out.params_.secret_file, error),
                  std::filesystem::file_size(out.params_.secret_file, error)};
  return out;
}

void IceServers::reload() {
  std::error_code error;
  const Version found{std::filesystem::last_write_time(params_.secret_file, error),
                      std::filesystem::file_size(params_.secret_file, error)};
  if (found == version_) return;
  version_ = found;  // what is wrong with it is said once
  auto secret = read_secret(params_.secret_file);
  if (!secret) {
    media::logger("app")->error("The TURN secret stays as it was: {}", secret.error().message);
    return;
  }
  if (std::exchange(secret_, std::move(*secret)) != secret_)
    media::logger("app")->info("the TURN secret was changed");
}

std::vector<protocol::IceServer> IceServers::for_actor(const auth::Actor& actor, int64_t wall_us) {
  if (params_.turn.empty()) return {};
  reload();
  const int64_t expiry_s = (wall_us + params_.lifetime.as_micros()) / 1'000'000;
  TurnCredential credential = make_turn_credential(secret_, id_of(actor), expiry_s);
  return {{params_.turn, std::move(credential.username), std::move(credential.password)}};
}

}  // namespace signaling::app
