// SPDX-License-Identifier: Apache-2.0
#include "tests/panel_sim/panel_node.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "firmware/link/modbus_crc.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::microseconds;

constexpr panel::LinkIdentity kIdentity{
    .board = "sim", .firmware = "0", .serial = {}, .boot = 1};
// Of a frame, and of the panel's own turn.
constexpr microseconds kGap{1750};
constexpr microseconds kTurn{1900};

}  // namespace

Bytes with_crc(Bytes frame) {
  const std::uint16_t crc = panel::modbus_crc(frame);
  frame.push_back(static_cast<std::uint8_t>(crc));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
  return frame;
}

bool has_right_crc(ByteView adu) {
  return adu.size() > 3 && panel::modbus_crc(adu) == 0;
}

PanelNode::PanelNode(const PanelKey& key, std::uint64_t seed)
    : random_(seed, "panel"),
      key_(key),
      memory_(std::make_unique<panel::PanelMemory>()) {
  // As far off as the agent allows for: a thousandth either way.
  rate_ = 1 + static_cast<double>(random_.between(-900, 900)) * 1e-6;
}

std::uint64_t PanelNode::uptime_us(MonoTime now) const {
  return static_cast<std::uint64_t>(
      static_cast<double>((now - started_).count()) * rate_);
}

void PanelNode::reset(MonoTime now) {
  start(boot_ == 0 ? strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON
                   : strongroom_panel_v1_PanelStart_PANEL_START_RESET,
        now);
}

void PanelNode::cut_power(MonoTime now) {
  random_.fill({reinterpret_cast<std::uint8_t*>(memory_.get()),
                sizeof(panel::PanelMemory)});
  if (!lives_.empty()) {
    lives_.back().is_over = true;
  }
  lives_.emplace_back();
  kept_.clear();
  lost_ = 0;
  start(strongroom_panel_v1_PanelStart_PANEL_START_POWER_ON, now);
}

void PanelNode::start(strongroom_panel_v1_PanelStart reason, MonoTime now) {
  started_ = heard_ = now;
  ++boot_;
  const PanelLinkKeys keys = derive_panel_keys(key_);
  panel_ = std::make_unique<panel::Panel>(
      *memory_,
      panel::PanelStartInfo{
          .reason = reason, .boot = boot_, .list_key = keys.list});
  panel::LinkSettings settings;
  settings.unit = kUnit;
  settings.baud = kBaud;
  settings.key = key_;
  settings.session = random_.next() | 1U;
  panel::LinkIdentity identity = kIdentity;
  identity.boot = boot_;
  server_ = std::make_unique<panel::LinkServer>(*panel_, settings, identity);
  unlocks_ = 0;
  note(now);
}

panel::Inputs PanelNode::inputs() const {
  panel::Inputs inputs;
  for (std::uint8_t leaf = 0; leaf < 2; ++leaf) {
    if (((closed_ >> leaf) & 1U) != 0) {
      inputs.leaves |= std::uint32_t{panel::kContactInput} << (4U * leaf);
    }
  }
  inputs.panel = panel::kMainsInput | panel::kFireInput;
  inputs.panel |= is_tampered_ ? 0 : panel::kTamperInput;
  inputs.supply_mv = 12'000;
  return inputs;
}

void PanelNode::tick(MonoTime now) {
  const std::uint64_t us = uptime_us(now);
  panel_->inputs(inputs(), us / 1000);
  panel_->tick(us);
  note(now);
}

void PanelNode::move_leaf(std::uint8_t leaf, MonoTime now) {
  closed_ ^= static_cast<std::uint8_t>(1U << leaf);
  tick(now);
}

void PanelNode::tamper(MonoTime now) {
  is_tampered_ = !is_tampered_;
  tick(now);
}

// RDM6300: STX, ten hex digits, their checksum, ETX.
void PanelNode::badge(std::uint32_t number, MonoTime now) {
  Bytes tag{1};
  std::uint8_t sum = 1;
  for (int shift = 24; shift >= 0; shift -= 8) {
    tag.push_back(static_cast<std::uint8_t>(number >> shift));
    sum ^= tag.back();
  }
  tag.push_back(sum);
  std::string text = to_hex(tag);
  std::ranges::transform(text, text.begin(), [](char letter) {
    return letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  text = '\x02' + text + '\x03';
  const std::uint64_t ms = uptime_us(now) / 1000;
  for (const char letter : text) {
    panel_->reader_byte(1, static_cast<std::uint8_t>(letter), ms);
    note(now);
  }
}

Bytes PanelNode::request(ByteView adu, MonoTime now) {
  // Into another one: neither would be heard. Here the first one is.
  MonoTime at = now - on_wire(adu.size());
  if (at < heard_ + kGap) {
    return {};
  }
  for (const std::uint8_t byte : adu) {
    at += kCharacter;
    server_->received(byte, uptime_us(at), false);
  }
  heard_ = at;
  const auto answer = server_->answer(uptime_us(at + kTurn));
  note(now);
  return {answer.begin(), answer.end()};
}

panel::PanelView PanelNode::view() const {
  return panel_->view(0);
}

// Called after everything that the firmware was told, so that at most one thing
// happened since.
void PanelNode::note(MonoTime now) {
  note_events();
  const panel::PanelView view = panel_->view(0);
  if (view.unlocks > unlocks_) {
    const auto& orders = memory_->orders;
    for (std::uint32_t back = view.unlocks - unlocks_; back > 0; --back) {
      const std::size_t place =
          (orders.next + orders.unlocks.size() - back) % orders.unlocks.size();
      executions_.push_back({.order = orders.unlocks[place], .at = now});
    }
  }
  unlocks_ = view.unlocks;
}

void PanelNode::note_events() {
  if (lives_.empty()) {
    lives_.emplace_back();
  }
  const panel::PanelView view = panel_->view(0);
  RingLife& life = lives_.back();
  life.ring = view.ring;
  while (life.events.size() < view.newest_seq) {
    const auto seq = static_cast<std::uint32_t>(life.events.size() + 1);
    TrueEvent event;
    for (const panel::RingSlot& slot : memory_->ring.slots) {
      if (slot.kind != 0 && slot.seq == seq) {
        event.what = panel::Event{};
        event.what->seq = seq;
        event.what->kind = slot.kind;
        event.what->leaf = slot.place & 0x0fU;
        event.what->reader = slot.place >> 4U;
        kept_.insert(seq);
      }
    }
    event.is_dropped = !event.what;
    life.events.push_back(event);
  }
  if (view.lost != lost_) {
    note_drops();
    lost_ = view.lost;
  }
  kept_.erase(kept_.begin(), kept_.upper_bound(view.acked_seq));
}

// What is in no slot, and was not acknowledged.
void PanelNode::note_drops() {
  std::set<std::uint32_t> held;
  for (const panel::RingSlot& slot : memory_->ring.slots) {
    if (slot.kind != 0) {
      held.insert(slot.seq);
    }
  }
  const std::uint32_t acked = panel_->view(0).acked_seq;
  for (const std::uint32_t seq : kept_) {
    if (seq > acked && !held.contains(seq)) {
      lives_.back().events[seq - 1].is_dropped = true;
    }
  }
}

}  // namespace strongroom::panel_sim
