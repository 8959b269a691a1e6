// SPDX-License-Identifier: Apache-2.0
#include "platform/http/responder.h"

#include <algorithm>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <set>
#include <spdlog/spdlog.h>

namespace strongroom {
namespace {

// Longer than any path of ours; std::regex recurses over it.
constexpr std::size_t kMaxPath = 1024;

constexpr const char* kStrictPolicy =
    "default-src 'none'; frame-ancestors 'none'";

const httplib::Headers& common_headers() {
  static const httplib::Headers headers = {
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"X-Frame-Options", "DENY"},
  };
  return headers;
}

std::string_view status_text(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Service Unavailable";
  }
}

// A request whose bytes are all here already, and a response in the making.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view input) : input_(input) {}
  std::string take_output() { return std::move(output_); }

  bool is_readable() const override { return !input_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t count = input_.copy(to, size);
    input_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    output_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  using httplib::Stream::write;
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view input_;
  std::string output_;
};

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

// Of "http://host:port".
std::string_view authority_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view{}
                                          : origin.substr(scheme + 3);
}

}  // namespace

bool names_loopback(std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  const std::size_t colon =
      authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = authority.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    if (port.find_first_not_of("0123456789") != std::string_view::npos) {
      return false;
    }
  }
  if (host == "localhost" || host == "[::1]") {
    return true;
  }
  if (!host.starts_with("127.")) {
    return false;
  }
  // "127.evil.example" is a name, not an address.
  return host.size() <= 15 && std::ranges::count(host, '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

class Responder::Parser final : private httplib::Server {
 public:
  Parser(const std::vector<Route>& routes, std::shared_ptr<Waker> waker)
      : routes_(routes), waker_(std::move(waker)) {
    set_default_headers(common_headers());
    set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          handled_ = true;
          write(route(request), response);
          return HandlerResponse::Handled;
        });
    // What it refuses by itself (a malformed first line) has no body yet.
    set_error_handler(httplib::Server::Handler(
        [this](const httplib::Request&, httplib::Response& response) {
          if (!handled_) {
            write(HttpResponse::error(response.status, "not a request"),
                  response);
          }
        }));
    set_post_routing_handler(
        [this](const httplib::Request&, httplib::Response& response) {
          if (result_.events != nullptr) {
            response.headers.erase("Content-Length");
            response.headers.erase("Keep-Alive");
          }
        });
  }

  RawResponse respond(RawRequest request) {
    raw_ = std::move(request);
    result_ = {};
    handled_ = false;
    MemoryStream stream(raw_.head);
    bool closing = false;
    const bool written = process_request(stream, false, closing, nullptr);
    result_.bytes = stream.take_output();
    result_.close = !written || !handled_ || closing || result_.bytes.empty();
    return std::move(result_);
  }

 private:
  HttpResponse route(const httplib::Request& request) {
    if (const auto refusal = refuse_stranger(request)) {
      return *refusal;
    }
    if (request.path.size() > kMaxPath) {
      return HttpResponse::error(414, "the path is too long");
    }
    if (has_control_character(request.path)) {
      return HttpResponse::error(400, "a control character in the path");
    }
    const std::string method =
        request.method == "HEAD" ? "GET" : request.method;
    std::set<std::string> others;
    for (const Route& route : routes_) {
      std::smatch matches;
      if (!std::regex_match(request.path, matches, route.pattern)) {
        continue;
      }
      if (route.method == method) {
        return call(route, matches, request);
      }
      others.insert(route.method);
    }
    return others.empty() ? HttpResponse::error(404, "nothing is here")
                          : wrong_method(others);
  }

  // Other sites' pages reach us through a browser on this machine: by a name
  // of theirs that resolves to 127.0.0.1, or by a form that posts here.
  std::optional<HttpResponse> refuse_stranger(
      const httplib::Request& request) const {
    if (raw_.over_unix) {
      return {};
    }
    if (request.get_header_value_count("Host") != 1 ||
        !names_loopback(request.get_header_value("Host"))) {
      return HttpResponse::error(421, "this server is for localhost alone");
    }
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && request.has_header("Origin") &&
        !names_loopback(authority_of(request.get_header_value("Origin")))) {
      return HttpResponse::error(403, "not from another site's page");
    }
    return {};
  }

  HttpResponse wrong_method(const std::set<std::string>& allowed) {
    for (const std::string& method : allowed) {
      allow_ += (allow_.empty() ? "" : ", ") + method;
      allow_ += method == "GET" ? ", HEAD" : "";
    }
    return HttpResponse::error(405, "allowed here: " + allow_);
  }

  HttpResponse call(const Route& route,
                    const std::smatch& matches,
                    const httplib::Request& request) {
    if (route.broadcast != nullptr) {
      return open_stream(route, request);
    }
    HttpRequest ours;
    ours.method = request.method;
    ours.path = request.path;
    ours.matches.assign(std::next(matches.begin()), matches.end());
    ours.body = std::move(raw_.body);
    ours.query =
        [&request](std::string_view key) -> std::optional<std::string> {
      const auto found = request.params.find(std::string(key));
      return found == request.params.end() ? std::nullopt
                                           : std::optional(found->second);
    };
    ours.query_all = [&request](std::string_view key) {
      std::vector<std::string> values;
      const auto [from, to] = request.params.equal_range(std::string(key));
      std::transform(from, to, std::back_inserter(values), [](const auto& p) {
        return p.second;
      });
      return values;
    };
    try {
      return route.handler(ours);
    } catch (const std::exception& error) {
      spdlog::error(
          "http_handler_failed path={} what=\"{}\"", ours.path, error.what());
      return HttpResponse::error(500, "internal error");
    }
  }

  HttpResponse open_stream(const Route& route,
                           const httplib::Request& request) {
    HttpResponse response;
    response.content_type = "text/event-stream";
    if (request.method == "HEAD") {
      return response;
    }
    result_.events = route.broadcast->open(waker_);
    if (result_.events == nullptr) {
      return HttpResponse::error(503, "too many open streams");
    }
    result_.broadcast = route.broadcast;
    return response;
  }

  void write(HttpResponse ours, httplib::Response& theirs) {
    theirs.status = ours.status;
    theirs.body = std::move(ours.body);
    theirs.set_header("Content-Type", ours.content_type);
    theirs.set_header(
        "Cache-Control",
        ours.cacheable ? "public, max-age=31536000, immutable" : "no-store");
    theirs.set_header("Content-Security-Policy",
                      ours.content_security_policy.empty()
                          ? kStrictPolicy
                          : ours.content_security_policy);
    if (!allow_.empty()) {
      theirs.set_header("Allow", std::exchange(allow_, {}));
    }
    if (result_.events != nullptr) {
      theirs.set_header("Connection", "close");
    }
  }

  const std::vector<Route>& routes_;
  const std::shared_ptr<Waker> waker_;
  // Of the request at hand.
  RawRequest raw_;
  RawResponse result_;
  std::string allow_;
  bool handled_ = false;
};

Responder::Responder(const std::vector<Route>& routes,
                     std::shared_ptr<Waker> waker)
    : parser_(std::make_unique<Parser>(routes, std::move(waker))) {}
Responder::~Responder() = default;

RawResponse Responder::respond(RawRequest request) {
  return parser_->respond(std::move(request));
}

std::string refusal_bytes(int status, const std::string& what) {
  const std::string body = HttpResponse::error(status, what).body;
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(status_text(status));
  text += "\r\nConnection: close\r\nContent-Type: application/json\r\n";
  text += "Cache-Control: no-store\r\nContent-Security-Policy: ";
  text.append(kStrictPolicy).append("\r\n");
  for (const auto& [name, value] : common_headers()) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

HttpResponse HttpResponse::json(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

HttpResponse HttpResponse::text(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

HttpResponse HttpResponse::error(int status, std::string what) {
  HttpResponse response;
  response.status = status;
  // What a stranger sent may be quoted in `what`: never throw over it.
  response.body = nlohmann::json{{"error", std::move(what)}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  return response;
}

}  // namespace strongroom
