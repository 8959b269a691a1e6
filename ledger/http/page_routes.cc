// SPDX-License-Identifier: Apache-2.0
#include "ledger/http/public_api.h"

#ifdef STRONGROOM_CONSOLE_PAGE
#include "web_bundle/console_page.h"
#endif

namespace strongroom {
namespace {

#ifdef STRONGROOM_CONSOLE_PAGE
// Everything comes from here, nothing is inline, nobody frames us.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

HttpResponse file_response(const web_bundle::File& file) {
  HttpResponse response;
  response.content_type = std::string(file.content_type);
  response.body = std::string(file.bytes);
  response.content_security_policy = kPolicy;
  return response;
}

/// The path as a regular expression that matches it alone.
std::string literally(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (std::string_view(".+*?()[]{}|^$\\").find(c) != std::string_view::npos) {
      pattern += '\\';
    }
    pattern += c;
  }
  return pattern;
}
#endif

}  // namespace

void add_page_routes(HttpServer& server) {
#ifdef STRONGROOM_CONSOLE_PAGE
  for (const web_bundle::File& file : web_bundle::console_page()) {
    const auto handler = [&file](const HttpRequest&) {
      return file_response(file);
    };
    server.get(literally(file.path), handler);
    if (file.path == "/index.html") {
      server.get("/", handler);
    }
  }
#else
  server.get("/", [](const HttpRequest&) {
    return HttpResponse::text(
        "Strongroom ledger. The page was not built into this program.\n");
  });
#endif
}

}  // namespace strongroom
