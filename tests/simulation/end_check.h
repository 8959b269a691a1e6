// SPDX-License-Identifier: Apache-2.0
// What must hold when everything has come to rest: reads the ledger's database
// as anybody may, and compares it with what is true.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>

#include "ledger/store/ledger_reader.h"
#include "tests/simulation/agent_node.h"
#include "tests/simulation/fault.h"

namespace strongroom::simulation {

class EndCheck {
 public:
  EndCheck(const Truth& truth,
           LogTruth& logs,
           Trace& trace,
           LedgerNode& ledger,
           const Plan& plan)
      : truth_(truth),
        logs_(logs),
        trace_(trace),
        ledger_(ledger),
        plan_(plan) {}
  /// An agent whose journal lives.
  void add(const AgentNode& agent) { agents_.push_back(&agent); }
  void run();

 private:
  /// Of one source in one stream, over all logs that count.
  struct Held {
    std::set<Identity> originals;
    std::map<std::pair<std::uint64_t, std::uint64_t>, Hash> places;
    std::map<Identity, std::uint64_t> copies;  // by first form: its content
    struct Chain {
      std::uint64_t next_seq = 1;
      std::optional<Hash> head = Hash{};  // none: of a damaged batch
    };
    // Of damaged batches: epoch, first and last seq.
    std::vector<std::array<std::uint64_t, 3>> damaged;
    std::map<std::uint64_t, Chain> chains;
  };
  struct Announced {
    std::uint64_t epoch = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Hash before{};
    Hash of_to{};
  };
  using Key = std::pair<std::string, Stream>;

  void read_logs();
  void read_log(LedgerReader& reader, const LogRow& log);
  static bool is_as_written(const BatchRow& row, const Lineage& truth);
  void take_batch(const BatchRow& row, const LogRow& log);
  void take_damaged(const BatchRow& row, const LogRow& log);
  void take_own(const BatchRow& row,
                std::span<const ByteView> entries,
                const LogRow& log);
  void take_event(const BatchRow& row, ByteView event, const LogRow& log);
  void take_loss(const std::string& source, const EventMessage& event);
  bool skips_announced(const std::string& source,
                       std::uint64_t epoch,
                       const Held::Chain& chain,
                       const Fact& fact) const;
  void check_told();
  bool is_excused(const Told& told) const;
  void check_succession(const LogRow& log, const EventMessage& event);
  void check_rows(const AgentNode& agent);
  void check_row(const AgentNode& agent, Stream stream, const Fact& fact);
  void check_losses(const AgentNode& agent);
  bool is_announced(const std::string& source, const Identity& what) const;
  void check_honesty(const AgentNode& agent);
  void check_fsck();
  void fail(const std::string& what) { trace_.fail(what); }

  const Truth& truth_;
  LogTruth& logs_;
  Trace& trace_;
  LedgerNode& ledger_;
  const Plan& plan_;
  std::vector<const AgentNode*> agents_;
  std::map<Key, Held> held_;
  std::map<std::string, std::vector<Announced>> losses_;  // by source
};

}  // namespace strongroom::simulation
