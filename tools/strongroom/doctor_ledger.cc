// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/doctor_ledger.h"

#include <algorithm>
#include <sys/stat.h>

#include "ledger/config/config.h"
#include "ledger/store/guard_reader.h"
#include "ledger/store/ledger_reader.h"
#include "tools/strongroom/doctor_agent.h"
#include "tools/strongroom/doctor_reach.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

void examine_trust_matches(Examination& examination,
                           const LedgerConfig& config) {
  const fs::path file =
      config.log_key.parent_path().parent_path() / "trust.txt";
  if (!fs::exists(file)) {
    return;  // it may be kept elsewhere
  }
  const auto trust = examine_trust(examination, file);
  const auto key = public_key_of(config.log_key, KeyKind::kLog);
  if (trust && key &&
      std::ranges::find(trust->log_keys, *key) == trust->log_keys.end()) {
    examination.ill(
        "trust-other-key",
        file.string() + " does not hold the key of " + config.log_key.string(),
        "Restore the log key that belongs to the trust file: "
        "whoever verifies with it will refuse this ledger.");
  }
  if (trust && trust->ledger != config.ledger) {
    examination.ill("trust-other-ledger",
                    file.string() + " is of " + trust->ledger +
                        ", the configuration of " + config.ledger,
                    "Correct `ledger` in the configuration: the name is part "
                    "of every log and cannot change.");
  }
}

void examine_stores(Examination& examination, const LedgerConfig& config) {
  for (const fs::path& file :
       {config.store, config.guard, config.disclosures}) {
    if (!fs::exists(file)) {
      const bool guard = file == config.guard;
      examination.ill(guard ? "guard-missing" : "store-missing",
                      file.string() + " is not there",
                      "Mount the disk that holds it, or correct the path. "
                      "Never make a new one: that would begin a second "
                      "history.");
    }
  }
  const auto guard = fs::exists(config.guard)
                         ? read_guard(config.guard)
                         : Result<std::vector<GuardEntry>>();
  if (!guard) {
    examination.ill("guard-unreadable", guard.error().what, kAfterRestore);
  }
  if (fs::exists(config.store)) {
    const auto reader = LedgerReader::open(config.store);
    if (!reader) {
      examination.ill("store-unreadable", reader.error().what, kAfterRestore);
    } else if (guard) {
      examine_reach(examination, **reader, *guard);
    }
  }
  struct stat store{};
  struct stat guard_file{};
  if (stat(config.store.c_str(), &store) == 0 &&
      stat(config.guard.c_str(), &guard_file) == 0 &&
      store.st_dev == guard_file.st_dev) {
    examination.warn("guard-same-device",
                     "the guard is on the same device as the database",
                     "Put [store] guard on another device: one restored disk "
                     "image must not take both back in time.");
  }
}

void examine_admin_socket(Examination& examination, const fs::path& socket) {
  struct stat found{};
  if (stat(socket.c_str(), &found) != 0) {
    examination.warn("admin-socket-missing",
                     socket.string() + " is not there",
                     "It appears when strongroom-ledger runs; enrolment needs "
                     "it.");
    return;
  }
  if ((found.st_mode & 0077U) != 0) {
    examination.ill("admin-socket-mode",
                    socket.string() + " can be opened by others",
                    "chmod 600 " + socket.string() +
                        ": whoever opens it can enrol and revoke.");
  }
}

}  // namespace

void examine_ledger(Examination& examination,
                    const fs::path& config_file,
                    Now now) {
  const auto config = load_ledger_config(config_file);
  if (!config) {
    examine_config(examination, config.error());
    return;
  }
  examine_key(examination, config->log_key, KeyKind::kLog);
  examine_key(examination, config->console_key, KeyKind::kEvent);
  examine_key(examination, config->disclosure_key, KeyKind::kDisclosure);
  examine_trust_matches(examination, *config);
  if (!config->mqtt_certificate.empty()) {
    examine_tls(examination,
                {config->mqtt_ca,
                 config->mqtt_certificate,
                 config->mqtt_key,
                 "central/ledger"},
                now);
  }
  examine_clock(examination, now);
  examine_disk(examination, config->store);
  examine_disk(examination, config->guard);
  examine_stores(examination, *config);
  examine_admin_socket(examination, config->admin_socket);
  examine_broker(examination, config->mqtt_uri);
  examine_health(
      examination, "strongroom-ledger", config->http_host, config->http_port);
}

}  // namespace strongroom
