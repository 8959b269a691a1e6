// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/http_client.h"

#include <curl/curl.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace strongroom {
namespace {

constexpr std::size_t kMaxReplyBytes = 64 * 1024 * 1024;

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

std::size_t take(char* data, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  const std::size_t bytes = size * count;
  if (body.size() + bytes > kMaxReplyBytes) {
    return 0;  // curl reports a write error
  }
  body.append(data, bytes);
  return bytes;
}

Result<HttpReply> perform(CURL* curl, const std::string& whom) {
  HttpReply reply;
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return fault(whom + " does not answer: " + curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace

Result<HttpReply> http_get(const std::string& url) {
  const Curl curl(curl_easy_init(), curl_easy_cleanup);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  return perform(curl.get(), url);
}

Result<HttpReply> admin_request(const std::filesystem::path& socket,
                                const std::string& path,
                                const std::string& json_body) {
  const Curl curl(curl_easy_init(), curl_easy_cleanup);
  const Headers headers(
      curl_slist_append(nullptr, "Content-Type: application/json"),
      curl_slist_free_all);
  curl_easy_setopt(
      curl.get(), CURLOPT_URL, ("http://localhost" + path).c_str());
  curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  if (!json_body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(
        curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(json_body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, json_body.c_str());
  }
  auto reply = perform(curl.get(), socket.string());
  if (!reply) {
    return fault(reply.error().what +
                 " (does the program run, and may this user open its admin "
                 "socket?)");
  }
  return reply;
}

Result<std::string> expect_ok(Result<HttpReply> reply,
                              const std::string& doing) {
  if (!reply) {
    return fault(doing + ": " + reply.error().what);
  }
  if (reply->status >= 200 && reply->status < 300) {
    return std::move(reply->body);
  }
  const auto json = nlohmann::json::parse(reply->body, nullptr, false);
  const bool explained =
      json.is_object() && json.contains("error") && json["error"].is_string();
  return fault(doing + ": " +
               (explained ? json["error"].get<std::string>()
                          : "HTTP " + std::to_string(reply->status)));
}

}  // namespace strongroom
