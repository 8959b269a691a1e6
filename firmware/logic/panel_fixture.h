// SPDX-License-Identifier: Apache-2.0
// For tests: a panel with the world around it, in simulated time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firmware/logic/crc.h"
#include "firmware/logic/panel.h"
#include "firmware/logic/siphash.h"
#include "firmware/logic/words_fixture.h"

namespace strongroom::panel {

struct PanelBench {
  using Request = strongroom_panel_v1_PanelRequest;
  using Answer = strongroom_panel_v1_PanelAnswer;
  using Result = strongroom_panel_v1_OrderResult;

  static constexpr std::uint32_t kRing = 0x52494e47;
  static constexpr ListKey kListKey{1, 2, 3};
  // A badge of 26 bits, H10301: facility 118, number 1603.
  static constexpr std::uint64_t kBadge = 0x2EC0C86;
  static constexpr std::uint64_t kOtherBadge = 0x2F623AE;

  PanelBench() { start(strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON); }

  /// A new panel over what survived; time begins again.
  void start(strongroom_panel_v1_PanelStart reason) {
    ++boot;
    now_ms = 0;
    panel.reset();
    panel = std::make_unique<Panel>(
        *memory,
        PanelStartInfo{.reason = reason, .boot = boot, .list_key = kListKey});
  }
  void reset() { start(strongroom_panel_v1_PanelStart_PANEL_START_WATCHDOG); }

  // --- the agent -------------------------------------------------------------

  Answer exchange(Request request) {
    request.ring = request.ring == 0 ? kRing : request.ring;
    Answer answer{};
    panel->exchange(
        request, answer, now_ms, [](const strongroom_panel_v1_PanelEvent&) {
          return true;
        });
    return answer;
  }
  Answer poll() { return exchange({}); }

  Result unlock(std::uint32_t id,
                std::uint8_t leaf = 1,
                std::uint32_t pulse_ms = 0,
                std::uint64_t not_after = ~0ULL) {
    Request request{};
    request.order_id = id;
    request.which_order = strongroom_panel_v1_PanelRequest_unlock_tag;
    request.order.unlock = {
        .leaf = leaf, .pulse_ms = pulse_ms, .not_after_uptime_ms = not_after};
    return exchange(request).result;
  }
  Result lock_down(std::uint8_t leaves, bool end_fire = false) {
    Request request{};
    request.order_id = ++orders;
    request.which_order = strongroom_panel_v1_PanelRequest_lockdown_tag;
    request.order.lockdown = {.leaves = leaves, .end_fire = end_fire};
    return exchange(request).result;
  }
  Result indicate(std::uint8_t reader,
                  strongroom_panel_v1_Signal signal,
                  std::uint32_t duration_ms = 0) {
    Request request{};
    request.order_id = ++orders;
    request.which_order = strongroom_panel_v1_PanelRequest_indicate_tag;
    request.order.indicate = {
        .reader = reader, .signal = signal, .duration_ms = duration_ms};
    return exchange(request).result;
  }
  Result give(strongroom_panel_v1_ConfigPart part) {
    Request request{};
    request.order_id = ++orders;
    request.which_order = strongroom_panel_v1_PanelRequest_config_tag;
    request.order.config = part;
    return exchange(request).result;
  }
  Result configure(
      const std::vector<strongroom_panel_v1_LeafSettings>& leaves,
      const std::vector<strongroom_panel_v1_ReaderSettings>& readers = {},
      std::uint32_t version = 0x11) {
    strongroom_panel_v1_ConfigPart part{};
    part.version = version;
    part.count = static_cast<std::uint8_t>(1 + leaves.size() + readers.size());
    part.which_part = strongroom_panel_v1_ConfigPart_settings_tag;
    part.part.settings = {
        .leaf_count = static_cast<std::uint8_t>(leaves.size()),
        .reader_count = static_cast<std::uint8_t>(readers.size()),
        .offline_after_ms = 3000,
        .supply_low_mv = 11'000};
    Result last = give(part);
    for (const auto& leaf : leaves) {
      ++part.index;
      part.which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
      part.part.leaf = leaf;
      last = give(part);
    }
    for (const auto& reader : readers) {
      ++part.index;
      part.which_part = strongroom_panel_v1_ConfigPart_reader_tag;
      part.part.reader = reader;
      last = give(part);
    }
    return last;
  }
  /// The badge may pass the leaves of the mask.
  Result list(std::uint64_t badge,
              std::uint8_t leaves,
              std::uint32_t version = 5,
              std::uint32_t expires = 0xffffff) {
    const Credential credential = credential_of(badge, 26);
    std::vector<std::uint8_t> bytes{credential.bit_count};
    bytes.insert(bytes.end(),
                 credential.bits.begin(),
                 credential.bits.begin() + credential.byte_count());
    const std::uint64_t hash = siphash(kListKey, bytes);
    Request request{};
    request.order_id = ++orders;
    request.which_order = strongroom_panel_v1_PanelRequest_list_tag;
    auto& part = request.order.list;
    part.version = version;
    part.count = 1;
    part.entries.size = 12;
    for (unsigned i = 0; i < 8; ++i) {
      part.entries.bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
    }
    part.entries.bytes[8] = leaves;
    part.entries.bytes[9] = static_cast<std::uint8_t>(expires >> 16);
    part.entries.bytes[10] = static_cast<std::uint8_t>(expires >> 8);
    part.entries.bytes[11] = static_cast<std::uint8_t>(expires);
    part.crc = crc32({part.entries.bytes, part.entries.size});
    return exchange(request).result;
  }

  // --- the world -------------------------------------------------------------

  /// One turn of the loop each millisecond; the agent polls when it is there.
  void wait(std::uint64_t ms) {
    for (std::uint64_t i = 0; i < ms; ++i) {
      ++now_ms;
      turn();
    }
  }
  void turn() {
    panel->inputs(inputs, now_ms);
    panel->tick(now_ms * 1000);
    if (has_agent && now_ms % 500 == 0) {
      poll();
    }
  }
  void set(std::uint8_t leaf, LeafInput input, bool is_closed) {
    const std::uint32_t bit = static_cast<std::uint32_t>(input)
                              << (4 * (leaf - 1));
    inputs.leaves = is_closed ? inputs.leaves | bit : inputs.leaves & ~bit;
  }
  void set(PanelInput input, bool is_closed) {
    inputs.panel = static_cast<std::uint8_t>(is_closed ? inputs.panel | input
                                                       : inputs.panel & ~input);
  }
  void open(std::uint8_t leaf = 1) { set(leaf, kContactInput, false); }
  void shut(std::uint8_t leaf = 1) { set(leaf, kContactInput, true); }
  void press_exit(std::uint8_t leaf = 1) {
    set(leaf, kExitInput, true);
    wait(100);
    set(leaf, kExitInput, false);
    wait(100);
  }
  void badge(std::uint64_t bits = kBadge, std::uint8_t reader = 1) {
    for (int i = 25; i >= 0; --i) {
      wait(2);
      panel->reader_pulse(reader, (bits >> i) & 1U, now_ms * 1000);
    }
    wait(60);
  }
  void keys(std::string_view text, std::uint8_t reader = 1) {
    for (const char c : text) {
      const unsigned key = c == '#'   ? kKeyEnter
                           : c == '*' ? kKeyClear
                                      : static_cast<unsigned>(c - '0');
      for (int i = 3; i >= 0; --i) {
        wait(2);
        panel->reader_pulse(reader, (key >> i) & 1U, now_ms * 1000);
      }
      wait(60);
    }
  }

  // --- what it told ----------------------------------------------------------

  /// Everything that the ring holds after what was read before, as words.
  std::vector<std::string> told() {
    std::vector<std::string> all;
    const auto kept = copy_of_ring();
    EventRing ring(*kept);
    while (const auto event = ring.after(read_seq)) {
      read_seq = event->seq;
      all.push_back(words::told(event->kind, event->value));
    }
    return all;
  }
  std::unique_ptr<RingMemory> copy_of_ring() const {
    return std::make_unique<RingMemory>(memory->ring);
  }
  std::uint8_t locks() const { return panel->outputs().locks; }

  std::unique_ptr<PanelMemory> memory = std::make_unique<PanelMemory>();
  std::unique_ptr<Panel> panel;
  Inputs inputs{.leaves = 0x77777777, .panel = 7, .supply_mv = 12'000};
  std::uint64_t now_ms = 0;
  std::uint16_t boot = 0;
  std::uint32_t read_seq = 0;
  std::uint32_t orders = 1'000'000;
  bool has_agent = true;
};

}  // namespace strongroom::panel
