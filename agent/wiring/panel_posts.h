// SPDX-License-Identifier: Apache-2.0
// The way from the loop to the panels' drivers: a mailbox a panel, which stays
// while its line is started anew, and what each driver shows of itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/bus/bus.h"
#include "agent/config/config.h"
#include "agent/http/pages.h"
#include "agent/journal/journal.h"
#include "agent/loop/panel_orders.h"
#include "agent/panel/driver.h"

namespace strongroom {

struct PanelPostPorts {
  std::function<Now()> clock;
  std::function<void(std::span<std::uint8_t>)> random;
  /// To the loop; false: no room.
  std::function<bool(PanelReport&&)> report;
};

/// Any thread, unless it is said otherwise.
class PanelPosts final : public PanelOrders {
 public:
  /// `cursors`: where the journal's record of each panel ends.
  PanelPosts(PanelPostPorts ports, const std::vector<PanelCursor>& cursors);

  /// From now on there are these panels and no others. Before the loop is told
  /// of them, so that nothing that it wants of a new one is refused.
  void set_panels(const AgentConfig& config);

  // The loop's thread.
  bool push(const std::string& panel, PanelOrder order) override;
  void silence(bool is_silent) override;

  /// A driver for every panel of a line that is about to be started.
  std::vector<LinePanel> drivers(const LineConfig& line);
  /// What the loop wants of these panels wakes their line.
  void wake(const LineConfig& line, const std::weak_ptr<BusLine>& bus);

  /// Adds what the drivers show to the lines that run.
  void add_to(std::vector<LineSnapshot>& lines) const;

 private:
  struct Post {
    std::shared_ptr<PanelMailbox> mailbox;
    std::shared_ptr<PanelDriverStatus> status;  // under mutex_
  };

  const PanelPostPorts ports_;
  mutable std::mutex mutex_;
  std::map<std::string, Post> posts_;      // under mutex_
  std::map<std::string, PanelHeld> held_;  // under mutex_
  bool is_silent_ = false;                 // under mutex_
};

/// What the driver of a panel is told of it.
PanelSetup panel_setup(const PanelConfig& config, const PanelHeld& held);

}  // namespace strongroom
