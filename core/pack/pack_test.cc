// SPDX-License-Identifier: Apache-2.0
#include "core/pack/pack.h"

#include <gtest/gtest.h>
#include <set>

#include "core/base/wire.h"
#include "core/pack/test_pack.h"

namespace strongroom {
namespace {

using testing_log::boot;
using testing_log::epoch_opened;
using testing_log::source_enrolled;
using testing_log::test_signer;
using testing_log::TestBatch;
using testing_log::TestLedger;

std::string verdict_of(const TestLedger& ledger, const Pack& pack) {
  const auto verdict = verify_pack(pack.encode(), ledger.trust());
  return verdict ? "" : verdict.error().what;
}

TEST(Pack, Honest_ProvesItsEvents) {
  const TestLedger ledger;
  const auto verdict = verify_pack(ledger.sample().encode(), ledger.trust());
  ASSERT_TRUE(verdict) << verdict.error().what;
  ASSERT_EQ(verdict->events.size(), 5U);
  const ProvenEvent& event = verdict->events[1];
  EXPECT_EQ(event.origin, "ledger.example/bj1/record/1");
  EXPECT_EQ(event.index, 15U);
  EXPECT_EQ(event_entry(event.event), ledger.record.entry(15));
  EXPECT_EQ(event.header_index, 19U);
  EXPECT_EQ(event.header.source, ledger.agent);
  EXPECT_EQ(event.header.first_seq, 4U);
  EXPECT_EQ(event.key, ledger.agent_key->public_key());
  EXPECT_EQ(verdict->events[4].origin, "ledger.example/central/registry/1");
  EXPECT_EQ(verdict->events[4].key, ledger.console_key->public_key());
  ASSERT_EQ(verdict->checkpoints.size(), 2U);
  EXPECT_EQ(verdict->checkpoints[0], ledger.record.checkpoint());
}

TEST(Pack, EverySubsetOfTheAgentsEvents_IsProven) {
  const TestLedger ledger;
  for (std::uint64_t one = 14; one <= 18; ++one) {
    for (std::uint64_t two = one; two <= 18; ++two) {
      const Pack pack{
          {ledger.record_part({one, two}), ledger.registry_part({1, 4})}};
      EXPECT_EQ(verdict_of(ledger, pack), "") << one << ", " << two;
    }
  }
}

TEST(Pack, RegistryAlone_IsProven) {
  const TestLedger ledger;
  const Pack pack{{ledger.registry_part({1, 4, 5})}};
  EXPECT_EQ(verdict_of(ledger, pack), "");
}

TEST(Pack, RoundTrip_IsCanonical) {
  Pack pack = TestLedger().sample();
  pack.logs[0].entries[0].disclosures.push_back(
      {.field = 3, .salt = Bytes(32, 1), .value = {2}});
  const Bytes bytes = pack.encode();
  const auto again = Pack::parse(bytes);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(again->encode(), bytes);
  EXPECT_EQ(again->logs[0].entries[0].disclosures[0].value, Bytes{2});
}

// The heart of it: nothing in a pack is unauthenticated.
TEST(Pack, EveryBitFlipped_IsRefusedWithWhatAndWhere) {
  const TestLedger ledger;
  const Bytes bytes = ledger.sample().encode();
  const Trust trust = ledger.trust();
  std::set<std::string> kinds;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes altered = bytes;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto verdict = verify_pack(altered, trust);
    ASSERT_FALSE(verdict) << "bit " << bit;
    const std::string& what = verdict.error().what;
    ASSERT_NE(what.find(": "), std::string::npos) << what;
    kinds.insert(what.substr(what.find(": ")));
  }
  EXPECT_TRUE(kinds.contains(
      ": the inclusion path does not lead to the checkpoint's root"));
  EXPECT_TRUE(
      kinds.contains(": the batch path does not lead to the header's root"));
  EXPECT_TRUE(kinds.contains(": the log's signature is wrong"));
}

TEST(Pack, EveryTruncationAndTail_IsRefused) {
  const TestLedger ledger;
  const Bytes bytes = ledger.sample().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(verify_pack(ByteView(bytes).first(size), ledger.trust()))
        << size;
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    Bytes longer = bytes;
    longer.push_back(static_cast<std::uint8_t>(byte));
    EXPECT_FALSE(verify_pack(longer, ledger.trust())) << byte;
  }
}

TEST(Pack, NotCanonical_IsRefused) {
  const TestLedger ledger;
  const Pack pack = ledger.sample();
  const Bytes bytes = pack.encode();
  const auto with_tail = [&](auto add) {
    Bytes longer = bytes;
    WireWriter writer(longer);
    add(writer);
    return Pack::parse(longer).error().what;
  };
  EXPECT_EQ(with_tail([](auto& w) { w.varint(1, 1); }), "pack: not canonical");
  EXPECT_EQ(with_tail([](auto& w) { w.varint(3, 1); }),
            "pack: file: field 3 is not of its form");
  EXPECT_EQ(with_tail([](auto& w) { w.element(2, {}); }),
            "pack: log  does not ascend");

  Pack swapped = pack;
  std::swap(swapped.logs[0], swapped.logs[1]);
  EXPECT_EQ(verdict_of(ledger, swapped),
            "pack: log ledger.example/bj1/record/1 does not ascend");
  Pack unordered = pack;
  std::swap(unordered.logs[0].entries[0], unordered.logs[0].entries[1]);
  EXPECT_EQ(verdict_of(ledger, unordered), "pack: index 4 does not ascend");
  Pack doubled = pack;
  doubled.logs[0].entries.insert(doubled.logs[0].entries.begin(),
                                 doubled.logs[0].entries[0]);
  EXPECT_EQ(verdict_of(ledger, doubled), "pack: index 4 does not ascend");
  Pack disclosed = pack;
  disclosed.logs[0].entries[0].disclosures = {{.field = 3}, {.field = 3}};
  EXPECT_EQ(verdict_of(ledger, disclosed), "pack: disclosures do not ascend");
  Pack hollow = pack;
  hollow.logs[0].entries[0].entry.clear();
  EXPECT_EQ(verdict_of(ledger, hollow), "pack: index 4: the entry is empty");
}

TEST(Pack, TooLarge_IsRefusedBeforeItIsRead) {
  EXPECT_EQ(Pack::parse(Bytes(kMaxPackBytes + 1)).error().what,
            "pack: larger than 16777216 bytes");
  Pack many{{PackLog{.checkpoint = "x\n"}}};
  for (std::uint64_t i = 0; i <= kMaxPackEntries; ++i) {
    many.logs[0].entries.push_back({.index = i, .entry = {1}});
  }
  EXPECT_EQ(Pack::parse(many.encode()).error().what,
            "pack: more than 65536 entries");
}

TEST(Pack, NothingToProve_IsRefused) {
  const TestLedger ledger;
  EXPECT_EQ(verdict_of(ledger, Pack{}), "pack: no log, nothing to prove");
  Pack empty = ledger.sample();
  empty.logs[1].entries.clear();
  EXPECT_EQ(verdict_of(ledger, empty),
            "ledger.example/central/registry/1: no entry, nothing to prove");
}

// Each case leaves out or adds what would leave a byte unused or unproven.
TEST(Pack, MissingOrUnusedParts_AreNamed) {
  const TestLedger ledger;
  const std::string site = "ledger.example/bj1/record/1, index ";
  const auto changed = [&](auto change) {
    Pack pack = ledger.sample();
    change(pack);
    return verdict_of(ledger, pack);
  };
  // Entries of the site's part: 4, 6 (header), 15, 16, 19 (header).
  const auto erase = [](Pack& pack, std::size_t log, std::size_t from) {
    auto& entries = pack.logs[log].entries;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(from));
  };
  EXPECT_EQ(changed([&](Pack& p) { erase(p, 0, 4); }),
            site + "15: no header of the pack covers this event");
  EXPECT_EQ(changed([&](Pack& p) { erase(p, 0, 1); }),
            site + "4: no header of the pack covers this event");
  EXPECT_EQ(changed([&](Pack& p) { erase(p, 0, 0); }),
            site + "6: the header covers no event of the pack");
  EXPECT_EQ(changed([&](Pack& p) {
              p.logs[0].entries[1].batch_path.push_back(Hash{});
            }),
            site + "6: a header has no batch path and no disclosures");
  EXPECT_EQ(changed([&](Pack& p) {
              p.logs[0].entries[0].batch_path.push_back(Hash{});
            }),
            site + "4: the batch path does not lead to the header's root");
  EXPECT_EQ(changed([&](Pack& p) {
              p.logs[0].entries[0].disclosures.push_back({.field = 2});
            }),
            site + "4: a disclosure of field 2, which is no commitment");
  EXPECT_EQ(changed([&](Pack& p) {
              p.logs[0].entries[1].disclosures.push_back({.field = 2});
            }),
            site + "6: a header has no batch path and no disclosures");
  EXPECT_EQ(changed([&](Pack& p) { p.logs.pop_back(); }),
            site + "6: no registry entry of the pack enrols edge-1@bj1");
  EXPECT_EQ(changed([&](Pack& p) { p.logs[1] = ledger.registry_part({1}); }),
            site + "6: no registry entry of the pack enrols edge-1@bj1");
  EXPECT_EQ(changed([&](Pack& p) { p.logs[1] = ledger.registry_part({1, 5}); }),
            site + "6: no registry entry of the pack enrols edge-1@bj1");
  EXPECT_EQ(changed([&](Pack& p) { p.logs[1] = ledger.registry_part({4}); }),
            "ledger.example/central/registry/1, index 6: no key of "
            "console@central signed batch registry console@central 3..5");
}

TEST(Pack, CheckpointOfAnotherKeyOrLedger_IsRefused) {
  const TestLedger ledger;
  const Pack pack = ledger.sample();
  Trust other = ledger.trust();
  other.log_keys = {test_signer(9)->public_key()};
  EXPECT_EQ(verify_pack(pack.encode(), other).error().what,
            "checkpoint: not signed by a trusted key");
  other = ledger.trust();
  other.ledger = "other.example";
  EXPECT_FALSE(verify_pack(pack.encode(), other));

  Pack cosigned = pack;
  auto note = *Note::parse(cosigned.logs[0].checkpoint);
  note.signatures.push_back(sign_note(note.text, "w", *test_signer(9)));
  cosigned.logs[0].checkpoint = note.encode();
  EXPECT_EQ(verdict_of(ledger, cosigned),
            "checkpoint: another signature beside the log's");
}

// What a ledger with its log key could append, and no verifier may take.
TEST(Pack, LedgerThatAppendsAnything_IsRefused) {
  const std::string site = "ledger.example/bj1/record/1, index ";
  const auto appended = [](auto change, std::uint64_t chosen = 1) {
    TestLedger ledger;
    const std::uint64_t first = ledger.record.size();
    change(ledger);
    const Pack pack{{ledger.record_part({first + chosen}),
                     ledger.registry_part({1, 4, 5})}};
    return verdict_of(ledger, pack);
  };
  EXPECT_EQ(appended([](TestLedger& l) {
              l.record.append(l.agent_source.cut_boots(2, *l.agent_key));
            }),
            "");
  EXPECT_EQ(appended([](TestLedger& l) {
              l.record.append(l.agent_source.cut_boots(2, *l.neighbour_key));
            }),
            site +
                "22: no key of edge-1@bj1 signed batch record edge-1@bj1 "
                "9..10");
  EXPECT_EQ(appended([](TestLedger& l) {
              testing_log::TestSource away("edge-1@bj2", Stream::kRecord);
              l.record.append(away.cut_boots(2, *l.agent_key));
            }),
            site +
                "22: batch record edge-1@bj2 1..2 does not belong in this "
                "log");
  EXPECT_EQ(appended([](TestLedger& l) {
              testing_log::TestSource away("edge-1@bj1", Stream::kTelemetry);
              l.record.append(away.cut_boots(2, *l.agent_key));
            }),
            site +
                "22: batch telemetry edge-1@bj1 1..2 does not belong in "
                "this log");
  EXPECT_EQ(appended([](TestLedger& l) {
              TestBatch batch = l.agent_source.cut_boots(2, *l.agent_key);
              batch.events[1] = l.agent_source.write(boot());
              l.record.append(batch);
            }),
            site + "21: the event's seq is not the one that its header gives");
  EXPECT_EQ(appended(
                [](TestLedger& l) {
                  TestBatch batch = l.agent_source.cut_boots(2, *l.agent_key);
                  batch.events[0] = l.neighbour_source.write(boot());
                  l.record.append(batch);
                },
                0),
            site + "20: the event is not of the chain of its header");
  EXPECT_EQ(appended([](TestLedger& l) {
              TestBatch batch = l.agent_source.cut_boots(2, *l.agent_key);
              auto event = *decode_event(batch.events[1]);
              ++event.occurred_us;
              batch.events[1] = *encode_event(event);
              l.record.append(batch);
            }),
            site + "21: the batch path does not lead to the header's root");
}

// What only a source and a ledger together could bring about.
TEST(Pack, HeaderThatSaysWhatIsNot_IsRefused) {
  TestLedger ledger;
  const auto& chain = ledger.agent_source.chain();
  TestBatch batch = ledger.agent_source.cut_boots(1, *ledger.agent_key);
  batch.cut = cut_batch(chain.source(),
                        chain.stream(),
                        chain.epoch(),
                        batch.header.first_seq,
                        Hash{7},
                        batch.views(),
                        *ledger.agent_key);
  const std::uint64_t first = ledger.record.append(batch);
  const Pack pack{{ledger.record_part({first}), ledger.registry_part({1, 4})}};
  EXPECT_EQ(verdict_of(ledger, pack),
            "ledger.example/bj1/record/1, index 20: prev_hash is not the "
            "header's first_prev_hash");

  TestLedger short_log;
  TestBatch two = short_log.agent_source.cut_boots(2, *short_log.agent_key);
  two.events.pop_back();
  short_log.record = testing_log::TestLog("ledger.example/bj1/record/1");
  short_log.record.append(two);
  const Pack lacking{
      {short_log.record_part({0}), short_log.registry_part({1, 4})}};
  EXPECT_EQ(verdict_of(short_log, lacking),
            "ledger.example/bj1/record/1, index 1: the header covers more "
            "entries than stand before it");
}

TEST(Pack, RegistryOfASite_IsRefused) {
  TestLedger ledger;
  ledger.record = testing_log::TestLog("ledger.example/bj1/registry/1");
  testing_log::TestSource console("console@bj1", Stream::kRegistry);
  ledger.record.append(console.cut(
      {epoch_opened(), source_enrolled(ledger.agent, *test_signer(9))},
      *test_signer(9)));
  EXPECT_EQ(verdict_of(ledger, Pack{{ledger.record_part({1})}}),
            "ledger.example/bj1/registry/1: not a log of this site");
}

// A source that breaks its own chain and signs it, with a ledger that lets it.
TEST(Pack, SourceThatBreaksItsChain_IsRefused) {
  TestLedger ledger;
  const auto& chain = ledger.agent_source.chain();
  const TestBatch honest = ledger.agent_source.cut_boots(2, *ledger.agent_key);
  auto second = *decode_event(honest.events[1]);
  second.prev_hash[0] ^= 1;
  TestBatch broken = honest;
  broken.events[1] = *encode_event(second);
  broken.cut = cut_batch(chain.source(),
                         chain.stream(),
                         chain.epoch(),
                         honest.header.first_seq,
                         honest.header.first_prev_hash,
                         broken.views(),
                         *ledger.agent_key);
  const std::uint64_t first = ledger.record.append(broken);
  const Pack pack{
      {ledger.record_part({first, first + 1}), ledger.registry_part({1, 4})}};
  EXPECT_EQ(verdict_of(ledger, pack),
            "ledger.example/bj1/record/1, index 21: prev_hash is not the hash "
            "of the event before it");

  TestLedger twice;
  const TestBatch batch = twice.agent_source.cut_boots(1, *twice.agent_key);
  twice.record.append(batch);
  twice.record.append(batch);
  const Pack both{{twice.record_part({20, 22}), twice.registry_part({1, 4})}};
  EXPECT_EQ(verdict_of(twice, both),
            "ledger.example/bj1/record/1, index 22: the event's seq does not "
            "ascend");
}

}  // namespace
}  // namespace strongroom
