// SPDX-License-Identifier: Apache-2.0
// The talk with a panel over its local port that gives it its place on the line
// and its key (docs/formats/panel-local.md). Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/crypto/panel_cipher.h"
#include "tools/plant/scene.h"

namespace strongroom::plant {

class Commission {
 public:
  enum class State { kTalking, kDone, kHadKey, kRefused };

  /// Of a panel on `line`.
  Commission(const PanelScene& panel,
             const LineScene& line,
             const PanelKey& key);

  /// The next line to send, without its end; each once.
  std::optional<std::string> take_line();
  /// A line of the panel. Those that are neither "ok" nor "error" mean nothing.
  void hear(std::string_view line);

  State state() const { return state_; }
  /// What the panel said last, for people; never the key.
  const std::string& said() const { return said_; }

 private:
  std::deque<std::string> steps_;  // after "id?"
  std::optional<std::string> next_;
  bool is_first_ = true;
  State state_ = State::kTalking;
  std::string said_;
};

}  // namespace strongroom::plant
