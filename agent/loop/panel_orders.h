// SPDX-License-Identifier: Apache-2.0
// What a turn wants of panels and of those who check PINs: roles, which the
// wiring fills.
#pragma once

#include <cstdint>
#include <string>

#include "agent/loop/panel_io.h"

namespace strongroom {

/// To be released once the turn's transaction stands.
struct PanelEffect {
  std::string panel;
  PanelOrder order;
};

class PanelOrders {
 public:
  virtual ~PanelOrders() = default;

  /// False: there is no room, or no such panel; nothing of it happens.
  virtual bool push(const std::string& panel, PanelOrder order) = 0;
  /// True: nothing is exchanged with any panel, until false.
  virtual void silence(bool is_silent) = 0;
};

/// A PIN that waits to be compared with what the policy has of a person.
struct PinQuestion {
  std::uint64_t ticket = 0;
  std::string verifier;
  std::string digits;  // wiped by who takes it
};

/// The answer, in a later turn.
struct PinAnswer {
  std::uint64_t ticket = 0;
  bool is_right = false;
};

class PinChecks {
 public:
  virtual ~PinChecks() = default;

  /// False: no room; nobody will answer. The digits are wiped in any case.
  virtual bool ask(PinQuestion question) = 0;
};

/// Leaves nothing of it in memory.
void wipe(std::string& text);

}  // namespace strongroom
