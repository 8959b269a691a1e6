// SPDX-License-Identifier: Apache-2.0
// What each fault does.
#include <algorithm>
#include <fmt/format.h>

#include "ledger/ingest/topic.h"
#include "tests/simulation/world.h"

namespace strongroom::simulation {
namespace {

using std::chrono::milliseconds;

bool wants_image(FaultKind kind) {
  return kind == FaultKind::kJournalRollBack || kind == FaultKind::kClone ||
         kind == FaultKind::kLedgerRollBack || kind == FaultKind::kBothRollBack;
}

bool is_of_ledger(FaultKind kind) {
  return kind == FaultKind::kLedgerRollBack || kind == FaultKind::kBothRollBack;
}

Weather weather_of(const Fault& fault) {
  const int percent = static_cast<int>(fault.amount);
  if (fault.kind == FaultKind::kLoss) {
    return {.loss = percent};
  }
  if (fault.kind == FaultKind::kDuplicate) {
    return {.duplicate = percent};
  }
  if (fault.kind == FaultKind::kReorder) {
    return {.reorder = percent};
  }
  return {.delay = milliseconds(fault.amount)};
}

}  // namespace

void World::schedule(const Fault& fault) {
  if (wants_image(fault.kind)) {
    const MonoTime taken = fault.at - milliseconds(fault.amount);
    clockwork_.at(std::max(taken, MonoTime{1}), [this, fault] {
      is_of_ledger(fault.kind) ? ledger_->take_image()
                               : agents_[fault.who]->take_image();
    });
  }
  clockwork_.at(fault.at, [this, fault] {
    trace_.line("fault", fault.text());
    begin(fault);
  });
}

void World::begin(const Fault& fault) {
  AgentNode& agent = *agents_[fault.who];
  const auto until_then = [&](std::function<void()> undo) {
    clockwork_.in(fault.lasts, std::move(undo));
  };
  switch (fault.kind) {
    case FaultKind::kLoss:
    case FaultKind::kDuplicate:
    case FaultKind::kReorder:
    case FaultKind::kDelay:
      return begin_weather(fault, weather_of(fault));
    case FaultKind::kPartition:
      return network_.cut(agent.client(), fault.lasts);
    case FaultKind::kLedgerPartition:
      return network_.cut(ledger_->client(), fault.lasts);
    case FaultKind::kBrokerCrash:
      return network_.crash_broker(fault.lasts);
    case FaultKind::kBrokerOverflow:
      network_.set_queue_limit(static_cast<std::size_t>(fault.amount));
      return until_then(
          [this] { network_.set_queue_limit(Network::kQueueLimit); });
    case FaultKind::kAgentCrash:
      return crash_agent(fault);
    case FaultKind::kAgentStop:
      return agent.stop(fault.lasts);
    case FaultKind::kAgentReboot:
      return agent.reboot(fault.lasts);
    case FaultKind::kJournalFull:
      agent.disk().full = true;
      return until_then([&agent] { agent.disk().full = false; });
    case FaultKind::kJournalError:
      agent.disk().errors_after = static_cast<int>(fault.amount);
      return;
    case FaultKind::kJournalReadError:
      agent.disk().read_errors = static_cast<int>(fault.amount);
      return;
    case FaultKind::kJournalRot:
      return agent.rot(
          milliseconds(1'500), fault.amount, Random(fault.seed, "rot"));
    case FaultKind::kJournalRollBack:
      return agent.restore_image(milliseconds(3'000));
    case FaultKind::kJournalLost:
      return agent.lose_journal(milliseconds(3'000));
    case FaultKind::kClone:
      return clone(fault);
    case FaultKind::kClockStep:
      return agent.step_clock(milliseconds(fault.amount));
    case FaultKind::kLedgerCrash:
    case FaultKind::kLedgerError:
      return arm_ledger(fault);
    case FaultKind::kLedgerFull:
      ledger_->disk().store_full = true;
      return until_then([this] { ledger_->disk().store_full = false; });
    case FaultKind::kGuardFull:
      ledger_->disk().guard_full = true;
      return until_then([this] { ledger_->disk().guard_full = false; });
    case FaultKind::kLedgerClockStep:
      return ledger_->step_clock(milliseconds(fault.amount));
    case FaultKind::kWriteLost:
      ledger_->disk().loses_next = true;
      return;
    case FaultKind::kWriteRot:
      ledger_->disk().alters_next = true;
      return;
    case FaultKind::kEntryRot:
      return ledger_->rot_entry();
    case FaultKind::kTileRot:
      return ledger_->rot_tile();
    case FaultKind::kLedgerRollBack:
      return ledger_->restore_image(false);
    case FaultKind::kBothRollBack:
      return ledger_->restore_image(true);
    case FaultKind::kRefusals:
    case FaultKind::kReplay:
    case FaultKind::kNoise:
    case FaultKind::kFlood:
      return bother(fault, fault.amount);
    case FaultKind::kCount:
      return;
  }
}

void World::begin_weather(const Fault& fault, const Weather& weather) {
  network_.add_weather(weather, 1);
  clockwork_.in(fault.lasts,
                [this, weather] { network_.add_weather(weather, -1); });
}

void World::crash_agent(const Fault& fault) {
  AgentNode& agent = *agents_[fault.who];
  if (fault.amount == 0) {
    return agent.kill(fault.lasts);
  }
  agent.disk().crash = static_cast<AgentDisk::Crash>(fault.amount);
}

void World::arm_ledger(const Fault& fault) {
  LedgerDisk& disk = ledger_->disk();
  disk.steps_until_fault = static_cast<int>(fault.amount);
  disk.after_doing_it = (fault.seed & 1U) != 0;
  disk.is_crash = fault.kind == FaultKind::kLedgerCrash;
}

// A second controller with the same key, from the first one's image.
void World::clone(const Fault& fault) {
  AgentNode& original = *agents_[fault.who];
  if (!original.has_image()) {
    return;
  }
  clones_.push_back(std::make_unique<AgentNode>(
      surroundings(),
      truth_,
      fmt::format("clone {}", clones_.size()),
      AgentNode::Identity{original.source(),
                          signers_[fault.who],
                          ledger_->trust(),
                          plan_.quota_kib},
      folder_ / fmt::format("clone-{}", clones_.size())));
  AgentNode& clone = *clones_.back();
  clone.copy_image_of(original);
  clone.start();
  for (int i = 1; i <= 6; ++i) {
    clockwork_.in(fault.lasts * i / 7, [&clone, i] {
      clone.poll(i);
      clone.change();
    });
  }
  clockwork_.in(fault.lasts, [&clone] { clone.kill(MonoTime{-1}); });
}

// --- strangers --------------------------------------------------------------

void World::bother(const Fault& fault, std::int64_t times) {
  Random random(fault.seed, "stranger");
  for (std::int64_t i = 0; i < times; ++i) {
    clockwork_.in(fault.lasts * i / times, [this, fault, random]() mutable {
      bother_once(fault, random);
    });
    (void)random.next();
  }
}

void World::bother_once(const Fault& fault, Random& random) {
  const AgentNode& agent = *agents_[fault.who];
  const auto& acks = agent.overheard_acks();
  const auto& batches = agent.overheard_batches();
  const std::string down = ack_topic(agent.source());
  const std::string up = fmt::format(
      "strongroom/v1/{}/{}/batch", agent.source().site, agent.source().agent);
  if (acks.empty() || batches.empty()) {
    return;
  }
  if (fault.kind == FaultKind::kRefusals) {
    return network_.inject(down, forged_refusal(agent, random));
  }
  if (fault.kind == FaultKind::kReplay) {
    return network_.inject(down, acks[random.below(acks.size())]);
  }
  if (fault.kind == FaultKind::kFlood) {
    return network_.inject(up, batches[random.below(batches.size())]);
  }
  const bool is_up = random.chance(0.5);
  Bytes noise = is_up ? batches[random.below(batches.size())]
                      : acks[random.below(acks.size())];
  if (random.chance(0.2)) {
    random.fill(noise);
  }
  noise[random.below(noise.size())] ^=
      static_cast<std::uint8_t>(1U << random.below(8));
  network_.inject(is_up ? up : down, std::move(noise));
}

Bytes World::forged_refusal(const AgentNode& agent, Random& random) {
  const auto& batches = agent.overheard_batches();
  const auto batch = decode_batch(batches.back());
  const auto header = decode_header(batch->header_bytes);
  const auto reason = static_cast<strongroom_v1_RefusalReason>(
      random.between(1, _strongroom_v1_RefusalReason_MAX));
  Refused refused{reason, random.below(header->first_seq + 5), std::nullopt};
  if (random.chance(0.3)) {
    // The agent's own signature stands under this one: it is an older header.
    const auto older = decode_batch(batches.front());
    refused.newest = SignedHeader{
        Bytes(older->header_bytes.begin(), older->header_bytes.end()),
        older->signature};
  }
  return encode_ack({header->source,
                     header->stream,
                     header->epoch,
                     header->first_seq,
                     header->count,
                     refused});
}

}  // namespace strongroom::simulation
