// What is about the server itself, and the pages.
#include <utility>

#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/app/openapi.h"
#include "signaling/app/route_table.h"

namespace signaling::app {
namespace {

constexpr std::string_view kAssets = "assets/";  // Vite's folder of files named after their content

bool accepts_gzip(std::string_view header) {
  return header.find("gzip") != std::string_view::npos;
}

// Unset when there is no such file.
std::optional<web::Response> page_file(const web::FileTree& tree, const std::string& name,
                                       bool gzip) {
  web::Response response;
  auto file = tree.open_file(gzip ? name + ".gz" : name);
  const bool packed = gzip && file.has_value();
  if (gzip && !packed) file = tree.open_file(name);
  if (!file) return std::nullopt;
  response.with("Content-Type", std::string(web::content_type_of(name)))
      .with("Vary", "Accept-Encoding")
      .with("Cache-Control",
            name.starts_with(kAssets) ? "public, max-age=31536000, immutable" : "no-cache");
  if (packed) response.with("Content-Encoding", "gzip");
  response.file = std::move(*file);
  return response;
}

}  // namespace

void handle_health(Api& api, Call call) {
  reply_json(api, call, api.status == "ok" ? 200 : 503, {{"status", api.status}});
}

void handle_metrics(Api& api, Call call) {
  reply(api, call,
        web::text_response(200, "text/plain; version=0.0.4; charset=utf-8", api.params.metrics()));
}

void handle_openapi(Api& api, Call call) {
  web::Response response =
      web::text_response(200, "application/json", std::string(openapi_document()));
  response.with("Cache-Control", "no-cache");
  reply(api, call, std::move(response));
}

void handle_page(Api& api, Call call) {
  const std::string& path = call.request.path;
  if (call.request.method != web::Method::Get && call.request.method != web::Method::Head) {
    return reply_error(api, call, 405, "method-not-allowed", "pages are read only");
  }
  auto tree = web::FileTree::open(api.params.web_root);
  if (api.params.web_root.empty() || !tree) {
    return reply_error(api, call, 404, "not-found",
                       "this server has no pages: build web-client, or name it with --web");
  }
  const bool gzip = accepts_gzip(call.request.header("accept-encoding"));
  const bool is_file = path.find('.') != std::string::npos;
  auto response = page_file(*tree, is_file ? path.substr(1) : "index.html", gzip);
  if (!response) return reply_error(api, call, 404, "not-found", "no such page");
  reply(api, call, std::move(*response));
}

}  // namespace signaling::app
