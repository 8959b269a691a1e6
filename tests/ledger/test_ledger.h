// SPDX-License-Identifier: Apache-2.0
// For tests: a ledger over real files whose durable steps can be made to fail,
// and agents that write, send and verify.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "core/event/held.h"
#include "core/event/key_proof.h"
#include "core/log/entry.h"
#include "ledger/loop/ledger.h"
#include "ledger/store/create.h"
#include "ledger/store/sqlite_guard.h"
#include "ledger/store/sqlite_ledger_store.h"
#include "platform/crypto/keys.h"

namespace strongroom::testing_ledger {

inline std::unique_ptr<Signer> test_signer(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(seed);
  return signer_from_seed(bytes);
}

class TempDir {
 public:
  TempDir() {
    // Durability is played here, not tested: memory is quicker.
    const std::filesystem::path memory = "/dev/shm";
    std::string name = (std::filesystem::exists(memory)
                            ? memory
                            : std::filesystem::temp_directory_path()) /
                       "ledger-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Fails the n-th durable step from now, before doing it or after.
struct FaultPlan {
  int steps_until_fault = -1;  // negative: never
  bool after_doing_it = false;
  int steps = 0;  // that were taken, faulty one included

  template <typename Step>
  Result<void> run(Step step) {
    ++steps;
    if (steps_until_fault < 0 || steps_until_fault-- > 0) {
      return step();
    }
    if (after_doing_it) {
      (void)step();
    }
    return fault("injected");
  }
};

class FaultyStore final : public LedgerStore {
 public:
  FaultyStore(std::unique_ptr<LedgerStore> real, FaultPlan& plan)
      : real_(std::move(real)), plan_(plan) {}

  Result<void> commit_disclosures(
      std::span<const DisclosureRow> rows) override {
    return plan_.run([&] { return real_->commit_disclosures(rows); });
  }
  Result<void> commit(const CommitRows& rows) override {
    CommitRows altered = rows;
    if (alter) {
      alter(altered);
    }
    return plan_.run([&] { return real_->commit(altered); });
  }
  Result<LogId> add_log(const Origin& origin) override {
    Result<LogId> id = fault("injected");
    const auto done = plan_.run([&]() -> Result<void> {
      id = real_->add_log(origin);
      return id ? Result<void>() : std::unexpected(id.error());
    });
    return done ? id : Result<LogId>(std::unexpected(done.error()));
  }
  Result<void> freeze_log(LogId log_id,
                          const std::string& why,
                          const std::string& shown_note) override {
    return plan_.run(
        [&] { return real_->freeze_log(log_id, why, shown_note); });
  }
  Result<LogId> succeed_log(LogId log_id,
                            std::uint64_t closed_at,
                            const Origin& successor,
                            std::vector<ChainRow> chains,
                            std::vector<LossRow> losses) override {
    Result<LogId> id = fault("injected");
    const auto done = plan_.run([&]() -> Result<void> {
      id = real_->succeed_log(
          log_id, closed_at, successor, std::move(chains), std::move(losses));
      return id ? Result<void>() : std::unexpected(id.error());
    });
    return done ? id : Result<LogId>(std::unexpected(done.error()));
  }
  Result<std::uint64_t> prune_entries(LogId log_id,
                                      std::uint64_t to_index,
                                      std::size_t max_batches) override {
    Result<std::uint64_t> at = fault("injected");
    const auto done = plan_.run([&]() -> Result<void> {
      at = real_->prune_entries(log_id, to_index, max_batches);
      return at ? Result<void>() : std::unexpected(at.error());
    });
    return done ? at : Result<std::uint64_t>(std::unexpected(done.error()));
  }
  Result<void> replace_batch(const BatchRow& row) override {
    return plan_.run([&] { return real_->replace_batch(row); });
  }
  Result<void> replace_tiles(LogId log_id,
                             std::span<const TileRow> tiles,
                             bool unfreeze) override {
    return plan_.run(
        [&] { return real_->replace_tiles(log_id, tiles, unfreeze); });
  }
  void checkpoint() override { real_->checkpoint(); }

  /// What a faulty disk does to the bytes on their way.
  std::function<void(CommitRows&)> alter;

 private:
  std::unique_ptr<LedgerStore> real_;
  FaultPlan& plan_;
};

class FaultyGuard final : public Guard {
 public:
  FaultyGuard(std::unique_ptr<Guard> real, FaultPlan& plan)
      : real_(std::move(real)), plan_(plan) {}
  Result<std::vector<GuardEntry>> entries() override {
    return real_->entries();
  }
  Result<void> swap(std::span<const GuardSwap> swaps) override {
    auto done = plan_.run([&] { return real_->swap(swaps); });
    for (const GuardSwap& swap : swaps) {
      signed_notes.push_back({swap.origin, swap.note});
    }
    return done;
  }
  /// Everything that was ever signed, whether it reached the guard or not.
  std::vector<GuardEntry> signed_notes;

 private:
  std::unique_ptr<Guard> real_;
  FaultPlan& plan_;
};

/// One agent's chains and what it knows of the ledger.
class TestAgent {
 public:
  TestAgent(const std::string& name,
            std::uint8_t seed,
            std::uint64_t first_epoch = 0x1111)
      : source(*Source::parse(name)), signer(test_signer(seed)) {
    open_epoch(first_epoch);
  }

  void open_epoch(std::uint64_t id) {
    epoch = id;
    record = std::make_unique<EventChain>(source, Stream::kRecord, id);
    telemetry = std::make_unique<EventChain>(source, Stream::kTelemetry, id);
  }

  struct Batch {
    Bytes payload;
    BatchHeader header;
    SignedHeader signed_header;
    std::vector<Bytes> events;
    std::vector<Hash> leaves;  // the header's last
  };
  struct Options {
    std::size_t count = 3;
    bool resync = false;
    std::string held;
    Bytes disclosures;
    const Signer* signer = nullptr;    // else the agent's own
    std::vector<EventMessage> bodies;  // else boots
  };

  EventChain& chain(Stream stream) {
    return stream == Stream::kRecord ? *record : *telemetry;
  }

  Batch cut(Stream stream, const Options& options) {
    EventChain& at = chain(stream);
    const std::uint64_t first = at.last_seq() + 1;
    const Hash before = at.last_hash();
    Batch batch;
    const std::size_t count =
        options.bodies.empty() ? options.count : options.bodies.size();
    for (std::size_t i = 0; i < count; ++i) {
      EventMessage event = options.bodies.empty() ? boot() : options.bodies[i];
      std::array<std::uint8_t, 16> blind{};
      blind.fill(static_cast<std::uint8_t>(first + i));
      batch.events.push_back(*at.append(event, now, blind));
    }
    return finish(stream, std::move(batch), first, before, options);
  }

  Batch finish(Stream stream,
               Batch batch,
               std::uint64_t first,
               const Hash& before,
               const Options& options) {
    const std::vector<ByteView> views(batch.events.begin(), batch.events.end());
    batch.signed_header =
        cut_batch(source,
                  stream,
                  epoch,
                  first,
                  before,
                  views,
                  options.signer == nullptr ? *signer : *options.signer);
    batch.header = *decode_header(batch.signed_header.header);
    for (const ByteView event : views) {
      batch.leaves.push_back(event_leaf(event));
    }
    batch.leaves.push_back(leaf_hash(header_entry(batch.signed_header.signature,
                                                  batch.signed_header.header)));
    batch.payload = payload_of(batch, options);
    return batch;
  }

  static Bytes payload_of(const Batch& batch, const Options& options) {
    BatchView view;
    view.header_bytes = batch.signed_header.header;
    view.signature = batch.signed_header.signature;
    view.events.assign(batch.events.begin(), batch.events.end());
    view.sealed_disclosures = options.disclosures;
    view.held_checkpoint = options.held;
    view.resync = options.resync;
    return encode_batch(view);
  }

  static EventMessage boot() {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = strongroom_v1_Event_boot_tag;
    std::ranges::fill(event.body.boot.boot_id, std::uint8_t{0xb0});
    std::string_view("0.1.0").copy(event.body.boot.version, 5);
    return event;
  }

  Source source;
  std::unique_ptr<Signer> signer;
  std::uint64_t epoch = 0;
  std::unique_ptr<EventChain> record;
  std::unique_ptr<EventChain> telemetry;
  Now now{};  // by its own clock
  std::map<Stream, std::uint32_t> generation{{Stream::kRecord, 1},
                                             {Stream::kTelemetry, 1}};
  std::map<Stream, std::string> held_note;
  std::map<Stream, Checkpoint> held;
};

class TestLedger {
 public:
  static constexpr const char* kName = "test.example";

  TestLedger() {
    auto made = create_ledger_store(
        store_path(), guard_path(), disclosures_path(), kName);
    EXPECT_TRUE(made) << made.error().what;
  }

  std::filesystem::path store_path() const { return dir_.path() / "ledger.db"; }
  std::filesystem::path guard_path() const { return dir_.path() / "guard.db"; }
  std::filesystem::path disclosures_path() const {
    return dir_.path() / "disclosures.db";
  }

  /// Starts, or starts again. False: it refused, and said why.
  bool open() {
    close();
    auto real_store =
        open_sqlite_ledger_store(store_path(), disclosures_path());
    auto real_guard = open_sqlite_guard(guard_path());
    auto opened = LedgerReader::open(store_path());
    if (!real_store || !real_guard || !opened) {
      why = !real_store   ? real_store.error().what
            : !real_guard ? real_guard.error().what
                          : opened.error().what;
      return false;
    }
    store = std::make_unique<FaultyStore>(*std::move(real_store), plan);
    std::vector<GuardEntry> signed_before;
    guard = std::make_unique<FaultyGuard>(*std::move(real_guard), plan);
    reader = *std::move(opened);
    publication = std::make_unique<Publication>();
    views = std::make_unique<Views>();
    auto started = Ledger::open(kName,
                                {*store,
                                 *guard,
                                 *reader,
                                 *log_signer,
                                 *console_signer,
                                 *publication,
                                 *views,
                                 outside(),
                                 telemetry_days});
    keep_signed();
    if (!started) {
      why = started.error().what;
      return false;
    }
    ledger = *std::move(started);
    return true;
  }

  void close() {
    ledger.reset();
    keep_signed();
    guard.reset();
    reader.reset();  // before the writer, whose close empties the WAL
    store.reset();
  }

  void keep_signed() {
    if (guard != nullptr) {
      std::ranges::move(guard->signed_notes, std::back_inserter(all_signed));
      guard->signed_notes.clear();
    }
  }

  Outside outside() {
    return {
        .now = [this] { return now; },
        .random16 =
            [this] {
              std::array<std::uint8_t, 16> bytes{};
              bytes.fill(static_cast<std::uint8_t>(++random_));
              return bytes;
            },
        .random64 = [this] { return 0xc0c0ULL + ++random_; },
        .send =
            [this](const std::string& topic, Bytes payload) {
              acks.emplace_back(topic, *decode_ack(payload));
              return true;
            },
        .tell =
            [this](std::string_view event,
                   const std::function<std::string()>& data) {
              told.emplace_back(std::string(event), data());
            },
        .warn = [this](const std::string& line) { warnings.push_back(line); }};
  }

  Result<OrderOutcome> enrol(const TestAgent& agent) {
    EnrolOrder order{.source = agent.source,
                     .event_key = agent.signer->public_key(),
                     .sealing_key = Bytes(32, 0x5e)};
    order.possession = agent.signer->sign(
        possession_input(order.source, order.event_key, order.sealing_key));
    return ledger->carry_out(order, "local:0");
  }

  /// One turn with these batches of one agent.
  Result<void> send(const TestAgent& agent, std::vector<Bytes> payloads) {
    LedgerInbox::Work work;
    for (Bytes& payload : payloads) {
      work.batches.push_back({agent.source, std::move(payload)});
    }
    return ledger->turn(std::move(work));
  }

  /// Sends and takes the one ack that must come.
  Ack exchange(const TestAgent& agent, Bytes payload) {
    acks.clear();
    std::vector<Bytes> payloads;
    payloads.push_back(std::move(payload));
    const auto done = send(agent, std::move(payloads));
    EXPECT_TRUE(done) << done.error().what;
    EXPECT_EQ(acks.size(), 1U);
    return acks.empty() ? Ack{} : acks.back().second;
  }

  RefusalReason refusal_of(const Ack& ack) {
    const auto* refused = std::get_if<Refused>(&ack.outcome);
    return refused == nullptr
               ? strongroom_v1_RefusalReason_REFUSAL_REASON_UNSPECIFIED
               : refused->reason;
  }

  /// As the agent does: nothing counts before this is true.
  bool proves(TestAgent& agent, const Ack& ack, const TestAgent::Batch& batch) {
    const auto* held = std::get_if<Held>(&ack.outcome);
    if (held == nullptr) {
      return false;
    }
    const Stream stream = batch.header.stream;
    const auto before = agent.held.find(stream);
    const auto verdict = verify_held(
        *held,
        batch.leaves,
        Origin{kName, agent.source.site, stream, agent.generation[stream]},
        trust(),
        before == agent.held.end() ? std::nullopt
                                   : std::optional(before->second));
    const auto* proven = std::get_if<HeldProven>(&verdict);
    if (proven == nullptr) {
      return false;
    }
    agent.held[stream] = proven->checkpoint;
    agent.held_note[stream] = proven->note;
    return true;
  }

  Trust trust() const { return {kName, {log_signer->public_key()}}; }

  LogId log(const std::string& site, Stream stream) const {
    return *ledger->logs().find(site, stream);
  }

  FaultPlan plan;
  std::optional<int> telemetry_days;  // from the next open() on
  Now now{WallTime(std::chrono::seconds(1'800'000'000)),
          MonoTime(0),
          ClockQuality::kGood,
          {}};
  std::unique_ptr<Signer> log_signer = test_signer(0xa1);
  std::unique_ptr<Signer> console_signer = test_signer(0xa2);
  std::unique_ptr<FaultyStore> store;
  std::unique_ptr<FaultyGuard> guard;
  std::unique_ptr<LedgerReader> reader;
  std::unique_ptr<Publication> publication;
  std::unique_ptr<Views> views;
  std::unique_ptr<Ledger> ledger;
  std::vector<std::pair<std::string, Ack>> acks;
  std::vector<std::pair<std::string, std::string>> told;
  std::vector<std::string> warnings;
  std::vector<GuardEntry> all_signed;
  std::string why;

 private:
  TempDir dir_;
  std::uint64_t random_ = 0;
};

}  // namespace strongroom::testing_ledger
