// SPDX-License-Identifier: Apache-2.0
// A line of the agent against devices in programs of their own: our plant, and
// Debian's pymodbus, which we did not write; over TCP and over RTU.
#include <array>
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/modbus/libmodbus_link.h"
#include "platform/profile/profile_file.h"
#include "tests/bus/peer_program.h"
#include "tests/bus/poll_log.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{300};

std::vector<std::string> plant(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PLANT_PROGRAM);
  return arguments;
}

/// A line with one XY-MD02, polled as fast as it goes.
class Poller {
 public:
  explicit Poller(std::variant<TcpEndpoint, RtuEndpoint> endpoint,
                  std::uint8_t unit = 1) {
    const LineKind kind = std::holds_alternative<TcpEndpoint>(endpoint)
                              ? LineKind::kTcp
                              : LineKind::kRtu;
    auto profile = load_profile("boards/devices", "xy-md02");
    EXPECT_TRUE(profile.has_value());
    constexpr milliseconds kPeriod{1};
    line_ = std::make_unique<BusLine>(
        "line",
        make_libmodbus_link({std::move(endpoint), kTimeout}),
        LineSettings{.wire = {.kind = kind}, .timeout = kTimeout},
        std::vector<LineDevice>{
            {.name = "rack-1",
             .profile = std::make_shared<DeviceProfile>(profile.value()),
             .unit_id = unit,
             .periods = {kPeriod, kPeriod, kPeriod}}},
        log_.sink());
    line_->start();
  }

  /// Whether a poll with these values comes.
  bool sees(const std::vector<PointSample>& samples) {
    return sees([&](const PollDone& done) { return done.samples == samples; });
  }
  template <typename Wanted>
  bool sees(Wanted wanted) {
    return log_.sees(wanted);
  }

 private:
  PollLog log_;
  std::unique_ptr<BusLine> line_;  // stops before the log goes
};

constexpr PointSample kOutOfRange{PointQuality::kOutOfRange, 0};

// --- pymodbus ---------------------------------------------------------------

TEST(Pymodbus, Tcp_IsReadExactly) {
  const Peer peer(pymodbus({"tcp", "0xFF33", "655"}));
  Poller poller(TcpEndpoint{"127.0.0.1", peer.port()});
  EXPECT_TRUE(poller.sees({good(-205), good(655)}));
}

TEST(Pymodbus, Rtu_IsReadExactly) {
  const TemporaryDirectory directory;
  const Peer peer(pymodbus({"rtu", directory / "port", "0xFF33", "655"}));
  Poller poller(RtuEndpoint{.device = directory / "port"});
  EXPECT_TRUE(poller.sees({good(-205), good(655)}));
}

TEST(Pymodbus, Tcp_ImplausibleValue_IsOutOfRange) {
  const Peer peer(pymodbus({"tcp", "0x7FFF", "1000"}));
  Poller poller(TcpEndpoint{"127.0.0.1", peer.port()});
  EXPECT_TRUE(poller.sees({kOutOfRange, good(1000)}));
}

TEST(Pymodbus, Rtu_OtherUnit_IsSilent) {
  const TemporaryDirectory directory;
  const Peer peer(pymodbus({"rtu", directory / "port", "1", "2"}));
  Poller poller(RtuEndpoint{.device = directory / "port"}, 2);
  EXPECT_TRUE(poller.sees([](const PollDone& done) {
    return done.error.find("timed out") != std::string::npos;
  }));
}

TEST(Pymodbus, Tcp_Killed_GivesBadPollsWithAnError) {
  Peer peer(pymodbus({"tcp", "1", "2"}));
  Poller poller(TcpEndpoint{"127.0.0.1", peer.port()});
  ASSERT_TRUE(poller.sees({good(1), good(2)}));
  peer.process().end(SIGKILL);
  EXPECT_TRUE(poller.sees([](const PollDone& done) {
    return done.samples == std::vector{kBad, kBad} && !done.error.empty();
  }));
}

// --- plant ------------------------------------------------------------------

/// Sends one line of control; the reply.
std::string control(const std::filesystem::path& path,
                    const std::string& line) {
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  EXPECT_LT(name.size(), sizeof address.sun_path);
  std::copy(name.begin(), name.end(), address.sun_path);
  EXPECT_EQ(
      connect(
          client, reinterpret_cast<const sockaddr*>(&address), sizeof address),
      0);
  const std::string sent = line + "\n";
  EXPECT_EQ(write(client, sent.data(), sent.size()),
            static_cast<ssize_t>(sent.size()));
  std::string reply;
  for (char c = 0; read(client, &c, 1) == 1 && c != '\n';) {
    reply += c;
  }
  close(client);
  return reply;
}

TEST(PlantProgram, Tcp_AnswersAndIsControlled) {
  const TemporaryDirectory directory;
  const std::string socket = directory / "control";
  Peer peer(plant({"tcp",
                   "--port",
                   "0",
                   "--control",
                   socket,
                   "--set",
                   "temperature=23.5",
                   "--set",
                   "humidity=45.0"}));
  Poller poller(TcpEndpoint{"127.0.0.1", peer.port()});
  EXPECT_TRUE(poller.sees({good(235), good(450)}));
  EXPECT_EQ(control(socket, "set temperature=-20.5"), "ok");
  EXPECT_TRUE(poller.sees({good(-205), good(450)}));
  EXPECT_EQ(control(socket, "dead on"), "ok");
  EXPECT_TRUE(poller.sees({kBad, kBad}));
  EXPECT_EQ(control(socket, "dead off"), "ok");
  EXPECT_TRUE(poller.sees({good(-205), good(450)}));
  EXPECT_EQ(control(socket, "set temperature=150"), "ok");
  EXPECT_TRUE(poller.sees({kOutOfRange, good(450)}));
  EXPECT_TRUE(control(socket, "nonsense").starts_with("error: "));
  peer.process().end(SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(PlantProgram, Rtu_AnswersOnItsLinkAndTakesItAway) {
  const TemporaryDirectory directory;
  const std::string link = directory / "port";
  Peer peer(plant({"rtu",
                   "--link",
                   link,
                   "--unit",
                   "7",
                   "--set",
                   "temperature=-20.5",
                   "--set",
                   "humidity=45.0"}));
  EXPECT_EQ(peer.address(), link);
  {
    Poller poller(RtuEndpoint{.device = link}, 7);
    EXPECT_TRUE(poller.sees({good(-205), good(450)}));
  }
  peer.process().end(SIGTERM);
  EXPECT_FALSE(std::filesystem::is_symlink(link));
}

TEST(PlantProgram, Rtu_RestartedBehindItsLink_IsFoundAgain) {
  const TemporaryDirectory directory;
  const std::string link = directory / "port";
  const std::vector<std::string> command = plant({"rtu",
                                                  "--link",
                                                  link,
                                                  "--set",
                                                  "temperature=1.0",
                                                  "--set",
                                                  "humidity=2.0"});
  std::optional<Peer> peer(std::in_place, command);
  Poller poller(RtuEndpoint{.device = link});
  ASSERT_TRUE(poller.sees({good(10), good(20)}));
  peer->process().end(SIGKILL);  // the link stays behind
  ASSERT_TRUE(poller.sees({kBad, kBad}));
  peer.emplace(command);
  EXPECT_TRUE(poller.sees({good(10), good(20)}));
}

constexpr std::array kAnswerFaults = {"dead",
                                      "late 400",
                                      "late 400 parallel",
                                      "wrong-unit",
                                      "truncated 2",
                                      "exception 4",
                                      "exception 11",
                                      "noise"};

/// Whether the poller sees the device go bad when this fault is on, and good
/// when it is over; and nothing else than what the device measures, ever.
void expect_told_truly(Poller& poller,
                       const std::filesystem::path& socket,
                       const std::string& fault) {
  SCOPED_TRACE(fault);
  ASSERT_EQ(control(socket, "fault line " + fault), "ok");
  const std::vector<PointSample> truth{good(235), good(450)};
  bool is_false = false;
  EXPECT_TRUE(poller.sees([&](const PollDone& done) {
    is_false = done.samples != truth && done.samples != std::vector{kBad, kBad};
    return is_false || !done.error.empty();
  }));
  EXPECT_EQ(control(socket, "clear line"), "ok");
  EXPECT_TRUE(poller.sees([&](const PollDone& done) {
    is_false = is_false || (done.samples != truth &&
                            done.samples != std::vector{kBad, kBad});
    return is_false || done.error.empty();
  }));
  EXPECT_FALSE(is_false);
}

TEST(PlantProgram, Tcp_WhatGoesWrongWithAnswers_IsToldTruly) {
  const TemporaryDirectory directory;
  const std::string socket = directory / "control";
  const Peer peer(plant({"tcp",
                         "--port",
                         "0",
                         "--control",
                         socket,
                         "--set",
                         "temperature=23.5",
                         "--set",
                         "humidity=45.0"}));
  Poller poller(TcpEndpoint{"127.0.0.1", peer.port()});
  ASSERT_TRUE(poller.sees({good(235), good(450)}));
  for (const char* fault : kAnswerFaults) {
    expect_told_truly(poller, socket, fault);
  }
}

TEST(PlantProgram, Rtu_WhatGoesWrongWithAnswers_IsToldTruly) {
  const TemporaryDirectory directory;
  const std::string socket = directory / "control";
  const std::string link = directory / "port";
  const Peer peer(plant({"rtu",
                         "--link",
                         link,
                         "--control",
                         socket,
                         "--set",
                         "temperature=23.5",
                         "--set",
                         "humidity=45.0"}));
  Poller poller(RtuEndpoint{.device = link});
  ASSERT_TRUE(poller.sees({good(235), good(450)}));
  for (const char* fault : kAnswerFaults) {
    expect_told_truly(poller, socket, fault);
  }
}

TEST(PlantProgram, Script_ChangesValuesAnswerByAnswer) {
  const TemporaryDirectory directory;
  write_text(directory / "script",
             "set temperature=1.0\nset humidity=2.0\nanswers 3\n"
             "set temperature=3.0\n");
  const Peer peer(
      plant({"tcp", "--port", "0", "--script", directory / "script"}));
  Poller poller(TcpEndpoint{"127.0.0.1", peer.port()});
  int first = 0;
  EXPECT_TRUE(poller.sees([&](const PollDone& done) {
    first += done.samples[0] == good(10) ? 1 : 0;
    return done.samples[0] == good(30);
  }));
  EXPECT_EQ(first, 3);
}

}  // namespace
}  // namespace strongroom
