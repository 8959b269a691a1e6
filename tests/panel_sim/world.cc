// SPDX-License-Identifier: Apache-2.0
#include "tests/panel_sim/world.h"

#include <algorithm>
#include <utility>

namespace strongroom::panel_sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kStart = seconds(1000);
constexpr PanelKey kKey{3, 1, 4, 1, 5, 9, 2, 6};
constexpr milliseconds kTick{10};
constexpr milliseconds kTurnaround{2};
constexpr seconds kCalm{25};

}  // namespace

World::World(std::uint64_t seed, Plan plan)
    : random_(seed, "world"),
      plan_(plan),
      panel_(kKey, seed),
      agent_(kKey, seed, plan.agent),
      channel_(seed, plan.channel),
      now_(kStart) {
  if (plan.is_real_line) {
    master_ = std::make_unique<LineMaster>(channel_);
  } else {
    master_ = std::make_unique<PlainMaster>(channel_);
  }
  panel_.reset(now_);
  agent_.restart(now_);
  ask();
  add(plan.events, &World::move_leaf);
  add(plan.badges, &World::badge);
  add(plan.resets, &World::reset);
  add(plan.power_cuts, &World::cut_power);
  add(plan.restarts, &World::restart);
  add(plan.lost_journals, &World::lose_journal);
  add(plan.stalls, &World::stall);
  add(plan.silences, &World::silence);
  add(plan.replays, &World::replay);
  add(plan.lockdowns, &World::lock_down);
  add(plan.lists, &World::send_list);
  add(plan.outages, &World::outage);
}

void World::add(microseconds every, void (World::*what)()) {
  Chance chance{.every = every, .due = MonoTime::max(), .what = what};
  schedule(chance);
  chances_.push_back(chance);
}

// Anywhere from at once to twice the mean.
void World::schedule(Chance& chance) {
  chance.due =
      chance.every.count() == 0
          ? MonoTime::max()
          : now_ + microseconds(random_.between(1, 2 * chance.every.count()));
}

std::vector<std::string> World::run() {
  const MonoTime end = now_ + plan_.length;
  while (now_ < end && faults_.empty()) {
    step();
  }
  heal();
  const MonoTime calm = now_ + kCalm;
  while ((now_ < calm || !is_calm()) && now_ < calm + kCalm * 4 &&
         faults_.empty()) {
    step();
  }
  if (faults_.empty()) {
    check_end();
  }
  return faults_;
}

void World::step() {
  MonoTime next = std::min({tick_due_,
                            channel_.due(),
                            agent_.turn_due(),
                            silent_until_,
                            cut_until_});
  next = std::min(next, master_->due());
  for (const Chance& chance : chances_) {
    next = std::min(next, chance.due);
  }
  now_ = std::max(now_, next);

  if (tick_due_ <= now_) {
    panel_.tick(now_);
    tick_due_ = now_ + kTick;
  }
  if (silent_until_ <= now_) {
    silent_until_ = MonoTime::max();
    agent_.silence(false);
  }
  if (cut_until_ <= now_) {
    cut_until_ = MonoTime::max();
    channel_.cut(false);
  }
  for (Chance& chance : chances_) {
    if (chance.due <= now_) {
      schedule(chance);
      (this->*chance.what)();
    }
  }
  follow_driver();
  serve();
  agent_.turn(now_);
  ask();
  check_always();
}

void World::serve() {
  while (const auto delivery = channel_.take(now_)) {
    if (delivery->is_request) {
      Bytes answer = panel_.request(delivery->adu, now_);
      if (!answer.empty()) {
        channel_.send(false, std::move(answer), now_ + kTurnaround);
      }
    } else {
      master_->received(delivery->adu, now_);
    }
  }
}

// An agent that was started anew has nothing to do with what the one before
// asked.
void World::follow_driver() {
  if (driver_ != agent_.driver()) {
    driver_ = agent_.driver();
    master_->start(driver_, now_);
  }
}

void World::ask() {
  follow_driver();
  if (agent_.take_wake()) {
    master_->wake();
  }
  const std::uint64_t asked = master_->asked();
  master_->run(now_);
  if (agent_.is_silent() && master_->asked() != asked) {
    fault("a silenced agent asks");
  }
}

// --- what happens
// ---------------------------------------------------------------

void World::move_leaf() {
  if (random_.chance(0.2)) {
    panel_.tamper(now_);
  } else {
    panel_.move_leaf(static_cast<std::uint8_t>(random_.below(2)), now_);
  }
}

void World::badge() {
  badge_at_ = now_;
  panel_.badge(static_cast<std::uint32_t>(random_.next()), now_);
}

void World::reset() {
  panel_.reset(now_);
}

void World::cut_power() {
  panel_.cut_power(now_);
}

void World::restart() {
  agent_.restart(now_);
}

void World::lose_journal() {
  agent_.lose_journal(now_);
}

void World::stall() {
  agent_.stall_until(now_ + milliseconds(random_.between(50, 8000)));
}

void World::silence() {
  agent_.silence(true);
  silent_until_ = now_ + milliseconds(random_.between(10, 6000));
}

void World::replay() {
  channel_.replay(now_);
}

void World::lock_down() {
  agent_.lock_down(static_cast<std::uint8_t>(random_.below(4)));
}

void World::send_list() {
  agent_.send_list(++list_version_, random_.below(60));
}

void World::outage() {
  channel_.cut(true);
  cut_until_ = now_ + milliseconds(random_.between(
                          1, 2 * milliseconds(plan_.outage_length).count()));
}

void World::heal() {
  chances_.clear();
  channel_.set({});
  channel_.cut(false);
  cut_until_ = MonoTime::max();
  silent_until_ = MonoTime::max();
  agent_.silence(false);
  agent_.lock_down(0);
  agent_.stall_until(now_);
}

bool World::is_calm() const {
  const panel::PanelView view = panel_.view();
  return view.acked_seq == view.newest_seq &&
         view.list_version == agent_.list_version();
}

void World::fault(std::string what) {
  faults_.push_back("at " + std::to_string((now_ - kStart).count() / 1000) +
                    " ms: " + std::move(what));
}

}  // namespace strongroom::panel_sim
