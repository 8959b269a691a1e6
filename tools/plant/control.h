// SPDX-License-Identifier: Apache-2.0
// Lines of control, over a Unix socket or standard input.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/plant/service.h"

namespace strongroom::plant {

using Commander =
    std::function<Result<std::string>(std::string_view line, Time now)>;

/// A Unix stream socket at `path`, mode 0600, which goes with the service. Each
/// line gets the commander's reply and a newline, or "error: ..."; the end of
/// the client's lines ends the connection. A socket that nobody serves any more
/// is replaced.
Result<std::unique_ptr<Service>> open_control(const std::string& path,
                                              Commander commander);

/// Replies go to standard output. Its end is not the end of the plant.
std::unique_ptr<Service> read_standard_input(Commander commander);

/// What a plant that serves the socket replies to these lines, all of it.
Result<std::string> ask_control(const std::string& path,
                                const std::vector<std::string>& lines);

}  // namespace strongroom::plant
