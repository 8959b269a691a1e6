// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_diff.h"

#include <algorithm>
#include <tuple>

namespace strongroom {
namespace {

bool same_profile(const std::shared_ptr<const DeviceProfile>& one,
                  const std::shared_ptr<const DeviceProfile>& other) {
  return one->name == other->name && one->hash == other->hash;
}

bool same_device(const DeviceConfig& one, const DeviceConfig& other) {
  return one.name == other.name && one.unit_id == other.unit_id &&
         one.periods == other.periods &&
         same_profile(one.profile, other.profile);
}

bool same_leaf(const LeafConfig& one, const LeafConfig& other) {
  const auto all = [](const LeafConfig& leaf) {
    const auto& s = leaf.settings;
    return std::tie(leaf.name,
                    leaf.zone,
                    s.leaf,
                    s.lock,
                    s.exit,
                    s.offline,
                    s.has_inputs,
                    s.inverted_inputs,
                    s.pulse_ms,
                    s.held_after_ms,
                    s.not_opened_after_ms,
                    s.debounce_ms);
  };
  return all(one) == all(other);
}

bool same_reader(const ReaderConfig& one, const ReaderConfig& other) {
  const auto all = [](const ReaderConfig& reader) {
    const auto& s = reader.settings;
    return std::tie(reader.name,
                    reader.direction,
                    s.reader,
                    s.kind,
                    s.keypad,
                    s.leaves,
                    s.repeat_ms);
  };
  return all(one) == all(other);
}

bool same_panel(const PanelConfig& one, const PanelConfig& other) {
  return one.name == other.name && one.unit_id == other.unit_id &&
         one.secret == other.secret && one.poll_period == other.poll_period &&
         one.offline_after == other.offline_after &&
         one.supply_low_mv == other.supply_low_mv &&
         std::ranges::equal(one.leaves, other.leaves, same_leaf) &&
         std::ranges::equal(one.readers, other.readers, same_reader);
}

// The hash of a computed profile is over its rules.
bool same_computed(const ComputedConfig& one, const ComputedConfig& other) {
  return one.device.name == other.device.name && one.fresh == other.fresh &&
         same_profile(one.profile, other.profile);
}

const LineConfig* find_line(const AgentConfig& config, std::string_view name) {
  const auto found = std::ranges::find(config.lines, name, &LineConfig::name);
  return found == config.lines.end() ? nullptr : &*found;
}

// Everything that the loop is told of devices, in order.
bool same_devices(const AgentConfig& one, const AgentConfig& other) {
  return one.window_length == other.window_length &&
         std::ranges::equal(
             one.lines,
             other.lines,
             [](const LineConfig& a, const LineConfig& b) {
               return a.name == b.name &&
                      std::ranges::equal(a.devices, b.devices, same_device) &&
                      std::ranges::equal(a.panels, b.panels, same_panel);
             }) &&
         std::ranges::equal(one.computed, other.computed, same_computed);
}

/// A value that is read once, at the start.
struct Fixed {
  const char* key;
  bool (*same)(const AgentConfig& one, const AgentConfig& other);
  void (*copy)(AgentConfig& to, const AgentConfig& from);
};

template <auto member>
constexpr Fixed fixed(const char* key) {
  return {key,
          [](const AgentConfig& one, const AgentConfig& other) {
            return one.*member == other.*member;
          },
          [](AgentConfig& to, const AgentConfig& from) {
            to.*member = from.*member;
          }};
}

constexpr Fixed kFixed[] = {
    {"agent",
     [](const AgentConfig& one, const AgentConfig& other) {
       return one.source.agent == other.source.agent;
     },
     [](AgentConfig& to, const AgentConfig& from) {
       to.source.agent = from.source.agent;
     }},
    {"site",
     [](const AgentConfig& one, const AgentConfig& other) {
       return one.source.site == other.source.site;
     },
     [](AgentConfig& to, const AgentConfig& from) {
       to.source.site = from.source.site;
     }},
    fixed<&AgentConfig::event_key>("keys.event"),
    fixed<&AgentConfig::sealing_key>("keys.sealing"),
    fixed<&AgentConfig::trust>("keys.trust"),
    fixed<&AgentConfig::disclosure_public>("keys.disclosure_public"),
    fixed<&AgentConfig::journal>("journal.path"),
    {"journal.quota_mib",
     [](const AgentConfig& one, const AgentConfig& other) {
       return one.journal_quota.total_bytes == other.journal_quota.total_bytes;
     },
     [](AgentConfig& to, const AgentConfig& from) {
       to.journal_quota.total_bytes = from.journal_quota.total_bytes;
     }},
    {"journal.record_reserve_mib",
     [](const AgentConfig& one, const AgentConfig& other) {
       return one.journal_quota.record_reserve_bytes ==
              other.journal_quota.record_reserve_bytes;
     },
     [](AgentConfig& to, const AgentConfig& from) {
       to.journal_quota.record_reserve_bytes =
           from.journal_quota.record_reserve_bytes;
     }},
    fixed<&AgentConfig::admin_socket>("admin.socket"),
    fixed<&AgentConfig::mqtt_uri>("mqtt.uri"),
    fixed<&AgentConfig::mqtt_ca>("mqtt.ca"),
    fixed<&AgentConfig::mqtt_certificate>("mqtt.certificate"),
    fixed<&AgentConfig::mqtt_key>("mqtt.key"),
    {"http.listen",
     [](const AgentConfig& one, const AgentConfig& other) {
       return one.http_host == other.http_host &&
              one.http_port == other.http_port;
     },
     [](AgentConfig& to, const AgentConfig& from) {
       to.http_host = from.http_host;
       to.http_port = from.http_port;
     }},
};

}  // namespace

bool same_line(const LineConfig& one, const LineConfig& other) {
  return one.name == other.name && one.kind == other.kind &&
         one.host == other.host && one.port == other.port &&
         one.serial == other.serial && one.baud == other.baud &&
         one.parity == other.parity && one.stop_bits == other.stop_bits &&
         one.timeout == other.timeout && one.late_answer == other.late_answer &&
         std::ranges::equal(one.devices, other.devices, same_device) &&
         std::ranges::equal(one.panels, other.panels, same_panel);
}

ConfigDiff diff_configs(const AgentConfig& running, const AgentConfig& wanted) {
  ConfigDiff diff;
  for (const LineConfig& line : running.lines) {
    const LineConfig* now = find_line(wanted, line.name);
    const bool is_kept = now != nullptr && same_line(line, *now);
    (is_kept ? diff.keep : diff.stop).push_back(line.name);
  }
  for (const LineConfig& line : wanted.lines) {
    if (std::ranges::find(diff.keep, line.name) == diff.keep.end()) {
      diff.start.push_back(line.name);
    }
  }
  diff.changes_devices = !same_devices(running, wanted);
  for (const Fixed& fixed : kFixed) {
    if (!fixed.same(running, wanted)) {
      diff.needs_restart.emplace_back(fixed.key);
    }
  }
  return diff;
}

AgentConfig without_restart(const AgentConfig& running, AgentConfig wanted) {
  for (const Fixed& fixed : kFixed) {
    fixed.copy(wanted, running);
  }
  return wanted;
}

}  // namespace strongroom
