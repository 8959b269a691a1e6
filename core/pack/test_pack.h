// SPDX-License-Identifier: Apache-2.0
// For tests: a ledger's logs in memory, and packs of chosen entries.
#pragma once

#include <initializer_list>

#include "core/event/test_log.h"
#include "core/pack/pack.h"

namespace strongroom::testing_log {

/// The entries at `indices` and the headers that cover them, proven to the
/// log's newest checkpoint.
inline PackLog pack_log(const TestLog& log,
                        std::initializer_list<std::uint64_t> indices,
                        const Signer& log_key) {
  PackLog out;
  out.checkpoint = sign_checkpoint(log.checkpoint(), log_key);
  for (const TestLog::Placed& placed : log.batches()) {
    bool is_used = false;
    for (std::size_t i = 0; i < placed.batch.events.size(); ++i) {
      const std::uint64_t index = placed.first_index + i;
      if (std::ranges::find(indices, index) == indices.end()) {
        continue;
      }
      is_used = true;
      out.entries.push_back(
          {.index = index,
           .entry = log.entry(index),
           .inclusion = log.inclusion(index),
           .batch_path = TestLog::batch_path(placed.batch, i)});
    }
    if (is_used) {
      out.entries.push_back(
          {.index = placed.header_index(),
           .entry = log.entry(placed.header_index()),
           .inclusion = log.inclusion(placed.header_index())});
    }
  }
  return out;
}

/// A ledger with one site: the registry enrols its console (entry 1), the
/// agent (entry 4) and a neighbour (entry 5); the site's log holds two batches
/// of the neighbour and, at 3..5 and 14..18, two of the agent.
struct TestLedger {
  std::unique_ptr<Signer> log_key = test_signer(1);
  std::unique_ptr<Signer> console_key = test_signer(2);
  std::unique_ptr<Signer> agent_key = test_signer(3);
  std::unique_ptr<Signer> neighbour_key = test_signer(4);
  Source console = *Source::parse("console@central");
  Source agent = *Source::parse("edge-1@bj1");
  Source neighbour = *Source::parse("edge-2@bj1");
  TestLog registry{"ledger.example/central/registry/1"};
  TestLog record{"ledger.example/bj1/record/1"};
  TestSource console_source{"console@central", Stream::kRegistry, 5};
  TestSource agent_source{"edge-1@bj1", Stream::kRecord, 6};
  TestSource neighbour_source{"edge-2@bj1", Stream::kRecord, 7};

  TestLedger() {
    register_events({epoch_opened(), source_enrolled(console, *console_key)});
    register_events({boot(),
                     source_enrolled(agent, *agent_key),
                     source_enrolled(neighbour, *neighbour_key)});
    record.append(
        neighbour_source.cut({epoch_opened(), boot()}, *neighbour_key));
    record.append(
        agent_source.cut({epoch_opened(), boot(), boot()}, *agent_key));
    record.append(neighbour_source.cut_boots(6, *neighbour_key));
    record.append(agent_source.cut_boots(5, *agent_key));
  }

  void register_events(std::vector<EventMessage> messages) {
    registry.append(console_source.cut(std::move(messages), *console_key));
  }

  Trust trust() const {
    return {.ledger = "ledger.example", .log_keys = {log_key->public_key()}};
  }
  PackLog record_part(std::initializer_list<std::uint64_t> indices) const {
    return pack_log(record, indices, *log_key);
  }
  PackLog registry_part(std::initializer_list<std::uint64_t> indices) const {
    return pack_log(registry, indices, *log_key);
  }
  /// Two events of the agent, not neighbours, and what enrols their source.
  Pack sample() const {
    return {{record_part({4, 15, 16}), registry_part({1, 4})}};
  }
};

}  // namespace strongroom::testing_log
