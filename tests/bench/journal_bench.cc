// SPDX-License-Identifier: Apache-2.0
// The agent's journal against bare SQLite writing the same columns in the same
// batches with synchronous=FULL, turn about in one run: once with events that
// are ready, once with all that an event costs (number, link, stamp, encode,
// hash, commit).
#include <CLI/CLI.hpp>
#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/journal/sqlite_journal.h"
#include "core/event/event.h"
#include "platform/crypto/keys.h"
#include "platform/system/clock.h"
#include "platform/system/random.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kSlice = std::chrono::milliseconds(700);
constexpr int kRounds = 5;

/// Bare SQLite: position and event, one prepared statement.
class Raw {
 public:
  explicit Raw(const fs::path& file)
      : db_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    db_.exec("PRAGMA journal_mode=WAL");
    db_.exec("PRAGMA synchronous=FULL");
    db_.exec(
        "CREATE TABLE events (position INTEGER NOT NULL PRIMARY KEY, event "
        "BLOB NOT NULL)");
    insert_.emplace(db_, "INSERT INTO events VALUES (?, ?)");
  }

  std::size_t write(const Bytes& event, std::size_t batch) {
    SQLite::Transaction transaction(db_);
    for (std::size_t at = 0; at < batch; ++at) {
      insert_->bind(1, static_cast<std::int64_t>(++position_));
      insert_->bindNoCopy(2, event.data(), static_cast<int>(event.size()));
      insert_->exec();
      insert_->reset();
    }
    transaction.commit();
    return batch;
  }

 private:
  SQLite::Database db_;
  std::optional<SQLite::Statement> insert_;
  std::uint64_t position_ = 0;
};

/// The agent's journal as its loop uses it.
class Ours {
 public:
  explicit Ours(const fs::path& file)
      : opened_(
            open_journal(file, {"edge-1", "bj1"}, read_clocks().wall).value()),
        chain_({"edge-1", "bj1"}, Stream::kTelemetry, random64()),
        number_(opened_.state.last_transaction) {
    EpochRow epoch;
    epoch.stream = Stream::kTelemetry;
    epoch.epoch = chain_.epoch();
    epoch.first_position = 1;
    epoch.reason = strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
    turn_.epochs.push_back(epoch);
  }

  std::size_t write(const EventMessage& event, std::size_t batch) {
    turn_.number = ++number_;
    const Now now = read_clocks();
    for (std::size_t at = 0; at < batch; ++at) {
      EventMessage copy = event;
      turn_.events[1].push_back(chain_.append(copy, now, random16()).value());
    }
    if (const auto done = opened_.journal->commit(turn_); !done) {
      throw std::runtime_error(done.error().what);
    }
    turn_ = {};
    return batch;
  }

  /// Events that are encoded already: the journal alone.
  std::size_t write_ready(const Bytes& event, std::size_t batch) {
    turn_.number = ++number_;
    turn_.events[1].assign(batch, event);
    if (const auto done = opened_.journal->commit(turn_); !done) {
      throw std::runtime_error(done.error().what);
    }
    turn_ = {};
    return batch;
  }

 private:
  OpenedJournal opened_;
  EventChain chain_;
  std::uint64_t number_;
  JournalTransaction turn_;
};

template <typename Write>
double events_per_second(const Write& write) {
  const auto started = Clock::now();
  std::size_t events = 0;
  while (Clock::now() - started < kSlice) {
    events += write();
  }
  return static_cast<double>(events) /
         std::chrono::duration<double>(Clock::now() - started).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// About 200 bytes encoded.
EventMessage example() {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_windows_tag;
  auto& windows = event.body.windows;
  std::snprintf(windows.device, sizeof windows.device, "room-1");
  windows.described_seq = 3;
  windows.start_us = 1'760'000'000'000'000;
  windows.duration_ms = 60'000;
  windows.good_count = windows.missed_count = windows.quality_count = 2;
  windows.last_count = windows.last_minus_min_count = 2;
  windows.max_minus_last_count = windows.sum_minus_good_last_count = 2;
  for (int at = 0; at < 2; ++at) {
    windows.good[at] = 60;
    windows.quality[at] = strongroom_v1_PointQuality_POINT_QUALITY_GOOD;
    windows.last[at] = 235;
  }
  return event;
}

int run(int argc, char** argv) {
  std::size_t batch = 256;
  fs::path dir;
  CLI::App app{"The agent's journal against bare SQLite"};
  app.add_option("--batch", batch, "Events a commit");
  app.add_option("--dir", dir, "Where the files go")->required();
  CLI11_PARSE(app, argc, argv);
  init_crypto();
  const EventMessage event = example();
  EventMessage copy = event;
  EventChain chain({"edge-1", "bj1"}, Stream::kTelemetry, random64());
  const Bytes encoded = chain.append(copy, read_clocks(), random16()).value();
  Raw raw(dir / "raw.db");
  Ours ours(dir / "journal.db");
  Ours ready(dir / "ready.db");
  std::vector<double> raw_rates;
  std::vector<double> our_rates;
  std::vector<double> ready_rates;
  for (int round = 0; round < kRounds; ++round) {
    raw_rates.push_back(
        events_per_second([&] { return raw.write(encoded, batch); }));
    our_rates.push_back(
        events_per_second([&] { return ours.write(event, batch); }));
    ready_rates.push_back(
        events_per_second([&] { return ready.write_ready(encoded, batch); }));
  }
  const nlohmann::json row = {{"batch", batch},
                              {"event_bytes", encoded.size()},
                              {"journal_events_per_s", median(ready_rates)},
                              {"recorded_events_per_s", median(our_rates)},
                              {"raw_events_per_s", median(raw_rates)}};
  std::printf("%s\n", row.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace strongroom

int main(int argc, char** argv) {
  try {
    return strongroom::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "journal_bench: %s\n", error.what());
    return 1;
  }
}
