// SPDX-License-Identifier: Apache-2.0
// For tests: what `strongroom recover` does to the logs, and nothing else of
// it: closes one, begins its successor, writes its first batch. Repeated after
// a fault it goes on where it stood.
#pragma once

#include "ledger/log/restore.h"
#include "tests/ledger/test_ledger.h"

namespace strongroom::testing_ledger {

/// Makes the first batch of a successor say something else.
struct Falsehood {
  std::function<void(strongroom_v1_LogSucceeded&)> succeeded;
  std::function<void(std::vector<strongroom_v1_ChainResumed>&)> resumed;
};

class Succession {
 public:
  Succession(TestLedger& ledger, const std::string& site, Stream stream)
      : at_(ledger), old_{TestLedger::kName, site, stream, 1} {}

  /// Closes the first generation at its whole size. The ledger is stopped, and
  /// is so afterwards. Faults: a durable step's.
  Result<void> carry_out(const Falsehood& falsehood = {}) {
    auto done = run(falsehood);
    writer_.reset();
    at_.close();
    return done;
  }

  /// With the writer open; the ledger is stopped. For other steps.
  Result<void> open() {
    at_.close();
    auto store =
        open_sqlite_ledger_store(at_.store_path(), at_.disclosures_path());
    auto guard = open_sqlite_guard(at_.guard_path());
    auto reader = LedgerReader::open(at_.store_path());
    EXPECT_TRUE(store && guard && reader);
    at_.store = std::make_unique<FaultyStore>(*std::move(store), at_.plan);
    at_.guard = std::make_unique<FaultyGuard>(*std::move(guard), at_.plan);
    at_.reader = *std::move(reader);
    at_.publication = std::make_unique<Publication>();
    auto opened = LogWriter::open(TestLedger::kName,
                                  {*at_.store,
                                   *at_.guard,
                                   *at_.reader,
                                   *at_.log_signer,
                                   *at_.publication});
    if (!opened) {
      return std::unexpected(opened.error());
    }
    writer_ = *std::move(opened);
    return {};
  }
  LogWriter& writer() { return *writer_; }

 private:
  Result<void> run(const Falsehood& falsehood) {
    if (auto done = open(); !done) {
      return done;
    }
    const auto rows = at_.reader->logs();
    const auto row = std::ranges::find(*rows, old_, &LogRow::origin);
    const LogId old = row->log_id;
    auto chains = kept_chains(old);
    LogId id = *writer_->find(old_.site, old_.stream);
    if (id == old) {
      const std::uint64_t size = *at_.reader->log_size(old);
      const auto made = writer_->succeed(old, size, chains, {});
      if (!made) {
        return std::unexpected(made.error());
      }
      id = *made;
    }
    if (!writer_->awaits_succession(id)) {
      return {};
    }
    write_first_batch(id, old, chains, falsehood);
    return writer_->commit();
  }

  /// Of the agents; the ledger's own source begins anew.
  std::vector<ChainRow> kept_chains(LogId old) {
    auto all = at_.reader->chains();
    std::erase_if(*all, [&](const ChainRow& row) {
      return row.log_id != old || Source::parse(row.source)->is_console();
    });
    for (ChainRow& row : *all) {
      row.acked_size = 0;
    }
    return *std::move(all);
  }

  static EventMessage of_body(pb_size_t body) {
    EventMessage event = strongroom_v1_Event_init_zero;
    event.which_body = body;
    return event;
  }

  std::vector<EventMessage> first_events(LogId old,
                                         const std::vector<ChainRow>& chains,
                                         const Falsehood& falsehood) {
    std::vector<strongroom_v1_ChainResumed> resumed;
    for (const ChainRow& row : chains) {
      strongroom_v1_ChainResumed chain = strongroom_v1_ChainResumed_init_zero;
      row.source.copy(chain.source, sizeof(chain.source) - 1);
      chain.epoch = row.epoch;
      chain.next_seq = row.next_seq;
      std::ranges::copy(row.head, chain.head);
      chain.closed = row.closed;
      resumed.push_back(chain);
    }
    EventMessage succeeded = of_body(strongroom_v1_Event_log_succeeded_tag);
    auto& said = succeeded.body.log_succeeded;
    const std::uint64_t size = *at_.reader->log_size(old);
    const Hash root = restore_edge(*at_.reader, old, size)->root();
    old_.text().copy(said.predecessor, sizeof(said.predecessor) - 1);
    said.frozen_size = size;
    said.signed_size = size;
    std::ranges::copy(root, said.frozen_root);
    std::ranges::copy(root, said.signed_root);
    said.chain_count = resumed.size();
    std::string_view("ada").copy(said.first_person, 3);
    std::string_view("bob").copy(said.second_person, 3);
    if (falsehood.succeeded) {
      falsehood.succeeded(said);
    }
    if (falsehood.resumed) {
      falsehood.resumed(resumed);
    }
    EventMessage opened = of_body(strongroom_v1_Event_epoch_opened_tag);
    opened.body.epoch_opened.reason =
        strongroom_v1_EpochReason_EPOCH_REASON_LOG_SUCCEEDED;
    std::vector<EventMessage> events{opened, succeeded};
    for (const auto& chain : resumed) {
      EventMessage event = of_body(strongroom_v1_Event_chain_resumed_tag);
      event.body.chain_resumed = chain;
      events.push_back(event);
    }
    return events;
  }

  void write_first_batch(LogId id,
                         LogId old,
                         const std::vector<ChainRow>& chains,
                         const Falsehood& falsehood) {
    const Source console{std::string(kConsoleAgent), old_.site};
    constexpr std::uint64_t kEpoch = 0x5000;
    EventChain chain(console, old_.stream, kEpoch);
    std::vector<Bytes> written;
    for (EventMessage& event : first_events(old, chains, falsehood)) {
      written.push_back(
          *chain.append(event, at_.now, std::array<std::uint8_t, 16>{1}));
    }
    const std::vector<ByteView> views(written.begin(), written.end());
    std::vector<Hash> leaves;
    std::ranges::transform(views, std::back_inserter(leaves), event_leaf);
    const SignedHeader header = cut_batch(
        console, old_.stream, kEpoch, 1, Hash{}, views, *at_.console_signer);
    const Bytes entry = header_entry(header.signature, header.header);
    writer_->append(id,
                    {.source = console.text(),
                     .epoch = kEpoch,
                     .first_seq = 1,
                     .events = views,
                     .leaves = leaves,
                     .header_entry = entry});
    writer_->rows().chains.push_back({.log_id = id,
                                      .source = console.text(),
                                      .epoch = kEpoch,
                                      .next_seq = chain.last_seq() + 1,
                                      .head = chain.last_hash(),
                                      .newest_header = entry,
                                      .key = at_.console_signer->public_key()});
  }

  TestLedger& at_;
  Origin old_;
  std::unique_ptr<LogWriter> writer_;
};

}  // namespace strongroom::testing_ledger
