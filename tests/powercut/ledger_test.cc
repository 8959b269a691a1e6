// SPDX-License-Identifier: Apache-2.0
// The ledger after a power cut at every change of its three files: everything
// that was acked is in the tree and proven, one history was signed, no log is
// frozen, and it goes on.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "ledger/check/check_ledger.h"
#include "ledger/log/subtrees.h"
#include "tests/ledger/test_ledger.h"
#include "tests/powercut/cuts.h"

namespace strongroom::powercut {
namespace {

namespace fs = std::filesystem;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

/// One disk for all three files; or a directory each, so that nothing that is
/// synced for one file makes the names of another durable.
enum class Disks : std::uint8_t { kOne, kThree };

void part(const TestLedger& ledger) {
  for (const fs::path& path :
       {ledger.store_path(), ledger.guard_path(), ledger.disclosures_path()}) {
    const fs::path folder = path.stem().string() + "-disk";
    fs::create_directories(path.parent_path() / folder);
    fs::rename(path, path.parent_path() / folder / path.filename());
    fs::create_symlink(folder / path.filename(), path);
  }
}

/// Remembers every checkpoint note that it signed, and when.
class NotingSigner final : public Signer {
 public:
  using Clock = std::function<std::size_t()>;
  struct Signed {
    std::size_t at = 0;
    Checkpoint checkpoint;
  };

  NotingSigner(std::unique_ptr<Signer> real, Clock clock)
      : real_(std::move(real)), clock_(std::move(clock)) {}
  PublicKey public_key() const override { return real_->public_key(); }
  Signature sign(ByteView message) const override {
    const std::string text(message.begin(), message.end());
    auto checkpoint = Checkpoint::parse(text);
    EXPECT_TRUE(checkpoint) << text;
    if (checkpoint) {
      signed_.push_back({clock_(), *checkpoint});
    }
    return real_->sign(message);
  }
  const std::vector<Signed>& all() const { return signed_; }

 private:
  std::unique_ptr<Signer> real_;
  Clock clock_;
  mutable std::vector<Signed> signed_;
};

/// What an agent knows of the ledger at some time.
struct Knowledge {
  std::map<Stream, std::string> held_note;
  std::map<Stream, Checkpoint> held;
};

struct Sending {
  std::size_t agent = 0;
  TestAgent::Batch batch;
  Bytes disclosures;
  // Once it was acked and the proof held:
  std::size_t told = SIZE_MAX;
  std::uint64_t first_index = 0;
};

/// Anything else that somebody was told.
struct Told {
  std::size_t at = 0;
  std::string origin;
  std::uint64_t size = 0;  // of a published checkpoint
};

std::vector<std::unique_ptr<TestAgent>> make_agents() {
  std::vector<std::unique_ptr<TestAgent>> agents;
  agents.push_back(std::make_unique<TestAgent>("edge-1@bj1", 1));
  agents.push_back(std::make_unique<TestAgent>("edge-1@sz2", 2, 0x2222));
  return agents;
}

/// Sends batches until each is proven. `now` counts the disk's operations.
class Conversation {
 public:
  Conversation(TestLedger& ledger,
               std::vector<std::unique_ptr<TestAgent>>& agents,
               std::function<std::size_t()> now)
      : ledger_(ledger), agents_(agents), now_(std::move(now)) {}

  /// In one turn. What was wrong; empty: all of them are proven.
  std::string send(std::size_t to, const std::vector<Sending*>& batches) {
    TestAgent& agent = *agents_[to];
    std::vector<Bytes> payloads;
    std::set<Stream> resynced;
    for (const Sending* sending : batches) {
      const Stream stream = sending->batch.header.stream;
      payloads.push_back(
          TestAgent::payload_of(sending->batch,
                                {.resync = resynced.insert(stream).second,
                                 .held = agent.held_note[stream],
                                 .disclosures = sending->disclosures}));
    }
    ledger_.acks.clear();
    if (const auto done = ledger_.send(agent, std::move(payloads)); !done) {
      return done.error().what;
    }
    if (ledger_.acks.size() != batches.size()) {
      return "an ack is missing";
    }
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const Ack& ack = ledger_.acks[i].second;
      if (!ledger_.proves(agent, ack, batches[i]->batch)) {
        const auto* refused = std::get_if<Refused>(&ack.outcome);
        return refused == nullptr
                   ? "a proof that does not hold"
                   : "refused: " + std::to_string(refused->reason);
      }
      const std::uint64_t index = std::get<Held>(ack.outcome).first_index;
      if (batches[i]->told != SIZE_MAX && batches[i]->first_index != index) {
        return "held at another index than was told";
      }
      batches[i]->first_index = index;
      batches[i]->told = std::min(batches[i]->told, now_());
    }
    return "";
  }

 private:
  TestLedger& ledger_;
  std::vector<std::unique_ptr<TestAgent>>& agents_;
  std::function<std::size_t()> now_;
};

/// The first life: two agents, logs of both streams, disclosures, a registry
/// that grows, checkpoints of the WAL, a restart.
class Life {
 public:
  Life(Disks disks, PowerCutDisk::Sync sync) {
    if (disks == Disks::kThree) {
      part(ledger);
    }
    disk.emplace(directory(), sync);
    auto noting = std::make_unique<NotingSigner>(
        std::move(ledger.log_signer), [this] { return disk->operations(); });
    signer = noting.get();
    ledger.log_signer = std::move(noting);
  }
  ~Life() { ledger.close(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  fs::path directory() const { return ledger.store_path().parent_path(); }

  void live(int rounds) {
    ASSERT_TRUE(ledger.open()) << ledger.why;
    enrol(0);
    for (int round = 0; round < rounds; ++round) {
      send(0,
           {cut(0, Stream::kTelemetry, round == 1 ? 250 : 40),
            cut(0, Stream::kRecord, 3)});
      if (round == 1) {
        enrol(1);
      }
      if (round > 1) {
        send(1, {cut(1, Stream::kRecord, 2)});
      }
      if (round == 2) {
        ledger.store->checkpoint();
      }
      if (round == 3) {
        ASSERT_TRUE(ledger.open()) << ledger.why;
      }
    }
    ledger.close();
  }

  Knowledge known(std::size_t agent, std::size_t at) const {
    Knowledge found;
    for (const auto& [when, knowledge] : knowledge_[agent]) {
      found = when <= at ? knowledge : found;
    }
    return found;
  }

  TestLedger ledger;
  std::optional<PowerCutDisk> disk;  // over the ledger's files, gone before
  NotingSigner* signer = nullptr;
  std::vector<std::unique_ptr<TestAgent>> agents = make_agents();
  std::deque<Sending> sendings;
  std::vector<Told> told;
  std::array<std::size_t, 2> enrolled_at{SIZE_MAX, SIZE_MAX};

 private:
  Sending* cut(std::size_t agent, Stream stream, std::size_t count) {
    const Bytes disclosures =
        stream == Stream::kRecord
            ? Bytes(40, static_cast<std::uint8_t>(sendings.size() + 1))
            : Bytes();
    sendings.push_back({agent,
                        agents[agent]->cut(stream, {.count = count}),
                        disclosures,
                        SIZE_MAX,
                        0});
    return &sendings.back();
  }
  void send(std::size_t agent, const std::vector<Sending*>& batches) {
    Conversation talk(ledger, agents, [this] { return disk->operations(); });
    ASSERT_EQ(talk.send(agent, batches), "");
    knowledge_[agent].emplace_back(
        disk->operations(),
        Knowledge{agents[agent]->held_note, agents[agent]->held});
    note_published();
  }
  void enrol(std::size_t agent) {
    const auto done = ledger.enrol(*agents[agent]);
    ASSERT_TRUE(done && std::holds_alternative<OrderDone>(*done));
    enrolled_at[agent] = disk->operations();
    note_published();
  }
  void note_published() {
    for (const auto& log : ledger.publication->all()) {
      told.push_back(
          {disk->operations(), log->origin.text(), log->checkpoint.size});
    }
  }

  std::array<std::vector<std::pair<std::size_t, Knowledge>>, 2> knowledge_;
};

/// The second life, over and over, in a place of its own.
class Aftermath {
 public:
  Aftermath(Disks disks, PowerCutDisk::Sync sync, int rounds)
      : life_(disks, sync) {
    life_.live(rounds);
  }
  std::size_t operations() const { return life_.disk->operations(); }

  Tally look(std::uint64_t seeds, std::size_t stride) {
    Tally tally;
    for (std::size_t at = 0; at <= operations(); at += stride) {
      ++tally.cuts;
      for (std::uint64_t turn = 0; turn < seeds; ++turn) {
        // Other seeds at each cut, seed 0 (nothing unsynced) at all of them.
        examine(at, turn == 0 ? 0 : 1 + (at * (seeds - 1) + turn) % 61, tally);
      }
    }
    return tally;
  }

 private:
  struct Second {
    std::vector<std::unique_ptr<TestAgent>> agents = make_agents();
    std::deque<Sending> sendings;
    NotingSigner* signer = nullptr;
  };

  void examine(std::size_t at, std::uint64_t seed, Tally& tally) {
    ++tally.rebuilds;
    const std::string where = "cut " + std::to_string(at) + " (" +
                              life_.disk->operation(at) + ") seed " +
                              std::to_string(seed) + ": ";
    ledger_.close();
    life_.disk->rebuild(at, seed, ledger_.store_path().parent_path());
    Second second = begin(at);
    if (!ledger_.open()) {
      return tally.note(tally.refused, where + ledger_.why);
    }
    for (const LogId id : ledger_.ledger->logs().ids()) {
      if (const std::string& why = ledger_.ledger->logs().frozen(id);
          !why.empty()) {
        return tally.note(tally.refused, where + "frozen: " + why);
      }
    }
    if (auto wrong = what_was_told(at, second); !wrong.empty()) {
      return tally.note(tally.lost, where + wrong);
    }
    if (auto wrong = go_on(second); !wrong.empty()) {
      return tally.note(tally.refused, where + wrong);
    }
    if (auto wrong = two_histories(at, second); !wrong.empty()) {
      return tally.note(tally.foreign, where + wrong);
    }
    ledger_.close();
    if (auto wrong = disclosures_lost(at); !wrong.empty()) {
      return tally.note(tally.lost, where + wrong);
    }
    if (auto wrong = flaws(); !wrong.empty()) {
      tally.note(tally.unsound, where + wrong);
    }
  }

  Second begin(std::size_t at) {
    Second second;
    ledger_.acks.clear();
    ledger_.all_signed.clear();
    auto noting = std::make_unique<NotingSigner>(
        testing_ledger::test_signer(0xa1), [] { return std::size_t{0}; });
    second.signer = noting.get();
    ledger_.log_signer = std::move(noting);
    for (std::size_t i = 0; i < second.agents.size(); ++i) {
      Knowledge known = life_.known(i, at);
      second.agents[i]->held_note = std::move(known.held_note);
      second.agents[i]->held = std::move(known.held);
    }
    for (const Sending& sending : life_.sendings) {
      second.sendings.push_back(sending);
      if (sending.told > at) {
        second.sendings.back().told = SIZE_MAX;
      }
    }
    return second;
  }

  // Every batch that was acked is proven again, against the checkpoint that its
  // agent held; every checkpoint that was seen is grown from.
  std::string what_was_told(std::size_t at, Second& second) {
    for (const Told& told : life_.told) {
      const auto log = ledger_.publication->find(*Origin::parse(told.origin));
      if (told.at <= at &&
          (log == nullptr || log->checkpoint.size < told.size)) {
        return told.origin + " was shown with " + std::to_string(told.size) +
               " entries";
      }
    }
    return send_each(second,
                     [](const Sending& one) { return one.told != SIZE_MAX; });
  }

  // What nobody was told of comes again, as from agents that know no better.
  std::string go_on(Second& second) {
    for (std::size_t i = 0; i < second.agents.size(); ++i) {
      if (ledger_.ledger->registry().find(second.agents[i]->source) !=
          nullptr) {
        continue;
      }
      const auto done = ledger_.enrol(*second.agents[i]);
      if (!done || !std::holds_alternative<OrderDone>(*done)) {
        return "an agent cannot be enrolled";
      }
    }
    return send_each(second,
                     [](const Sending& one) { return one.told == SIZE_MAX; });
  }

  template <typename Wanted>
  std::string send_each(Second& second, Wanted wanted) {
    Conversation talk(ledger_, second.agents, [] { return std::size_t{0}; });
    for (std::size_t i = 0; i < second.agents.size(); ++i) {
      std::vector<Sending*> batches;
      for (Sending& sending : second.sendings) {
        if (sending.agent == i && wanted(sending)) {
          batches.push_back(&sending);
        }
      }
      if (batches.empty()) {
        continue;
      }
      if (auto wrong = talk.send(i, batches); !wrong.empty()) {
        return second.agents[i]->source.text() + ": " + wrong;
      }
    }
    return "";
  }

  // Every checkpoint that was signed before the cut or after it is one of the
  // tree that stands now.
  std::string two_histories(std::size_t at, const Second& second) {
    std::vector<NotingSigner::Signed> all = second.signer->all();
    for (const NotingSigner::Signed& one : life_.signer->all()) {
      if (one.at <= at) {
        all.push_back(one);
      }
    }
    for (const NotingSigner::Signed& one : all) {
      const auto log =
          ledger_.publication->find(*Origin::parse(one.checkpoint.origin));
      if (log == nullptr || one.checkpoint.size > log->checkpoint.size) {
        return one.checkpoint.origin + " is shorter than what was signed";
      }
      TileCache cache(8);
      Subtrees tree(log->edge, cache, [&](int level, std::uint64_t number) {
        return ledger_.reader->tile(log->log_id, level, number);
      });
      const auto root = tree.root(one.checkpoint.size);
      if (!root || *root != one.checkpoint.root) {
        return one.checkpoint.origin + " of size " +
               std::to_string(one.checkpoint.size) + " was signed twice";
      }
    }
    return "";
  }

  std::string disclosures_lost(std::size_t at) {
    SQLite::Database db(ledger_.disclosures_path().string(),
                        SQLite::OPEN_READONLY);
    SQLite::Statement find(db,
                           "SELECT sealed FROM disclosures WHERE source = ? "
                           "AND epoch = ? AND first_seq = ?");
    for (const Sending& sending : life_.sendings) {
      if (sending.disclosures.empty() || sending.told > at) {
        continue;
      }
      const BatchHeader& header = sending.batch.header;
      find.bind(1, life_.agents[sending.agent]->source.text());
      find.bind(2, static_cast<std::int64_t>(header.epoch));
      find.bind(3, static_cast<std::int64_t>(header.first_seq));
      const bool there = find.executeStep();
      const auto column = there ? find.getColumn(0).getString() : "";
      if (column !=
          std::string(sending.disclosures.begin(), sending.disclosures.end())) {
        return "disclosures of an acked batch are gone";
      }
      find.reset();
    }
    return "";
  }

  std::string flaws() {
    const auto found = check_ledger(
        ledger_.store_path(), ledger_.guard_path(), ledger_.trust());
    if (!found) {
      return found.error().what;
    }
    if (!found->flaws.empty()) {
      return found->flaws.front().text();
    }
    for (const CheckedLog& log : found->logs) {
      if (log.entries != log.signed_size) {
        return log.origin + ": entries that are not signed";
      }
    }
    return "";
  }

  TestLedger ledger_;  // before the disk is SQLite's, and beside it
  Life life_;
};

class LedgerPowerCut : public ::testing::TestWithParam<Disks> {};

TEST_P(LedgerPowerCut, AtEveryChange_KeepsWhatWasAckedAndSignsOneHistory) {
  Aftermath after(GetParam(), PowerCutDisk::Sync::kAsAsked, is_full() ? 8 : 5);
  ASSERT_GT(after.operations(), 150U);
  const Tally tally = after.look(seeds(2, 16), 1);
  tally.print(GetParam() == Disks::kOne ? "ledger, one disk"
                                        : "ledger, three disks");
  EXPECT_EQ(tally.faults(), 0U) << tally.first_fault;
}

// The test above can fail: without syncs it does.
TEST_P(LedgerPowerCut, WithoutSyncs_IsCaught) {
  Aftermath after(GetParam(), PowerCutDisk::Sync::kOff, 5);
  const Tally tally = after.look(seeds(2, 8), is_full() ? 1 : 5);
  tally.print("ledger, synchronous=OFF");
  EXPECT_GT(tally.lost + tally.refused, tally.rebuilds / 3);
}

INSTANTIATE_TEST_SUITE_P(Disks,
                         LedgerPowerCut,
                         ::testing::Values(Disks::kOne, Disks::kThree),
                         [](const auto& each) {
                           return each.param == Disks::kOne ? "One" : "Three";
                         });

}  // namespace
}  // namespace strongroom::powercut
