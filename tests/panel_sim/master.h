// SPDX-License-Identifier: Apache-2.0
// Who asks on the line: either the line's real machine (core/bus), or a plain
// one that believes whatever has the right form, so that the driver is alone
// with what comes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/bus/line.h"
#include "core/bus/panel_port.h"
#include "tests/panel_sim/channel.h"

namespace strongroom::panel_sim {

class Master {
 public:
  explicit Master(Channel& channel) : channel_(channel) {}
  virtual ~Master() = default;
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  /// Of an agent that was started.
  virtual void start(std::shared_ptr<PanelPort> driver, MonoTime now) = 0;
  virtual MonoTime due() const = 0;
  virtual void run(MonoTime now) = 0;
  virtual void received(const Bytes& adu, MonoTime now) = 0;
  /// The driver may wish something else now.
  virtual void wake() = 0;

  /// Requests, polls with them.
  std::uint64_t asked() const { return asked_; }

 protected:
  struct Waiting {
    std::uint8_t function = 0;
    std::uint16_t registers = 0;
    MonoTime asked{};
    MonoTime until{};
  };
  /// What became of what is waited for, if this tells it.
  struct Answer {
    std::span<const std::uint8_t> bytes;
    std::optional<ModbusException> exception;  // of whatever number
  };

  void ask(Bytes adu,
           std::uint8_t function,
           std::uint16_t registers,
           MonoTime now,
           std::chrono::microseconds timeout);
  std::optional<Answer> read(ByteView adu) const;

  Channel& channel_;
  std::optional<Waiting> waiting_;
  std::uint64_t asked_ = 0;
};

class PlainMaster final : public Master {
 public:
  using Master::Master;
  void start(std::shared_ptr<PanelPort> driver, MonoTime now) override;
  MonoTime due() const override;
  void run(MonoTime now) override;
  void received(const Bytes& adu, MonoTime now) override;
  void wake() override { next_ = MonoTime{0}; }

 private:
  std::shared_ptr<PanelPort> driver_;
  MonoTime next_{};
  MonoTime quiet_until_{};
};

class LineMaster final : public Master {
 public:
  using Master::Master;
  void start(std::shared_ptr<PanelPort> driver, MonoTime now) override;
  MonoTime due() const override;
  void run(MonoTime now) override;
  void received(const Bytes& adu, MonoTime now) override;
  void wake() override { next_ = MonoTime{0}; }

 private:
  struct Discarding {
    std::chrono::microseconds quiet{};
    MonoTime at_most{};
    MonoTime until{};
    std::size_t bytes = 0;
  };
  void act(const LineAction& action, MonoTime now);

  std::unique_ptr<LineMachine> machine_;
  MonoTime next_{};
  std::optional<Discarding> discarding_;
};

}  // namespace strongroom::panel_sim
