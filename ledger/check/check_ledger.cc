// SPDX-License-Identifier: Apache-2.0
#include "ledger/check/check_ledger.h"

#include <algorithm>
#include <map>

#include "ledger/check/log_check.h"
#include "ledger/store/guard_reader.h"

namespace strongroom {
namespace {

/// Registry first: it holds the keys; record before telemetry: it holds the
/// declared losses.
bool comes_before(const LogRow& left, const LogRow& right) {
  const auto rank = [](const LogRow& log) {
    return log.origin.stream == Stream::kRegistry ? 0
           : log.origin.stream == Stream::kRecord ? 1
                                                  : 2;
  };
  return std::pair(rank(left), left.log_id) <
         std::pair(rank(right), right.log_id);
}

class Check {
 public:
  explicit Check(const Trust& trust) : trust_(trust) {}

  Result<LedgerCheck> run(LedgerReader& reader,
                          const std::vector<GuardEntry>& guarded) {
    const auto name = reader.ledger_name();
    auto logs = reader.logs();
    const auto stored = read_tables(reader);
    if (!name || !logs || !stored) {
      return std::unexpected(!name   ? name.error()
                             : !logs ? logs.error()
                                     : stored.error());
    }
    found_.ledger = *name;
    if (*name != trust_.ledger) {
      flaw("",
           "the database is of ledger " + *name + ", the trust of " +
               trust_.ledger);
    }
    take_guard(guarded);
    std::ranges::sort(*logs, comes_before);
    CheckedFacts facts;
    for (const LogRow& log : *logs) {
      const auto at = guarded_.find(log.origin.text());
      LogCheck check(reader, log, facts);
      check.run(at == guarded_.end() ? std::nullopt : std::optional(at->second),
                noted(reader, log),
                *stored);
      found_.logs.push_back(check.summary());
      std::ranges::copy(check.flaws(), std::back_inserter(found_.flaws));
      guarded_.erase(log.origin.text());
      Origin next = log.origin;
      ++next.generation;
      if (log.closed_at &&
          std::ranges::find(*logs, next, &LogRow::origin) == logs->end()) {
        flaw(log.origin.text(), "is closed, and no log succeeds it");
      }
    }
    for (const auto& [origin, checkpoint] : guarded_) {
      flaw(origin, "the guard knows this log, the database does not");
    }
    std::ranges::copy(late_, std::back_inserter(found_.flaws));
    return std::move(found_);
  }

 private:
  static Result<StoredTables> read_tables(LedgerReader& reader) {
    auto chains = reader.chains();
    auto losses = reader.losses();
    auto devices = reader.devices();
    if (!chains || !losses || !devices) {
      return std::unexpected(!chains   ? chains.error()
                             : !losses ? losses.error()
                                       : devices.error());
    }
    return StoredTables{
        *std::move(chains), *std::move(losses), *std::move(devices)};
  }

  /// The checkpoint that the database itself holds of a log.
  std::optional<Checkpoint> noted(LedgerReader& reader, const LogRow& log) {
    const std::string origin = log.origin.text();
    const auto note = reader.note(log.log_id);
    if (!note) {
      flaw(origin, note.error().what);
      return std::nullopt;
    }
    if (note->empty()) {
      return std::nullopt;
    }
    auto checkpoint = open_checkpoint(*note, trust_);
    if (!checkpoint || checkpoint->origin != origin) {
      flaw(origin,
           "table notes: " + (checkpoint ? "is one of " + checkpoint->origin
                                         : checkpoint.error().what));
      return std::nullopt;
    }
    return *std::move(checkpoint);
  }

  void take_guard(const std::vector<GuardEntry>& entries) {
    for (const GuardEntry& entry : entries) {
      const auto checkpoint = open_checkpoint(entry.note, trust_);
      if (!checkpoint) {
        flaw(entry.origin,
             "the guard's checkpoint is damaged: " + checkpoint.error().what);
      } else if (checkpoint->origin != entry.origin) {
        flaw(entry.origin,
             "the guard's checkpoint is one of " + checkpoint->origin);
      } else {
        guarded_.emplace(entry.origin, *checkpoint);
      }
    }
  }

  /// Behind what is wrong with entries: those have an index.
  void flaw(const std::string& origin, std::string what) {
    late_.push_back({origin, std::nullopt, std::move(what)});
  }

  const Trust& trust_;
  LedgerCheck found_;
  std::vector<LedgerFlaw> late_;
  std::map<std::string, Checkpoint> guarded_;
};

}  // namespace

std::string LedgerFlaw::text() const {
  std::string place = origin;
  if (index) {
    place += (place.empty() ? "index " : ", index ") + std::to_string(*index);
  }
  return place.empty() ? what : place + ": " + what;
}

Result<LedgerCheck> check_ledger(const std::filesystem::path& store,
                                 const std::filesystem::path& guard,
                                 const Trust& trust) {
  // The guard first: beside a running daemon the database may only be ahead.
  const auto guarded = read_guard(guard);
  if (!guarded) {
    return std::unexpected(guarded.error());
  }
  auto reader = LedgerReader::open(store);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  if (auto held = (*reader)->hold_snapshot(); !held) {
    return std::unexpected(held.error());
  }
  return Check(trust).run(**reader, *guarded);
}

}  // namespace strongroom
