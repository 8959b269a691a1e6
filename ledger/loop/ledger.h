// SPDX-License-Identifier: Apache-2.0
// The ledger itself: one thread that owns every log, the registry and every
// chain. It takes what has arrived, judges it, commits once, and only then
// answers. A fault means that the state on disk is not known: the program ends
// and the next start finds out.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <variant>

#include "core/base/now.h"
#include "core/event/batch.h"
#include "ledger/ingest/chains.h"
#include "ledger/ingest/finding_limiter.h"
#include "ledger/ingest/suspicion.h"
#include "ledger/log/log_writer.h"
#include "ledger/loop/inbox.h"
#include "ledger/loop/retention.h"
#include "ledger/loop/succession.h"
#include "ledger/registry/key_registry.h"
#include "ledger/views/views.h"

namespace strongroom {

/// What a registry change asks for (docs/formats/http-api.md).
struct EnrolOrder {
  Source source;
  PublicKey event_key{};
  Bytes sealing_key;
  Signature possession{};
};
struct RotateOrder {
  Source source;
  PublicKey old_key{};
  PublicKey new_key{};
  Bytes new_sealing_key;
  Signature old_signature{};
  Signature new_signature{};
};
struct RevokeOrder {
  Source source;
  std::optional<PublicKey> key;  // nothing: every valid one
  strongroom_v1_RevocationReason reason{};
};
/// A person looked at an epoch that a source began and found it right.
struct ConfirmOrder {
  Source source;
  std::optional<std::uint64_t> epoch;  // nothing: the one that is open
};
using Order = std::variant<EnrolOrder, RotateOrder, RevokeOrder, ConfirmOrder>;

/// Where the change stands; the note proves it.
struct OrderDone {
  std::string origin;
  std::uint64_t index = 0;  // of the last entry that it wrote
  std::string note;
};
struct OrderRefused {
  std::string why;
  bool conflict = false;  // with the state, not with the rules of form
};
using OrderOutcome = std::variant<OrderDone, OrderRefused>;

/// The world outside, as functions: tests give their own.
struct Outside {
  std::function<Now()> now;
  std::function<std::array<std::uint8_t, 16>()> random16;
  std::function<std::uint64_t()> random64;
  /// Sends an ack; false when it cannot be taken now.
  std::function<bool(const std::string& topic, Bytes payload)> send;
  /// Tells open pages; `data` is called only when someone listens.
  std::function<void(std::string_view event,
                     const std::function<std::string()>& data)>
      tell;
  /// One line for the operator: event name and key=value.
  std::function<void(const std::string& line)> warn;
};

class Ledger {
 public:
  /// Of one source in one log, its first epoch apart. Each is a finding and is
  /// remembered for good; further ones are refused as `busy`.
  static constexpr std::size_t kEpochsPerHour = 60;
  /// Of one agent's own findings, as many are shown.
  static constexpr std::size_t kFindingsPerHour = 24;
  /// Of one source in one log: that it was rolled back, that there are two.
  static constexpr std::size_t kSuspicionsPerHour = 12;
  /// Damaged entries that are findings; more are said in the program's log.
  static constexpr std::size_t kMaxDamaged = 1000;

  struct Parts {
    LedgerStore& store;
    Guard& guard;
    LedgerReader& reader;
    const Signer& log_signer;
    const Signer& console_signer;
    Publication& publication;
    Views& views;
    Outside outside;
    /// Telemetry older than so many days goes; nothing: it is kept for ever.
    std::optional<int> telemetry_days = std::nullopt;
  };

  /// Reads logs, registry, chains, findings and devices; writes the registry's
  /// first entries when it is empty, and findings about logs that are frozen or
  /// succeed another one. Faults: the database is of another ledger, the
  /// console key is not the enrolled one, the disk.
  static Result<std::unique_ptr<Ledger>> open(const std::string& name,
                                              Parts parts);

  /// One turn. Faults end the program.
  Result<void> turn(LedgerInbox::Work work);
  /// There is more to do than what comes from outside.
  bool is_busy() const { return pruning_.has_value(); }
  /// Turns until the inbox is closed and empty. `alive` is called every turn.
  Result<void> run(LedgerInbox& inbox, const std::function<void()>& alive);

  /// What the scrubber found, on the loop thread: a finding, once. A damaged
  /// tile freezes the log. Faults end the program.
  Result<void> note_damage(const Origin& origin,
                           std::uint64_t index,
                           bool tile,
                           const std::string& what);

  /// A change that a person ordered, on the loop thread. Faults end the
  /// program.
  Result<OrderOutcome> carry_out(const Order& order, const std::string& actor);

  const KeyRegistry& registry() const { return registry_; }
  const LogWriter& logs() const { return *logs_; }

 private:
  /// What goes out once the turn is committed.
  struct Answer {
    Source to;
    LogId log_id = 0;
    BatchHeader header;
    std::optional<Refused> refused;  // else the batch is held:
    HeldBatch held;
    std::optional<std::uint64_t> restart_from;
  };
  struct Shown {
    LogId log_id = 0;
    std::uint64_t first_index = 0;
    BatchHeader header;
  };
  /// One log that the retention policy is at.
  struct PruneWork {
    LogId log_id = 0;
    RetentionLook look;
    bool announced = false;
  };
  /// A batch on its way through a turn.
  struct Incoming {
    const Arrived& arrived;
    const BatchView& batch;
    const BatchHeader& header;
    std::optional<LogId> log_id;
  };

  Ledger(std::string name, Parts parts);

  // start.cc: what was stored, before anything is believed
  Result<void> load_registry();
  Result<void> apply_registry_batch(const BatchRow& row, CompactTree& tree);
  Result<void> begin_registry();
  Result<void> load_successions();
  Result<void> load_chains();
  Result<std::optional<ChainRow>> checked_chain(ChainRow row);
  ChainRow resumed_chain(ChainRow row) const;
  /// Where the chain goes on in this log; 1: it is not resumed.
  std::uint64_t resumed_from(const ChainRow& row) const;
  Result<std::int64_t> opened_us(const Source& source,
                                 Stream stream,
                                 std::uint64_t epoch);
  void load_ranks();
  Result<void> load_findings();
  void note_stored_finding(const EventMessage& event);
  Result<void> load_devices();
  Result<std::optional<EventMessage>> stored_event(LogId log_id,
                                                   std::uint64_t index);

  // suspicions.cc: findings about logs, and about sources that misbehave
  Result<void> tell_of_logs();
  void tell_of_frozen(LogId log_id);
  void tell_of_successor(LogId log_id, const Succession& succession);
  void suspect_source(const BatchHeader& header,
                      const BatchView& batch,
                      LogId log_id,
                      RefusalReason refusal);
  Result<void> recall_chain(LogId log_id, const BatchHeader& header);
  Result<bool> forks(LogId log_id,
                     const BatchHeader& header,
                     const BatchView& batch);
  void tell_of_source(Suspicion suspicion,
                      const BatchHeader& header,
                      const BatchView& batch,
                      ChainState& chain,
                      RefusalReason refusal);
  /// Not frozen, and not a successor that does not say yet what it succeeds.
  bool takes(LogId log_id) const;

  // batches.cc: from message to staged batch or refusal
  Result<void> take_batch(const Arrived& arrived);
  Result<void> take_readable(const Incoming& incoming);
  Result<void> take_unreadable(const Arrived& arrived, ByteView header_bytes);
  Result<Judgement> judge_incoming(const Incoming& incoming);
  Result<std::optional<HeldBatch>> held_batch(const Incoming& incoming);
  Result<Claim> claim(const Incoming& incoming);
  Claim claim_of(LogId log_id, std::string_view note);
  Result<void> freeze_for(LogId log_id,
                          const Contradiction& found,
                          std::string_view note);
  Result<void> append(const Incoming& incoming, const Append& verdict);
  Result<void> refuse(const Incoming& incoming, const Refuse& refusal);
  Result<void> contradicted(const Incoming& incoming,
                            const LogContradicted& verdict);
  Result<void> record_refusal(const Refusal& refusal);
  std::optional<LogId> log_of(const BatchHeader& header) const;

  // noted_events.cc: the few events of others that are looked into
  void note_entries(LogId log_id,
                    std::uint64_t first_index,
                    const BatchHeader& header,
                    std::span<const ByteView> events);
  void note_device(LogId log_id,
                   std::uint64_t index,
                   const Source& source,
                   const EventMessage& event);
  void note_confirmation(LogId log_id,
                         std::uint64_t index,
                         const Source& writer,
                         const EventMessage& event);
  bool may_show_finding(LogId log_id, const Source& writer);
  void note_loss(LogId log_id, const EventMessage& event);

  // retention.cc: telemetry that is older than the policy keeps
  Result<void> retain();
  Result<void> look_at_some(WallTime now);
  Result<void> announce_pruning();
  Result<void> prune_some();

  // ledger.cc: commit, then answer
  Result<void> flush();
  Result<void> commit_staged();
  void answer(const Answer& answer);
  Result<Held> prove(const Answer& answer);
  void show();
  Result<void> take_status(const Arrived& arrived);
  Result<void> look_at_held(const Source& source,
                            const strongroom_v1_Status& status);
  void take_live(const std::vector<Arrived>& messages);

  // own_events.cc: the ledger's own source
  /// Stages the events as one batch of console@<site> and returns the index of
  /// the first one given; nothing when the log is frozen.
  std::optional<std::uint64_t> write_own(LogId log_id,
                                         std::vector<EventMessage> events);
  void write_finding(const std::string& site,
                     const strongroom_v1_Finding& finding);
  void write_refusal(const FindingDue& due);

  // orders.cc: registry changes
  Result<OrderOutcome> enrol(const EnrolOrder& order, const std::string& actor);
  Result<OrderOutcome> rotate(const RotateOrder& order,
                              const std::string& actor);
  Result<OrderOutcome> revoke(const RevokeOrder& order,
                              const std::string& actor);
  Result<OrderOutcome> confirm(const ConfirmOrder& order,
                               const std::string& actor);
  Result<std::optional<std::uint64_t>> held_epoch(
      LogId log_id, const Source& source, std::optional<std::uint64_t> epoch);
  Result<void> ensure_logs(const std::string& site);
  EventMessage console_enrolment(const Source& console) const;
  Result<OrderOutcome> change_registry(std::vector<EventMessage> events);

  std::string name_;
  Parts parts_;
  Trust trust_;
  std::unique_ptr<LogWriter> logs_;
  LogId registry_log_ = 0;
  KeyRegistry registry_;
  bool registry_proven_ = false;
  std::map<LogId, Succession> successions_;
  std::map<LogId, std::string> held_back_;  // logs that take nothing, and why
  std::vector<LogId> frozen_lately_;
  // What was written of logs and entries already: kind and subject.
  std::set<std::pair<int, std::string>> told_of_logs_;
  std::set<std::pair<std::string, std::uint64_t>> damaged_;  // since the start
  std::set<std::pair<std::string, std::uint64_t>> told_damaged_;
  Chains chains_;
  FindingLimiter limiter_;
  WallTime findings_due_{};
  WallTime retention_due_{};
  std::deque<LogId> logs_to_prune_;
  std::optional<PruneWork> pruning_;
  /// After a fault nobody knows what is on the disk: nothing more is answered.
  std::optional<Error> broken_;
  std::vector<Answer> answers_;
  std::vector<Shown> shown_;
  std::vector<FindingView> new_findings_;
  std::vector<ConfirmationView> new_confirmations_;
  std::vector<std::pair<Source, std::string>> new_refusals_;  // reason's name
};

}  // namespace strongroom
