// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/doctor_agent.h"

#include <map>
#include <unistd.h>

#include "agent/journal/check_journal.h"
#include "platform/system/files.h"
#include "tools/strongroom/doctor_panels.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

void examine_disclosure_key(Examination& examination, const fs::path& file) {
  const auto text = read_file(file, 4096);
  const auto key =
      text ? from_base64(text->substr(0, text->find('\n'))) : std::nullopt;
  if (!key || key->size() != 32) {
    examination.ill("disclosure-key",
                    file.string() + " is not the ledger's disclosure key",
                    "Copy disclosure.pub from the ledger's directory.");
    return;
  }
  examination.healthy("disclosure key");
}

void examine_rotation(Examination& examination, const fs::path& event_key) {
  const fs::path next = event_key.string() + ".next";
  if (fs::exists(next)) {
    examination.warn("rotation-unfinished",
                     next.string() + " is waiting",
                     "If the ledger took the new key (`strongroom rotate "
                     "submit`), run `strongroom rotate finish` and restart the "
                     "agent; else submit it first.");
  }
}

void examine_set_aside(Examination& examination, const fs::path& journal) {
  std::error_code error;
  const std::string prefix = journal.filename().string() + ".set-aside-";
  for (const auto& file :
       fs::directory_iterator(journal.parent_path(), error)) {
    const std::string name = file.path().filename().string();
    if (name.starts_with(prefix) && !name.ends_with("-wal") &&
        !name.ends_with("-shm")) {
      examination.warn(
          "journal-set-aside",
          file.path().string() + " holds a damaged journal's bytes",
          "Keep it: it may hold events that the ledger lacks. "
          "Find the cause (disk, power), copy the file away, then "
          "move it out of this directory.");
    }
  }
}

void examine_journal(Examination& examination,
                     const AgentConfig& config,
                     const std::optional<Trust>& trust) {
  if (!fs::exists(config.journal)) {
    examination.warn("journal-new",
                     config.journal.string() +
                         " is not there; the agent will begin "
                         "a new epoch",
                     "Normal before the first start. Otherwise find out who "
                     "removed it: events that were not delivered are lost.");
    return;
  }
  JournalCheckOptions options;
  options.trust = trust;
  const auto report = check_journal(config.journal, options);
  if (!report) {
    examination.ill("journal-unreadable",
                    report.error().what,
                    "If another program holds it, stop that one. If it is "
                    "damaged, restart the agent: it sets the file aside, keeps "
                    "its bytes and begins a new epoch.");
    return;
  }
  if (report->flaw) {
    examination.ill("journal-damaged",
                    config.journal.string() + ": " + *report->flaw,
                    "Copy the file away as evidence, then restart the agent: "
                    "it sets the file aside and begins a new epoch.");
    return;
  }
  if (report->source != config.source.text()) {
    examination.ill("journal-foreign",
                    config.journal.string() + " belongs to " + report->source,
                    "Correct [journal] path, or agent and site.");
    return;
  }
  examination.healthy(
      "journal holds " +
      std::to_string(report->record_events + report->telemetry_events) +
      " events, " + std::to_string(report->undelivered) + " undelivered");
}

// The names of this port that stay when adapters are plugged in another order.
std::string lasting_names(const fs::path& port) {
  std::string names;
  for (const char* directory : {"/dev/serial/by-id", "/dev/serial/by-path"}) {
    std::error_code error;
    for (const auto& name : fs::directory_iterator(directory, error)) {
      if (fs::equivalent(name.path(), port, error)) {
        names += (names.empty() ? "" : " or ") + name.path().string();
      }
    }
  }
  return names;
}

void examine_port_name(Examination& examination, const LineConfig& line) {
  if (!line.serial.starts_with("/dev/ttyUSB") &&
      !line.serial.starts_with("/dev/ttyACM")) {
    return;
  }
  const std::string names = lasting_names(line.serial);
  examination.warn(
      "line-name",
      "line " + line.name + ": " + line.serial +
          " is numbered in the order of plugging in",
      names.empty()
          ? "Write the port's name of /dev/serial/by-id or /dev/serial/by-path."
          : "Write serial = \"" + names + "\".");
}

void examine_port(Examination& examination, const LineConfig& line) {
  examine_port_name(examination, line);
  if (!fs::exists(line.serial)) {
    examination.ill("line-missing",
                    "line " + line.name + ": " + line.serial + " is not there",
                    "Plug the adapter in, or correct serial; `ls "
                    "/dev/serial/by-path` shows names that stay.");
  } else if (access(line.serial.c_str(), R_OK | W_OK) != 0) {
    examination.ill(
        "line-forbidden",
        "line " + line.name + ": this user may not open " + line.serial,
        "Add the service's user to the group of the device "
        "(`usermod -aG dialout strongroom-agent`).");
  } else {
    examination.healthy("line " + line.name);
  }
}

void examine_line(Examination& examination, const LineConfig& line) {
  if (line.kind == LineKind::kRtu) {
    examine_port(examination, line);
  } else if (accepts_connections({line.host, std::to_string(line.port)})) {
    examination.healthy("line " + line.name);
  } else {
    examination.ill("line-unreachable",
                    "line " + line.name + ": nobody answers at " + line.host +
                        ":" + std::to_string(line.port),
                    "Check the device's power, address and network.");
  }
}

// Once a profile, with the devices that are read by it.
void examine_profiles(Examination& examination, const AgentConfig& config) {
  std::map<std::string, std::string> untried;
  for (const LineConfig& line : config.lines) {
    for (const DeviceConfig& device : line.devices) {
      if (device.profile->trust == TrustRung::kDocumented) {
        std::string& devices = untried[device.profile->name];
        devices += (devices.empty() ? "" : ", ") + device.name;
      }
    }
  }
  for (const auto& [profile, devices] : untried) {
    examination.warn("profile-untried",
                     "profile " + profile + " (" + devices +
                         ") was written from paper and never tried",
                     "Compare each value with the device's own display once, "
                     "before anybody relies on it.");
  }
}

void examine_warnings(Examination& examination, const AgentConfig& config) {
  for (const ConfigError& warning : config.warnings) {
    if (!warning.what.starts_with("\"line.serial\"")) {  // line-name says more
      examination.warn("config-warning",
                       warning.text(),
                       "Correct the line, or leave it if it is meant so.");
    }
  }
}

void examine_admin_socket(Examination& examination, const fs::path& socket) {
  std::error_code error;
  const auto status = fs::status(socket, error);
  constexpr auto kOthers = fs::perms::group_all | fs::perms::others_all;
  if (!error && (status.permissions() & kOthers) != fs::perms::none) {
    examination.ill("admin-socket-mode",
                    socket.string() + " can be opened by others",
                    "chmod 600 " + socket.string() +
                        ": whoever opens it can make the agent follow a "
                        "successor.");
  }
}

// A quota that the disk cannot keep is none: the disk would be full first.
void examine_quota(Examination& examination, const AgentConfig& config) {
  std::error_code error;
  const auto space = fs::space(config.journal.parent_path(), error);
  if (error) {
    return;  // disk-missing says so
  }
  const auto taken = fs::file_size(config.journal, error);
  const std::uint64_t room = space.available + (error ? 0 : taken);
  if (config.journal_quota.total_bytes > room) {
    examination.warn(
        "quota-beyond-disk",
        "[journal] quota_mib promises " +
            std::to_string(config.journal_quota.total_bytes >> 20U) +
            " MiB, the disk has " + std::to_string(room >> 20U),
        "Lower quota_mib, or make room: telemetry is thinned out in time only "
        "when the quota is reached before the disk is full.");
  }
}

}  // namespace

void examine_config(Examination& examination,
                    const std::vector<ConfigError>& errors) {
  for (const ConfigError& error : errors) {
    examination.ill("config",
                    error.text(),
                    "Correct the line; the documented example is in "
                    "/usr/share/doc/strongroom-*/examples.");
  }
}

void examine_agent(Examination& examination,
                   const AgentConfig& config,
                   Now now) {
  examine_key(examination, config.event_key, KeyKind::kEvent);
  examine_key(examination, config.sealing_key, KeyKind::kSealing);
  examine_rotation(examination, config.event_key);
  const auto trust = examine_trust(examination, config.trust);
  examine_disclosure_key(examination, config.disclosure_public);
  if (!config.mqtt_certificate.empty()) {
    examine_tls(examination,
                {config.mqtt_ca,
                 config.mqtt_certificate,
                 config.mqtt_key,
                 config.source.site + "/" + config.source.agent},
                now);
  }
  examine_clock(examination, now);
  examine_disk(examination, config.journal);
  examine_quota(examination, config);
  if (!config.admin_socket.empty()) {
    examine_admin_socket(examination, config.admin_socket);
  }
  examine_set_aside(examination, config.journal);
  examine_journal(examination, config, trust);
  for (const LineConfig& line : config.lines) {
    examine_line(examination, line);
  }
  examine_profiles(examination, config);
  examine_panels(examination, config);
  examine_warnings(examination, config);
  examine_running(examination, config);
  examine_broker(examination, config.mqtt_uri);
  examine_health(
      examination, "strongroom-agent", config.http_host, config.http_port);
}

}  // namespace strongroom
