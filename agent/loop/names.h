// SPDX-License-Identifier: Apache-2.0
// Words for states and reasons, as status pages and log lines have them.
#pragma once

#include <algorithm>
#include <string_view>

#include "agent/loop/sender.h"

namespace strongroom {

std::string_view sender_state_name(SenderState state);
/// "gap", "signature", ...; empty for unspecified.
std::string_view refusal_name(strongroom_v1_RefusalReason reason);

/// Copies a text into a bounded field of a message, cut to fit.
template <std::size_t N>
void put_text(char (&field)[N], std::string_view text) {
  const std::size_t size = std::min(text.size(), N - 1);
  std::ranges::copy(text.substr(0, size), field);
}

}  // namespace strongroom
