// SPDX-License-Identifier: Apache-2.0
// The bytes of a connection of any client: each request is bounded, refused or
// answered, never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/http/request_head.h"
#include "platform/http/responder.h"

namespace {

using namespace strongroom;

constexpr std::size_t kMaxBody = 64;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

const std::vector<Route>& routes() {
  static const std::vector<Route> kRoutes = [] {
    const auto echo = [](const HttpRequest& request) {
      (void)request.query("a");
      (void)request.query_all("b");
      return HttpResponse::text(request.body);
    };
    std::vector<Route> list;
    list.push_back({.method = "GET",
                    .pattern = std::regex("/entries/([^/]+)/([0-9]+)"),
                    .handler = echo});
    list.push_back(
        {.method = "POST", .pattern = std::regex("/.*"), .handler = echo});
    return list;
  }();
  return kRoutes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static Responder responder(routes(), std::make_shared<Waker>());
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  while (true) {
    const RequestHead head = scan_request_head(bytes, kMaxBody);
    if (head.state == RequestHead::State::kRefused) {
      require(refusal_bytes(head.status, head.what).starts_with("HTTP/1.1 "));
      return 0;
    }
    if (head.state == RequestHead::State::kIncomplete) {
      require(bytes.size() < kMaxRequestHead);
      return 0;
    }
    require(head.body_begin <= kMaxRequestHead && head.body_size <= kMaxBody);
    const std::size_t end = head.body_begin + head.body_size;
    if (end > bytes.size()) {
      return 0;
    }
    const RawResponse response = responder.respond(
        {.head = head.text,
         .body = std::string(bytes.substr(head.body_begin, head.body_size))});
    require(response.bytes.empty() || response.bytes.starts_with("HTTP/1.1 "));
    bytes.remove_prefix(end);
  }
}
