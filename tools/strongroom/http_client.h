// SPDX-License-Identifier: Apache-2.0
// HTTP as a client (libcurl): the public side of ledger and agent over TCP, the
// admin side over a Unix socket.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace strongroom {

struct HttpReply {
  int status = 0;
  std::string body;
};

/// Faults: nobody answers, the answer is larger than 64 MiB, 30 s passed.
Result<HttpReply> http_get(const std::string& url);
/// POST (or GET with an empty body) over an admin socket.
Result<HttpReply> admin_request(const std::filesystem::path& socket,
                                const std::string& path,
                                const std::string& json_body);
/// The body of a 2xx reply; else a fault with the server's own words.
Result<std::string> expect_ok(Result<HttpReply> reply,
                              const std::string& doing);

}  // namespace strongroom
