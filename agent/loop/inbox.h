// SPDX-License-Identifier: Apache-2.0
// What other threads tell the loop. One lane a kind, each with a capacity and a
// policy of its own, behind one lock.
//
// lane        capacity  when full
// connection  1         the newest state replaces the older: only it matters
// acks        64        the ack is dropped and counted: the resend heals it. A
//                       producer never waits here: the MQTT library calls with
//                       its lock held, which publish() needs. At most 8 batches
//                       are in flight, so 64 fill only when the loop stands
//                       still.
// polls       2048      the line waits up to a quarter of a second, which slows
//                       a line that polls faster than the journal commits; then
//                       the oldest poll is dropped and counted, so that a
//                       journal that cannot commit does not stop the lines
// panels      256       refused: the driver keeps the report and offers it
// again,
//                       and of events acknowledges nothing meanwhile
// pins        -         as many as were asked: at most 8 at once
// devices     1         the newest set replaces the older: only it matters
// follow      1         refused: a person asks, and hears that another one does
// lockdowns   4         refused: likewise
// stop        1         -
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "agent/bus/bus.h"
#include "agent/loop/device_set.h"
#include "agent/loop/follow_order.h"
#include "agent/loop/lockdown_order.h"
#include "agent/loop/panel_io.h"
#include "agent/loop/panel_orders.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace strongroom {

struct InboxLimits {
  std::size_t acks = 64;
  std::size_t polls = 2048;
  std::size_t panels = 256;
  std::size_t lockdowns = 4;
  std::chrono::milliseconds poll_wait{250};
};

/// What became of a follow order, in words for the person who brought it.
using FollowReply = std::function<void(const Result<std::string>&)>;

struct FollowRequest {
  FollowOrder order;
  FollowReply reply;  // by the loop's thread, once; must not block
};

/// What one turn takes.
struct Inputs {
  /// The connection was lost, made, or (both true) lost and made again.
  bool disconnected = false;
  bool connected = false;
  /// Before the acks: those of the old log are of no use then.
  std::optional<FollowRequest> follow;
  std::vector<Bytes> acks;
  /// Before the polls: those of the old devices are dropped where they do not
  /// fit any more.
  std::optional<DeviceSet> devices;
  /// After the devices, before the panels: their readings are judged by it.
  std::vector<LockdownRequest> lockdowns;
  /// After the devices, before the polls.
  std::vector<PanelReport> panels;
  std::vector<PinAnswer> pins;
  std::vector<PollDone> polls;
  bool stop = false;

  bool empty() const {
    return !disconnected && !connected && acks.empty() && !devices && !follow &&
           lockdowns.empty() && panels.empty() && pins.empty() &&
           polls.empty() && !stop;
  }
};

class Inbox {
 public:
  explicit Inbox(InboxLimits limits = {}) : limits_(limits) {}

  // Any thread.
  void push_connected();
  void push_disconnected();
  void push_ack(Bytes payload);
  void push_poll(PollDone poll);
  void push_devices(DeviceSet set);
  /// False: there is no room, or the loop is told to stop; nothing was taken.
  bool push_panel(PanelReport&& report);
  void push_pin(PinAnswer answer);
  /// False when another order waits, or the loop is told to stop: the reply is
  /// never called. When true it is called once: with what the order did, when
  /// that stands in the journal, or with a fault. A loop that ended before it
  /// took the order calls nothing: wait with a limit.
  bool push_follow(FollowRequest request);
  /// False when four wait, or the loop is told to stop; else as push_follow().
  bool push_lockdown(LockdownRequest request);
  /// The loop ends after its next turn; nobody waits any more.
  void push_stop();

  /// The loop: waits until something is there or `deadline`; all but polls are
  /// taken whole.
  Inputs take(std::size_t max_polls,
              std::chrono::steady_clock::time_point deadline);
  /// Waits for stop alone; true when it came.
  bool wait_stop(std::chrono::milliseconds time);

  std::uint64_t dropped_acks() const;
  std::uint64_t dropped_polls() const;

 private:
  bool has_input() const;

  const InboxLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable room_;
  bool disconnected_ = false;
  bool connected_ = false;
  bool stop_ = false;
  std::optional<DeviceSet> devices_;
  std::optional<FollowRequest> follow_;
  std::vector<LockdownRequest> lockdowns_;
  std::deque<Bytes> acks_;
  std::deque<PanelReport> panels_;
  std::vector<PinAnswer> pins_;
  std::deque<PollDone> polls_;
  std::uint64_t dropped_acks_ = 0;
  std::uint64_t dropped_polls_ = 0;
};

}  // namespace strongroom
