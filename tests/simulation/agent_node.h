// SPDX-License-Identifier: Apache-2.0
// An agent as a program on a controller: the real core and journal, on a disk
// and clocks that are the simulation's. The loop around the core is
// agent/loop's, retold without threads.
#pragma once

#include <filesystem>
#include <memory>

#include "agent/loop/agent_core.h"
#include "tests/simulation/ledger_node.h"
#include "tests/simulation/sim_journal.h"

namespace strongroom::simulation {

class AgentNode {
 public:
  struct Identity {
    Source source;
    std::shared_ptr<Signer> signer;
    Trust trust;
    std::uint64_t quota_kib = 0;  // 0: as installed
  };
  /// `name`: in traces, and of its stream of chance.
  AgentNode(Surroundings around,
            Truth& truth,
            std::string name,
            Identity identity,
            std::filesystem::path folder);
  ~AgentNode();
  AgentNode(const AgentNode&) = delete;
  AgentNode& operator=(const AgentNode&) = delete;

  void start();
  /// kill -9; started again after `away` (negative: for good).
  void kill(MonoTime away);
  /// The machine too: monotonic time begins anew.
  void reboot(MonoTime away);
  /// In order.
  void stop(MonoTime away);
  void step_clock(MonoTime by) { clock_offset_ += by; }

  /// A device was read; telemetry.
  void poll(std::int64_t value);
  /// The configuration was read anew and says something else; record.
  void change();

  /// A person brings a follow file. False: it cannot follow now.
  bool follow(const FollowPack& pack);

  // --- its disk -------------------------------------------------------------
  void take_image();
  bool has_image() const { return image_.has_value(); }
  /// Kills it; the image is what it finds when it starts again.
  void restore_image(MonoTime away);
  /// This one's disk becomes a copy of what `other` had at its image.
  void copy_image_of(const AgentNode& other);
  void lose_journal(MonoTime away);
  /// Turns `count` + 1 bytes of the file somewhere.
  void rot(MonoTime away, std::int64_t count, Random random);

  AgentDisk& disk() { return disk_; }
  const Life& life() const { return life_; }
  const Source& source() const { return identity_.source; }
  const std::string& name() const { return name_; }
  ClientId client() const { return client_; }
  bool is_up() const { return core_ != nullptr; }
  AgentSnapshot snapshot() const { return core_->snapshot(); }
  /// The newest batches and acks that it sent and got: what a stranger has.
  const std::deque<Bytes>& overheard_batches() const { return batches_; }
  const std::deque<Bytes>& overheard_acks() const { return acks_; }

  std::uint64_t crashes = 0;
  std::uint64_t turns = 0;
  bool had_another_life = false;  // its disk was put back, or is a copy
  std::uint64_t set_aside = 0;    // journals that a start did not go on with
  std::size_t most_in_flight = 0;

 private:
  struct Waiting {  // for the next turn
    bool connected = false;
    bool disconnected = false;
    std::vector<Bytes> acks;
    std::vector<PollDone> polls;
    std::optional<DeviceSet> devices;
    std::vector<FollowOrder> follow;
    bool stop = false;

    bool empty() const {
      return !connected && !disconnected && acks.empty() && polls.empty() &&
             !devices && follow.empty() && !stop;
    }
  };

  Now now() const;
  AgentOptions options();
  bool open();
  void end(MonoTime away);
  void wake_in(MonoTime delay);
  void wake();
  void turn();
  void settle();
  void release();
  void send(std::vector<Publish> effects);
  void keep_house();
  void make_room();
  std::uint64_t prune(Stream stream, WallTime before);
  std::filesystem::path journal_path() const { return folder_ / "journal.db"; }

  Surroundings around_;
  Truth& truth_;
  std::string name_;
  Identity identity_;
  std::filesystem::path folder_;
  Random random_;
  ClientId client_ = 0;
  AgentDisk disk_;
  Life life_;
  std::optional<Life> image_;
  bool damaged_ = false;  // on purpose: the next start may give it up

  MonoTime booted_{};
  MonoTime clock_offset_{};
  std::uint64_t change_ = 0;
  std::uint64_t run_ = 0;    // of the program
  std::uint64_t timer_ = 0;  // the one that counts
  MonoTime timer_at_{};
  std::optional<MonoTime> pruned_;
  std::optional<MonoTime> no_room_;

  std::unique_ptr<SimJournal> journal_;
  std::unique_ptr<AgentCore> core_;
  Waiting waiting_;
  std::optional<Turn> unsettled_;  // commits fail
  std::deque<Bytes> batches_;
  std::deque<Bytes> acks_;
};

}  // namespace strongroom::simulation
