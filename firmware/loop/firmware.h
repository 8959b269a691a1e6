// SPDX-License-Identifier: Apache-2.0
// The cooperative loop: everything of the firmware, once, on one board.
#pragma once

#include <cstdint>

#include "firmware/hal/hal.h"
#include "firmware/link/link_server.h"
#include "firmware/local/local_port.h"
#include "firmware/logic/panel.h"
#include "firmware/loop/start.h"
#include "firmware/loop/supervisor.h"

namespace strongroom::panel {

class Firmware {
 public:
  /// After hal::start() and begin().
  explicit Firmware(const Start& start);
  Firmware(const Firmware&) = delete;
  Firmware& operator=(const Firmware&) = delete;

  /// Each task once, then rest. Never longer than a few ms.
  void turn();

 private:
  template <bool (Firmware::*work)()>
  void run(hal::Task task);

  bool read_readers();
  bool read_inputs();
  bool serve_line();
  bool advance_panel();
  bool drive_outputs();
  bool serve_local_port();

  LinkSettings link_settings() const;
  void answer_wish(LocalWish wish);
  // Apart, for the stack's sake: not within the deepest path.
  [[gnu::noinline]] void show_identity();
  [[gnu::noinline]] void show_status();
  [[gnu::noinline]] void save();
  void keep_config();

  const Start start_;
  std::uint64_t now_us_ = 0;  // of this turn
  Panel panel_;
  LinkServer link_;
  LocalPort local_;
  Supervisor supervisor_;
  Outputs driven_;
  bool is_driven_ = false;
  bool is_served_ = false;              // commissioned
  std::uint64_t sending_since_us_ = 0;  // 0: not sending
  std::uint64_t reset_at_us_ = 0;       // 0: no
  std::uint32_t kept_config_ = 0;       // version of the copy
};

}  // namespace strongroom::panel
