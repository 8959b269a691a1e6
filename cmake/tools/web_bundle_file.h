// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace web_bundle {

/// One file of a page, compiled into the program.
struct File {
  std::string_view path;  // as in the URL: "/index.html"
  std::string_view content_type;
  std::string_view bytes;
};

}  // namespace web_bundle
