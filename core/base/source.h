// SPDX-License-Identifier: Apache-2.0
// Names of sites, agents, sources and logs (docs/formats/names.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strongroom {

/// The values are those of strongroom.v1.Stream on the wire.
enum class Stream : std::uint8_t { kRecord = 1, kTelemetry = 2, kRegistry = 3 };

/// "record", "telemetry" or "registry".
std::string_view stream_name(Stream stream);
std::optional<Stream> stream_from_name(std::string_view name);
/// From the wire's number; nothing when it is none of the three.
std::optional<Stream> stream_from_wire(int value);

/// A site or agent name: [a-z0-9][a-z0-9-]{0,31}.
bool is_valid_name(std::string_view name);

/// A ledger name: [a-z0-9][a-z0-9.-]{0,62}, as a host name.
bool is_valid_ledger_name(std::string_view name);

/// The ledger's own place: the site of the registry log. No agent lives there.
inline constexpr std::string_view kCentralSite = "central";
/// The agent name of the ledger's own source in every site.
inline constexpr std::string_view kConsoleAgent = "console";

/// Who wrote an event: `<agent>@<site>`.
struct Source {
  std::string agent;
  std::string site;

  /// Nothing unless both parts are valid names.
  static std::optional<Source> parse(std::string_view text);
  std::string text() const;
  bool is_console() const { return agent == kConsoleAgent; }

  friend auto operator<=>(const Source&, const Source&) = default;
};

/// Which log: `<ledger>/<site>/<stream>/<generation>`.
struct Origin {
  std::string ledger;
  std::string site;
  Stream stream = Stream::kRecord;
  std::uint32_t generation = 1;

  /// Nothing unless canonical and every part is valid.
  static std::optional<Origin> parse(std::string_view text);
  std::string text() const;

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

}  // namespace strongroom
