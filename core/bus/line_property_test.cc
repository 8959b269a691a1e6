// SPDX-License-Identifier: Apache-2.0
// Random profiles and configurations through the whole line, on a wire that
// tells the truth: every point once per period, no request that a device or its
// profile forbids, and the values that its registers held.
#include <algorithm>
#include <chrono>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "core/bus/line.h"
#include "core/bus/random_profile.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kLoad = 0.5;
constexpr seconds kWarmUp{10};
constexpr seconds kHorizon{100};  // beyond the first change of plans
constexpr seconds kSettled{400};  // refusals are known, and not yet doubted

/// What the register of a unit holds for 50 ms; printable for every other unit,
/// so that texts are texts.
std::uint16_t cell_at(const Question& question,
                      std::uint16_t address,
                      MonoTime now) {
  std::uint64_t mix =
      address + (std::uint64_t{question.unit} << 16) +
      (static_cast<std::uint64_t>(question.kind) << 24) +
      (static_cast<std::uint64_t>(now / milliseconds(50)) << 32);
  mix = (mix ^ (mix >> 31)) * 0x9E3779B97F4A7C15ULL;
  mix = (mix ^ (mix >> 29)) * 0xBF58476D1CE4E5B9ULL;
  mix ^= mix >> 32;
  if (is_bit_kind(question.kind)) {
    return static_cast<std::uint16_t>(mix & 1U);
  }
  return static_cast<std::uint16_t>(question.unit % 2 == 0 ? mix & 0xFFFFU
                                                           : 0x4141 + mix % 20);
}

struct Answer {
  MonoTime at{};
  Question question;
  std::vector<std::uint16_t> cells;
};

struct Device {
  LineDevice line;
  microseconds turnaround{};
  /// Any request that touches one of them is refused; the profile is silent.
  std::vector<RegisterRange> refuses;

  std::deque<Answer> answers;  // the newest last
  std::array<MonoTime, kPollClasses> reported{};
  std::array<std::uint64_t, kPollClasses> polls{};
  std::uint64_t requests = 0;
  std::uint64_t planned_requests = 0;  // of the polls that were reported
  std::array<std::uint64_t, kPollClasses> failed_reports{};
  MonoTime last_used{};
};

bool may_read(const Device& device, const Cells& cells) {
  if (!request_fault(*device.line.profile, cells).empty()) {
    return false;
  }
  for (int address = cells.first; address < cells.end; ++address) {
    if (is_within(device.refuses, cells.kind, address)) {
      return false;
    }
  }
  return true;
}

/// Whether it shares addresses with a point or text that is refused, or with
/// one that does: what overlaps is asked together, and refused together.
bool shares_with_refused(const Device& device, Cells cells) {
  const DeviceProfile& profile = *device.line.profile;
  std::vector<Cells> items;
  items.reserve(profile.points.size() + profile.texts.size());
  for (const PointProfile& point : profile.points) {
    items.push_back(cells_of(point));
  }
  for (const TextProfile& text : profile.texts) {
    items.push_back(cells_of(text));
  }
  bool is_refused = false;
  for (std::size_t i = 0; i < items.size();) {
    const Cells& other = items[i];
    if (other.kind != cells.kind || other.first >= cells.end ||
        cells.first >= other.end) {
      ++i;
      continue;
    }
    is_refused = is_refused || !may_read(device, other);
    cells.first = std::min(cells.first, other.first);
    cells.end = std::max(cells.end, other.end);
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;
  }
  return !device.refuses.empty() && is_refused;
}

/// The cells of an item in each answer since `since` that has them all.
std::vector<std::span<const std::uint16_t>> answers_for(const Device& device,
                                                        const Cells& item,
                                                        MonoTime since) {
  std::vector<std::span<const std::uint16_t>> found;
  for (const Answer& answer : device.answers) {
    const int first = answer.question.address;
    if (answer.at > since && answer.question.kind == item.kind &&
        first <= item.first && item.end <= first + answer.question.count) {
      found.push_back(std::span(answer.cells)
                          .subspan(static_cast<std::size_t>(item.first - first),
                                   static_cast<std::size_t>(item.count())));
    }
  }
  return found;
}

std::vector<LineDevice> lines_of(const std::vector<Device>& devices) {
  std::vector<LineDevice> lines(devices.size());
  std::ranges::transform(devices, lines.begin(), &Device::line);
  return lines;
}

class HonestLine {
 public:
  HonestLine(LineSettings settings, std::vector<Device> devices)
      : settings_(settings),
        devices_(std::move(devices)),
        machine_(settings_, lines_of(devices_), now_) {}

  void run_until(MonoTime until) {
    while (now_ < until && !testing::Test::HasFailure()) {
      step(machine_.next(now_));
      for (const PollReport& report : machine_.take_reports()) {
        take(report);
      }
    }
  }

  std::vector<Device>& devices() { return devices_; }
  LineStatus status() const { return machine_.status(); }

 private:
  void step(const LineAction& action) {
    if (std::holds_alternative<LineOpen>(action)) {
      machine_.opened(now_ += milliseconds(1));
    } else if (const auto* ask = std::get_if<LineAsk>(&action)) {
      answer(*ask);
    } else if (const auto* discard = std::get_if<LineDiscard>(&action)) {
      ASSERT_LE(discard->quiet, discard->at_most);
      machine_.discarded(0, now_ += discard->quiet);
    } else if (const auto* wait = std::get_if<LineWait>(&action)) {
      ASSERT_GT(wait->until, now_) << "the line spins";
      now_ = wait->until;
    } else {
      FAIL() << "closed for no reason";
    }
  }

  void answer(const LineAsk& ask) {
    Device& device = devices_.at(ask.device);
    const Question& question = ask.question;
    const Cells request{
        question.kind, question.address, question.address + question.count};
    EXPECT_EQ(question.unit, device.line.unit_id);
    // A unit may be asked for any one address to see that it is in step.
    const std::string fault = request_fault(*device.line.profile, request);
    EXPECT_TRUE(fault.empty() ||
                (fault == "an address of nothing" && question.count == 1))
        << fault;
    EXPECT_GE(now_ - device.last_used, device.line.profile->pause);

    Answer answer;
    answer.question = question;
    for (int at = request.first; at < request.end; ++at) {
      const auto address = static_cast<std::uint16_t>(at);
      answer.cells.push_back(cell_at(question, address, now_));
    }
    const microseconds took = wire_time(settings_.wire, question) -
                              frame_gap(settings_.wire) + device.turnaround;
    EXPECT_LE(took, ask.timeout) << "it does not wait for an honest device";
    now_ += took;
    device.last_used = answer.at = now_;
    ++device.requests;
    if (!may_read(device, request)) {
      machine_.failed({.fault = LinkFault::kException,
                       .exception = ModbusException::kIllegalAddress,
                       .what = "illegal address"},
                      now_);
      return;
    }
    device.answers.push_back(answer);
    machine_.answered(answer.cells, now_);
  }

  void take(const PollReport& report) {
    Device& device = devices_.at(report.device);
    const auto index = static_cast<std::size_t>(report.poll_class);
    const MonoTime since = device.reported.at(index);
    SCOPED_TRACE("device " + std::to_string(report.device) + ", class " +
                 std::to_string(index));
    expect_points(device, report, since);
    expect_texts(device, report, since);
    device.reported[index] = report.at;
    ++device.polls[index];
    device.planned_requests +=
        machine_.status().devices.at(report.device).requests_per_poll[index];
    device.failed_reports[index] += report.error.empty() ? 0U : 1U;
    const MonoTime oldest =
        *std::min_element(device.reported.begin(), device.reported.end());
    while (!device.answers.empty() && device.answers.front().at <= oldest) {
      device.answers.pop_front();
    }
  }

  void expect_points(const Device& device,
                     const PollReport& report,
                     MonoTime since) {
    const DeviceProfile& profile = *device.line.profile;
    ASSERT_EQ(report.samples.size(), profile.points.size());
    for (std::size_t i = 0; i < profile.points.size(); ++i) {
      const PointProfile& point = profile.points[i];
      const PointSample& sample = report.samples[i];
      SCOPED_TRACE("point " + std::to_string(i));
      if (point.poll != report.poll_class) {
        EXPECT_EQ(sample.quality, PointQuality::kNotAsked);
        continue;
      }
      if (!may_read(device, cells_of(point))) {
        EXPECT_EQ(sample, PointSample{});
        continue;
      }
      if (sample == PointSample{} &&
          (!report.error.empty() ||
           shares_with_refused(device, cells_of(point)))) {
        continue;
      }
      const auto answers = answers_for(device, cells_of(point), since);
      EXPECT_TRUE(std::any_of(answers.begin(),
                              answers.end(),
                              [&](std::span<const std::uint16_t> cells) {
                                return decode_point(point, cells) == sample;
                              }))
          << quality_name(sample.quality) << " " << sample.mantissa;
    }
  }

  void expect_texts(const Device& device,
                    const PollReport& report,
                    MonoTime since) {
    const DeviceProfile& profile = *device.line.profile;
    std::vector<int> reads(profile.texts.size());
    for (const TextSample& sample : report.texts) {
      const TextProfile& text = profile.texts.at(sample.text);
      ++reads.at(sample.text);
      const auto answers = answers_for(device, cells_of(text), since);
      EXPECT_TRUE(std::any_of(answers.begin(),
                              answers.end(),
                              [&](std::span<const std::uint16_t> cells) {
                                return decode_text(text, cells) == sample.value;
                              }));
    }
    for (std::size_t i = 0; i < reads.size(); ++i) {
      const bool is_expected = report.poll_class == PollClass::kSlow &&
                               may_read(device, cells_of(profile.texts[i]));
      if (shares_with_refused(device, cells_of(profile.texts[i]))) {
        continue;
      }
      if (report.error.empty()) {
        EXPECT_EQ(reads[i], is_expected ? 1 : 0) << "text " << i;
      } else {
        EXPECT_LE(reads[i], is_expected ? 1 : 0) << "text " << i;
      }
    }
  }

  LineSettings settings_;
  std::vector<Device> devices_;
  MonoTime now_ = seconds(1000);
  LineMachine machine_;
};

Device random_device(Random& random, std::uint8_t unit) {
  DeviceProfile profile = random_profile(random, random.one_in(2));
  for (PointProfile& point : profile.points) {
    point.poll = random.one_of({PollClass::kSafety,
                                PollClass::kNormal,
                                PollClass::kNormal,
                                PollClass::kSlow});
  }
  if (random.one_in(4)) {
    profile.pause = milliseconds(random.between(1, 30));
  }
  Device device;
  device.line.name = "device-" + std::to_string(unit);
  device.line.unit_id = unit;
  device.line.periods = {milliseconds(random.one_of({200, 500})),
                         milliseconds(random.between(5, 50) * 100),
                         milliseconds(random.between(10, 60) * 1000)};
  device.turnaround = microseconds(random.between(100, 40'000));
  device.line.profile = std::make_shared<DeviceProfile>(std::move(profile));
  return device;
}

struct Configuration {
  LineSettings settings;
  std::vector<Device> devices;
};

/// Its line is at most half busy: periods are lengthened until it is.
Configuration random_configuration(std::uint32_t seed) {
  Random random(seed);
  Configuration c;
  c.settings.wire = random.one_of({kTcp, kRtu9600, kRtu115200});
  std::vector<LineDevice> lines;
  for (int unit = 1; unit <= random.between(1, 5); ++unit) {
    c.devices.push_back(random_device(random, static_cast<std::uint8_t>(unit)));
    lines.push_back(c.devices.back().line);
  }
  while (line_load(c.settings, lines, milliseconds(40)) > kLoad) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (milliseconds& period : lines[i].periods) {
        period *= 2;
      }
      c.devices[i].line.periods = lines[i].periods;
    }
  }
  return c;
}

TEST(LineProperty, EveryPointOncePerPeriodWithinAllLimits) {
  for (std::uint32_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Configuration c = random_configuration(seed);
    HonestLine line(c.settings, c.devices);
    line.run_until(seconds(1000) + kWarmUp);
    const std::vector<Device> before = line.devices();
    const LineStatus status_before = line.status();
    line.run_until(seconds(1000) + kHorizon);
    const LineStatus status = line.status();
    for (std::size_t d = 0; d < before.size(); ++d) {
      const Device& device = line.devices()[d];
      SCOPED_TRACE("device " + std::to_string(d));
      EXPECT_EQ(status.devices[d].counters.missed_cycles,
                status_before.devices[d].counters.missed_cycles);
      for (std::size_t i = 0; i < kPollClasses; ++i) {
        const double periods =
            seconds(kHorizon - kWarmUp) /
            std::chrono::duration<double>(device.line.periods[i]);
        const auto polls =
            static_cast<double>(device.polls[i] - before[d].polls[i]);
        if (status.devices[d].requests_per_poll[i] > 0) {
          // A safety input goes before what would make it late, a little early.
          const double most = i == 0 ? 1.1 * periods : periods;
          EXPECT_GE(polls, periods - 1.01) << "class " << i;
          EXPECT_LE(polls, most + 1.01) << "class " << i;
          EXPECT_EQ(device.failed_reports[i], 0U) << "class " << i;
        }
      }
      // At most one poll of each class is under way.
      EXPECT_GE(device.requests, device.planned_requests);
      std::uint64_t under_way = 0;
      for (const std::uint16_t requests : status.devices[d].requests_per_poll) {
        under_way += requests;
      }
      EXPECT_LE(device.requests, device.planned_requests + under_way);
      EXPECT_EQ(status.devices[d].counters.timeouts, 0U);
    }
  }
}

// Devices that refuse what their profiles do not forbid: the line finds out
// what, and reads everything else.
TEST(LineProperty, WhatARefusalDoesNotConcernIsRead) {
  for (std::uint32_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Configuration c = random_configuration(seed);
    Random random(seed + 1'000'000);
    for (Device& device : c.devices) {
      device.refuses = random_ranges(random, 4);
    }
    HonestLine line(c.settings, c.devices);
    line.run_until(seconds(1000) + kSettled);
    const LineStatus status_before = line.status();
    const std::vector<Device> before = line.devices();
    line.run_until(seconds(1000) + kSettled + kHorizon);
    const LineStatus status = line.status();
    for (std::size_t d = 0; d < before.size(); ++d) {
      SCOPED_TRACE("device " + std::to_string(d));
      const Device& device = line.devices()[d];
      if (std::ranges::max(device.line.periods) > kSettled / 4) {
        continue;  // too slow to have found out
      }
      EXPECT_EQ(status.devices[d].counters.exceptions,
                status_before.devices[d].counters.exceptions);
      for (std::size_t i = 0; i < kPollClasses; ++i) {
        if (status.devices[d].requests_per_poll[i] > 0) {
          EXPECT_EQ(line.devices()[d].failed_reports[i],
                    before[d].failed_reports[i])
              << "class " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace strongroom
