// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "agent/config/read_lines.h"
#include "platform/crypto/keys.h"
#include "platform/profile/profile_file.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un

// MiB. The smallest journal still holds a day of a few devices; the largest is
// more than a controller's disk.
constexpr std::int64_t kMinQuota = 4;
constexpr std::int64_t kMaxQuota = 1024 * 1024;
constexpr std::int64_t kQuota = 1024;
constexpr std::int64_t kReserve = 256;
// Telemetry needs room for what one step of its losses leaves.
constexpr std::int64_t kMinTelemetry = 2;

constexpr std::uint64_t bytes_of_mib(std::int64_t mib) {
  return static_cast<std::uint64_t>(mib) << 20U;
}

// Reads the whole file; what is wrong is recorded by the tables, or, for
// profiles, here.
class Reader {
 public:
  explicit Reader(ConfigTable root) : root_(std::move(root)) {}

  AgentConfig read() {
    read_source();
    read_keys();
    read_journal();
    read_mqtt();
    read_http();
    read_admin();
    read_access();
    if (auto windows = root_.optional_table("windows")) {
      config_.window_length =
          std::chrono::seconds(windows->optional_int("length_s", 60, 0, 3600));
    }
    const auto profiles =
        root_.optional_path("profiles").value_or(profile_directory());
    profile_errors_ = read_lines(root_, profiles, config_);
    return std::move(config_);
  }

  std::vector<ConfigError>& profile_errors() { return profile_errors_; }

 private:
  void read_source() {
    config_.source = {name_of("agent"), name_of("site")};
    if (config_.source.agent == kConsoleAgent) {
      root_.error("agent", "\"console\" is the ledger's own");
    }
    if (config_.source.site == kCentralSite) {
      root_.error("site", "\"central\" is the ledger's own");
    }
  }

  std::string name_of(std::string_view key) {
    std::string name = root_.required_string(key);
    if (!name.empty() && !is_valid_name(name)) {
      root_.error(key,
                  "must be 1 to 32 of a-z, 0-9 and hyphen, and begin with a "
                  "letter or digit");
    }
    return name;
  }

  void read_keys() {
    ConfigTable keys = root_.required_table("keys");
    config_.event_key = keys.required_path("event");
    config_.sealing_key = keys.required_path("sealing");
    config_.trust = keys.required_path("trust");
    config_.disclosure_public = keys.required_path("disclosure_public");
  }

  void read_journal() {
    ConfigTable journal = root_.required_table("journal");
    config_.journal = journal.required_path("path");
    const std::int64_t quota =
        journal.optional_int("quota_mib", kQuota, kMinQuota, kMaxQuota);
    // Under a small quota the reserve has the share that it has by default.
    const std::int64_t reserve = journal.optional_int(
        "record_reserve_mib", std::min(kReserve, quota / 4), 1, kMaxQuota);
    if (quota - reserve < kMinTelemetry) {
      journal.error("record_reserve_mib",
                    fmt::format("must leave at least {} of the {} MiB of "
                                "quota_mib to telemetry",
                                kMinTelemetry,
                                quota));
    }
    config_.journal_quota = {bytes_of_mib(quota), bytes_of_mib(reserve)};
  }

  void read_mqtt() {
    ConfigTable mqtt = root_.required_table("mqtt");
    config_.mqtt_uri = mqtt.required_string("uri");
    if (config_.mqtt_uri.starts_with("tcp://")) {
      return;  // tests: no identity, nothing secret
    }
    if (!config_.mqtt_uri.empty() && !config_.mqtt_uri.starts_with("ssl://")) {
      mqtt.error("uri", "must be ssl://host:port");
    }
    config_.mqtt_ca = mqtt.required_path("ca");
    config_.mqtt_certificate = mqtt.required_path("certificate");
    config_.mqtt_key = mqtt.required_path("key");
  }

  void read_http() {
    config_.http_host = "127.0.0.1";
    config_.http_port = 9481;
    auto http = root_.optional_table("http");
    if (!http) {
      return;
    }
    const std::string listen =
        http->optional_string("listen", "127.0.0.1:9481");
    const std::size_t colon = listen.rfind(':');
    int port = -1;
    if (colon != std::string::npos) {
      const char* end = listen.data() + listen.size();
      const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
      port = parsed.ec == std::errc() && parsed.ptr == end ? port : -1;
    }
    if (port < 0 || port > 65535 || colon == 0) {
      http->error("listen", "must be host:port, e.g. 127.0.0.1:9481");
      return;
    }
    config_.http_host = listen.substr(0, colon);
    config_.http_port = port;
  }

  void read_admin() {
    auto admin = root_.optional_table("admin");
    if (!admin) {
      return;
    }
    config_.admin_socket = admin->required_path("socket");
    if (config_.admin_socket.native().size() > kMaxSocketPath) {
      admin->error("socket", "is longer than a socket's path may be (107)");
    }
  }

  void read_access() {
    if (auto access = root_.optional_table("access")) {
      config_.policy = access->required_path("policy");
      config_.policy_key = access->required_path("policy_key");
    }
  }

  ConfigTable root_;
  AgentConfig config_;
  std::vector<ConfigError> profile_errors_;
};

std::expected<AgentConfig, std::vector<ConfigError>> read_config(
    ConfigFile file) {
  Reader reader(file.root());
  AgentConfig config = reader.read();
  std::vector<ConfigError> errors = file.finish();
  errors.insert(errors.end(),
                reader.profile_errors().begin(),
                reader.profile_errors().end());
  if (!errors.empty()) {
    return std::unexpected(std::move(errors));
  }
  return config;
}

}  // namespace

std::vector<ConfigError> load_panel_keys(AgentConfig& config) {
  std::vector<ConfigError> errors;
  const auto refuse = [&errors](const PanelConfig& panel, std::string what) {
    ConfigError error = panel.key_place;
    error.what = std::move(what);
    errors.push_back(std::move(error));
  };
  std::map<PanelKey, std::string> owners;
  for (LineConfig& line : config.lines) {
    for (PanelConfig& panel : line.panels) {
      const auto key = load_panel_key(panel.key);
      if (!key) {
        refuse(panel, key.error().what);
        continue;
      }
      panel.secret = *key;
      const auto [owner, is_new] = owners.try_emplace(*key, panel.name);
      if (!is_new) {
        refuse(panel,
               fmt::format("holds the key of panel \"{}\" too: what is sent "
                           "to one would do for the other; commission \"{}\" "
                           "anew",
                           owner->second,
                           panel.name));
      }
    }
  }
  return errors;
}

std::expected<AgentConfig, std::vector<ConfigError>> load_agent_config(
    const std::filesystem::path& path) {
  return read_config(ConfigFile::open(path));
}

std::expected<AgentConfig, std::vector<ConfigError>> parse_agent_config(
    std::string text, std::string name) {
  return read_config(ConfigFile::parse(std::move(text), std::move(name)));
}

}  // namespace strongroom
