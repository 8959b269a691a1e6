// SPDX-License-Identifier: Apache-2.0
#include "firmware/loop/start.h"

#include <array>
#include <cstring>
#include <span>
#include <type_traits>

namespace strongroom::panel {
namespace {

// Count up when the meaning of anything in Survivors or its size changes.
constexpr std::uint32_t kLayoutVersion = 1;
constexpr std::uint32_t kLayout = kLayoutVersion << 24 ^
                                  sizeof(hal::Survivors) << 12 ^
                                  sizeof(ConfigMemory) ^ 0x50414e00u;
static_assert(std::is_trivially_copyable_v<hal::Survivors>);
static_assert(sizeof(ConfigMemory) + sizeof kLayout <= hal::kSlotBytes);

// Slot kSession: the counter, then the boot count, little-endian.
struct Counts {
  std::uint64_t session = 0;
  std::uint32_t boot = 0;
};
constexpr std::size_t kCountsBytes = 12;

Counts read_counts() {
  std::array<std::uint8_t, kCountsBytes> bytes{};
  Counts counts;
  if (hal::read_slot(hal::Slot::kSession, bytes) == bytes.size()) {
    for (std::size_t i = 0; i < 8; ++i) {
      counts.session |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      counts.boot |= static_cast<std::uint32_t>(bytes[8 + i]) << (8 * i);
    }
  }
  return counts;
}

bool write_counts(const Counts& counts) {
  std::array<std::uint8_t, kCountsBytes> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(counts.session >> (8 * i));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[8 + i] = static_cast<std::uint8_t>(counts.boot >> (8 * i));
  }
  return hal::write_slot(hal::Slot::kSession, bytes);
}

// Writes the counts, whatever the session is made of: they have the boot, too.
std::uint64_t next_session(Counts& counts) {
  ++counts.session;
  const bool is_kept = write_counts(counts);
  if (const auto random = hal::random64(); random && *random != 0) {
    return *random;
  }
  if (is_kept) {
    return counts.session;
  }
  return hal::identity().tests_only ? counts.boot : 0;
}

void take_survivors(hal::Survivors& kept) {
  if (kept.layout == kLayout) {
    return;
  }
  std::memset(&kept, 0, sizeof kept);
  kept.layout = kLayout;
}

// Believed like what survived: by its CRC, here and again by the logic.
void take_config_copy(PanelMemory& kept) {
  if (recover(kept.config, kept.next_config) && kept.config.version != 0) {
    return;
  }
  std::array<std::uint8_t, sizeof kLayout + sizeof(ConfigMemory)> bytes{};
  std::uint32_t layout = 0;
  if (hal::read_slot(hal::Slot::kConfiguration, bytes) == bytes.size()) {
    std::memcpy(&layout, bytes.data(), sizeof layout);
  }
  if (layout == kLayout) {
    std::memcpy(&kept.config, bytes.data() + sizeof layout, sizeof kept.config);
  }
}

}  // namespace

Start begin() {
  Start start;
  hal::Survivors& kept = hal::survivors();
  take_survivors(kept);
  take_config_copy(kept.panel);

  Counts counts = read_counts();
  if (kept.boot_check == ~kept.boot && kept.boot > counts.boot) {
    counts.boot = kept.boot;  // the slot may have been refused meanwhile
  }
  ++counts.boot;
  kept.boot = counts.boot;
  kept.boot_check = ~counts.boot;
  start.boot = static_cast<std::uint16_t>((counts.boot - 1) % 0xffff + 1);
  start.session = next_session(counts);

  std::array<std::uint8_t, kCommissioningBytes> bytes{};
  const std::size_t size = hal::read_slot(hal::Slot::kCommissioning, bytes);
  if (const auto kept_settings =
          decode_commissioning(std::span(bytes).first(size))) {
    start.commissioning = *kept_settings;
  }
  return start;
}

std::uint64_t new_session() {
  Counts counts = read_counts();
  return next_session(counts);
}

bool save_config(const ConfigMemory& config) {
  std::array<std::uint8_t, sizeof kLayout + sizeof(ConfigMemory)> bytes{};
  std::memcpy(bytes.data(), &kLayout, sizeof kLayout);
  std::memcpy(bytes.data() + sizeof kLayout, &config, sizeof config);
  return hal::write_slot(hal::Slot::kConfiguration, bytes);
}

}  // namespace strongroom::panel
