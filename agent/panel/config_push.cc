// SPDX-License-Identifier: Apache-2.0
#include "agent/panel/config_push.h"

#include <algorithm>
#include <utility>

#include "agent/panel/frame.h"

namespace strongroom {
namespace {

// A panel that refuses its configuration is asked again, but not all the time.
constexpr std::chrono::seconds kAfterRefusal{30};
constexpr std::chrono::seconds kAfterDisorder{1};

}  // namespace

PanelConfig make_panel_config(
    std::vector<strongroom_panel_v1_ConfigPart> parts) {
  PanelConfig config{.parts = std::move(parts), .version = 0, .hash = {}};
  Bytes all;
  for (std::size_t i = 0; i < config.parts.size(); ++i) {
    auto& part = config.parts[i];
    part.version = 0;
    part.index = static_cast<std::uint8_t>(i);
    part.count = static_cast<std::uint8_t>(config.parts.size());
    append(all, encode_config_part(part));
  }
  config.hash = sha256(all);
  for (std::size_t at = 4; at > 0; --at) {
    config.version = (config.version << 8U) | config.hash[at - 1];
  }
  config.version = std::max<std::uint32_t>(config.version, 1);
  for (auto& part : config.parts) {
    part.version = config.version;
  }
  return config;
}

ConfigPush::ConfigPush(PanelConfig config) : config_(std::move(config)) {}

bool ConfigPush::is_wanted(std::uint32_t version) const {
  return !config_.parts.empty() && version != config_.version;
}

const strongroom_panel_v1_ConfigPart& ConfigPush::part() const {
  return config_.parts[next_];
}

void ConfigPush::ended(strongroom_panel_v1_OrderResult result,
                       MonoTime now,
                       std::chrono::microseconds pace) {
  if (result == strongroom_panel_v1_OrderResult_ORDER_RESULT_DONE) {
    ++next_;
    due_ = now + pace;
    if (next_ == config_.parts.size()) {
      // All of it was taken. When it is still wanted after that the panel says
      // one thing and does another: not at full speed, then.
      next_ = 0;
      due_ = now + kAfterRefusal;
      error_.clear();
    }
    return;
  }
  if (result == strongroom_panel_v1_OrderResult_ORDER_RESULT_OUT_OF_ORDER) {
    due_ = now + kAfterDisorder;
  } else {
    due_ = now + kAfterRefusal;
    error_ = "it refuses part " + std::to_string(next_) +
             " of its configuration (result " + std::to_string(result) + ")";
  }
  next_ = 0;
}

void ConfigPush::restart(MonoTime now) {
  next_ = 0;
  due_ = now;
}

}  // namespace strongroom
