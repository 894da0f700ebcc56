// The OpenAPI 3.1 description of the HTTP interface, built into the program from openapi.json.
#pragma once

#include <string_view>

namespace signaling::app {

std::string_view openapi_document();

}  // namespace signaling::app
