// <data>/demo-links.json: where to click and publish in the demonstration, for `./dev up` and
// people.
#pragma once

#include <filesystem>
#include <string>

#include "media/base/result.h"
#include "signaling/admin/demo.h"

namespace signaling::app {

// {"pages":[{"title","url"}],"whip":{"url","token"},"whep":{"url","token"},"accounts":[{"title","login","password"}]};
// mode 0600. `https` is "https://A:P".
media::Outcome<void> write_demo_links(const std::filesystem::path& file, const admin::Demo& demo,
                                      const std::string& https);

}  // namespace signaling::app
