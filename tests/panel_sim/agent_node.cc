// SPDX-License-Identifier: Apache-2.0
#include "tests/panel_sim/agent_node.h"

#include <algorithm>
#include <utility>

#include "tests/panel_sim/panel_node.h"

namespace strongroom::panel_sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kWall{seconds(1'800'000'000)};

std::vector<strongroom_panel_v1_ConfigPart> config() {
  std::vector<strongroom_panel_v1_ConfigPart> parts(4);
  parts[0].which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  parts[0].part.settings = {.leaf_count = 2,
                            .reader_count = 1,
                            .offline_after_ms = 3000,
                            .supply_low_mv = 0};
  for (std::uint8_t leaf = 1; leaf <= 2; ++leaf) {
    parts[leaf].which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
    auto& settings = parts[leaf].part.leaf;
    settings.leaf = leaf;
    settings.lock = strongroom_panel_v1_LockKind_LOCK_KIND_STRIKE;
    settings.exit = strongroom_panel_v1_ExitKind_EXIT_KIND_NONE;
    settings.offline = strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST;
    settings.has_inputs = 1;
    settings.pulse_ms = 5000;
    settings.held_after_ms = 30'000;
    settings.not_opened_after_ms = 10'000;
    settings.debounce_ms = 30;
  }
  parts[3].which_part = strongroom_panel_v1_ConfigPart_reader_tag;
  parts[3].part.reader = {
      .reader = 1,
      .kind = strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300,
      .keypad = strongroom_panel_v1_KeypadKind_KEYPAD_KIND_NONE,
      .leaves = 1,
      .repeat_ms = 0};
  return parts;
}

}  // namespace

AgentNode::AgentNode(const PanelKey& key,
                     std::uint64_t seed,
                     AgentFaults faults)
    : random_(seed, "agent"), key_(key), faults_(faults), journals_(1) {}

PanelSetup AgentNode::setup() const {
  PanelSetup setup;
  setup.name = "door-1";
  setup.unit_id = kUnit;
  setup.key = key_;
  setup.config = config();
  setup.ring = journal().ring;
  if (setup.ring != 0) {
    setup.held_seq = journal().rings.at(setup.ring).cursor;
  }
  return setup;
}

void AgentNode::restart(MonoTime now) {
  now_ = now;
  inbox_.clear();
  turn_.clear();
  commits_at_.reset();
  is_up_.reset();
  driver_.reset();
  mailbox_ = std::make_unique<PanelMailbox>();
  mailbox_->on_wake([this] { is_woken_ = true; });
  mailbox_->silence(is_silent_);
  driver_ = make_panel_driver(
      setup(),
      {.mailbox = *mailbox_,
       .clock =
           [this] {
             return Now{.wall = kWall + now_,
                        .monotonic = now_,
                        .quality = ClockQuality::kGood,
                        .error = {}};
           },
       .random = [this](std::span<std::uint8_t> out) { random_.fill(out); },
       .report =
           [this](PanelReport report) {
             if (inbox_.size() >= faults_.inbox) {
               return false;
             }
             inbox_.push_back(std::move(report));
             return true;
           }},
      [this](PanelDriverStatus said) { status_ = std::move(said); });
  // What the loop knows from its journal it says to every new driver.
  if (list_.version != 0) {
    mailbox_->push(list_);
  }
  if (lockdown_) {
    lock_down(*lockdown_);
  }
}

void AgentNode::lose_journal(MonoTime now) {
  journals_.emplace_back();
  restart(now);
}

void AgentNode::silence(bool is_silent) {
  is_silent_ = is_silent;
  mailbox_->silence(is_silent);
}

void AgentNode::lock_down(std::uint8_t leaves) {
  lockdown_ = leaves;
  mailbox_->push(
      PanelLockdown{.order = static_cast<std::uint32_t>(random_.next() | 1U),
                    .leaves = leaves});
}

void AgentNode::send_list(std::uint32_t version, std::size_t entries) {
  list_.version = version;
  // Mostly what the last one had: deltas, too.
  std::erase_if(list_.entries,
                [this](const auto&) { return random_.chance(0.1); });
  while (list_.entries.size() < entries) {
    Bytes bits(5);
    random_.fill(bits);
    list_.entries.push_back(
        {.bit_count = 40,
         .bits = std::move(bits),
         .leaves = static_cast<std::uint8_t>(1 + random_.below(3)),
         .expires_minutes = 0xffffff});
  }
  list_.entries.resize(entries);
  mailbox_->push(list_);
}

MonoTime AgentNode::turn_due() const {
  if (commits_at_) {
    return std::max(*commits_at_, stalled_until_);
  }
  return inbox_.empty() ? MonoTime::max() : MonoTime{0};
}

void AgentNode::turn(MonoTime now) {
  now_ = now;
  if (commits_at_ && turn_due() <= now) {
    commit(now);
  }
  if (!commits_at_ && !inbox_.empty()) {
    turn_ = std::exchange(inbox_, {});
    commits_at_ = now + faults_.commit_takes;
  }
}

void AgentNode::commit(MonoTime now) {
  commits_at_.reset();
  if (random_.chance(faults_.commit_fails)) {
    // What the loop knows beside its journal.
    for (const PanelReport& report : turn_) {
      if (std::holds_alternative<PanelOrderEnded>(report.what) ||
          std::holds_alternative<PanelLink>(report.what)) {
        record(report, now);
      } else if (std::holds_alternative<PanelRingLost>(report.what) ||
                 std::holds_alternative<PanelHeard>(report.what)) {
        restart(now);  // the loop must know them: it gives up
        return;
      }
    }
    turn_.clear();
    return;
  }
  for (const PanelReport& report : std::exchange(turn_, {})) {
    record(report, now);
  }
}

void AgentNode::record(const PanelReport& report, MonoTime now) {
  Journal& journal = journals_.back();
  if (const auto* const facts = std::get_if<PanelFacts>(&report.what)) {
    record(*facts, now);
  } else if (const auto* const lost =
                 std::get_if<PanelRingLost>(&report.what)) {
    journal.ring = lost->next;
    // Named by one driver, met by the next one: as long as nothing of it stands
    // there, it begins now.
    RingRecord& record = journal.rings[lost->next];
    if (record.cursor != 0) {
      journal.faults.push_back("a ring begins twice");
    }
    record.is_adopted = heard_ring_ == lost->next;
  } else if (const auto* const heard = std::get_if<PanelHeard>(&report.what)) {
    heard_ring_ = heard->hello.ring;
    config_version_ = heard->config_version;
  } else if (const auto* const ended =
                 std::get_if<PanelOrderEnded>(&report.what)) {
    const auto order = orders_.find(ended->order);
    if (order != orders_.end() && order->second.ended) {
      journal.faults.push_back("an order ended twice");
    } else if (order != orders_.end()) {
      order->second.ended = *ended;
      order->second.ended_at = now;
    }
  } else if (const auto* const link = std::get_if<PanelLink>(&report.what)) {
    if (is_up_ == link->is_up) {
      journal.faults.push_back("a link that changes to what it was");
    }
    is_up_ = link->is_up;
  }
}

void AgentNode::record(const PanelFacts& facts, MonoTime now) {
  Journal& journal = journals_.back();
  const auto ring = journal.rings.find(facts.ring);
  if (ring == journal.rings.end() || facts.ring != journal.ring) {
    journal.faults.push_back("facts of a ring that nobody spoke of");
    return;
  }
  RingRecord& record = ring->second;
  // After a commit that failed: what was to come before them was not kept.
  if (facts.after > record.cursor || facts.through <= record.cursor) {
    return;
  }
  bool has_badge = false;
  for (const PanelFact& fact : facts.facts) {
    const std::uint32_t seq = fact.event.seq;
    if (seq <= record.cursor) {
      continue;
    }
    auto& missing = record.is_adopted && record.events.empty()
                        ? record.not_known
                        : record.lost;
    missing += seq - record.cursor - 1;
    record.cursor = seq;
    record.events[seq] = fact.event;
    has_badge =
        has_badge ||
        fact.event.kind ==
            strongroom_panel_v1_PanelEventKind_PANEL_EVENT_KIND_BADGE_READ;
  }
  auto& missing = record.is_adopted && record.events.empty() ? record.not_known
                                                             : record.lost;
  missing += facts.through - record.cursor;
  record.cursor = facts.through;
  mailbox_->push(PanelHeld{.ring = facts.ring, .seq = record.cursor});
  if (has_badge) {
    unlock(now);
  }
}

void AgentNode::unlock(MonoTime now) {
  ++decided_;
  const auto order = static_cast<std::uint32_t>(random_.next() | 1U);
  const MonoTime not_after =
      now + milliseconds(random_.chance(0.2) ? random_.between(1, 300)
                                             : random_.between(1000, 5000));
  if (mailbox_->push(PanelUnlock{
          .order = order, .leaf = 1, .pulse = {}, .not_after = not_after})) {
    orders_[order] = {
        .not_after = not_after, .pushed = now, .ended = {}, .ended_at = {}};
  }
  mailbox_->push(
      PanelIndicate{.reader = 1,
                    .signal = strongroom_panel_v1_Signal_SIGNAL_GRANTED,
                    .duration = {}});
}

}  // namespace strongroom::panel_sim
