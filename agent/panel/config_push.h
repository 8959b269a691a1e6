// SPDX-License-Identifier: Apache-2.0
// Brings a panel the configuration that it is to have, part by part.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/now.h"
#include "core/crypto/hash.h"
#include "proto/panel.pb.h"

namespace strongroom {

struct PanelConfig {
  std::vector<strongroom_panel_v1_ConfigPart> parts;  // as they are sent
  std::uint32_t version = 0;                          // never 0
  Hash hash{};  // of all parts in order, with version 0
};

/// Numbers the parts and names their version: the first four bytes of the
/// hash, little-endian.
PanelConfig make_panel_config(
    std::vector<strongroom_panel_v1_ConfigPart> parts);

class ConfigPush {
 public:
  explicit ConfigPush(PanelConfig config);

  const PanelConfig& config() const { return config_; }
  /// Whether the panel, that has `version`, lacks it.
  bool is_wanted(std::uint32_t version) const;
  /// When part() is due.
  MonoTime due() const { return due_; }
  const strongroom_panel_v1_ConfigPart& part() const;
  /// What became of part(). `pace`: between two parts.
  void ended(strongroom_panel_v1_OrderResult result,
             MonoTime now,
             std::chrono::microseconds pace);
  /// From the first part: the panel forgot what it had of it.
  void restart(MonoTime now);
  /// Empty: nothing was refused.
  const std::string& error() const { return error_; }

 private:
  PanelConfig config_;
  std::size_t next_ = 0;
  MonoTime due_{};
  std::string error_;
};

}  // namespace strongroom
