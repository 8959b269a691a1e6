// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/panel_orders.h"

namespace strongroom {

void wipe(std::string& text) {
  // All of its room: what was moved away leaves its bytes behind.
  text.resize(text.capacity());
  volatile char* bytes = text.data();
  for (std::size_t at = 0; at < text.size(); ++at) {
    bytes[at] = '\0';
  }
  text.clear();
}

}  // namespace strongroom
