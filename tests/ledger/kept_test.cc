// SPDX-License-Identifier: Apache-2.0
// What strangers are told of logs that are not whole or not the newest: pruned
// entries, closed logs and their successors, entries that rot.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include "core/log/tlog_proof.h"
#include "core/pack/pack.h"
#include "tests/ledger/test_http.h"

namespace strongroom {
namespace {

using nlohmann::json;
using testing_ledger::LedgerHttp;

class PrunedHttpTest : public LedgerHttp {
 protected:
  void SetUp() override {
    at.telemetry_days = 30;
    LedgerHttp::SetUp();
    agent.now = at.now;
    agent.now.wall -= std::chrono::hours(24 * 60);
    send(Stream::kTelemetry, 200);  // 0..200
    send(Stream::kTelemetry, 200);  // 201..401: 256 lies within
    agent.now = at.now;
    send(Stream::kTelemetry, 50);
    at.now.wall += std::chrono::hours(2);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(at.ledger->turn({}));
    }
  }
  std::string log = "bj1/telemetry/1";
};

TEST_F(PrunedHttpTest, PrunedEntries_AreGoneInWordsAndStayProven) {
  const json logs = json::parse(body("/api/v1/logs"));
  for (const json& each : logs) {
    EXPECT_EQ(each.value("pruned_to", 0),
              each["origin"] == "test.example/" + log ? 256 : 0);
  }
  struct Case {
    const char* path;
    int status;
  };
  const Case cases[] = {
      {"/api/v1/entries/bj1/telemetry/1?from=0&count=1", 410},
      {"/api/v1/entries/bj1/telemetry/1?from=255&count=1", 410},
      {"/api/v1/entries/bj1/telemetry/1?from=250&count=20", 410},
      {"/api/v1/entries/bj1/telemetry/1?from=256&count=20", 200},
      {"/api/v1/entries/bj1/telemetry/1?from=200&count=1", 200},  // a header
      {"/api/v1/pack/bj1/telemetry/1?index=0", 410},
      {"/api/v1/pack/bj1/telemetry/1?index=200", 410},  // brings index 0
      {"/api/v1/pack/bj1/telemetry/1?index=300&index=3", 410},
      {"/api/v1/pack/bj1/telemetry/1?index=300", 200},
      {"/api/v1/proof/bj1/telemetry/1/0", 200},
      {"/log/bj1/telemetry/1/tile/entries/000", 410},
      {"/log/bj1/telemetry/1/tile/entries/001.p/100", 200},
      {"/log/bj1/telemetry/1/tile/0/000", 200},
      {"/api/v1/consistency/bj1/telemetry/1?from=10", 200},
  };
  for (const Case& each : cases) {
    const auto reply = get(each.path);
    ASSERT_TRUE(reply) << each.path;
    EXPECT_EQ(reply->status, each.status) << each.path << " " << reply->body;
    if (each.status == 410) {
      EXPECT_NE(json::parse(reply->body)["error"].get<std::string>().find(
                    "retention policy"),
                std::string::npos);
    }
  }
  // What stands in the same batch as pruned events is proven like any other.
  const auto verdict = verify_pack(
      as_bytes(body("/api/v1/pack/bj1/telemetry/1?index=300&index=256")),
      at.trust());
  ASSERT_TRUE(verdict) << verdict.error().what;
  EXPECT_EQ(verdict->events.size() >= 2, true);
  EXPECT_NE(body("/metrics")
                .find("strongroom_ledger_log_pruned_to{origin=\"test."
                      "example/bj1/telemetry/1\"} 256\n"),
            std::string::npos);
}

/// Entries that rot under a running ledger.
class DamagedHttpTest : public LedgerHttp {
 protected:
  /// The byte of the batch's bundle `from_end` before its end is another.
  void damage(const std::string& origin,
              std::uint64_t first_index,
              std::size_t from_end) {
    SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
    SQLite::Statement read(
        db,
        "SELECT b.entries, b.log_id FROM batches b JOIN logs l ON l.log_id = "
        "b.log_id WHERE l.origin = ? AND b.first_index = ?");
    read.bind(1, origin);
    read.bind(2, static_cast<std::int64_t>(first_index));
    ASSERT_TRUE(read.executeStep());
    std::string bytes = read.getColumn(0).getString();
    ASSERT_GT(bytes.size(), from_end);
    bytes[bytes.size() - from_end] ^= 1;
    SQLite::Statement write(
        db,
        "UPDATE batches SET entries = ? WHERE log_id = ? AND first_index = ?");
    write.bind(1, bytes.data(), static_cast<int>(bytes.size()));
    write.bind(2, read.getColumn(1).getInt64());
    write.bind(3, static_cast<std::int64_t>(first_index));
    read.reset();
    ASSERT_EQ(write.exec(), 1);
  }
  json entry(std::uint64_t index) {
    return json::parse(body("/api/v1/entries/bj1/telemetry/1?count=1&from=" +
                            std::to_string(index)))
        .at(0);
  }
};

TEST_F(DamagedHttpTest, DamagedEntry_IsNeverServedAsGood) {
  send(Stream::kTelemetry, 300);  // 0..300: a full tile and the edge
  send(Stream::kTelemetry, 20);   // 301..321
  const std::string log = "test.example/bj1/telemetry/1";
  damage(log, 0, 1);    // the last byte of index 299, in the edge
  damage(log, 301, 1);  // of index 320
  for (const std::uint64_t index : {299U, 320U}) {
    const json shown = entry(index);
    EXPECT_EQ(shown["damaged"], true) << index;
    EXPECT_EQ(shown["type"], "unknown");
    EXPECT_FALSE(shown.contains("decoded"));
    const auto pack =
        get("/api/v1/pack/bj1/telemetry/1?index=" + std::to_string(index));
    EXPECT_EQ(pack->status, 500);
    EXPECT_NE(pack->body.find("strongroom repair"), std::string::npos);
    // The proof is of what was signed, which is still elsewhere.
    EXPECT_EQ(status("/api/v1/proof/bj1/telemetry/1/" + std::to_string(index)),
              200);
  }
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/entries/001.p/66"), 500);
  EXPECT_EQ(status("/log/bj1/telemetry/1/tile/entries/000"), 200);
  // What stands beside them is proven as ever.
  EXPECT_FALSE(entry(298).contains("damaged"));
  EXPECT_TRUE(entry(298).contains("decoded"));
  const auto verdict = verify_pack(
      as_bytes(body("/api/v1/pack/bj1/telemetry/1?index=298&index=310")),
      at.trust());
  EXPECT_TRUE(verdict) << verdict.error().what;
}

TEST_F(DamagedHttpTest, DamagedBundle_IsDamagedAsAWholeAndItsHeaderIsSound) {
  send(Stream::kTelemetry, 300);
  SQLite::Database db(at.store_path().string(), SQLite::OPEN_READWRITE);
  ASSERT_EQ(db.exec("UPDATE batches SET entries = x'ff' WHERE count = 300"), 1);
  EXPECT_EQ(entry(0)["damaged"], true);
  EXPECT_EQ(entry(0)["entry"], "");
  EXPECT_EQ(entry(299)["damaged"], true);
  EXPECT_EQ(entry(300)["type"], "header");
  EXPECT_FALSE(entry(300).contains("damaged"));
  EXPECT_EQ(status("/api/v1/pack/bj1/telemetry/1?index=0"), 500);
}

TEST_F(DamagedHttpTest, DamagedRegistry_GivesNoPackAtAll) {
  send(Stream::kTelemetry, 3);
  ASSERT_EQ(status("/api/v1/pack/bj1/telemetry/1?index=0"), 200);
  damage("test.example/central/registry/1", 0, 1);
  EXPECT_EQ(status("/api/v1/pack/bj1/telemetry/1?index=0"), 500);
}

class KeptHttpTest : public LedgerHttp {
 protected:
  /// As after a recovery: the log is closed, the next generation has an entry.
  void succeed(const std::string& origin, std::uint64_t closed_at) {
    const auto before = at.publication->find(*Origin::parse(origin));
    auto closed = std::make_shared<PublishedLog>(*before);
    closed->frozen = "an index was damaged";
    closed->closed_at = closed_at;
    at.publication->put(closed);
    auto next = std::make_shared<PublishedLog>(*before);
    ++next->origin.generation;
    at.publication->put(next);
  }
};

TEST_F(KeptHttpTest, ClosedLog_IsNoFailureAndNamesItsSuccessor) {
  send(Stream::kTelemetry, 3);
  succeed("test.example/bj1/telemetry/1", 4);
  const json logs = json::parse(body("/api/v1/logs"));
  std::size_t seen = 0;
  for (const json& each : logs) {
    if (each["origin"] == "test.example/bj1/telemetry/1") {
      ++seen;
      EXPECT_EQ(each["closed_at"], 4);
      EXPECT_EQ(each["successor"], "test.example/bj1/telemetry/2");
      EXPECT_FALSE(each.contains("frozen"));
    } else {
      EXPECT_FALSE(each.contains("successor"));
    }
  }
  EXPECT_EQ(seen, 1U);
  EXPECT_EQ(json::parse(body("/health"))["status"], "ok");
  const std::string metrics = body("/metrics");
  for (const char* line :
       {"log_frozen{origin=\"test.example/bj1/telemetry/1\"} 0\n",
        "log_closed{origin=\"test.example/bj1/telemetry/1\"} 1\n",
        "log_closed{origin=\"test.example/bj1/telemetry/2\"} 0\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
  // Its entries are proven as ever.
  const auto verdict = verify_pack(
      as_bytes(body("/api/v1/pack/bj1/telemetry/1?index=1")), at.trust());
  EXPECT_TRUE(verdict) << verdict.error().what;
}

TEST_F(KeptHttpTest, HeldBackLog_IsAFailureWithItsWayOut) {
  at.views->hold_back(*Origin::parse("test.example/bj1/telemetry/1"),
                      "run strongroom recover again");
  const auto health = get("/health");
  EXPECT_EQ(health->status, 503);
  EXPECT_NE(health->body.find("strongroom recover"), std::string::npos);
  EXPECT_NE(
      body("/metrics")
          .find("log_frozen{origin=\"test.example/bj1/telemetry/1\"} 1\n"),
      std::string::npos);
}

TEST_F(KeptHttpTest, RottenEntries_DegradeAndDoNotFail) {
  send(Stream::kTelemetry, 3);
  const Origin origin = *Origin::parse("test.example/bj1/telemetry/1");
  ASSERT_TRUE(at.ledger->note_damage(origin, 1, false, "index 1"));
  ScrubView scrub;
  scrub.origin = origin.text();
  scrub.index = 2;
  scrub.size = 4;
  at.views->set_scrub(scrub);
  const json health = json::parse(body("/health"));
  EXPECT_EQ(health["status"], "degraded");
  EXPECT_EQ(health["scrub"]["index"], 2);
  EXPECT_EQ(health["scrub"]["size"], 4);
  EXPECT_NE(body("/metrics")
                .find("damaged_entries{origin=\"test.example/bj1/"
                      "telemetry/1\"} 1\n"),
            std::string::npos);
  scrub.error = "disk I/O error";
  at.views->set_scrub(scrub);
  EXPECT_NE(body("/health").find("disk I/O error"), std::string::npos);
}

}  // namespace
}  // namespace strongroom
