// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/agent_node.h"

#include <fmt/format.h>

#include "agent/journal/sqlite_journal.h"
#include "core/base/check.h"
#include "ledger/ingest/topic.h"

namespace strongroom::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// As the inbox of the program (agent/loop/inbox.h).
constexpr std::size_t kAcks = 64;
constexpr std::size_t kPolls = 2048;
constexpr MonoTime kInputDelay = milliseconds(1);
constexpr MonoTime kRetry = milliseconds(200);
constexpr MonoTime kRestart = seconds(2);
constexpr MonoTime kPruneEvery = std::chrono::minutes(2);
constexpr MonoTime kKeepDelivered = std::chrono::minutes(20);
constexpr std::size_t kOverheard = 24;

// What number 0 is stays; the others are what a changed configuration says.
std::shared_ptr<const DeviceProfile> profile_number(std::uint64_t number) {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "sim";
  profile->hash = sha256(as_bytes(std::to_string(number)));
  PointProfile point;
  point.name = "temperature";
  point.unit = "Cel";
  point.exponent = -1;
  point.min = -1'000'000;
  point.max = 1'000'000;
  profile->points.push_back(point);
  return profile;
}

DeviceSet devices_number(std::uint64_t number) {
  DeviceSet set;
  set.devices = {{"line-1", "room-1", profile_number(0)},
                 {"line-1", "room-2", profile_number(number)}};
  set.windows.length = milliseconds(0);
  return set;
}

std::string topic_of(const Source& source, UplinkTopic topic) {
  const char* kind = topic == UplinkTopic::kBatch    ? "batch"
                     : topic == UplinkTopic::kStatus ? "status"
                                                     : "live";
  return fmt::format("strongroom/v1/{}/{}/{}", source.site, source.agent, kind);
}

void keep(std::deque<Bytes>& all, const Bytes& one) {
  all.push_back(one);
  if (all.size() > kOverheard) {
    all.pop_front();
  }
}

}  // namespace

AgentNode::AgentNode(Surroundings around,
                     Truth& truth,
                     std::string name,
                     Identity identity,
                     std::filesystem::path folder)
    : around_(around),
      truth_(truth),
      name_(std::move(name)),
      identity_(std::move(identity)),
      folder_(std::move(folder)),
      random_(around.seed, name_) {
  std::filesystem::create_directories(folder_ / "image");
  booted_ = -seconds(random_.between(10, 100'000));
  client_ = around_.network.add(
      {.name = name_,
       .topics = {ack_topic(identity_.source)},
       .take =
           [this](const std::string&, const Bytes& payload) {
             keep(acks_, payload);
             if (waiting_.acks.size() < kAcks) {
               waiting_.acks.push_back(payload);
             }
             wake_in(kInputDelay);
           },
       .connection =
           [this](bool connected) {
             waiting_.disconnected |= !connected;
             waiting_.connected = connected;
             wake_in(kInputDelay);
           }});
}

AgentNode::~AgentNode() {
  end(MonoTime{-1});
}

Now AgentNode::now() const {
  const MonoTime at = around_.clockwork.now();
  return {kBeginning + at + clock_offset_,
          at - booted_,
          ClockQuality::kGood,
          milliseconds(1)};
}

AgentOptions AgentNode::options() {
  AgentOptions out;
  out.source = identity_.source;
  out.version = "0.1.0";
  random_.fill(out.boot_id);
  out.trust = identity_.trust;
  out.devices = devices_number(change_);
  if (identity_.quota_kib != 0) {
    out.quota = {identity_.quota_kib << 10U, identity_.quota_kib << 8U};
  }
  return out;
}

// --- the program ------------------------------------------------------------

bool AgentNode::open() {
  auto opened = open_journal(journal_path(), identity_.source, now().wall);
  if (!opened) {
    return false;
  }
  if (opened->state.last_transaction == 0 && life_.last_transaction != 0) {
    ++set_aside;
    around_.trace.line(name_, "begins a new journal");
    if (!std::exchange(damaged_, false)) {
      around_.trace.fail(name_ + " gave up a journal that was whole");
    }
    life_ = {};
  }
  truth_.opened(life_, identity_.source, opened->state);
  disk_.crashed = false;
  journal_ = std::make_unique<SimJournal>(
      std::move(opened->journal), disk_, truth_, life_, identity_.source);
  core_ = std::make_unique<AgentCore>(
      options(),
      opened->state,
      StartReport{opened->opened_because, opened->previous, opened->set_aside},
      AgentPorts{*journal_,
                 *identity_.signer,
                 [this](std::span<std::uint8_t> out) { random_.fill(out); },
                 [this] { return random_.unit(); }});
  return true;
}

void AgentNode::start() {
  if (is_up()) {
    return;
  }
  const std::uint64_t run = ++run_;
  if (!open()) {
    around_.trace.line(name_, "does not start");
    around_.clockwork.in(kRestart, [this, run] {
      if (run == run_) {
        start();
      }
    });
    return;
  }
  around_.trace.line(name_, "runs");
  waiting_ = {};
  pruned_.reset();
  no_room_.reset();
  around_.network.go_online(client_);
  timer_at_ = MonoTime::max();
  wake_in(kInputDelay);
}

void AgentNode::end(MonoTime away) {
  around_.network.go_offline(client_);
  core_.reset();
  journal_.reset();
  unsettled_.reset();
  waiting_ = {};
  disk_.crash = AgentDisk::Crash::kNone;
  const std::uint64_t run = ++run_;
  ++timer_;
  if (away.count() >= 0) {
    around_.clockwork.in(away, [this, run] {
      if (run == run_) {
        start();
      }
    });
  }
}

void AgentNode::kill(MonoTime away) {
  around_.trace.line(name_, "is killed");
  ++crashes;
  end(away);
}

void AgentNode::reboot(MonoTime away) {
  kill(away);
  booted_ = around_.clockwork.now();
}

void AgentNode::stop(MonoTime away) {
  if (!is_up() || unsettled_) {
    return kill(away);
  }
  waiting_.stop = true;
  turn();
  around_.trace.line(name_, "has stopped");
  end(away);
}

void AgentNode::poll(std::int64_t value) {
  if (!is_up()) {
    return;
  }
  PollDone done;
  done.line = "line-1";
  done.device = "room-1";
  done.at = now().wall;
  done.monotonic = now().monotonic;
  done.samples = {{PointQuality::kGood, value}};
  static const auto profile = profile_number(0);
  done.profile = profile;
  if (waiting_.polls.size() >= kPolls) {
    waiting_.polls.erase(waiting_.polls.begin());
  }
  waiting_.polls.push_back(std::move(done));
  wake_in(kInputDelay);
}

void AgentNode::change() {
  ++change_;
  if (is_up()) {
    waiting_.devices = devices_number(change_);
    wake_in(kInputDelay);
  }
}

bool AgentNode::follow(const FollowPack& pack) {
  auto order = read_follow_order(
      pack.pack, identity_.source, identity_.trust, "person-1", "person-2");
  if (!order) {
    around_.trace.fail("a follow file is not believed: " + order.error().what);
    return false;
  }
  if (!is_up() || unsettled_) {
    return false;
  }
  waiting_.follow.push_back(*std::move(order));
  wake_in(kInputDelay);
  return true;
}

// --- its turns --------------------------------------------------------------

void AgentNode::wake_in(MonoTime delay) {
  const MonoTime at = around_.clockwork.now() + delay;
  if (!is_up() || unsettled_ || at >= timer_at_) {
    return;
  }
  timer_at_ = at;
  around_.clockwork.at(at, [this, timer = ++timer_] {
    if (timer == timer_ && is_up()) {
      wake();
    }
  });
}

void AgentNode::wake() {
  timer_at_ = MonoTime::max();
  turn();
}

void AgentNode::turn() {
  ++turns;
  Waiting inputs = std::exchange(waiting_, {});
  AgentCore& core = *core_;
  core.begin(now());
  if (inputs.disconnected) {
    core.disconnected();
  }
  for (const FollowOrder& order : inputs.follow) {
    const auto done = core.follow(order);
    around_.trace.line(
        name_,
        (done ? "follows " : "does not follow ") + order.successor.text());
  }
  if (inputs.connected) {
    core.connected();
  }
  for (const Bytes& ack : inputs.acks) {
    core.ack_arrived(ack);
  }
  if (inputs.devices) {
    core.devices_changed(*inputs.devices);
  }
  for (const PollDone& poll : inputs.polls) {
    core.poll_done(poll);
  }
  if (inputs.stop) {
    core.stopping();
  }
  unsettled_ = core.finish();
  if (unsettled_->broken) {
    around_.trace.line(name_, "finds its journal broken");
    doubt_journal(journal_path(), unsettled_->broken->what);
    ++crashes;
    return end(kRestart);
  }
  settle();
}

// Journal, then act.
void AgentNode::settle() {
  if (around_.sabotage == Sabotage::kActFirst) {
    send(std::exchange(unsettled_->effects, {}));
  }
  const JournalTransaction& transaction = unsettled_->transaction;
  if (transaction.number != 0) {
    const auto done = journal_->commit(transaction);
    if (disk_.crashed) {
      around_.trace.line(name_, "crashes at its commit");
      ++crashes;
      return end(kRestart);
    }
    if (!done && done.error().broken) {
      around_.trace.line(name_, "finds its journal broken");
      doubt_journal(journal_path(), done.error().what);
      ++crashes;
      return end(kRestart);
    }
    if (!done) {
      around_.clockwork.in(kRetry, [this, run = run_] {
        if (run == run_ && unsettled_) {
          settle();
        }
      });
      return;
    }
    around_.trace.line(name_,
                       fmt::format("commits {}: {} + {} events, {} batches, "
                                   "{} deliveries",
                                   transaction.number,
                                   transaction.events[0].size(),
                                   transaction.events[1].size(),
                                   transaction.batches.size(),
                                   transaction.deliveries.size()));
  }
  release();
}

void AgentNode::release() {
  Turn turn = *std::exchange(unsettled_, std::nullopt);
  const bool dies = disk_.crash == AgentDisk::Crash::kMidEffects &&
                    turn.transaction.number != 0;
  if (dies) {
    turn.effects.resize(random_.below(turn.effects.size() + 1));
  }
  send(std::exchange(turn.effects, {}));
  if (dies) {
    around_.trace.line(name_, "crashes among its effects");
    ++crashes;
    return end(kRestart);
  }
  core_->committed(turn);
  keep_house();
  wake_in(waiting_.empty()
              ? std::max(core_->next_deadline() - now().monotonic, kInputDelay)
              : kInputDelay);
}

void AgentNode::send(std::vector<Publish> effects) {
  for (Publish& effect : effects) {
    if (effect.topic == UplinkTopic::kBatch) {
      keep(batches_, effect.payload);
    }
    around_.trace.line(name_, "sends", effect.payload);
    around_.network.publish(client_,
                            topic_of(identity_.source, effect.topic),
                            std::move(effect.payload));
  }
}

void AgentNode::keep_house() {
  if (turns % 16 == 0) {
    for (const StreamSnapshot& stream : core_->snapshot().streams) {
      most_in_flight = std::max(most_in_flight, stream.in_flight);
    }
  }
  make_room();
  if (pruned_ && now().monotonic - *pruned_ < kPruneEvery) {
    return;
  }
  pruned_ = now().monotonic;
  for (const Stream stream : kAgentStreams) {
    (void)prune(stream, core_->now().wall - kKeepDelivered);
  }
}

// As agent/loop/loop.cc does it.
void AgentNode::make_room() {
  const Relief& relief = core_->relief();
  if ((!relief.prune_telemetry && !relief.prune_record) ||
      (no_room_ && now().monotonic - *no_room_ < seconds(1))) {
    return;
  }
  no_room_.reset();
  const WallTime all = core_->now().wall + std::chrono::hours(24);
  if ((relief.prune_telemetry && prune(Stream::kTelemetry, all) > 0) ||
      (relief.prune_record && prune(Stream::kRecord, all) > 0)) {
    return;
  }
  no_room_ = now().monotonic;
}

std::uint64_t AgentNode::prune(Stream stream, WallTime before) {
  if (!core_->may_prune(stream)) {
    return 0;
  }
  return journal_->prune(stream, before).value_or(0);
}

}  // namespace strongroom::simulation
