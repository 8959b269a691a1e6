// SPDX-License-Identifier: Apache-2.0
// The talk with a panel over its local port (docs/formats/panel-local.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/panel_cipher.h"

namespace strongroom {

/// What a panel is to be on its line.
struct PanelCommissioning {
  std::uint8_t unit = 1;
  int baud = 9600;
  char parity = 'N';
  std::size_t leaves = 1;
  std::size_t readers = 0;
  PanelKey key{};
};

/// What people compare: the key itself is never shown. 8 hexadecimal digits.
std::string panel_fingerprint(const PanelKey& key);

/// In order; the panel answers each. The last one saves.
std::vector<std::string> commissioning_lines(const PanelCommissioning& wanted);
/// The line without the key, for people.
std::string shown_line(std::string_view line);
/// Why what the panel says of itself ("ok board=… unit=…") is not what was
/// wanted; empty: it is.
std::string commissioning_fault(std::string_view identity,
                                const PanelCommissioning& wanted);
/// "qemu-mps2-an385" of "board"; empty: it says no such thing.
std::string local_word(std::string_view answer, std::string_view name);

/// One line out, one answer in.
class LocalLink {
 public:
  virtual ~LocalLink() = default;
  /// The panel's "ok …" or "error …", whatever else came before it. Faults: no
  /// answer in time, the port is gone.
  virtual Result<std::string> ask(const std::string& line,
                                  std::chrono::milliseconds timeout) = 0;
};

/// A serial port, raw, 115200 8N1 unless it is none (a pseudo-terminal).
/// Faults: it cannot be opened, or another program of ours has it.
Result<std::unique_ptr<LocalLink>> open_local_link(const std::string& port);

/// Tells the panel what it is to be, waits until it has started again, and
/// looks whether it took it. What was said goes to `tell`, line by line,
/// without the key. Returns what the panel says of itself. Faults: it refused a
/// line (in its own words), it does not answer, it does not say what it was
/// told.
Result<std::string> commission_panel(
    LocalLink& link,
    const PanelCommissioning& wanted,
    const std::function<void(const std::string&)>& tell);

}  // namespace strongroom
