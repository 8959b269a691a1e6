// SPDX-License-Identifier: Apache-2.0
// A board of plain variables, for the tests of the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware/hal/hal.h"

namespace strongroom::panel::hal {

struct FakeBoard {
  std::uint64_t now_us = 1000;
  std::uint64_t step_us = 500;  // what a turn takes
  std::optional<std::uint64_t> random;
  bool tests_only = false;
  std::map<Slot, std::vector<std::uint8_t>> slots;
  bool are_slots_kept = true;       // else they refuse
  std::uint32_t list_at_write = 0;  // survivors' list.active at the last write
  Survivors survivors{};
  int fed = 0;
  int resets = 0;
  bool is_sending = false;
  std::vector<std::uint8_t> line_out;
  std::deque<std::uint8_t> line_in;
  std::deque<std::uint8_t> local_in;
  std::string local_out;
  std::deque<ReaderEvent> reader_events;
  Inputs inputs;
  std::vector<Outputs> outputs;
};

FakeBoard& fake_board();

}  // namespace strongroom::panel::hal
