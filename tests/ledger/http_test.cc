// SPDX-License-Identifier: Apache-2.0
// The ledger's HTTP as a stranger sees it, over a real socket.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/log/tile.h"
#include "core/log/tlog_proof.h"
#include "core/pack/pack.h"
#include "ledger/http/admin_api.h"
#include "ledger/http/public_api.h"
#include "tests/ledger/test_http.h"

namespace strongroom {
namespace {

using nlohmann::json;
using testing_ledger::TestAgent;
using testing_ledger::TestLedger;

class LedgerHttpTest : public testing_ledger::LedgerHttp {};

TEST_F(LedgerHttpTest, TilesAndBundles_HashToTheCheckpoint) {
  for (int i = 0; i < 5; ++i) {
    send(Stream::kTelemetry, 150);
  }
  const Checkpoint now = checkpoint("bj1/telemetry/1");
  ASSERT_EQ(now.size, 755U);
  std::vector<Hash> leaves;
  for (std::uint64_t number = 0; number * kTileWidth < now.size; ++number) {
    const std::uint32_t width = tile_width(0, number, now.size);
    const std::string log = "/log/bj1/telemetry/1/";
    const std::string tile = body(log + TileId{0, number, width}.path());
    ASSERT_EQ(tile.size(), width * 32U);
    const std::string bytes =
        body(log + TileId{TileId::kEntries, number, width}.path());
    const auto bundle = split_bundle(as_bytes(bytes), width);
    ASSERT_TRUE(bundle) << bundle.error().what;
    for (std::uint32_t i = 0; i < width; ++i) {
      leaves.push_back(leaf_hash((*bundle)[i]));
      EXPECT_EQ(leaves.back(), *hash_from(as_bytes(tile).subspan(i * 32U, 32)));
    }
  }
  EXPECT_EQ(merkle_root(leaves), now.root);
  const std::string upper = body("/log/bj1/telemetry/1/tile/1/000.p/2");
  EXPECT_EQ(merkle_root(std::span(leaves).first(256)),
            *hash_from(as_bytes(upper).first(32)));
  // A tile of an earlier checkpoint is still served.
  EXPECT_EQ(body("/log/bj1/telemetry/1/tile/0/000.p/151").size(), 151U * 32);
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/0/003"), 404);
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/0/002.p/244"), 404);
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/0/000.p/256"), 404);
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/9/000"), 404);
  EXPECT_EQ(status("/log/bj1/telemetry/2/checkpoint"), 404);
  EXPECT_EQ(status("/log/bj9/telemetry/1/checkpoint"), 404);
}

TEST_F(LedgerHttpTest, EntriesAndProofs_OfEveryIndexHold) {
  send(Stream::kTelemetry, 300);
  const Checkpoint old = checkpoint("bj1/telemetry/1");
  send(Stream::kTelemetry, 7);
  const Checkpoint now = checkpoint("bj1/telemetry/1");
  json entries = json::array();
  for (std::uint64_t from = 0; from < now.size; from += 256) {
    const json part = json::parse(
        body("/api/v1/entries/bj1/telemetry/1?from=" + std::to_string(from)));
    entries.insert(entries.end(), part.begin(), part.end());
  }
  ASSERT_EQ(entries.size(), now.size);
  for (const std::uint64_t index : {std::uint64_t{0},
                                    std::uint64_t{255},
                                    std::uint64_t{300},
                                    now.size - 1}) {
    EXPECT_EQ(entries[index]["index"], index);
    const auto entry = from_base64(entries[index]["entry"].get<std::string>());
    const auto proof = TlogProof::parse(
        body("/api/v1/proof/bj1/telemetry/1/" + std::to_string(index)));
    ASSERT_TRUE(entry && proof);
    EXPECT_EQ(
        root_from_inclusion(index, now.size, leaf_hash(*entry), proof->path),
        now.root);
  }
  EXPECT_EQ(entries[300]["type"], "header");
  EXPECT_EQ(entries[0]["decoded"]["source"], "edge-1@bj1");
  EXPECT_EQ(entries[300]["decoded"]["count"], 300);
  const json path = json::parse(body(
      "/api/v1/consistency/bj1/telemetry/1?from=" + std::to_string(old.size)));
  Path hashes;
  for (const auto& hash : path["hashes"]) {
    hashes.push_back(*hash_from(*from_base64(hash.get<std::string>())));
  }
  EXPECT_TRUE(
      verify_consistency(old.size, old.root, now.size, now.root, hashes));
  EXPECT_EQ(status("/api/v1/proof/bj1/telemetry/1/9999"), 404);
  EXPECT_EQ(status("/api/v1/consistency/bj1/telemetry/1?from=9&to=3"), 400);
  EXPECT_EQ(status("/api/v1/consistency/bj1/telemetry/1?to=3"), 400);
  EXPECT_EQ(status("/api/v1/entries/bj1/telemetry/1?from=-1"), 400);
  EXPECT_EQ(body("/api/v1/entries/bj1/telemetry/1?from=99999"), "[]");
}

TEST_F(LedgerHttpTest, Pack_IsBelievedWithNothingElse) {
  send(Stream::kTelemetry, 300);
  send(Stream::kTelemetry, 30);
  for (const char* query : {"bj1/telemetry/1?index=0",
                            "bj1/telemetry/1?index=5&index=299",
                            "bj1/telemetry/1?index=310&index=2",
                            "bj1/telemetry/1?index=300",
                            "central/registry/1?index=1",
                            "central/registry/1?index=2",
                            "central/registry/1?index=3&index=4"}) {
    const std::string bytes = body(std::string("/api/v1/pack/") + query);
    const auto verdict = verify_pack(as_bytes(bytes), at.trust());
    ASSERT_TRUE(verdict) << query << ": " << verdict.error().what;
    EXPECT_FALSE(verdict->events.empty());
  }
  EXPECT_EQ(status("/api/v1/pack/bj1/telemetry/1"), 400);
  EXPECT_EQ(status("/api/v1/pack/bj1/telemetry/1?index=x"), 404);
  EXPECT_EQ(status("/api/v1/pack/bj1/telemetry/1?index=4000"), 404);
}

TEST_F(LedgerHttpTest, Pack_HoldsAcrossRotationAndRevocation) {
  send(Stream::kRecord, 3);
  const auto next_key = testing_ledger::test_signer(21);
  RotateOrder order{.source = agent.source,
                    .old_key = agent.signer->public_key(),
                    .new_key = next_key->public_key(),
                    .new_sealing_key = Bytes(32, 2)};
  const Bytes input = rotation_input(
      order.source, order.old_key, order.new_key, order.new_sealing_key);
  order.old_signature = agent.signer->sign(input);
  order.new_signature = next_key->sign(input);
  ASSERT_TRUE(at.ledger->carry_out(order, "local:0"));
  auto by_new = agent.cut(Stream::kRecord, {.signer = next_key.get()});
  EXPECT_TRUE(at.proves(agent, at.exchange(agent, by_new.payload), by_new));
  ASSERT_TRUE(at.ledger->carry_out(
      RevokeOrder{agent.source,
                  std::nullopt,
                  strongroom_v1_RevocationReason_REVOCATION_REASON_LOST},
      "local:0"));
  const std::string bytes =
      body("/api/v1/pack/bj1/record/1?index=0&index=4&index=6");
  const auto verdict = verify_pack(as_bytes(bytes), at.trust());
  ASSERT_TRUE(verdict) << verdict.error().what;
  std::set<PublicKey> keys;
  for (const ProvenEvent& event : verdict->events) {
    keys.insert(event.key);
  }
  EXPECT_TRUE(keys.contains(order.old_key) && keys.contains(order.new_key));
}

TEST_F(LedgerHttpTest, Find_GivesTheIndexOfAnEvent) {
  send(Stream::kRecord, 3);
  send(Stream::kRecord, 4);
  const std::string query =
      "/api/v1/find?source=edge-1@bj1&stream=record&epoch=" +
      std::to_string(agent.epoch) + "&seq=";
  EXPECT_EQ(json::parse(body(query + "5"))["index"], 5U);
  EXPECT_EQ(json::parse(body(query + "1"))["origin"],
            "test.example/bj1/record/1");
  EXPECT_EQ(status(query + "8"), 404);
  EXPECT_EQ(status("/api/v1/find?source=x&stream=record&epoch=1&seq=1"), 400);
}

TEST_F(LedgerHttpTest, Views_AreServedAsJson) {
  send(Stream::kRecord, 3);
  const auto thief = testing_ledger::test_signer(7);
  at.exchange(
      agent,
      agent.cut(Stream::kTelemetry, {.resync = true, .signer = thief.get()})
          .payload);
  strongroom_v1_Status status_message = strongroom_v1_Status_init_zero;
  status_message.format = 1;
  status_message.online = true;
  std::string_view("0.1.0").copy(status_message.version, 5);
  status_message.backlog_count = 1;
  status_message.backlog[0].stream = strongroom_v1_Stream_STREAM_RECORD;
  status_message.backlog[0].events = 12;
  strongroom_v1_Live live = strongroom_v1_Live_init_zero;
  live.format = 1;
  std::string_view("room-1").copy(live.device, 6);
  live.point_count = 2;
  live.first_point = 1;
  live.values_count = 1;
  std::string_view("humidity").copy(live.values[0].name, 8);
  live.values[0].measured = true;
  live.values[0].mantissa = -455;
  live.values[0].quality = strongroom_v1_PointQuality_POINT_QUALITY_GOOD;
  LedgerInbox::Work work;
  work.statuses.push_back({agent.source, encode_status(status_message)});
  work.live.push_back({agent.source, encode_live(live)});
  ASSERT_TRUE(at.ledger->turn(std::move(work)));

  const json logs = json::parse(body("/api/v1/logs"));
  ASSERT_EQ(logs.size(), 3U);
  EXPECT_EQ(logs[0]["prefix"], "/log/bj1/record/1/");
  const json sources = json::parse(body("/api/v1/sources"));
  const auto& edge = *std::ranges::find_if(
      sources["sources"],
      [](const json& each) { return each["source"] == "edge-1@bj1"; });
  EXPECT_EQ(edge["online"], true);
  EXPECT_EQ(edge["refusals"]["signature"], 1);
  EXPECT_EQ(edge["streams"][0]["backlog"], "12");
  const json devices = json::parse(body("/api/v1/live"))["devices"];
  EXPECT_EQ(devices[0]["values"][0]["mantissa"], "-455");
  const json findings = json::parse(body("/api/v1/findings"));
  EXPECT_EQ(findings[0]["reason"], "REFUSAL_REASON_SIGNATURE");
  EXPECT_EQ(json::parse(body("/health"))["status"], "ok");
  const std::string metrics = body("/metrics");
  EXPECT_NE(metrics.find("strongroom_ledger_refusals_total{source=\"edge-1@bj1"
                         "\",reason=\"signature\"} 1"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("strongroom_ledger_messages_in_total 5"),
            std::string::npos);
  EXPECT_EQ(status("/"), 200);
}

TEST_F(LedgerHttpTest, DamagedTile_IsNeverPartOfAProof) {
  for (int i = 0; i < 3; ++i) {
    send(Stream::kTelemetry, 200);
  }
  at.close();
  {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    db.exec("UPDATE tiles SET hashes = zeroblob(8192) WHERE number = 0");
  }
  EXPECT_EQ(status("/api/v1/proof/bj1/telemetry/1/5"), 500);
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/0/000"), 500);
  EXPECT_EQ(status("/api/v1/proof/bj1/telemetry/1/300"), 200);
}

TEST_F(LedgerHttpTest, ReadersBesideTheWriter_SeeOnlyWhatWasSigned) {
  std::vector<Bytes> payloads;
  for (int i = 0; i < 60; ++i) {
    payloads.push_back(
        agent.cut(Stream::kTelemetry, {.count = 100, .resync = i == 0})
            .payload);
  }
  LedgerInbox inbox;
  std::thread loop([&] { EXPECT_TRUE(at.ledger->run(inbox, [] {})); });
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::uint64_t seen = 0;
      while (!done || seen < 60 * 101) {
        const auto now = checkpoint("bj1/telemetry/1");
        ASSERT_GE(now.size, seen);
        seen = now.size;
        if (seen == 0) {
          continue;
        }
        const auto proof = TlogProof::parse(
            body("/api/v1/proof/bj1/telemetry/1/" + std::to_string(seen - 1)));
        const json entry =
            json::parse(body("/api/v1/entries/bj1/telemetry/1?count=1&from=" +
                             std::to_string(seen - 1)))[0];
        ASSERT_TRUE(proof);
        const auto note = open_checkpoint(proof->checkpoint, at.trust());
        ASSERT_TRUE(note);
        EXPECT_EQ(
            root_from_inclusion(
                seen - 1,
                note->size,
                leaf_hash(*from_base64(entry["entry"].get<std::string>())),
                proof->path),
            note->root);
        body("/metrics");
      }
    });
  }
  for (Bytes& payload : payloads) {
    // One source's share of the inbox is bounded; go-back-N is played here.
    while (inbox.counters().batches_queued >= FairQueue::kBatchesOfSource / 4) {
      std::this_thread::yield();
    }
    inbox.post({agent.source, TopicKind::kBatch}, std::move(payload));
  }
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  inbox.close();
  loop.join();
  EXPECT_EQ(inbox.counters().batches_dropped, 0U);
  EXPECT_EQ(at.acks.size(), 60U);
}

class AdminHttpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(at.open()) << at.why;
    add_admin_routes(server, api);
    socket = at.store_path().parent_path() / "admin.sock";
    ASSERT_TRUE(server.listen_unix(socket));
    loop = std::thread([this] { EXPECT_TRUE(at.ledger->run(inbox, [] {})); });
  }
  void TearDown() override {
    inbox.close();
    loop.join();
    server.stop();
  }

  std::pair<int, json> call(const std::string& path, const json& body) {
    httplib::Client client(socket.string());
    client.set_address_family(AF_UNIX);
    const auto reply =
        body.is_null()
            ? client.Get(path.c_str())
            : client.Post(path.c_str(), body.dump(), "application/json");
    return reply ? std::pair(reply->status,
                             json::parse(reply->body, nullptr, false))
                 : std::pair(0, json());
  }
  json enrolment(const TestAgent& agent) {
    const Bytes sealing(32, 3);
    return {{"source", agent.source.text()},
            {"event_key", to_base64(agent.signer->public_key())},
            {"sealing_key", to_hex(sealing)},
            {"possession",
             to_base64(agent.signer->sign(possession_input(
                 agent.source, agent.signer->public_key(), sealing)))}};
  }

  TestLedger at;
  LedgerInbox inbox;
  Publication empty;
  AdminApi api{inbox, empty, "test.example", {}, {}, "local:0"};
  HttpServer server{{.threads = 2}};
  std::filesystem::path socket;
  std::thread loop;
};

TEST_F(AdminHttpTest, EnrolRevokeState) {
  TestAgent agent("edge-1@bj1", 1);
  const auto [status, done] = call("/admin/enrol", enrolment(agent));
  ASSERT_EQ(status, 200) << done;
  EXPECT_EQ(done["origin"], "test.example/central/registry/1");
  const auto opened =
      open_checkpoint(done["checkpoint"].get<std::string>(), at.trust());
  ASSERT_TRUE(opened);
  EXPECT_LT(done["index"].get<std::uint64_t>(), opened->size);

  json wrong = enrolment(agent);
  wrong["possession"] = to_base64(Bytes(64, 1));
  wrong["source"] = "edge-2@bj1";
  EXPECT_EQ(call("/admin/enrol", wrong).first, 400);
  wrong["extra"] = 1;
  EXPECT_EQ(call("/admin/enrol", wrong).first, 400);
  EXPECT_EQ(call("/admin/enrol", json::array()).first, 400);
  EXPECT_EQ(
      call("/admin/revoke", {{"source", "edge-9@bj1"}, {"reason", "lost"}})
          .first,
      409);
  EXPECT_EQ(
      call("/admin/revoke", {{"source", "edge-1@bj1"}, {"reason", "bored"}})
          .first,
      400);
  EXPECT_EQ(
      call("/admin/revoke", {{"source", "edge-1@bj1"}, {"reason", "lost"}})
          .first,
      200);
  const auto [ok, state] = call("/admin/state", nullptr);
  ASSERT_EQ(ok, 200);
  const auto& source = *std::ranges::find_if(
      state["sources"],
      [](const json& each) { return each["source"] == "edge-1@bj1"; });
  EXPECT_EQ(source["keys"][0]["revoked"], true);
}

}  // namespace
}  // namespace strongroom
