// SPDX-License-Identifier: Apache-2.0
// Panels and sensors that answer late, twice, in halves or not at all, on one
// line, at random: no answer is taken for another's, and nobody is forgotten.
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/bus/panel_fixture.h"

namespace strongroom {
namespace {

constexpr milliseconds kTimeout{100};
constexpr std::size_t kPanels = 3;
constexpr std::size_t kSensors = 2;
constexpr seconds kRun{60};

/// Asks whatever it likes: the test of the test.
class NoGuard final : public ReplyGuard {
 public:
  using ReplyGuard::ReplyGuard;
  bool may_ask(const Question&, MonoTime) override { return true; }
  bool can_be_refused(const Question&, MonoTime) override { return true; }
};

/// Two blocks of one shape, one of them of safety points.
std::shared_ptr<const DeviceProfile> sensor_profile() {
  auto profile = std::make_shared<DeviceProfile>();
  profile->name = "sensor";
  for (std::uint16_t i = 0; i < 8; ++i) {
    const bool is_safety = i < 4;
    PointProfile point =
        point_at(RegisterKind::kInput,
                 static_cast<std::uint16_t>(is_safety ? i : 40 + i),
                 ValueType::kU16,
                 is_safety ? PollClass::kSafety : PollClass::kNormal);
    point.max = 65'535;
    profile->points.push_back(std::move(point));
  }
  profile->bridge_holes = false;
  return profile;
}

class Shared {
 public:
  Shared(unsigned seed, bool is_guarded) : random_(seed) {
    std::vector<LineDevice> devices;
    for (std::uint8_t unit = 1; unit <= kSensors; ++unit) {
      LineDevice& device = devices.emplace_back();
      device.name = "d" + std::to_string(unit);
      device.profile = sensor_profile();
      device.unit_id = unit;
    }
    std::vector<LinePanel> on_line;
    for (std::size_t i = 0; i < kPanels; ++i) {
      panels.push_back(std::make_shared<FakePanel>(milliseconds(60)));
      on_line.push_back(panel_of(unit_of(i), panels[i]));
    }
    const LineSettings settings{.wire = one_in(2) ? kRtu115200 : kTcp,
                                .timeout = kTimeout};
    std::unique_ptr<ReplyGuard> guard;
    if (is_guarded) {
      guard = std::make_unique<ReplyGuard>(4 * kTimeout);
    } else {
      guard = std::make_unique<NoGuard>(4 * kTimeout);
    }
    run = std::make_unique<LineRun>(
        settings, devices, seed, std::move(guard), std::move(on_line));
    for (std::uint8_t unit = 1; unit <= kSensors; ++unit) {
      make_faulty(run->line.unit(unit));
    }
    for (std::size_t i = 0; i < kPanels; ++i) {
      SimulatedUnit& unit = run->line.unit(unit_of(i));
      make_faulty(unit);
      unit.is_panel = true;
      panels[i]->expected = [&unit] {
        return static_cast<std::uint16_t>(unit.questions);
      };
    }
    run->on_report = [this](const PollReport& report) { note(report); };
  }

  static std::uint8_t unit_of(std::size_t panel) {
    return static_cast<std::uint8_t>(5 + panel);
  }

  /// Exchanges are wished all the time.
  void work() {
    const MonoTime end = run->now + kRun;
    while (run->now < end) {
      const std::size_t panel = up_to(kPanels - 1);
      if (!panels[panel]->exchange_at) {
        panels[panel]->read_registers =
            static_cast<std::uint16_t>(1 + up_to(kMaxExchangeRead - 1));
        panels[panel]->want_exchange(run->now);
      }
      run->run_until(run->now + milliseconds(up_to(400)));
    }
    // Everybody answers again as they should.
    for (std::uint8_t id = 1; id < 5 + kPanels; ++id) {
      SimulatedUnit& unit = run->line.unit(id);
      unit.late = unit.lost = unit.doubled = unit.split = unit.noisy = 0;
      unit.trailed = 0;
    }
    run->run_until(run->now + seconds(30));
  }

  std::uint64_t wrong_polls() const {
    std::uint64_t wrong = 0;
    for (const auto& panel : panels) {
      wrong += panel->wrong_polls;
    }
    return wrong;
  }

  std::vector<std::shared_ptr<FakePanel>> panels;
  std::unique_ptr<LineRun> run;
  std::uint64_t wrong_values = 0;
  std::array<std::uint64_t, kSensors> values{};

 private:
  bool one_in(unsigned count) { return up_to(count - 1) == 0; }
  std::size_t up_to(std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random_);
  }
  double share() { return one_in(2) ? 0 : 0.001 * double(up_to(80)); }
  void make_faulty(SimulatedUnit& unit) {
    unit.order = one_in(2) ? AnswerOrder::kFifo : AnswerOrder::kParallel;
    unit.delay = milliseconds(2 + up_to(10));
    unit.latest = 3 * kTimeout;
    unit.late = share();
    unit.lost = share();
    unit.doubled = share();
    unit.split = share();
    unit.noisy = share();
    unit.trailed = share();
  }
  void note(const PollReport& report) {
    const auto unit = static_cast<std::uint8_t>(report.device + 1);
    const auto profile = sensor_profile();
    for (std::size_t i = 0; i < report.samples.size(); ++i) {
      const PointSample& sample = report.samples[i];
      if (sample.quality != PointQuality::kGood) {
        continue;
      }
      ++values[report.device];
      const PointProfile& point = profile->points[i];
      const auto cell = [&](MonoTime at) {
        return simulated_cell(unit, point.kind, point.address, at);
      };
      const bool is_own = sample.mantissa == cell(report.at) ||
                          sample.mantissa == cell(report.at - seconds(8));
      wrong_values += is_own ? 0U : 1U;
    }
  }

  std::mt19937 random_;
};

TEST(LinePanelProperty, NoAnswerIsTakenForAnothers) {
  std::uint64_t exchanges = 0;
  std::uint64_t refused = 0;
  for (unsigned seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Shared line(seed, true);
    line.work();
    EXPECT_EQ(line.wrong_polls(), 0U);
    EXPECT_EQ(line.wrong_values, 0U);
    for (const auto& panel : line.panels) {
      EXPECT_FALSE(panel->exchange_at) << "a wish that nobody served";
      EXPECT_GT(panel->exchanges.size(), 20U);
      EXPECT_GT(panel->polls.size(), 300U);
      EXPECT_GT(panel->last_heard, line.run->now - seconds(1));
      exchanges += panel->exchanges.size();
      refused += panel->refused;
    }
    for (const std::uint64_t values : line.values) {
      EXPECT_GT(values, 500U);
    }
    for (const LinePanelStatus& panel : line.run->machine.status().panels) {
      EXPECT_EQ(panel.state, DeviceState::kAnswering);
    }
  }
  EXPECT_GT(exchanges, 20'000U);
  EXPECT_GT(refused, 10U) << "late answers of the right length came";
}

TEST(LinePanelProperty, WithoutTheGuardSomeAre) {
  std::uint64_t wrong_polls = 0;
  std::uint64_t wrong_values = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    Shared line(seed, false);
    line.work();
    wrong_polls += line.wrong_polls();
    wrong_values += line.wrong_values;
  }
  EXPECT_GT(wrong_polls, 100U);
  EXPECT_GT(wrong_values, 0U);
}

}  // namespace
}  // namespace strongroom
