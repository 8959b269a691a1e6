// SPDX-License-Identifier: Apache-2.0
// Eight serial lines whose devices answer late, one time in ten, through the
// real library: no value may stand at another register's place. And the same
// devices asked by the library alone, to show that the test can fail.
#include <cstdlib>
#include <gtest/gtest.h>
#include <modbus/modbus.h>
#include <random>

#include "platform/modbus/libmodbus_link.h"
#include "tests/bus/poll_log.h"
#include "tests/bus/rtu_slave.h"

namespace strongroom {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr int kLines = 8;
constexpr milliseconds kTimeout{30};
/// The devices' three timeouts, and what a busy machine adds on the way.
constexpr milliseconds kLateAnswer{180};
constexpr microseconds kTurnaround{500};
constexpr int kOneLateIn = 10;

/// How late a device answers, and whether it waits for itself.
enum class Manner {
  kParallel,  // as a gateway: a late answer holds up no other
  kInOrder,   // as one device: the next answer waits for the late one
};

/// Right answers, one in ten up to three timeouts late.
RtuSlave::Answer late_device(Manner manner, unsigned seed) {
  struct State {
    std::minstd_rand random;
    Steady::time_point busy_until;
  };
  auto state = std::make_shared<State>();
  state->random.seed(seed);
  return [manner, state](const Question& question) -> std::vector<SlaveReply> {
    const auto now = Steady::now();
    microseconds after = kTurnaround;
    if (state->random() % kOneLateIn == 0) {
      after +=
          microseconds(state->random() % (3 * microseconds(kTimeout).count()));
    }
    if (manner == Manner::kInOrder) {
      const auto begun = std::max(now, state->busy_until);
      state->busy_until = begun + after;
      after = std::chrono::ceil<microseconds>(state->busy_until - now);
    }
    return {{after, right_answer(question)}};
  };
}

Manner manner_of(int line) {
  return line % 2 == 0 ? Manner::kParallel : Manner::kInOrder;
}

bool is_own_register(std::uint8_t unit,
                     const PointProfile& point,
                     std::int64_t value) {
  return value == register_of(unit, point.kind, point.address);
}

/// Requests of the same shape, so that one's answer fits the other.
std::vector<RegisterDevice> alike(milliseconds period) {
  const auto input = RegisterKind::kInput;
  const auto holding = RegisterKind::kHolding;
  return {
      {"a",
       1,
       {{input, 10}, {input, 20}, {input, 30}, {holding, 10}, {holding, 99}},
       period},
      {"b", 2, {{input, 10}, {input, 11}, {input, 40}, {input, 41}}, period},
      {"c", 3, {{holding, 5}, {holding, 7}, {holding, 9}}, period}};
}

/// One line with its devices on a pseudo-terminal.
struct LateLine {
  LateLine(int number, Manner manner)
      : slave(pty, late_device(manner, static_cast<unsigned>(number) + 1)),
        log(is_own_register) {
    std::vector<LineDevice> devices;
    std::map<std::string, std::uint8_t> units;
    for (const RegisterDevice& device : alike(milliseconds(0))) {
      devices.push_back(device.line_device());
      units[device.name] = device.unit;
    }
    line = std::make_unique<BusLine>(
        "line-" + std::to_string(number),
        make_libmodbus_link({RtuEndpoint{.device = pty.path()}, kTimeout}),
        LineSettings{.wire = {.kind = LineKind::kRtu, .baud = 115'200},
                     .timeout = kTimeout,
                     .late_answer = kLateAnswer},
        std::move(devices),
        log.sink(std::move(units)));
  }

  std::uint64_t requests() const {
    std::uint64_t sum = 0;
    for (const LineDeviceStatus& device : line->status().line.devices) {
      sum += device.counters.requests;
    }
    return sum;
  }
  std::uint64_t timeouts() const {
    std::uint64_t sum = 0;
    for (const LineDeviceStatus& device : line->status().line.devices) {
      sum += device.counters.timeouts;
    }
    return sum;
  }

  Pty pty;
  RtuSlave slave;
  PollLog log;
  std::unique_ptr<BusLine> line;  // stops before the log goes
};

TEST(LateAnswers, NoValueStandsAtAnotherRegistersPlace) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet.
  const bool full = std::getenv("STRONGROOM_FULL") != nullptr;
  const std::uint64_t wanted = full ? 100'000 : 10'000;
  std::vector<std::unique_ptr<LateLine>> lines;
  lines.reserve(kLines);
  for (int i = 0; i < kLines; ++i) {
    lines.push_back(std::make_unique<LateLine>(i, manner_of(i)));
  }
  for (const auto& line : lines) {
    line->line->start();
  }
  const auto requests = [&] {
    std::uint64_t sum = 0;
    for (const auto& line : lines) {
      sum += line->requests();
    }
    return sum;
  };
  const auto deadline = Steady::now() + std::chrono::minutes(full ? 20 : 3);
  while (requests() < wanted && Steady::now() < deadline) {
    lines[0]->log.waits_for(lines[0]->log.counts().polls + 1);
  }
  PollLog::Counts all;
  std::uint64_t timeouts = 0;
  for (const auto& line : lines) {
    line->line->stop();
    const auto counts = line->log.counts();
    EXPECT_EQ(counts.wrong, 0U) << counts.first_wrong;
    EXPECT_GT(counts.good, counts.polls) << "most polls have values";
    all.polls += counts.polls;
    all.good += counts.good;
    timeouts += line->timeouts();
  }
  EXPECT_GE(requests(), wanted);
  // The faults did happen.
  EXPECT_GT(timeouts, wanted / 100);
  RecordProperty("requests", static_cast<int>(requests()));
  RecordProperty("timeouts", static_cast<int>(timeouts));
  RecordProperty("good", static_cast<int>(all.good));
}

TEST(LateAnswers, ADeviceWhoseAnswersComeTwiceIsFoundOut) {
  for (const milliseconds again : {milliseconds(1), milliseconds(4)}) {
    const Pty pty;
    RtuSlave slave(pty, [again](const Question& question) {
      const auto frame = right_answer(question);
      return std::vector<SlaveReply>{{milliseconds(1), frame},
                                     {milliseconds(1) + again, frame}};
    });
    PollLog log(is_own_register);
    const auto holding = RegisterKind::kHolding;
    const RegisterDevice device{
        "c", 1, {{holding, 5}, {holding, 7}, {holding, 9}}, milliseconds(0)};
    BusLine line(
        "line",
        make_libmodbus_link({RtuEndpoint{.device = pty.path()}, kTimeout}),
        LineSettings{.wire = {.kind = LineKind::kRtu, .baud = 115'200},
                     .timeout = kTimeout},
        {device.line_device()},
        log.sink({{"c", 1}}));
    line.start();
    log.waits_for(6);
    line.stop();
    // Nothing tells the first one from an answer.
    EXPECT_LE(log.counts().wrong, 1U)
        << again.count() << " ms: " << log.counts().first_wrong << " of "
        << log.counts().good;
    EXPECT_GT(log.counts().good, 0U);
  }
}

// --- without the guard ------------------------------------------------------

/// Values of another register that the library gives with success, in so many
/// reads of registers 10, 20, 30 in turns. `careful`: it empties the port
/// before each question, as people do.
int wrong_values_of_the_library_alone(Manner manner, bool careful, int reads) {
  const Pty pty;
  const RtuSlave slave(pty, late_device(manner, 1));
  modbus_t* const context =
      modbus_new_rtu(pty.path().c_str(), 115'200, 'N', 8, 1);
  modbus_set_slave(context, 1);
  modbus_set_response_timeout(
      context, 0, static_cast<std::uint32_t>(microseconds(kTimeout).count()));
  EXPECT_EQ(modbus_connect(context), 0);
  int wrong = 0;
  for (int i = 0; i < reads; ++i) {
    const auto address = static_cast<std::uint16_t>(10 * (i % 3 + 1));
    if (careful) {
      modbus_flush(context);
    }
    std::uint16_t value = 0;
    if (modbus_read_input_registers(context, address, 1, &value) == 1) {
      wrong += value != register_of(1, RegisterKind::kInput, address) ? 1 : 0;
    }
  }
  modbus_close(context);
  modbus_free(context);
  return wrong;
}

TEST(LateAnswers, TheLibraryAloneTakesThemForOthers) {
  for (const Manner manner : {Manner::kParallel, Manner::kInOrder}) {
    EXPECT_GT(wrong_values_of_the_library_alone(manner, false, 300), 0);
    EXPECT_GT(wrong_values_of_the_library_alone(manner, true, 300), 0);
  }
}

}  // namespace
}  // namespace strongroom
