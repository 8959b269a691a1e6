// SPDX-License-Identifier: Apache-2.0
// agent.toml: validated whole, then constant until it is read anew. The
// documented example is agent.toml.example beside this file.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/source.h"
#include "core/bus/question.h"
#include "core/crypto/panel_cipher.h"
#include "core/point/computed.h"
#include "core/point/profile.h"
#include "platform/config/config.h"
#include "proto/event.pb.h"
#include "proto/panel.pb.h"

namespace strongroom {

/// Safety inputs are read at least so often (DESIGN section 7).
inline constexpr std::chrono::milliseconds kLongestSafetyPeriod{200};

struct DeviceConfig {
  std::string name;  // unique in the agent, computed ones included
  std::shared_ptr<const DeviceProfile> profile;
  std::uint8_t unit_id = 1;  // unique on its line
  /// By PollClass; 0: as fast as the line goes.
  std::array<std::chrono::milliseconds, kPollClasses> periods{
      kLongestSafetyPeriod, std::chrono::seconds(1), std::chrono::minutes(1)};
};

struct LeafConfig {
  std::string name;  // unique in the agent
  std::string zone;
  strongroom_panel_v1_LeafSettings settings{};
};

struct ReaderConfig {
  std::string name;  // unique on its panel
  strongroom_v1_Direction direction{};
  strongroom_panel_v1_ReaderSettings settings{};
};

/// A panel on a line (docs/formats/panel-link.md).
struct PanelConfig {
  std::string name;  // unique in the agent, devices included
  std::uint8_t unit_id = 1;
  std::filesystem::path key;
  ConfigError key_place;  // of `key` in agent.toml
  /// What `key` holds, once load_panel_keys() has read it.
  PanelKey secret{};
  std::chrono::milliseconds poll_period{40};
  std::chrono::milliseconds offline_after{3000};
  std::uint32_t supply_low_mv = 0;
  std::vector<LeafConfig> leaves;     // 1-8, in order of their numbers
  std::vector<ReaderConfig> readers;  // 0-8
};

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
  /// How long after its question an answer may still come; 0: four timeouts.
  std::chrono::milliseconds late_answer{0};
  std::vector<DeviceConfig> devices;  // at least one of these or of those
  std::vector<PanelConfig> panels;
};

/// Points that are made of others.
struct ComputedConfig {
  ComputedDevice device;
  std::shared_ptr<const DeviceProfile> profile;  // computed_profile() of it
  /// How old a sample of another input may be: three of the longest period.
  std::chrono::microseconds fresh = std::chrono::seconds(3);
};

/// How much the journal may take (docs/formats/journal.md).
struct JournalQuota {
  std::uint64_t total_bytes = 1024ULL << 20;
  /// Of these, what telemetry may not use; below total_bytes.
  std::uint64_t record_reserve_bytes = 256ULL << 20;

  friend bool operator==(const JournalQuota&, const JournalQuota&) = default;
};

struct AgentConfig {
  Source source;

  std::filesystem::path event_key;
  std::filesystem::path sealing_key;
  std::filesystem::path trust;
  std::filesystem::path disclosure_public;

  std::filesystem::path journal;
  JournalQuota journal_quota;

  std::string mqtt_uri;
  std::filesystem::path mqtt_ca;  // empty with tcp://
  std::filesystem::path mqtt_certificate;
  std::filesystem::path mqtt_key;

  std::string http_host;
  int http_port = 0;

  std::filesystem::path admin_socket;  // empty: none

  /// The static policy, with its signature beside it; empty: nobody is let in.
  std::filesystem::path policy;
  std::filesystem::path policy_key;  // public

  std::chrono::seconds window_length{60};
  std::vector<LineConfig> lines;
  std::vector<ComputedConfig> computed;

  /// What works and had better be otherwise, by line of the file.
  std::vector<ConfigError> warnings;
};

/// Every error, by file and line; profiles' own errors included. Key files are
/// not opened.
std::expected<AgentConfig, std::vector<ConfigError>> load_agent_config(
    const std::filesystem::path& path);
std::expected<AgentConfig, std::vector<ConfigError>> parse_agent_config(
    std::string text, std::string name);

/// Reads the key file of every panel; what is wrong with them, by line. Two
/// panels with one key are wrong too: frames to one would do for the other.
std::vector<ConfigError> load_panel_keys(AgentConfig& config);

}  // namespace strongroom
