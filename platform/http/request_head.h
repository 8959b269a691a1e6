// SPDX-License-Identifier: Apache-2.0
// The first look at bytes from a stranger: how long is this request, and do we
// want it? Pure. cpp-httplib 0.11.4 sets no bound on the number of headers, on
// chunked or compressed bodies or on ranges; nothing that would need one
// reaches it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace strongroom {

inline constexpr std::size_t kMaxRequestHead = 8 * 1024;

struct RequestHead {
  enum class State { kIncomplete, kRefused, kComplete };
  State state = State::kIncomplete;

  // kRefused: nothing behind it can be told apart from a body.
  int status = 0;
  std::string what;

  // kComplete: the head without the lines that cpp-httplib must not see
  // (ranges, encodings, expectations), and where the body begins and ends.
  std::string text;
  std::size_t body_begin = 0;
  std::size_t body_size = 0;
  bool expects_continue = false;
};

/// Looks at all bytes that came since the last request. Refuses a head over
/// 8 KiB, a body over `max_body`, a body without or with two lengths, and
/// encoded ones.
RequestHead scan_request_head(std::string_view bytes, std::size_t max_body);

}  // namespace strongroom
