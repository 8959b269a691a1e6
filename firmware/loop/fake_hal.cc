// SPDX-License-Identifier: Apache-2.0
#include "firmware/loop/fake_hal.h"

#include <algorithm>

namespace strongroom::panel::hal {
namespace {

template <typename T>
std::optional<T> take(std::deque<T>& from) {
  if (from.empty()) {
    return std::nullopt;
  }
  const T first = from.front();
  from.pop_front();
  return first;
}

}  // namespace

FakeBoard& fake_board() {
  static FakeBoard board;
  return board;
}

void start() {}
std::uint64_t uptime_us() {
  return fake_board().now_us;
}
strongroom_panel_v1_PanelStart start_reason() {
  return strongroom_panel_v1_PanelStart_PANEL_START_RESET;
}
void feed_watchdog() {
  ++fake_board().fed;
}
void rest() {
  fake_board().now_us += fake_board().step_us;
}

void reset() {
  // Cannot return; the test sees it by what it throws.
  ++fake_board().resets;
  throw Slot::kSession;
}

const BoardIdentity& identity() {
  static BoardIdentity identity;
  identity = {.board = "fake", .tests_only = fake_board().tests_only};
  return identity;
}
std::optional<std::uint64_t> random64() {
  return fake_board().random;
}
bool is_stalled(Task) {
  return false;
}
StackUse stack_use() {
  return {.reserved = 100, .used = 40};
}
Survivors& survivors() {
  return fake_board().survivors;
}

std::size_t read_slot(Slot slot, std::span<std::uint8_t> to) {
  const auto& content = fake_board().slots[slot];
  if (content.size() > to.size()) {
    return 0;
  }
  std::ranges::copy(content, to.begin());
  return content.size();
}
bool write_slot(Slot slot, std::span<const std::uint8_t> from) {
  fake_board().list_at_write = fake_board().survivors.panel.list.active;
  if (!fake_board().are_slots_kept || from.size() > kSlotBytes) {
    return false;
  }
  fake_board().slots[slot].assign(from.begin(), from.end());
  return true;
}

void open_line(std::uint32_t, char) {}
std::optional<LineByte> read_line() {
  const auto byte = take(fake_board().line_in);
  return byte ? std::optional(LineByte{*byte, fake_board().now_us, false})
              : std::nullopt;
}
bool write_line(std::span<const std::uint8_t> bytes) {
  fake_board().line_out.assign(bytes.begin(), bytes.end());
  return true;
}
bool is_line_sending() {
  return fake_board().is_sending;
}
Inputs inputs() {
  return fake_board().inputs;
}
void set_outputs(const Outputs& outputs) {
  fake_board().outputs.push_back(outputs);
}
std::optional<ReaderEvent> read_readers() {
  return take(fake_board().reader_events);
}
std::optional<std::uint8_t> read_local() {
  return take(fake_board().local_in);
}
void write_local(std::span<const std::uint8_t> bytes) {
  fake_board().local_out.append(bytes.begin(), bytes.end());
}

}  // namespace strongroom::panel::hal
