// SPDX-License-Identifier: Apache-2.0
// A line of the agent against devices in programs of their own: our plant, and
// Debian's pymodbus, which we did not write; over TCP and over RTU.
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/bus/bus.h"
#include "agent/bus/libmodbus_link.h"
#include "platform/profile/profile_file.h"
#include "platform/system/bounded_queue.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTimeout{300};

std::string text_of(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// A peer that has said where it is.
class Peer {
 public:
  explicit Peer(const std::vector<std::string>& command)
      : log_(directory_ / "log"), process_(command, log_) {
    EXPECT_TRUE(wait_until([&] { return !address().empty(); }))
        << text_of(log_);
  }
  /// The last word of its ready line.
  std::string address() const {
    std::stringstream lines(text_of(log_));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("ready ")) {
        return line.substr(line.rfind(' ') + 1);
      }
    }
    return "";
  }
  std::uint16_t port() const {
    const std::string text = address();
    return static_cast<std::uint16_t>(
        std::stoi(text.substr(text.rfind(':') + 1)));
  }
  ChildProcess& process() { return process_; }

 private:
  TemporaryDirectory directory_;
  std::filesystem::path log_;
  ChildProcess process_;
};

std::vector<std::string> plant(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PLANT_PROGRAM);
  return arguments;
}

std::vector<std::string> pymodbus(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(),
                   {PYTHON_PROGRAM, "tests/bus/pymodbus_server.py"});
  return arguments;
}

/// A line with one XY-MD02, polled as fast as it goes.
class Poller {
 public:
  explicit Poller(std::variant<TcpEndpoint, RtuEndpoint> endpoint,
                  std::uint8_t unit = 1) {
    auto profile = load_profile("boards/devices", "xy-md02");
    EXPECT_TRUE(profile.has_value());
    line_
        .emplace(
            "line",
            make_libmodbus_link({std::move(endpoint), kTimeout}),
            std::vector<BusDevice>{
                {.name = "rack-1",
                 .profile = std::make_shared<DeviceProfile>(profile.value()),
                 .unit_id = unit,
                 .period = milliseconds{1}}},
            [this](PollDone done) {
              polls_.push_dropping_oldest(std::move(done));
            })
        .start();
  }

  /// Whether a poll with these values comes.
  bool sees(std::vector<PointSample> samples) {
    return sees([&](const PollDone& done) { return done.samples == samples; });
  }
  template <typename Wanted>
  bool sees(Wanted wanted) {
    const auto deadline = Steady::now() + std::chrono::seconds{20};
    while (Steady::now() < deadline) {
      for (const PollDone& done : polls_.pop_batch(100, deadline)) {
        if (wanted(done)) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  BoundedQueue<PollDone> polls_{100};
  std::optional<BusLine> line_;  // stops before the queue goes
};

PointSample good(std::int64_t mantissa) {
  return {PointQuality::kGood, mantissa};
}
constexpr PointSample kBad{PointQuality::kBad, 0};
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
