// SPDX-License-Identifier: Apache-2.0
#include "firmware/link/registers.h"

#include <array>
#include <cstddef>
#include <span>

namespace strongroom::panel {
namespace {

constexpr std::uint16_t kMapVersion = 1;
constexpr std::uint16_t kProtocol = 1;
constexpr std::size_t kTextRegisters = 12;
constexpr std::size_t kSerialRegisters = 6;
constexpr std::uint16_t kLeafInputs = 32;
constexpr std::uint16_t kPanelInputs = 3;

// `part` of a number's registers, the most significant one first.
std::uint16_t part_of(std::uint64_t value, unsigned registers, unsigned part) {
  return static_cast<std::uint16_t>(value >> (16 * (registers - 1 - part)));
}

std::uint16_t pair(std::uint8_t high, std::uint8_t low) {
  return static_cast<std::uint16_t>(high << 8 | low);
}

// Two characters of a text, zeros behind it.
std::uint16_t text_at(const char* text, std::size_t index) {
  std::array<std::uint8_t, 2> chars{};
  for (std::size_t i = 0; i < 2 * index; ++i) {
    if (text[i] == 0) {
      return 0;
    }
  }
  for (std::size_t i = 0; i < 2 && text[2 * index + i] != 0; ++i) {
    chars[i] = static_cast<std::uint8_t>(text[2 * index + i]);
  }
  return pair(chars[0], chars[1]);
}

std::uint16_t serial_at(std::span<const std::uint8_t> serial,
                        std::size_t index) {
  const auto byte = [&](std::size_t i) {
    return i < serial.size() ? serial[i] : std::uint8_t{0};
  };
  return pair(byte(2 * index), byte(2 * index + 1));
}

std::uint16_t pending(const RegisterSource& source) {
  const PanelView& view = source.view;
  const std::array<bool, 6> flags{view.newest_seq != view.acked_seq,
                                  view.has_pin,
                                  view.ring == 0,
                                  view.config_version == 0,
                                  source.is_session_new,
                                  view.is_alone};
  std::uint16_t bits = 0;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    bits = static_cast<std::uint16_t>(bits | flags[i] << i);
  }
  return bits;
}

std::optional<std::uint16_t> poll_at(const RegisterSource& source,
                                     std::uint16_t index) {
  switch (index) {
    case 0:
      return pending(source);
    case 1:
      return static_cast<std::uint16_t>(source.view.newest_seq);
    default:
      return std::nullopt;
  }
}

std::optional<std::uint16_t> identity_at(const RegisterSource& source,
                                         std::uint16_t index) {
  const LinkIdentity& identity = source.identity;
  if (index < 8) {
    const std::array<std::uint16_t, 8> head{kMapVersion,
                                            kProtocol,
                                            identity.tests_only,
                                            identity.boot,
                                            part_of(source.session, 4, 0),
                                            part_of(source.session, 4, 1),
                                            part_of(source.session, 4, 2),
                                            part_of(source.session, 4, 3)};
    return head[index];
  }
  std::size_t at = index - 8U;
  if (at < kTextRegisters) {
    return text_at(identity.board, at);
  }
  at -= kTextRegisters;
  if (at < kTextRegisters) {
    return text_at(identity.firmware, at);
  }
  at -= kTextRegisters;
  if (at < kSerialRegisters) {
    return serial_at(identity.serial, at);
  }
  return std::nullopt;
}

std::optional<std::uint16_t> state_at(const RegisterSource& source,
                                      std::uint16_t index) {
  const PanelView& view = source.view;
  const std::array<std::uint32_t, 8> numbers{
      source.uptime_s,
      view.ring,
      view.newest_seq,
      view.acked_seq,
      view.lost,
      view.config_version,
      view.list_version,
      static_cast<std::uint32_t>(view.status.drift_ppm)};
  if (index < 2 * numbers.size()) {
    return part_of(numbers[index / 2], 2, index % 2);
  }
  const auto& leaves = view.status.leaves;
  switch (index) {
    case 16:
      return static_cast<std::uint16_t>(view.status.flags);
    case 17:
      return static_cast<std::uint16_t>(view.status.supply_mv);
    case 18:
      return view.is_alone;
    case 19:
      return leaves.size;
    default:
      break;
  }
  const std::size_t leaf = index - 20U;
  if (leaf < kMaxLeaves) {
    return leaf < leaves.size ? leaves.bytes[leaf] : std::uint8_t{0};
  }
  return std::nullopt;
}

std::optional<std::uint16_t> doors_at(const RegisterSource& source,
                                      std::uint16_t index) {
  const PanelView& view = source.view;
  const std::array<std::uint16_t, 7> values{part_of(view.inputs, 2, 0),
                                            part_of(view.inputs, 2, 1),
                                            view.panel_inputs,
                                            view.outputs.locks,
                                            view.outputs.green,
                                            view.outputs.red,
                                            view.outputs.buzzer};
  return index < values.size() ? std::optional(values[index]) : std::nullopt;
}

std::optional<std::uint16_t> counter_at(const RegisterSource& source,
                                        std::uint16_t index) {
  const LinkCounters& link = source.counters;
  const std::array<std::uint32_t, 9> counters{link.frames,
                                              link.crc_errors,
                                              link.exceptions,
                                              link.exchanges,
                                              link.repeated,
                                              link.refused,
                                              source.view.unlocks,
                                              source.view.badges,
                                              source.view.unreadable};
  if (index >= 2 * counters.size()) {
    return std::nullopt;
  }
  return part_of(counters[index / 2], 2, index % 2);
}

}  // namespace

std::optional<std::uint16_t> input_register(const RegisterSource& source,
                                            std::uint16_t address) {
  const auto index = static_cast<std::uint16_t>(address & 0xFF);
  switch (address >> 8) {
    case 0:
      return poll_at(source, index);
    case 1:
      return identity_at(source, index);
    case 2:
      return state_at(source, index);
    case 3:
      return doors_at(source, index);
    case 4:
      return counter_at(source, index);
    default:
      return std::nullopt;
  }
}

std::optional<bool> discrete_input(const RegisterSource& source,
                                   std::uint16_t address) {
  if (address < kLeafInputs) {
    return (source.view.inputs >> address & 1) != 0;
  }
  if (address < kLeafInputs + kPanelInputs) {
    return (source.view.panel_inputs >> (address - kLeafInputs) & 1) != 0;
  }
  return std::nullopt;
}

std::optional<bool> coil(const RegisterSource& source, std::uint16_t address) {
  const Outputs& outputs = source.view.outputs;
  const std::array<std::uint8_t, 4> masks{
      outputs.locks, outputs.green, outputs.red, outputs.buzzer};
  if (address < 8 * masks.size()) {
    return (masks[address / 8] >> address % 8 & 1) != 0;
  }
  if (address >= kScratchRegister && address < kScratchRegister + 16) {
    return (source.scratch >> (address - kScratchRegister) & 1) != 0;
  }
  return std::nullopt;
}

}  // namespace strongroom::panel
