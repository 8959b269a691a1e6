// SPDX-License-Identifier: Apache-2.0
// The driver behind make_panel_driver(). For its own folder.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/panel/config_push.h"
#include "agent/panel/driver.h"
#include "agent/panel/event_pull.h"
#include "agent/panel/frame.h"
#include "agent/panel/list_push.h"

namespace strongroom {

class PanelDriver : public PanelPort {
 public:
  PanelDriver(PanelSetup setup,
              PanelDriverPorts ports,
              std::function<void(PanelDriverStatus)> show);
  ~PanelDriver() override;

  PanelWish wish(MonoTime now) override;
  void polled(std::span<const std::uint16_t> cells,
              MonoTime asked,
              MonoTime now) override;
  bool exchanged(std::span<const std::uint8_t> answer,
                 MonoTime asked,
                 MonoTime now) override;
  void failed(const LinkError& error, MonoTime asked, MonoTime now) override;
  void line_down(MonoTime now) override;

 private:
  using Result = strongroom_panel_v1_OrderResult;
  struct NoOrder {};
  struct ConfigOrder {};
  struct ListOrder {};
  using Order = std::variant<NoOrder,
                             PanelUnlock,
                             PanelLockdown,
                             PanelIndicate,
                             ConfigOrder,
                             ListOrder>;

  // A frame that is not answered yet; the same bytes until it is.
  struct Frame {
    Bytes bytes;
    std::uint16_t registers = 0;
    std::uint64_t nonce = 0;    // of a hello
    std::uint32_t counter = 0;  // of an exchange, as all below
    std::uint32_t acked = 0;
    bool wants_events = false;
    std::uint32_t order_id = 0;
    Order order;
    MonoTime built{};
    bool may_be_sent = false;  // the panel may have seen it
    int tries = 0;             // that failed since the last hello
    int refusals = 0;
  };
  struct Uptime {  // of the panel: at least ms when the agent's clock was `at`
    std::uint64_t ms = 0;
    MonoTime at{};
  };
  struct Signal {
    PanelIndicate what;
    MonoTime taken{};
  };

  // wish (panel_driver_wish.cc)
  void take_mail(MonoTime now);
  void expire(MonoTime now);
  bool is_frame_over(MonoTime now) const;
  void judge_link(MonoTime now);
  PanelWish wish_hello(MonoTime now);
  PanelWish wish_frame();
  MonoTime exchange_due(MonoTime now);
  bool has_ready_unlock() const;
  void build_hello(MonoTime now);
  void build_exchange(MonoTime now);
  Order next_order(MonoTime now);
  bool put_order(strongroom_panel_v1_PanelRequest& request, const Order& order);
  std::optional<std::uint64_t> not_after(MonoTime deadline) const;
  std::uint16_t room_for(const strongroom_panel_v1_PanelRequest& request,
                         bool has_unlock) const;

  // answers (panel_driver_answers.cc)
  bool take_hello(const PanelFrame& frame, MonoTime now);
  bool take_answer(const PanelFrame& frame, MonoTime asked, MonoTime now);
  void begin_session(std::uint64_t session, MonoTime now);
  void take_uptime(const strongroom_panel_v1_PanelAnswer& answer, MonoTime now);
  void take_events(const strongroom_panel_v1_PanelAnswer& answer,
                   const Frame& frame,
                   MonoTime now);
  void take_pin(strongroom_panel_v1_PinEntry& pin,
                const PanelFrame& frame,
                MonoTime now);
  void tell_pin(PanelPin& pin, MonoTime now);
  void take_status(const strongroom_panel_v1_PanelAnswer& answer, MonoTime now);
  void end_order(const Frame& frame,
                 Result result,
                 bool is_known,
                 MonoTime asked,
                 MonoTime now);
  void give_up_frame(MonoTime now);
  void exchange_failed(const LinkError& error, MonoTime asked, MonoTime now);
  void need_hello(MonoTime due);
  void invalid(std::string what);

  // reports (panel_driver.cc)
  void tell(decltype(PanelReport::what) what, MonoTime now);
  bool give(decltype(PanelReport::what) what, MonoTime now);
  void flush(MonoTime now);
  void order_ended(std::uint32_t order,
                   PanelOrderEnded::Outcome outcome,
                   Result result,
                   MonoTime now);
  void show(MonoTime now, bool at_once);

  PanelSetup setup_;
  PanelDriverPorts ports_;
  std::function<void(PanelDriverStatus)> show_;
  PanelLinkKeys keys_;
  ConfigPush config_;
  ListPush list_;
  EventPull pull_;
  PanelDriverStatus status_;

  // the session
  std::uint64_t session_ = 0;  // 0: none yet
  std::uint32_t counter_ = 0;  // of the newest exchange
  bool needs_hello_ = true;
  bool is_used_ = false;  // an exchange of this session was answered
  MonoTime hello_due_{};
  MonoTime last_hello_{};
  int hello_failures_ = 0;
  std::optional<Uptime> uptime_;
  std::uint32_t last_pin_ = 0;

  // what is asked
  enum class Asked : std::uint8_t { kNothing, kPoll, kExchange };
  Asked asked_ = Asked::kNothing;
  std::optional<Frame> hello_;
  std::optional<Frame> frame_;
  MonoTime poll_due_{};
  int poll_failures_ = 0;
  bool is_hinted_ = false;  // the poll wants an exchange
  bool has_pin_ = false;    // the poll says that digits wait
  MonoTime beat_due_{};
  MonoTime status_due_{};
  std::chrono::microseconds exchange_time_{20'000};

  // what is to be done
  std::deque<std::variant<PanelUnlock, PanelLockdown>> orders_;
  std::array<std::optional<Signal>, 8> signals_;
  std::optional<std::uint8_t> lockdown_;  // that the loop wants
  MonoTime lockdown_due_{};
  bool is_lockdown_lost_ = false;

  // the link as the loop knows it
  bool is_silent_ = false;
  std::optional<bool> is_up_;
  std::optional<MonoTime> heard_;
  std::deque<decltype(PanelReport::what)> waiting_;  // refused reports
  MonoTime flush_due_{};
  MonoTime show_due_{};
};

}  // namespace strongroom
