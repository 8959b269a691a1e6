// SPDX-License-Identifier: Apache-2.0
// The agent's rules: inputs in, one journal transaction and effects out. No
// thread, no socket; time is given, of the journal it only reads.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "agent/bus/bus.h"
#include "agent/loop/doors.h"
#include "agent/loop/finding_limit.h"
#include "agent/loop/follow_order.h"
#include "agent/loop/follow_plan.h"
#include "agent/loop/losses.h"
#include "agent/loop/outbox.h"
#include "agent/loop/recorder.h"
#include "agent/loop/salvage.h"
#include "agent/loop/sender.h"
#include "agent/loop/snapshot.h"
#include "agent/loop/telemetry.h"
#include "agent/loop/trusted_clock.h"
#include "agent/uplink/uplink.h"

namespace strongroom {

struct AgentOptions {
  Source source;
  std::string version;
  std::array<std::uint8_t, 16> boot_id{};
  Trust trust;
  DeviceSet devices;  // at the start
  SenderOptions sender;
  QuotaOptions quota;
};

/// What the start found, besides the journal's state.
struct StartReport {
  strongroom_v1_EpochReason opened_because{};  // unspecified: the epoch goes on
  ChainHeads previous;
  std::string set_aside;  // file name; empty
};

/// What the agent needs of the world that is not an input.
struct AgentPorts {
  Journal& journal;  // reads only
  const Signer& signer;
  RandomFill random;
  std::function<double()> jitter;  // [0, 1)
};

/// To be released, in order, once the turn's transaction stands.
struct Publish {
  UplinkTopic topic = UplinkTopic::kBatch;
  Bytes payload;
};

/// One turn of the loop.
struct Turn {
  JournalTransaction transaction;  // number 0: nothing to commit
  std::vector<Publish> effects;
  /// The same, for panels and for those who check PINs.
  DoorEffects doors;
  /// The journal gave back something that is not what was written: nothing of
  /// this turn may be committed or released.
  std::optional<JournalError> broken;
};

/// After a refusal, no other epoch is opened for this long: refusals are not
/// signed, and an epoch each would fill the journal.
inline constexpr std::chrono::microseconds kEpochInterval =
    std::chrono::minutes(10);
inline constexpr std::chrono::microseconds kStatusInterval =
    std::chrono::seconds(30);

/// A turn is: begin(), any inputs, finish(); then, once its transaction stands,
/// committed() with it. Not thread-safe.
class AgentCore {
 public:
  AgentCore(AgentOptions options,
            const JournalState& state,
            StartReport start,
            AgentPorts ports);

  AgentCore(const AgentCore&) = delete;
  AgentCore& operator=(const AgentCore&) = delete;

  /// Begins a turn. The first one opens or continues the epoch.
  void begin(const Now& machine);
  void poll_done(const PollDone& poll);
  /// What panels say. The digits of PINs are wiped.
  void panel_reported(PanelReport& report);
  void pin_answered(const PinAnswer& answer);
  /// Effects of the turn before that found no room; the next turn records it.
  void refused(PanelEffect effect);
  void refused_pin(std::uint64_t ticket);
  /// What is ordered, in words; counts once the turn's transaction stands.
  /// Faults: no such panel, no such leaf. Then nothing happened.
  Result<std::string> lock_down(const LockdownOrder& order);
  /// Another configuration: journal, epoch and delivery go on.
  void devices_changed(const DeviceSet& set);
  /// Before any ack of the turn. What will be sent again, in words; counts
  /// once the turn's transaction stands. Faults, in words: the stream does not
  /// follow that predecessor, the successor is not a later generation of the
  /// same log, the journal cannot be read. Then nothing happened.
  Result<std::string> follow(const FollowOrder& order);
  void ack_arrived(ByteView payload);
  void connected();
  void disconnected();
  /// Records open windows: the last turn before the program ends.
  void stopping();
  /// Runs due timers and fills the senders' windows.
  Turn finish();
  /// The turn's transaction stands; its bytes may be taken.
  void committed(Turn& turn);

  /// What the last look at the journal's usage asks for.
  const Relief& relief() const { return relief_; }
  /// False while rows that were delivered once are to be told again: they must
  /// not go by age or for room.
  bool may_prune(Stream stream) const;

  /// When the next turn is due without inputs.
  MonoTime next_deadline() const;
  AgentSnapshot snapshot() const;
  /// Trusted time of the running turn.
  const Now& now() const { return now_; }

 private:
  void start();
  std::optional<EventMessage> event_of(const DescriptionRow& row) const;
  std::optional<std::string> identity_of(const DescriptionRow& row) const;
  std::optional<Bytes> serial_of(const DescriptionRow& row) const;
  void take_refusals();
  void record_step(const ClockStep& step);
  void record_finding(const Suspicion& suspicion,
                      Stream stream,
                      std::string_view subject,
                      std::uint64_t count = 1);
  void open_epoch(strongroom_v1_EpochReason reason, const ChainHeads& previous);
  void keep_quota();
  void change_level(std::uint32_t previous, const JournalUsage& usage);
  void drop_telemetry(std::uint64_t bytes);
  void record_loss(Loss& loss);
  void salvage();
  bool may_salvage(Stream stream);
  void record_salvaged(Stream stream, const SalvageDone& done);
  std::uint64_t owed(Stream stream) const;
  void pump();
  bool fill(Stream stream);
  bool pass(Stream stream, Position position);
  void apply_effects(Stream stream);
  void apply(Stream stream, TransmitBatch& effect);
  void apply(Stream stream, BatchProven& effect);
  void apply(Stream stream, Suspicion& effect);
  void apply(Stream stream, EpochRefused& effect);
  void record_rolled_back(Stream stream, const SignedHeader& shown);
  std::optional<std::string> follow_fault(const FollowOrder& order);
  void apply(const FollowOrder& order, const FollowPlan& plan);
  void record_followed(const FollowOrder& order, const FollowPlan& plan);
  bool lacks(Stream stream, const std::optional<SignedHeader>& newest);
  void publish_status(bool online);
  SpaceSnapshot space() const;
  strongroom_v1_Backlog backlog_of(Stream stream);
  Sender& sender(Stream stream) { return senders_[slot_of(stream)]; }
  const Sender& sender(Stream stream) const {
    return senders_[slot_of(stream)];
  }

  AgentOptions options_;  // without the devices, which telemetry_ has
  StartReport start_;
  AgentPorts ports_;

  TrustedClock clock_;
  Recorder recorder_;
  Losses losses_;
  Outbox outbox_;
  Doors doors_;
  Telemetry telemetry_;
  std::array<Sender, 2> senders_;
  FindingLimit limit_;

  Now now_;
  bool is_started_ = false;
  bool is_connected_ = false;
  bool status_due_ = false;
  MonoTime started_{};
  std::optional<MonoTime> next_status_;
  std::optional<MonoTime> last_refused_epoch_;
  std::array<SenderState, 2> shown_states_{};
  Relief relief_;
  bool has_more_ = false;  // a slice was told: the next turn is due at once
  std::array<std::uint64_t, 2> salvaged_{};
  std::optional<FollowSnapshot> followed_;
  std::vector<Publish> effects_;
  std::vector<PanelEffect> refused_;
  std::vector<std::uint64_t> refused_pins_;
  std::vector<Bytes> live_messages_;
  std::optional<JournalError> broken_;

  std::uint64_t events_ = 0;
  std::uint64_t connects_ = 0;
  std::uint64_t findings_ = 0;
  std::uint64_t clock_steps_ = 0;
  std::uint64_t invalid_acks_ = 0;
  std::uint64_t stray_polls_ = 0;
  std::uint64_t reloads_ = 0;
};

}  // namespace strongroom
