// SPDX-License-Identifier: Apache-2.0
// From a badge to an order: readings are recorded and decided, PINs and second
// persons waited for. What core/access/decide.h says is done here, and nothing
// else opens a leaf.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/loop/open_orders.h"
#include "agent/loop/panel_orders.h"
#include "agent/loop/panel_set.h"
#include "agent/loop/recorder.h"
#include "core/access/decide.h"

namespace strongroom {

/// So many wrong PINs of a person in a row, and none of his counts until so
/// long after the last.
inline constexpr int kMaxWrongPins = 5;
inline constexpr std::chrono::microseconds kPinLock = std::chrono::minutes(15);
/// A reading that is heard so long after it was made opens nothing: the agent
/// was away, and the panel may have been alone meanwhile.
inline constexpr std::chrono::microseconds kHeardLate = std::chrono::seconds(3);

/// A badge that a panel read.
struct Reading {
  std::string panel;
  strongroom_v1_PanelOrigin origin{};
  std::uint8_t leaf = 0;  // by number
  std::uint8_t reader = 0;
  std::string reader_name;
  std::string zone;         // as the configuration has it
  WallTime occurred{};      // for the record
  bool is_readable = true;  // its bits are what they say
  bool is_under_fire = false;
  AccessRequest request;  // read_at: when it counts as read
};

/// What a turn wants besides its transaction.
struct DoorEffects {
  std::vector<PanelEffect> orders;
  std::vector<PinQuestion> pins;
};

/// Sets what is true of the reading's leaf now: fire, lockdown.
using LookAtLeaf = std::function<void(Reading&)>;

class Gatekeeper {
 public:
  Gatekeeper(Recorder& recorder,
             RandomFill random,
             OpenOrders& orders,
             DoorEffects& effects,
             LookAtLeaf look_at_leaf,
             std::shared_ptr<const Policy> policy);

  void set_policy(std::shared_ptr<const Policy> policy) {
    policy_ = std::move(policy);
  }
  const Policy* policy() const { return policy_.get(); }
  std::shared_ptr<const Policy> share() const { return policy_; }

  /// Records the reading.
  void record(const Reading& reading, const Now& now);
  /// Keeps it until `settle`: what follows it in the ring may tell that its
  /// owner has gone. One of that reader that is kept already is too late.
  void keep(Reading reading, const Now& now);
  /// Nothing more follows for now: decides what is kept of the panel, records
  /// the decisions and asks for what they lead to.
  void settle(const std::string& panel, const Now& now);
  /// The panel was alone since, or began anew: what is kept opens nothing.
  void overtake(const std::string& panel, const Now& now);
  /// Events of the panel are missing here: as `overtake`, and nobody knows any
  /// more whom a decision is about that does not say so itself.
  void missed(const std::string& panel, const Now& now);
  /// The panel, alone, decided what `reader` read last.
  void decided_alone(const PanelShape& panel,
                     std::uint32_t ring,
                     const PanelFact& fact,
                     WallTime occurred,
                     bool is_under_fire,
                     const Now& now);

  /// Digits for the reading that waits at that reader. `at`: when they came, in
  /// trusted time.
  void pin_came(const std::string& panel,
                PanelPin& pin,
                WallTime at,
                const Now& now);
  void pin_answered(const PinAnswer& answer, const Now& now);
  /// Nobody will answer.
  void pin_refused(std::uint64_t ticket, const Now& now);

  /// Whoever the order was for has passed.
  void passed(std::uint32_t order);
  void did_not_pass(std::uint32_t order) { passages_.erase(order); }

  void tick(const Now& now);

  const std::map<AccessReason, std::uint64_t>& decisions() const {
    return decisions_;
  }
  const Presence& presence() const { return presence_; }

 private:
  struct PinWait {
    Reading reading;
    std::string person;
    MonoTime until{};
    std::uint64_t ticket = 0;  // 0: no digits yet
    std::string verifier;      // that they are compared with
  };
  struct Kept {
    Reading reading;
    MonoTime heard{};
  };
  struct WrongPins {
    int count = 0;
    MonoTime last{};
  };
  struct SecondWait {
    strongroom_v1_AccessDecision body{};
    MonoTime until{};
  };
  struct Passage {
    std::vector<std::string> persons;
    std::string zone;
    strongroom_v1_Direction direction{};
    MonoTime given{};
  };
  /// Who a reader read last: the panel's own decision does not say.
  struct LastRead {
    std::string credential;
    std::string person;
    std::string leaf;
    strongroom_v1_Direction direction{};
  };
  /// Ids that the policy has of a badge; none: it does not know it.
  LastRead known(CredentialFormat format, const CredentialBits& bits) const;
  /// Whose badge the panel's own decision was about.
  LastRead decided_for(const PanelShape& panel,
                       const strongroom_panel_v1_PanelEvent& told) const;
  using ReaderKey = std::pair<std::string, std::uint8_t>;

  void decide(const Reading& reading, const Now& now);
  void forget_kept(const Now& now);
  void too_late(Reading reading, const Now& now);
  /// Takes out those of the panel, of `reader` alone if it is given.
  std::vector<Reading> take_kept(const std::string& panel,
                                 std::optional<std::uint8_t> reader = {});
  void judge(Reading reading, const Now& now);
  strongroom_v1_AccessDecision body_of(const Reading& reading,
                                       const AccessDecision& decision) const;
  void record_decision(const strongroom_v1_AccessDecision& body,
                       bool is_granted,
                       WallTime occurred,
                       const Now& now);
  std::uint32_t unlock(const Reading& reading,
                       const AccessDecision& decision,
                       const Now& now);
  void follow_up(const Reading& reading,
                 const AccessDecision& decision,
                 const strongroom_v1_AccessDecision& body,
                 const Now& now);
  void show(const Reading& reading,
            strongroom_panel_v1_Signal signal,
            std::chrono::milliseconds duration = {});
  void give_up_second(std::map<std::string, SecondWait>::iterator wait,
                      const Now& now);
  void drop_pin(std::map<ReaderKey, PinWait>::iterator wait);
  void count_pin(const PinWait& wait, bool is_right, const Now& now);
  /// Of a person whom the policy has (still); else empty.
  std::string verifier_of(const std::string& person) const;
  void settle_pin(std::map<ReaderKey, PinWait>::iterator wait,
                  PinCheck check,
                  const Now& now);
  bool is_pin_locked(const std::string& person, const Now& now) const;

  Recorder& recorder_;
  RandomFill random_;
  OpenOrders& orders_;
  DoorEffects& effects_;
  LookAtLeaf look_at_leaf_;
  std::shared_ptr<const Policy> policy_;
  Presence presence_;
  std::vector<Kept> kept_;  // in the order of the ring
  std::map<ReaderKey, PinWait> pins_;
  // Digits that are compared, though another badge came: by ticket.
  std::map<std::uint64_t, PinWait> overtaken_pins_;
  std::map<std::string, WrongPins> wrong_pins_;  // by person
  std::map<std::string, SecondWait> seconds_;    // by leaf
  std::map<std::uint32_t, Passage> passages_;    // by order
  std::map<ReaderKey, LastRead> last_reads_;
  std::uint64_t last_ticket_ = 0;
  std::map<AccessReason, std::uint64_t> decisions_;
};

}  // namespace strongroom
