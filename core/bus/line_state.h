// SPDX-License-Identifier: Apache-2.0
// Inside of the line's machine. Not for others to include.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/bus/breaker.h"
#include "core/bus/guard.h"
#include "core/bus/line.h"
#include "core/bus/plan.h"
#include "core/bus/reshape.h"
#include "core/bus/round_trip.h"
#include "core/bus/schedule.h"

namespace strongroom {

/// The least silence after a fault (3.5 characters when that is more).
inline constexpr std::chrono::milliseconds kSettle{5};
/// So long is an observed silence good for: the thread may be held up.
inline constexpr std::chrono::milliseconds kSilenceKeeps{5};
/// What a connection may still hold is thrown away for so long after a fault.
inline constexpr std::chrono::seconds kTroubleLasts{60};
inline constexpr std::chrono::milliseconds kTcpQuiet{1};
/// From a lost or failed opening to the next; then twice as long each time.
inline constexpr std::chrono::milliseconds kFirstBackoff{250};
/// Then what a device refused is tried again.
inline constexpr std::chrono::seconds kTrustRefusals{600};
/// More than the wire needs, however short the configured wait is.
inline constexpr std::chrono::milliseconds kLeastWait{20};
/// A person stands at a door: beside panels no answer is awaited for longer.
inline constexpr std::chrono::milliseconds kLongestWaitBesidePanels{250};

/// The gateway speaks for a unit that did not answer it.
bool is_no_answer(ModbusException exception);

/// A poll that has begun.
struct PollWork {
  bool is_active = false;
  std::size_t next_block = 0;         // of the plan, from its first_block on
  std::vector<RegisterBlock> pieces;  // asked before it, the last one first
  std::vector<PointSample> samples;
  std::vector<TextSample> texts;
  std::string error;  // the first one
  std::chrono::microseconds round_trip{};
  MonoTime begun{};
  MonoTime held_until{};   // nothing of it is asked before
  bool was_heard = false;  // anything at all came from the device
  bool was_retried = false;
  int busy_answers = 0;  // to the block that is being asked
  // Where refused blocks were parted, and whether a single value was the cause.
  std::vector<RegisterRange> borders;
  bool has_refused_value = false;

  /// For the next poll; vectors keep what they have.
  void end();
};

struct LineJobState {
  std::uint16_t device = 0;
  PollClass poll_class = PollClass::kNormal;
  std::vector<RegisterBlock> plan;
  /// A poll begins with this block: behind the one that was left unanswered
  /// last, which so costs the others one poll and not all.
  std::size_t first_block = 0;
  std::uint64_t plan_version = 0;  // of the device, when it was planned
  std::vector<PointSample> blank;  // samples before any answer
  PollWork work;
  /// It was refused while something was owed. It is asked again when nothing
  /// is: then a refusal can be believed, and learned from.
  bool awaits_proof = false;
  /// Of a safety job: it went before another one that is still to be asked.
  bool went_first = false;
};

struct LineDeviceState {
  LineDevice settings;
  RoundTrip round_trip;
  Breaker breaker;
  LineCounters counters;
  std::vector<std::size_t> jobs;
  std::uint64_t plan_version = 1;
  std::chrono::microseconds planned_turnaround{};
  MonoTime planned{};
  MonoTime last_used{};  // a request to it ended
  /// Addresses that the device refused one value at a time.
  std::vector<RegisterRange> refused;
  /// first: where a block must be parted, because it was refused whole.
  std::vector<RegisterRange> borders;
  MonoTime forget_refusals{};   // asked again from then on; 0: none is known
  bool refuses_beyond = false;  // what its profile does not know
  bool faulted = false;         // since the last answer of any on the line
  std::uint32_t probes = 0;
};

struct LinePanelState {
  LinePanel settings;
  RoundTrip round_trip;
  Breaker breaker{false};
  LinePanelCounters counters;
  PanelWish wish;               // of this turn
  MonoTime exchanged{};         // the newest exchange began
  MonoTime polled{};            // the newest poll began
  MonoTime probe_from{};        // of a silent one
  MonoTime poll_from{};         // no shape of a poll is free before
  MonoTime wished_at{};         // the exchange at hand; 0: none is wished
  RecentTimes waits;            // from then to its request on the wire
  int exchange_faults = 0;      // since the last exchange that was answered
  MonoTime exchange_from{};     // they cost too much: none before
  bool refuses_others = false;  // other registers than those of a poll
  std::array<std::uint16_t, kPanelPollCount> cells{};  // the newest known
  bool faulted = false;  // since the last answer of any on the line
  std::uint32_t probes = 0;
};

/// What is on the wire.
struct LineAsked {
  enum class Purpose : std::uint8_t {
    kPoll,    // the values are wanted
    kInStep,  // only that the unit answers its newest question
    kProbe,   // only whether the device is there
    kPanelPoll,
    kPanelProbe,
    kExchange,
  };
  Purpose purpose = Purpose::kPoll;
  std::size_t device = 0;  // or panel
  std::size_t job = 0;     // of kPoll and kInStep
  Question question;       // not of kExchange
  AnswerShape shape;
  std::chrono::microseconds on_wire{};
  MonoTime at{};
  std::chrono::microseconds timeout{};

  bool is_of_panel() const { return purpose >= Purpose::kPanelPoll; }
};

struct LineMachine::State {
  State(LineSettings line_settings,
        std::vector<LineDevice> line_devices,
        std::vector<LinePanel> line_panels,
        MonoTime now,
        std::unique_ptr<ReplyGuard> reply_guard);

  // line.cc: the port and the turn
  LineAction next(MonoTime now);
  LineAction next_closed(MonoTime now);
  LineAction next_open_turn(MonoTime now);
  std::optional<std::size_t> due_job(MonoTime now);
  std::optional<std::size_t> safety_due_before(MonoTime over, MonoTime now);
  std::size_t safety_first(std::size_t job, MonoTime now);
  std::optional<LineAction> settle(MonoTime now);
  LineAction idle(MonoTime now, MonoTime until);
  LineAction discard_for(std::chrono::microseconds quiet,
                         std::chrono::microseconds at_most,
                         MonoTime now);
  void opened(MonoTime now);
  void open_failed(std::string what, MonoTime now);
  void discarded(std::size_t bytes, MonoTime now);
  void close(std::string error, MonoTime now);
  void back_off(MonoTime now);

  // line_poll.cc: one job after the other
  void make_jobs(MonoTime now);
  void plan(LineJobState& job);
  void begin(LineJobState& job, MonoTime now);
  const RegisterBlock* current(const LineJobState& job) const;
  void drop_current(LineJobState& job);
  void begin_behind_current(LineJobState& job);
  std::optional<LineAction> work_on(std::size_t job, MonoTime now);
  LineAction ask(const LineAsked& wanted, MonoTime now);
  std::optional<LineAction> silence_before_asking(MonoTime now);
  void end_transaction(MonoTime now);
  void answered(std::span<const std::uint16_t> cells, MonoTime now);
  void hold(std::size_t job, MonoTime until);
  void hold_or_skip(std::size_t job, MonoTime until, MonoTime now);
  void complete(std::size_t job, MonoTime now);
  void fail_poll(std::size_t job, const std::string& error, MonoTime now);
  void report_unasked(std::size_t job, const std::string& error, MonoTime now);
  void review_plans(LineDeviceState& device, MonoTime now);

  // line_fault.cc: what is not an answer, and how to go on
  void failed(const LinkError& error, MonoTime now);
  void left_unanswered(const LinkError& error, MonoTime now);
  void refused(const LinkError& error, MonoTime now);
  void refused_block(const LinkError& error, MonoTime now);
  static void remember_refusal(LineDeviceState& device, MonoTime now);
  void note_heard(LineDeviceState& device, MonoTime now);
  void note_line_works();
  void count_fault(const std::string& what, MonoTime now);
  std::optional<LineAction> ask_otherwise(std::size_t job, MonoTime now);
  LineAction ask_in_step(std::size_t job,
                         const Question& question,
                         MonoTime now);
  std::optional<LineAction> wait_for_owed(std::size_t job, MonoTime now);
  Question oldest_owed(const LineDeviceState& device,
                       const Question& question,
                       MonoTime now);
  AskedDevice asked_device(const LineDeviceState& device) const;

  // line_probe.cc: silent devices
  std::optional<std::size_t> device_to_probe(MonoTime now,
                                             bool something_is_due) const;
  LineAction probe(std::size_t device, MonoTime now);
  void note_probe_answered(bool is_unmistakable);
  std::chrono::microseconds probe_timeout(const LineDeviceState& device,
                                          const Question& question) const;
  MonoTime next_due_of_answering() const;
  MonoTime next_probe(MonoTime now) const;

  // line_panel.cc: panels between the requests to devices; line_panel_answer.cc
  void look_at_panels(MonoTime now);
  static bool is_plain_poll(const Question& question);
  static bool wishes_exchange(const LinePanelState& panel, MonoTime now);
  static bool wishes_poll(const LinePanelState& panel, MonoTime now);
  std::optional<std::size_t> panel_to_exchange(MonoTime now) const;
  std::optional<std::size_t> panel_to_poll(MonoTime now);
  std::optional<std::size_t> panel_to_probe(MonoTime now) const;
  bool is_safety(std::optional<std::size_t> job) const;
  bool exchange_goes_first(std::optional<std::size_t> job,
                           bool is_poll_due) const;
  bool poll_goes_first(std::optional<std::size_t> job, MonoTime now) const;
  std::optional<LineAction> panel_turn(std::optional<std::size_t> job,
                                       MonoTime now);
  LineAction with_panels(LineAction action, MonoTime now);
  MonoTime next_of_panels(MonoTime now) const;
  std::optional<Question> poll_question(const LinePanelState& panel,
                                        MonoTime now) const;
  LineAction exchange(std::size_t panel, MonoTime now);
  LineAction poll_panel(std::size_t panel, MonoTime now);
  LineAction probe_panel(std::size_t panel, MonoTime now);
  LineAction ask_panel(const LineAsked& wanted, MonoTime now);
  void note_asked_panel(const LineAsked& wanted, MonoTime now);
  void panel_answered(std::span<const std::uint16_t> cells, MonoTime now);
  void exchanged(std::span<const std::uint8_t> answer, MonoTime now);
  void panel_failed(const LinkError& error, MonoTime now);
  void panel_left_unanswered(const LinkError& error, MonoTime now);
  void panel_refused(const LinkError& error, MonoTime now);
  void note_exchange_fault(LinePanelState& panel, MonoTime now) const;
  void note_panel_heard(LinePanelState& panel, MonoTime now);
  void probe_panels_at_once(MonoTime now);

  LineSettings settings;
  std::unique_ptr<ReplyGuard> guard;
  std::vector<LineDeviceState> devices;
  std::vector<LineJobState> jobs;
  std::unique_ptr<LineSchedule> schedule;
  bool has_safety = false;
  /// Somebody waits behind each request: it is to be short.
  bool is_in_haste = false;
  std::size_t silent_devices = 0;
  std::vector<PollReport> reports;

  bool is_open = false;
  bool must_close = false;
  bool was_opened = false;  // ever
  std::string open_error;
  MonoTime next_open{};
  std::chrono::milliseconds backoff;
  std::uint64_t lost = 0;
  std::uint64_t opens = 0;
  std::uint64_t failed_opens = 0;
  std::chrono::microseconds busy{};
  int faults_in_a_row = 0;

  std::vector<LinePanelState> panels;
  MonoTime looked{};             // at what the panels wish
  MonoTime probe_panels_from{};  // probes have had their share before
  // Requests in a row, for turns.
  int exchanges_since_job = 0;
  int exchanges_since_other = 0;
  int polls_since_job = 0;
  int jobs_since_poll = 0;

  /// The answer that next() waits for.
  enum class Pending : std::uint8_t { kNothing, kOpen, kAnswer, kSilence };
  Pending pending = Pending::kNothing;
  LineAsked asked;            // of kAnswer; else the newest
  bool was_answered = false;  // the newest question
  MonoTime discard_began{};
  LineDiscard discard;  // the newest

  MonoTime foreign_until{};  // answers to an earlier owner may come
  /// After a fault: this long nothing may come before anything is asked.
  std::chrono::microseconds quiet_wanted{};
  int restless = 0;                  // discards in a row without silence
  std::optional<MonoTime> quiet_at;  // nothing had come by then
  /// Over TCP every answer is looked for before a question only after trouble.
  MonoTime troubled_until{};
};

}  // namespace strongroom
