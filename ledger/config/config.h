// SPDX-License-Identifier: Apache-2.0
// ledger.toml: read once, validated whole, then constant. The documented
// example is ledger.toml.example beside this file.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "platform/config/config.h"

namespace strongroom {

struct LedgerConfig {
  std::string ledger;  // the first part of every log's origin

  std::filesystem::path log_key;
  std::filesystem::path console_key;
  std::filesystem::path disclosure_key;

  std::filesystem::path store;
  std::filesystem::path guard;
  std::filesystem::path disclosures;

  /// Telemetry older than so many days is pruned; nothing: kept for ever.
  std::optional<int> telemetry_days;

  std::string mqtt_uri;
  std::filesystem::path mqtt_ca;  // empty with tcp://
  std::filesystem::path mqtt_certificate;
  std::filesystem::path mqtt_key;

  std::string http_host;
  int http_port = 0;

  std::filesystem::path admin_socket;
};

/// Every error, by line. Keys and databases are not opened.
std::expected<LedgerConfig, std::vector<ConfigError>> load_ledger_config(
    const std::filesystem::path& path);
std::expected<LedgerConfig, std::vector<ConfigError>> parse_ledger_config(
    std::string text, std::string name);

}  // namespace strongroom
