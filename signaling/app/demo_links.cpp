#include "signaling/app/demo_links.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "signaling/admin/private_file.h"

namespace signaling::app {

media::Outcome<void> write_demo_links(const std::filesystem::path& file, const admin::Demo& demo,
                                      const std::string& https) {
  nlohmann::json links{{"pages", nlohmann::json::array()}, {"accounts", nlohmann::json::array()}};
  for (const admin::DemoLink& link : demo.links) {
    links["pages"].push_back({{"title", fmt::format("{}: {}", link.role, link.name)},
                              {"role", link.role},
                              {"url", fmt::format("{}/enter?token={}", https, link.token)}});
    if (link.role == "teacher") {
      links["whip"] = {{"url", fmt::format("{}/whip/{}", https, demo.live_lesson)},
                       {"token", link.token}};
    }
    if (link.role == "observer") {
      links["whep"] = {{"url", fmt::format("{}/whep/{}", https, demo.live_lesson)},
                       {"token", link.token}};
    }
  }
  for (const admin::DemoAccount& account : demo.accounts) {
    links["accounts"].push_back({{"title", fmt::format("{}: {}", account.role, account.name)},
                                 {"login", account.login},
                                 {"password", account.password}});
  }
  return admin::write_private_file(file, links.dump(2) + "\n");
}

}  // namespace signaling::app
