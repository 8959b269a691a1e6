// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "firmware/hal/hal.h"
#include "firmware/loop/firmware.h"

namespace {

// Not on the stack: its size is known to the linker, the stack's is measured.
constinit std::optional<strongroom::panel::Firmware> firmware;

}  // namespace

int main() {
  strongroom::panel::hal::start();
  firmware.emplace(strongroom::panel::begin());
  for (;;) {
    firmware->turn();
  }
}
