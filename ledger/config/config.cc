// SPDX-License-Identifier: Apache-2.0
#include "ledger/config/config.h"

#include <charconv>

#include "core/base/source.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un
constexpr std::int64_t kMostDays = 36'500;   // a hundred years

class Reader {
 public:
  explicit Reader(ConfigFile file) : file_(std::move(file)) {}

  std::expected<LedgerConfig, std::vector<ConfigError>> read() {
    ConfigTable root = file_.root();
    config_.ledger = root.required_string("ledger");
    if (!config_.ledger.empty() && !is_valid_ledger_name(config_.ledger)) {
      root.error("ledger",
                 "must be a name like a host's: a-z, 0-9, dot and hyphen");
    }
    ConfigTable keys = root.required_table("keys");
    config_.log_key = keys.required_path("log");
    config_.console_key = keys.required_path("console");
    config_.disclosure_key = keys.required_path("disclosure");
    ConfigTable store = root.required_table("store");
    config_.store = store.required_path("path");
    config_.guard = store.required_path("guard");
    config_.disclosures = store.required_path("disclosures");
    if (!config_.store.empty() && (config_.guard == config_.store ||
                                   config_.disclosures == config_.store ||
                                   config_.guard == config_.disclosures)) {
      store.error("guard", "path, guard and disclosures are three files");
    }
    read_retention(root);
    read_mqtt(root);
    read_http(root);
    ConfigTable admin = root.required_table("admin");
    config_.admin_socket = admin.required_path("socket");
    if (config_.admin_socket.native().size() > kMaxSocketPath) {
      admin.error("socket", "is longer than a socket's path may be (107)");
    }
    if (auto errors = file_.finish(); !errors.empty()) {
      return std::unexpected(std::move(errors));
    }
    return config_;
  }

 private:
  void read_retention(ConfigTable& root) {
    auto retention = root.optional_table("retention");
    if (retention && retention->has("telemetry_days")) {
      config_.telemetry_days = static_cast<int>(
          retention->required_int("telemetry_days", 1, kMostDays));
    }
  }

  void read_mqtt(ConfigTable& root) {
    ConfigTable mqtt = root.required_table("mqtt");
    config_.mqtt_uri = mqtt.required_string("uri");
    const bool tls = config_.mqtt_uri.starts_with("ssl://");
    if (!config_.mqtt_uri.empty() && !tls &&
        !config_.mqtt_uri.starts_with("tcp://")) {
      mqtt.error("uri", "must begin with ssl:// (or tcp://, for tests)");
    }
    if (tls) {
      config_.mqtt_ca = mqtt.required_path("ca");
      config_.mqtt_certificate = mqtt.required_path("certificate");
      config_.mqtt_key = mqtt.required_path("key");
    } else {
      config_.mqtt_ca = mqtt.optional_path("ca").value_or("");
      config_.mqtt_certificate = mqtt.optional_path("certificate").value_or("");
      config_.mqtt_key = mqtt.optional_path("key").value_or("");
    }
  }

  void read_http(ConfigTable& root) {
    std::string listen = "127.0.0.1:9480";
    auto http = root.optional_table("http");
    if (http) {
      listen = http->optional_string("listen", listen);
    }
    const std::size_t colon = listen.rfind(':');
    int port = -1;
    if (colon != std::string::npos && colon != 0) {
      const char* end = listen.data() + listen.size();
      const auto [last, error] =
          std::from_chars(listen.data() + colon + 1, end, port);
      port = error == std::errc() && last == end ? port : -1;
    }
    if (port < 0 || port > 65535) {
      http->error("listen", "must be host:port, e.g. 127.0.0.1:9480");
      return;
    }
    config_.http_host = listen.substr(0, colon);
    config_.http_port = port;
  }

  ConfigFile file_;
  LedgerConfig config_;
};

}  // namespace

std::expected<LedgerConfig, std::vector<ConfigError>> load_ledger_config(
    const std::filesystem::path& path) {
  return Reader(ConfigFile::open(path)).read();
}

std::expected<LedgerConfig, std::vector<ConfigError>> parse_ledger_config(
    std::string text, std::string name) {
  return Reader(ConfigFile::parse(std::move(text), std::move(name))).read();
}

}  // namespace strongroom
