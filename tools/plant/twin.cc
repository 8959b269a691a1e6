// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/twin.h"

#include <algorithm>
#include <limits>
#include <set>

#include "tools/plant/leaf.h"
#include "tools/plant/words.h"

namespace strongroom::plant {
namespace {

constexpr std::string_view kHost = "127.0.0.1";

/// A TOML text, whatever is in it.
std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

std::string assignment(std::string_view key, std::string_view value) {
  return std::string(key) + " = " + std::string(value) + "\n";
}

std::string_view parity_word(char parity) {
  return parity == 'E' ? "even" : parity == 'O' ? "odd" : "none";
}

/// In a scene lines and devices share their names, in a configuration they do
/// not.
std::string scene_name(const std::string& name, std::set<std::string>& taken) {
  std::string candidate = name;
  for (int number = 1; !taken.insert(candidate).second; ++number) {
    candidate = name.substr(0, 24) + "-line" + std::to_string(number);
  }
  return candidate;
}

std::string line_text(const LineConfig& line,
                      const TwinLine& twin,
                      const std::string& name) {
  std::string text = "\n[[line]]\n" + assignment("name", toml_text(name));
  if (line.kind == LineKind::kTcp) {
    text += assignment("kind", "\"tcp\"") +
            assignment("port", std::to_string(twin.port));
  } else {
    text += assignment("kind", "\"rtu\"") +
            assignment("link", toml_text(twin.link)) +
            assignment("baud", std::to_string(line.baud)) +
            assignment("parity", toml_text(parity_word(line.parity))) +
            assignment("stop_bits", std::to_string(line.stop_bits));
  }
  for (const DeviceConfig& device : line.devices) {
    text += "\n[[line.device]]\n" + assignment("name", toml_text(device.name)) +
            assignment("profile", toml_text(device.profile->name)) +
            assignment("unit_id", std::to_string(device.unit_id));
  }
  return text;
}

std::string_view lock_word(strongroom_panel_v1_LockKind lock) {
  return lock == strongroom_panel_v1_LockKind_LOCK_KIND_MAGNET ? "magnet"
         : lock == strongroom_panel_v1_LockKind_LOCK_KIND_NONE ? "none"
                                                               : "strike";
}

std::string_view reader_word(strongroom_panel_v1_ReaderKind kind) {
  switch (kind) {
    case strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA:
      return "id12la";
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10301:
      return "h10301";
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10306:
      return "h10306";
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10302:
      return "h10302";
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10304:
      return "h10304";
    case strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300:
    case strongroom_panel_v1_ReaderKind_READER_KIND_UNSPECIFIED:
      break;
  }
  return "rdm6300";
}

std::string_view keypad_word(strongroom_panel_v1_KeypadKind keypad) {
  return keypad == strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND4
             ? "wiegand4"
         : keypad == strongroom_panel_v1_KeypadKind_KEYPAD_KIND_WIEGAND8
             ? "wiegand8"
             : "none";
}

/// ["contact", "exit"]
std::string inputs_text(std::uint32_t mask) {
  std::string text;
  for (const std::string_view name : {"contact", "lock", "handle", "exit"}) {
    if ((mask & leaf_input(name)) != 0) {
      text += (text.empty() ? "" : ", ") + toml_text(name);
    }
  }
  return "[" + text + "]";
}

std::string panel_text(const PanelConfig& panel, const std::string& line) {
  std::string text = "\n[[panel]]\n" +
                     assignment("name", toml_text(panel.name)) +
                     assignment("line", toml_text(line)) +
                     assignment("unit_id", std::to_string(panel.unit_id)) +
                     assignment("key", toml_text(panel.key.string()));
  for (const LeafConfig& leaf : panel.leaves) {
    text += "\n[[panel.leaf]]\n" + assignment("name", toml_text(leaf.name)) +
            assignment("lock", toml_text(lock_word(leaf.settings.lock))) +
            assignment("inverted", inputs_text(leaf.settings.inverted_inputs));
  }
  for (const ReaderConfig& reader : panel.readers) {
    text +=
        "\n[[panel.reader]]\n" +
        assignment("kind", toml_text(reader_word(reader.settings.kind))) +
        assignment("keypad", toml_text(keypad_word(reader.settings.keypad)));
  }
  return text;
}

/// "port" of `  port = 502`; nothing of a line that assigns nothing.
std::string_view assigned_key(std::string_view line) {
  const auto equals = line.find('=');
  const std::string_view key =
      trimmed(line.substr(0, std::min(equals, line.size())));
  return equals == std::string_view::npos || key.starts_with('#')
             ? std::string_view()
             : key;
}

/// The line of the table, or what stands instead of it.
std::string edited(std::string_view line, const TwinLine& twin, bool has_port) {
  const std::string_view key = assigned_key(line);
  std::string port = assignment("port", std::to_string(twin.port));
  if (twin.kind == LineKind::kTcp && key == "host") {
    return assignment("host", toml_text(kHost)) + (has_port ? "" : port);
  }
  if (twin.kind == LineKind::kTcp && key == "port") {
    return port;
  }
  if (twin.kind == LineKind::kRtu && key == "serial") {
    return assignment("serial", toml_text(twin.link));
  }
  return std::string(line) + "\n";
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// "[[line]]" of `[[ line ]] # the first`; nothing of a line that is no head.
std::string table_head(std::string_view line) {
  std::string head;
  for (const char c : trimmed(line.substr(0, line.find('#')))) {
    if (c != ' ' && c != '\t') {
      head += c;
    }
  }
  return head.starts_with('[') ? head : "";
}

}  // namespace

Result<Twin> twin_of(const AgentConfig& config, const TwinOptions& options) {
  Twin twin;
  std::set<std::string> names;
  for (const LineConfig& line : config.lines) {
    for (const DeviceConfig& device : line.devices) {
      names.insert(device.name);
    }
    for (const PanelConfig& panel : line.panels) {
      names.insert(panel.name);
    }
  }
  twin.scene =
      "# The twin of an agent's configuration, by `plant from-config`.\n";
  if (!options.profiles.empty()) {
    twin.scene += assignment("profiles", toml_text(options.profiles.string()));
  }
  std::string panels;
  int port = options.port_base;
  for (const LineConfig& line : config.lines) {
    TwinLine place{.name = line.name, .kind = line.kind};
    if (line.kind == LineKind::kTcp) {
      if (port > std::numeric_limits<std::uint16_t>::max()) {
        return fault("there is no port for line " + line.name +
                     "; give a lower --port-base");
      }
      place.port = static_cast<std::uint16_t>(port++);
    } else {
      place.link = (options.link_directory / line.name).string();
    }
    const std::string name = scene_name(line.name, names);
    twin.scene += line_text(line, place, name);
    for (const PanelConfig& panel : line.panels) {
      panels += panel_text(panel, name);
    }
    twin.lines.push_back(std::move(place));
  }
  twin.scene += panels;
  return twin;
}

std::string twin_changes(const AgentConfig& config, const Twin& twin) {
  std::string text;
  for (std::size_t i = 0; i < twin.lines.size(); ++i) {
    const LineConfig& line = config.lines[i];
    const TwinLine& place = twin.lines[i];
    text += "line " + line.name + ": ";
    text +=
        place.kind == LineKind::kTcp
            ? "host = " + toml_text(kHost) +
                  ", port = " + std::to_string(place.port) + "  # was " +
                  line.host + ":" + std::to_string(line.port)
            : "serial = " + toml_text(place.link) + "  # was " + line.serial;
    text += "\n";
  }
  return text;
}

std::string with_twin_lines(std::string_view agent_toml, const Twin& twin) {
  const std::vector<std::string_view> lines = lines_of(agent_toml);
  // A port may be left out; then it goes with the host.
  std::vector<bool> has_port;
  for (const std::string_view line : lines) {
    if (table_head(line) == "[[line]]") {
      has_port.push_back(false);
    } else if (!has_port.empty() && assigned_key(line) == "port") {
      has_port.back() = true;
    }
  }
  std::string text;
  std::size_t tables = 0;
  bool is_in_line = false;
  for (const std::string_view line : lines) {
    if (const std::string head = table_head(line); !head.empty()) {
      is_in_line = head == "[[line]]";
      tables += is_in_line ? 1 : 0;
    }
    text += is_in_line && tables <= twin.lines.size()
                ? edited(line, twin.lines[tables - 1], has_port[tables - 1])
                : std::string(line) + "\n";
  }
  return text;
}

bool asks_twin(const AgentConfig& config, const Twin& twin) {
  return std::ranges::equal(
      config.lines,
      twin.lines,
      [](const LineConfig& line, const TwinLine& place) {
        return line.kind == place.kind &&
               (line.kind == LineKind::kTcp
                    ? line.host == kHost && line.port == place.port
                    : line.serial == place.link);
      });
}

}  // namespace strongroom::plant
