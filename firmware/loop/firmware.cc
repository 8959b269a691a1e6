// SPDX-License-Identifier: Apache-2.0
#include "firmware/loop/firmware.h"

#include <cstring>
#include <span>

#ifndef STRONGROOM_FIRMWARE_VERSION
#define STRONGROOM_FIRMWARE_VERSION "unknown"
#endif

namespace strongroom::panel {
namespace {

// A frame of 256 bytes at 2400 baud takes 1.2 s; a transmitter that is busy for
// longer is stuck.
constexpr std::uint64_t kLongestSendUs = 1'500'000;
// So that the answer to `save` is on its way before the panel starts again.
constexpr std::uint64_t kBeforeResetUs = 50'000;
// Bytes taken in one turn; the rest waits in the board's queue.
constexpr int kLineBytesATurn = 300;
constexpr int kReaderEventsATurn = 128;
constexpr int kLocalBytesATurn = 96;

constexpr std::uint8_t first(unsigned count) {
  return static_cast<std::uint8_t>((1u << count) - 1);
}

ListKey list_key_of(const Commissioning& commissioning) {
  return derive_keys(commissioning.key).list;
}

PanelStartInfo start_info(const Start& start) {
  return {.reason = hal::start_reason(),
          .boot = start.boot,
          .list_key = list_key_of(start.commissioning)};
}

LinkIdentity link_identity(const Start& start) {
  const hal::BoardIdentity& board = hal::identity();
  return {.board = board.board,
          .firmware = STRONGROOM_FIRMWARE_VERSION,
          .serial = board.serial,
          .boot = start.boot,
          .tests_only = board.tests_only};
}

const char* name_of(strongroom_panel_v1_PanelStart reason) {
  switch (reason) {
    case strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON:
      return "power-on";
    case strongroom_panel_v1_PanelStart_PANEL_START_RESET:
      return "reset";
    case strongroom_panel_v1_PanelStart_PANEL_START_WATCHDOG:
      return "watchdog";
    case strongroom_panel_v1_PanelStart_PANEL_START_FAULT:
      return "fault";
    case strongroom_panel_v1_PanelStart_PANEL_START_UNSPECIFIED:
      break;
  }
  return "unknown";
}

}  // namespace

Firmware::Firmware(const Start& start)
    : start_(start),
      panel_(hal::survivors().panel, start_info(start)),
      link_(panel_, link_settings(), link_identity(start)),
      local_(start.commissioning),
      is_served_(start.commissioning.has_key),
      kept_config_(hal::survivors().panel.config.version) {
  hal::open_line(start.commissioning.baud, start.commissioning.parity);
}

LinkSettings Firmware::link_settings() const {
  return {.unit = start_.commissioning.unit,
          .baud = start_.commissioning.baud,
          .key = start_.commissioning.key,
          .session = start_.session,
          .patience_us = hal::identity().line_patience_us};
}

// Not by pointers: the depth of the stack is added up from the calls.
template <bool (Firmware::*work)()>
void Firmware::run(hal::Task task) {
  while (hal::is_stalled(task)) {
    hal::rest();  // until the watchdog bites
  }
  if ((this->*work)()) {
    supervisor_.progressed(task);
  }
}

void Firmware::turn() {
  // One time for the turn: what the readers queued before it is taken before
  // the panel is told that it has come.
  now_us_ = hal::uptime_us();
  run<&Firmware::read_readers>(hal::Task::kReaders);
  run<&Firmware::read_inputs>(hal::Task::kInputs);
  run<&Firmware::advance_panel>(hal::Task::kPanel);
  run<&Firmware::serve_line>(hal::Task::kLink);
  run<&Firmware::drive_outputs>(hal::Task::kOutputs);
  run<&Firmware::serve_local_port>(hal::Task::kLocal);
  if (supervisor_.is_sound(now_us_)) {
    hal::feed_watchdog();
  }
  if (reset_at_us_ != 0 && now_us_ >= reset_at_us_) {
    hal::reset();
  }
  hal::rest();
}

bool Firmware::read_readers() {
  for (int i = 0; i < kReaderEventsATurn; ++i) {
    const auto event = hal::read_readers();
    if (!event) {
      break;
    }
    if (event->at_us > now_us_) {
      now_us_ = event->at_us;  // came meanwhile
    }
    if (event->reader > start_.commissioning.readers) {
      continue;
    }
    switch (event->kind) {
      case hal::ReaderEvent::Kind::kByte:
        panel_.reader_byte(event->reader, event->byte, event->at_us / 1000);
        break;
      case hal::ReaderEvent::Kind::kZero:
      case hal::ReaderEvent::Kind::kOne:
        panel_.reader_pulse(event->reader,
                            event->kind == hal::ReaderEvent::Kind::kOne,
                            event->at_us);
        break;
      case hal::ReaderEvent::Kind::kBothLow:
        panel_.reader_both_low(event->reader, event->at_us);
        break;
    }
  }
  return true;
}

bool Firmware::read_inputs() {
  Inputs inputs = hal::inputs();
  const unsigned leaves = start_.commissioning.leaves;
  if (leaves < kMaxLeaves) {
    inputs.leaves &= (1u << (4 * leaves)) - 1;
  }
  panel_.inputs(inputs, now_us_ / 1000);
  return true;
}

bool Firmware::advance_panel() {
  panel_.tick(now_us_);
  keep_config();
  return true;
}

bool Firmware::serve_line() {
  // Before the bytes: what comes while they are taken is not silence.
  const std::uint64_t now_us = hal::uptime_us();
  for (int i = 0; i < kLineBytesATurn; ++i) {
    const auto byte = hal::read_line();
    if (!byte) {
      break;
    }
    if (is_served_) {
      link_.received(byte->byte, byte->at_us, byte->is_broken);
    }
  }
  if (hal::is_line_sending()) {
    if (sending_since_us_ == 0) {
      sending_since_us_ = now_us;
    }
    return now_us - sending_since_us_ < kLongestSendUs;
  }
  sending_since_us_ = 0;
  if (is_served_) {
    const auto answer = link_.answer(now_us);
    if (!answer.empty()) {
      hal::write_line(answer);
    }
    if (link_.wants_session()) {
      link_.begin_session(new_session());
    }
  }
  return true;
}

bool Firmware::drive_outputs() {
  Outputs outputs = panel_.outputs();
  outputs.locks &= first(start_.commissioning.leaves);
  if (!is_driven_ || outputs != driven_) {
    hal::set_outputs(outputs);
    driven_ = outputs;
    is_driven_ = true;
  }
  return true;
}

bool Firmware::serve_local_port() {
  for (int i = 0; i < kLocalBytesATurn; ++i) {
    const auto byte = hal::read_local();
    if (!byte) {
      break;
    }
    answer_wish(local_.received(*byte));
  }
  return true;
}

void Firmware::answer_wish(LocalWish wish) {
  switch (wish) {
    case LocalWish::kNone:
      hal::write_local(local_.reply().bytes());
      break;
    case LocalWish::kIdentity:
      show_identity();
      break;
    case LocalWish::kStatus:
      show_status();
      break;
    case LocalWish::kSave:
      save();
      break;
  }
}

void Firmware::show_identity() {
  const hal::BoardIdentity& board = hal::identity();
  const Commissioning& c = local_.wanted();
  Text text;
  text.put("ok board=").put(board.board);
  text.put(" serial=").hex(board.serial);
  text.put(" firmware=").put(STRONGROOM_FIRMWARE_VERSION);
  text.put(" unit=").number(c.unit).put(" baud=").number(c.baud);
  text.put(" parity=").put(c.parity);
  text.put(" leaves=").number(c.leaves).put(" readers=").number(c.readers);
  text.put(" key=");
  if (c.has_key) {
    text.hex(fingerprint(c.key), 8);
  } else {
    text.put("none");
  }
  text.put(local_.saved() == c ? "" : " unsaved");
  text.put(board.tests_only ? " tests-only\n" : "\n");
  hal::write_local(text.bytes());
}

void Firmware::show_status() {
  const PanelView view = panel_.view(now_us_ / 1000);
  const LinkCounters& link = link_.counters();
  const hal::StackUse stack = hal::stack_use();
  Text text;
  text.put("ok boot=").number(start_.boot);
  text.put(" start=").put(name_of(hal::start_reason()));
  text.put(" uptime_s=")
      .number(static_cast<std::uint32_t>(now_us_ / 1'000'000));
  text.put(" link=").put(!is_served_           ? "no-key"
                         : start_.session == 0 ? "no-session"
                                               : "served");
  text.put(" master=").put(view.is_alone ? "away" : "there");
  text.put(" frames=").number(link.frames);
  text.put(" crc_errors=").number(link.crc_errors);
  text.put(" exchanges=").number(link.exchanges);
  text.put(" refused=").number(link.refused);
  text.put(" ring=").hex(view.ring, 8);
  text.put(" newest=").number(view.newest_seq);
  text.put(" acked=").number(view.acked_seq);
  text.put(" lost=").number(view.lost);
  text.put(" config=").hex(view.config_version, 8);
  text.put(" list=").number(view.list_version);
  text.put(" stack=").number(stack.used).put('/').number(stack.reserved);
  text.put('\n');
  hal::write_local(text.bytes());
}

void Firmware::save() {
  const Commissioning& wanted = local_.wanted();
  Text text;
  if (wanted.key != local_.saved().key) {
    // Hashes under the former key: nobody on it would be known, and its version
    // would tell the agent that all is well. So it goes before the key does, a
    // reset in between costs one sending of the list.
    std::memset(&hal::survivors().panel.list, 0, sizeof(ListMemory));
  }
  if (!hal::write_slot(hal::Slot::kCommissioning, encode(wanted))) {
    text.put("error the board could not keep it; try again\n");
    hal::write_local(text.bytes());
    return;
  }
  local_.mark_saved();
  panel_.commissioned(now_us_ / 1000);
  reset_at_us_ = now_us_ + kBeforeResetUs;
  text.put("ok saved; the panel starts again\n");
  hal::write_local(text.bytes());
}

void Firmware::keep_config() {
  const ConfigMemory& config = hal::survivors().panel.config;
  if (config.version == kept_config_) {
    return;
  }
  kept_config_ = config.version;  // once: a board without room is not asked on
  if (config.version != 0) {
    save_config(config);
  }
}

}  // namespace strongroom::panel
