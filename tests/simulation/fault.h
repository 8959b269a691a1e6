// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a run, and when: made from the seed before the run begins,
// so that a failing run can be tried again with less.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/now.h"
#include "core/base/result.h"

namespace strongroom::simulation {

enum class FaultKind : std::uint8_t {
  // The net and the broker.
  kLoss,             // for a while each message is lost with amount %
  kDuplicate,        // ... comes twice with amount %
  kReorder,          // ... is overtaken with amount %
  kDelay,            // ... takes up to amount ms longer
  kPartition,        // agent `who` reaches nobody for a while
  kLedgerPartition,  // the ledger reaches nobody for a while
  kBrokerCrash,      // loses all it has, is away for a while
  kBrokerOverflow,   // for a while drops beyond `amount` queued for a client
  // The agents.
  kAgentCrash,        // at a durable step; `amount` says where in it
  kAgentStop,         // in order
  kAgentReboot,       // crash of the machine: monotonic time begins anew
  kJournalFull,       // for a while no commit stands
  kJournalError,      // `amount` commits stand and say that they do not
  kJournalReadError,  // the next reads fail
  kJournalRot,        // bits of the journal's file turn, found at a start
  kJournalRollBack,   // an image of the disk `amount` ms old is restored
  kJournalLost,       // the file is gone
  kClone,             // for a while a second controller runs from an image
  kClockStep,         // the agent's wall clock steps by amount ms
  // The ledger.
  kLedgerCrash,  // at its n-th durable step from now, before or after it
  kLedgerError,  // that step fails, the program runs to its end
  kLedgerFull,   // for a while no step of the database stands
  kGuardFull,    // ... of the guard
  kLedgerClockStep,
  kWriteLost,       // the next commit says that it stands, and does not
  kWriteRot,        // the disk alters an entry on its way
  kEntryRot,        // a stored entry turns
  kTileRot,         // a stored hash tile turns
  kLedgerRollBack,  // the database is restored, not the guard
  kBothRollBack,    // database and guard are restored together
  // Strangers.
  kRefusals,  // forged refusals: they bear no signature
  kReplay,    // acks of before, again
  kNoise,     // acks and batches with a bit turned, and rubbish
  kFlood,     // `amount` batches of a source, again and again
  kCount
};
inline constexpr std::size_t kFaultKinds =
    static_cast<std::size_t>(FaultKind::kCount);

std::string_view fault_name(FaultKind kind);
std::optional<FaultKind> fault_from_name(std::string_view name);

/// Which kinds a plan may draw.
struct FaultSet {
  std::uint64_t bits = (std::uint64_t{1} << kFaultKinds) - 1;
  bool has(FaultKind kind) const {
    return ((bits >> static_cast<unsigned>(kind)) & 1U) != 0;
  }
  void remove(FaultKind kind) {
    bits &= ~(std::uint64_t{1} << static_cast<unsigned>(kind));
  }
  void add(FaultKind kind) {
    bits |= std::uint64_t{1} << static_cast<unsigned>(kind);
  }
};

struct Fault {
  FaultKind kind{};
  MonoTime at{};
  MonoTime lasts{};
  std::size_t who = 0;  // agent, where it is of one
  std::int64_t amount = 0;
  std::uint64_t seed = 0;  // of whatever else it needs to draw

  std::string text() const;
};

/// A part of the product left out, to see that a run notices: nobody's code
/// holds a switch for it, the simulation's own disks and loops do it.
enum class Sabotage : std::uint8_t {
  kNone,
  kActFirst,      // agents release effects before their transaction stands
  kGuardForgets,  // the guard keeps no checkpoint but a log's first
};
std::string_view sabotage_name(Sabotage sabotage);
std::optional<Sabotage> sabotage_from_name(std::string_view name);

/// A run before it begins.
struct Plan {
  std::uint64_t seed = 0;
  std::size_t agents = 1;
  std::size_t sites = 1;
  MonoTime duration{};          // faults and events end here
  MonoTime poll_every{};        // telemetry
  MonoTime change_every{};      // record
  std::uint64_t quota_kib = 0;  // of the journals; 0: as installed
  std::vector<Fault> faults;

  Sabotage sabotage = Sabotage::kNone;

  bool has(FaultKind kind) const;
  /// Nobody lies, no disk forgets or alters, no image comes back: then nobody
  /// suspects anybody, and no log stops.
  bool is_honest() const;
  std::string text() const;  // for a person
  std::string file() const;  // for parse_plan()
};

/// Faults name the line.
Result<Plan> parse_plan(std::string_view file);

Plan make_plan(std::uint64_t seed, const FaultSet& allowed);

}  // namespace strongroom::simulation
