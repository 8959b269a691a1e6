// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/ledger_node.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "core/base/check.h"
#include "core/event/key_proof.h"
#include "ledger/ingest/topic.h"
#include "ledger/loop/ledger.h"
#include "ledger/store/create.h"
#include "ledger/store/sqlite_guard.h"
#include "ledger/store/sqlite_ledger_store.h"

namespace strongroom::simulation {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kTurnDelay = milliseconds(2);
constexpr MonoTime kIdleTurn = seconds(10);
constexpr MonoTime kRestartDelay = seconds(2);
constexpr std::size_t kBatchesPerTurn = 128;  // as the program has it
constexpr const char* kFiles[] = {"ledger.db", "disclosures.db", "guard.db"};

void copy_database(const fs::path& from, const fs::path& to) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::remove(to.string() + suffix);
  }
  fs::copy_file(from, to);
  if (fs::exists(from.string() + "-wal")) {
    fs::copy_file(from.string() + "-wal", to.string() + "-wal");
  }
}

}  // namespace

std::unique_ptr<Signer> signer_from(Random& random) {
  std::array<std::uint8_t, 32> bytes{};
  random.fill(bytes);
  return signer_from_seed(bytes);
}

// In the order in which they must go: the reader before the writer.
struct LedgerNode::Program {
  std::unique_ptr<SimStore> store;
  std::unique_ptr<SimGuard> guard;
  std::unique_ptr<LedgerReader> reader;
  LedgerInbox inbox;
  Publication publication;
  Views views;
  std::unique_ptr<Ledger> ledger;
};

LedgerNode::LedgerNode(Surroundings around, fs::path folder)
    : around_(around),
      folder_(std::move(folder)),
      random_(around.seed, "ledger"),
      log_signer_(signer_from(random_)),
      console_signer_(signer_from(random_)) {
  disk_.guard_forgets = around.sabotage == Sabotage::kGuardForgets;
  fs::create_directories(folder_ / "image");
  const auto made = create_ledger_store(
      store_path(), guard_path(), folder_ / "disclosures.db", kLedgerName);
  check(made.has_value(), "the ledger's databases cannot be made");
  client_ = around_.network.add(
      {.name = "ledger",
       .topics = {"*/batch", "*/status", "*/live"},
       .take = [this](const std::string& topic,
                      const Bytes& payload) { arrived(topic, payload); },
       .connection = [](bool) {}});
  around_.logs.log_is(
      1,
      Origin{kLedgerName, std::string(kCentralSite), Stream::kRegistry, 1}
          .text());
  check(open(), "the ledger does not begin");
}

LedgerNode::~LedgerNode() {
  end(MonoTime{-1});
}

Trust LedgerNode::trust() const {
  return {kLedgerName, {log_signer_->public_key()}};
}

void LedgerNode::enrol(const Source& source, const Signer& signer) {
  if (program_->ledger->registry().find(source) != nullptr) {
    return;
  }
  EnrolOrder order{.source = source,
                   .event_key = signer.public_key(),
                   .sealing_key = Bytes(32, 0x5e)};
  order.possession = signer.sign(
      possession_input(order.source, order.event_key, order.sealing_key));
  const auto done = program_->ledger->carry_out(order, "local:0");
  check(done && std::holds_alternative<OrderDone>(*done), "not enrolled");
}

Now LedgerNode::now() const {
  const MonoTime at = around_.clockwork.now();
  return {kBeginning + at + clock_offset_,
          at + seconds(500),
          ClockQuality::kGood,
          milliseconds(1)};
}

void LedgerNode::send(const std::string& topic, Bytes payload) {
  const auto ack = decode_ack(payload);
  if (!ack) {
    around_.trace.fail("the ledger sends what is no ack");
  } else if (const auto* held = std::get_if<Held>(&ack->outcome)) {
    around_.logs.published(held->checkpoint);
  }
  around_.trace.line("ledger", "sends " + topic, payload);
  around_.network.publish(client_, topic, std::move(payload));
}

// --- the program ------------------------------------------------------------

bool LedgerNode::open() {
  auto program = std::make_unique<Program>();
  auto store =
      open_sqlite_ledger_store(store_path(), folder_ / "disclosures.db");
  auto guard = open_sqlite_guard(guard_path());
  auto reader = LedgerReader::open(store_path());
  if (!store || !guard || !reader) {
    return false;
  }
  LogTruth& truth = around_.logs;
  program->store =
      std::make_unique<SimStore>(*std::move(store), disk_, truth, random_);
  program->guard = std::make_unique<SimGuard>(*std::move(guard), disk_, truth);
  program->reader = *std::move(reader);
  if (const auto logs = program->reader->logs()) {
    for (const LogRow& row : *logs) {
      truth.log_is(row.log_id, row.origin.text());
      const auto size = program->reader->log_size(row.log_id);
      const std::uint64_t stored =
          truth.current(row.origin.text()).leaves.size();
      if (!size || *size != row.closed_at.value_or(stored)) {
        around_.trace.fail(row.origin.text() +
                           ": the database lost or won entries");
      }
    }
  }
  disk_.crashed = false;
  Outside outside{
      .now = [this] { return now(); },
      .random16 =
          [this] {
            std::array<std::uint8_t, 16> bytes{};
            random_.fill(bytes);
            return bytes;
          },
      .random64 = [this] { return random_.next(); },
      .send =
          [this](const std::string& topic, Bytes payload) {
            if (!disk_.crashed) {
              send(topic, std::move(payload));
            }
            return !disk_.crashed;
          },
      .tell = [](std::string_view, const std::function<std::string()>&) {},
      .warn =
          [this](const std::string& line) {
            around_.trace.line("ledger",
                               "warns " + line.substr(0, line.find(' ')));
          }};
  auto opened = Ledger::open(kLedgerName,
                             {*program->store,
                              *program->guard,
                              *program->reader,
                              *log_signer_,
                              *console_signer_,
                              program->publication,
                              program->views,
                              std::move(outside)});
  if (!opened) {
    around_.trace.line("ledger", "does not start");
    return false;
  }
  program->ledger = *std::move(opened);
  program_ = std::move(program);
  publish_shown();
  return true;
}

void LedgerNode::start() {
  const std::uint64_t life = ++life_;
  if (!is_up() && !open()) {
    around_.clockwork.in(kRestartDelay, [this, life] {
      if (life == life_) {
        start();
      }
    });
    return;
  }
  around_.trace.line("ledger", "runs");
  around_.network.go_online(client_);
  idle_pending_ = turn_pending_ = false;
  wake(false);
}

void LedgerNode::end(MonoTime away) {
  around_.network.go_offline(client_);
  program_.reset();
  const std::uint64_t life = ++life_;
  if (away.count() >= 0) {
    around_.clockwork.in(away, [this, life] {
      if (life == life_) {
        start();
      }
    });
  }
}

void LedgerNode::kill(MonoTime away) {
  around_.trace.line("ledger", "is killed");
  ++crashes;
  end(away);
}

// --- its turns --------------------------------------------------------------

void LedgerNode::arrived(const std::string& topic, const Bytes& payload) {
  const auto parsed = parse_topic(topic);
  if (!is_up() || !parsed) {
    return;
  }
  program_->inbox.post(*parsed, payload);
  const LedgerInbox::Counters queued = program_->inbox.counters();
  queue_overflowed |= queued.batches_queued > FairQueue::kBatches ||
                      queued.bytes_queued > FairQueue::kBytes;
  wake(false);
}

// One timer of each kind at a time.
void LedgerNode::wake(bool idle) {
  bool& pending = idle ? idle_pending_ : turn_pending_;
  if (std::exchange(pending, true)) {
    return;
  }
  around_.clockwork.in(idle ? kIdleTurn : kTurnDelay,
                       [this, idle, life = life_] {
                         if (life == life_ && is_up()) {
                           (idle ? idle_pending_ : turn_pending_) = false;
                           turn();
                         }
                       });
}

void LedgerNode::turn() {
  ++turns;
  auto work = program_->inbox.take(kBatchesPerTurn, {});
  const bool more = program_->inbox.counters().batches_queued > 0;
  const auto done = program_->ledger->turn(std::move(work));
  if (disk_.crashed) {
    around_.trace.line("ledger", "crashes at a step");
    ++crashes;
    return end(kRestartDelay);
  }
  if (!done) {
    around_.trace.line("ledger", "ends with a fault");
    ++crashes;
    return end(kRestartDelay);
  }
  publish_shown();
  if (more) {
    wake(false);
  }
  wake(true);
}

// What pages and tiles show of each log.
void LedgerNode::publish_shown() {
  for (const auto& log : program_->publication.all()) {
    if (!log->note.empty() && log->frozen.empty()) {
      around_.logs.published(log->note);
    }
  }
}

// Of each site and stream the newest generation: the others are closed.
std::vector<std::string> LedgerNode::frozen() const {
  std::vector<std::string> out;
  if (program_ == nullptr) {
    return out;
  }
  const LogWriter& logs = program_->ledger->logs();
  for (const LogId id : logs.ids()) {
    const Origin& origin = logs.origin(id);
    if (!logs.frozen(id).empty() &&
        logs.find(origin.site, origin.stream) == id) {
      out.push_back(origin.text());
    }
  }
  return out;
}

bool LedgerNode::is_frozen(const std::string& site, Stream stream) const {
  if (program_ == nullptr) {
    return true;
  }
  const LogWriter& logs = program_->ledger->logs();
  const auto registry = logs.find(std::string(kCentralSite), Stream::kRegistry);
  const auto id = logs.find(site, stream);
  return !id || !registry || !logs.frozen(*id).empty() ||
         !logs.frozen(*registry).empty() || !logs.missing_logs().empty();
}

bool LedgerNode::misses_logs() const {
  return program_ != nullptr &&
         !program_->ledger->logs().missing_logs().empty();
}

// --- its files --------------------------------------------------------------

void LedgerNode::take_image() {
  for (const char* file : kFiles) {
    copy_database(folder_ / file, folder_ / "image" / file);
  }
  image_ = around_.logs.image();
  is_image_rotten_ = is_rotten_;
}

void LedgerNode::restore_image(bool with_guard) {
  if (!image_) {
    return;
  }
  kill(kRestartDelay);
  around_.trace.line("person", "restores the ledger's database");
  for (const char* file : kFiles) {
    if (with_guard || file != std::string_view("guard.db")) {
      copy_database(folder_ / "image" / file, folder_ / file);
    }
  }
  is_rotten_ = is_image_rotten_;
  around_.logs.restored(*image_, with_guard);
}

// Turns one bit of one blob; nothing when there is none.
void LedgerNode::rot(const char* table, const char* column) {
  kill(kRestartDelay);
  SQLite::Database db(store_path().string(), SQLite::OPEN_READWRITE);
  const std::string rows = std::string(" FROM ") + table;
  const std::uint64_t count = static_cast<std::uint64_t>(
      db.execAndGet("SELECT count(*)" + rows).getInt64());
  if (count == 0) {
    return;
  }
  SQLite::Statement read(db,
                         std::string("SELECT rowid, ") + column + rows +
                             " ORDER BY rowid LIMIT 1 OFFSET ?");
  read.bind(1, static_cast<std::int64_t>(random_.below(count)));
  check(read.executeStep(), "a row is missing");
  const std::int64_t row = read.getColumn(0).getInt64();
  const auto blob = read.getColumn(1);
  Bytes bytes(static_cast<const std::uint8_t*>(blob.getBlob()),
              static_cast<const std::uint8_t*>(blob.getBlob()) + blob.size());
  bytes[random_.below(bytes.size())] ^=
      static_cast<std::uint8_t>(1U << random_.below(8));
  read.reset();
  SQLite::Statement write(db,
                          std::string("UPDATE ") + table + " SET " + column +
                              " = ? WHERE rowid = ?");
  write.bind(1, bytes.data(), static_cast<int>(bytes.size()));
  write.bind(2, row);
  write.exec();
  is_rotten_ = true;
  around_.trace.line("ledger", fmt::format("a row of {} rots", table));
}

}  // namespace strongroom::simulation
