// SPDX-License-Identifier: Apache-2.0
// agent.toml: read once, validated whole, then constant. The documented example
// is agent.toml.example beside this file.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/source.h"
#include "core/point/profile.h"
#include "platform/config/config.h"

namespace strongroom {

struct DeviceConfig {
  std::string name;  // unique in the agent
  std::shared_ptr<const DeviceProfile> profile;
  std::uint8_t unit_id = 1;
  std::chrono::milliseconds period{1000};  // 0: as fast as the line goes
};

enum class LineKind : std::uint8_t { kTcp, kRtu };

struct LineConfig {
  std::string name;
  LineKind kind = LineKind::kTcp;
  std::string host;  // tcp
  std::uint16_t port = 502;
  std::string serial;  // rtu: "/dev/ttyS1"
  int baud = 9600;
  char parity = 'N';
  int stop_bits = 1;
  std::chrono::milliseconds timeout{500};
  std::vector<DeviceConfig> devices;
};

struct AgentConfig {
  Source source;

  std::filesystem::path event_key;
  std::filesystem::path sealing_key;
  std::filesystem::path trust;
  std::filesystem::path disclosure_public;

  std::filesystem::path journal;

  std::string mqtt_uri;
  std::filesystem::path mqtt_ca;  // empty with tcp://
  std::filesystem::path mqtt_certificate;
  std::filesystem::path mqtt_key;

  std::string http_host;
  int http_port = 0;

  std::chrono::seconds window_length{60};
  std::vector<LineConfig> lines;
};

/// Every error, by file and line; profiles' own errors included. Key files are
/// not opened.
std::expected<AgentConfig, std::vector<ConfigError>> load_agent_config(
    const std::filesystem::path& path);
std::expected<AgentConfig, std::vector<ConfigError>> parse_agent_config(
    std::string text, std::string name);

}  // namespace strongroom
