// SPDX-License-Identifier: Apache-2.0
// The ledger as a program on a machine: the real loop, store and guard, on a
// disk and a clock that are the simulation's.
#pragma once

#include <filesystem>
#include <memory>

#include "core/log/checkpoint.h"
#include "ledger/recover/survey.h"
#include "tests/simulation/clockwork.h"
#include "tests/simulation/fault.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_store.h"

namespace strongroom::simulation {

/// What everybody in a run shares.
struct Surroundings {
  Clockwork& clockwork;
  Network& network;
  LogTruth& logs;
  Trace& trace;
  std::uint64_t seed = 0;
  Sabotage sabotage{};
};

inline constexpr const char* kLedgerName = "sim.example";
/// Wall time at the beginning of a run.
inline constexpr WallTime kBeginning{std::chrono::seconds(1'800'000'000)};

std::unique_ptr<Signer> signer_from(Random& random);

/// What a person carries from the ledger to an agent.
struct FollowPack {
  std::string agent;  // as a source; "_others@<site>"
  Origin successor;
  Bytes pack;
};

class LedgerNode {
 public:
  LedgerNode(Surroundings around, std::filesystem::path folder);
  ~LedgerNode();
  LedgerNode(const LedgerNode&) = delete;
  LedgerNode& operator=(const LedgerNode&) = delete;

  /// While nothing fails. The agent's key becomes valid, unless it is.
  void enrol(const Source& source, const Signer& signer);
  Trust trust() const;

  /// Starts the program; tries again and again while that fails.
  void start();
  /// kill -9; the supervisor starts it again after `away`.
  void kill(MonoTime away);
  void step_clock(MonoTime by) { clock_offset_ += by; }

  /// While the program is stopped and started again at once: something happens
  /// to its files.
  void take_image();
  void restore_image(bool with_guard);
  void rot_entry() { rot("batches", "entries"); }
  void rot_tile() { rot("tiles", "hashes"); }
  /// A stored row differs from what was written.
  bool is_rotten() const { return is_rotten_; }

  /// A log signs nothing more, or the guard knows one that is not there.
  bool needs_recovery() const;
  /// Stops the program, recovers with a crash or without, starts it again.
  std::vector<FollowPack> recover_logs();

  LedgerDisk& disk() { return disk_; }
  ClientId client() const { return client_; }
  bool is_up() const { return program_ != nullptr; }
  /// Logs that sign nothing more, while it runs.
  std::vector<std::string> frozen() const;
  bool is_frozen(const std::string& site, Stream stream) const;
  std::filesystem::path store_path() const { return folder_ / "ledger.db"; }
  std::filesystem::path guard_path() const { return folder_ / "guard.db"; }

  std::uint64_t crashes = 0;
  std::uint64_t turns = 0;
  std::uint64_t recoveries = 0;
  bool queue_overflowed = false;  // its inbox holds more than it may

 private:
  // Behind a name: the ledger's headers and the agent's do not meet.
  struct Program;

  Now now() const;
  void send(const std::string& topic, Bytes payload);
  bool open();
  void end(MonoTime away);
  void arrived(const std::string& topic, const Bytes& payload);
  void wake(bool idle);
  void turn();
  void publish_shown();
  bool misses_logs() const;
  Result<std::vector<std::string>> mend_and_choose(
      const std::vector<SurveyedLog>& surveyed,
      LedgerStore& store,
      LedgerReader& reader,
      const std::vector<GuardEntry>& guarded);
  Result<std::vector<FollowPack>> try_to_recover();
  void rot(const char* table, const char* column);

  Surroundings around_;
  std::filesystem::path folder_;
  Random random_;
  std::unique_ptr<Signer> log_signer_;
  std::unique_ptr<Signer> console_signer_;
  LedgerDisk disk_;
  ClientId client_ = 0;
  MonoTime clock_offset_{};
  bool turn_pending_ = false;
  bool idle_pending_ = false;
  std::uint64_t life_ = 0;
  std::optional<LedgerImage> image_;
  bool is_rotten_ = false;
  bool is_image_rotten_ = false;
  std::unique_ptr<Program> program_;
};

}  // namespace strongroom::simulation
