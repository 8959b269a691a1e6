// SPDX-License-Identifier: Apache-2.0
// Peers that send anything but answers: nothing hangs, nothing is believed, and
// it costs neither the processor nor another line.
#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <ostream>
#include <random>
#include <sys/socket.h>

#include "platform/modbus/libmodbus_link.h"
#include "tests/bus/bystander.h"
#include "tests/bus/poll_log.h"
#include "tests/bus/rtu_slave.h"

namespace strongroom {
namespace {

using std::chrono::milliseconds;
using Bytes = std::vector<std::uint8_t>;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTimeout{50};
constexpr milliseconds kPeriod{20};
constexpr std::uint64_t kPolls = 12;

/// Asked for registers 10 and 20 of unit 1, one by one.
RegisterDevice victim() {
  return {"victim",
          1,
          {{RegisterKind::kInput, 10}, {RegisterKind::kInput, 20}},
          kPeriod};
}

/// What a peer does: it answers so, or sends this for ever, asked or not.
struct Hostility {
  const char* what;
  std::function<Bytes(const Question&, std::uint16_t transaction)> reply;
  Bytes flood;
};

std::ostream& operator<<(std::ostream& out, const Hostility& hostility) {
  return out << hostility.what;
}

Bytes random_bytes(std::size_t size) {
  std::minstd_rand random(7);
  Bytes bytes(size);
  for (auto& byte : bytes) {
    byte = static_cast<std::uint8_t>(random() >> 8);
  }
  return bytes;
}

Bytes repeated(const Bytes& frame, std::size_t times) {
  Bytes bytes;
  for (std::size_t i = 0; i < times; ++i) {
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  return bytes;
}

/// Polls the victim while the peer does its worst.
void expect_nothing_believed(std::variant<TcpEndpoint, RtuEndpoint> endpoint) {
  const LineKind kind = std::holds_alternative<TcpEndpoint>(endpoint)
                            ? LineKind::kTcp
                            : LineKind::kRtu;
  PollLog log;
  BusLine line("hostile",
               make_libmodbus_link({std::move(endpoint), kTimeout}),
               {.wire = {.kind = kind, .baud = 115'200}, .timeout = kTimeout},
               {victim().line_device()},
               log.sink());
  line.start();
  EXPECT_TRUE(log.waits_for(1));
  const auto start = Steady::now();
  EXPECT_TRUE(log.waits_for(kPolls)) << "the line hangs";
  const auto took = Steady::now() - start;
  const auto counts = log.counts();
  EXPECT_EQ(counts.good, 0U);
  EXPECT_EQ(counts.failed, counts.polls);
  EXPECT_LT(counts.cpu, took / 2) << "of its processor";
  // On a line that is never silent nothing is asked: it is opened anew.
  const LineStatus status = line.status().line;
  EXPECT_GT(status.devices.at(0).counters.requests + status.failed_opens +
                status.opens,
            0U);
  const auto asked = Steady::now();
  line.stop();
  EXPECT_LT(Steady::now() - asked, std::chrono::seconds(5));
}

// --- RTU
// ------------------------------------------------------------------------

/// Writes for ever.
class Flood {
 public:
  Flood(int fd, Bytes bytes)
      : thread_([this, fd, bytes = std::move(bytes)] {
          while (!stop_) {
            pollfd writable{fd, POLLOUT, 0};
            if (poll(&writable, 1, 20) == 1 &&
                ::write(fd, bytes.data(), bytes.size()) < 0) {
              std::this_thread::sleep_for(milliseconds(1));
            }
          }
        }) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  ~Flood() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

std::vector<Hostility> rtu_hostilities() {
  const auto changed = [](auto change) {
    return [change](const Question& question, std::uint16_t) {
      Bytes frame = right_answer(question);
      frame.resize(frame.size() - 2);  // the checksum
      change(frame);
      return rtu_frame(std::move(frame));
    };
  };
  return {
      {"half answers",
       [](const Question& question, std::uint16_t) {
         Bytes frame = right_answer(question);
         frame.resize(frame.size() / 2);
         return frame;
       },
       {}},
      {"wrong unit", changed([](Bytes& frame) { frame[0] = 2; }), {}},
      {"wrong function", changed([](Bytes& frame) { frame[1] = 3; }), {}},
      {"wrong byte count", changed([](Bytes& frame) { frame[2] = 4; }), {}},
      {"a register too many",
       changed([](Bytes& frame) {
         frame[2] = static_cast<std::uint8_t>(frame[2] + 2);
         frame.insert(frame.end(), {0, 1});
       }),
       {}},
      {"wrong checksum",
       [](const Question& question, std::uint16_t) {
         Bytes frame = right_answer(question);
         frame.back() ^= 1;
         return frame;
       },
       {}},
      {"the question comes back",
       [](const Question& question, std::uint16_t) {
         return rtu_frame({question.unit,
                           static_cast<std::uint8_t>(question.kind),
                           static_cast<std::uint8_t>(question.address >> 8),
                           static_cast<std::uint8_t>(question.address & 0xFF),
                           0,
                           static_cast<std::uint8_t>(question.count)});
       },
       {}},
      {"exceptions",
       [](const Question& question, std::uint16_t) {
         return rtu_frame({question.unit,
                           static_cast<std::uint8_t>(
                               static_cast<unsigned>(question.kind) | 0x80U),
                           4});
       },
       {}},
      {"random bytes", nullptr, random_bytes(4096)},
      {"endless zeros", nullptr, Bytes(1024, 0)},
      {"a beginning, for ever", nullptr, repeated({1, 4, 250}, 300)},
      {"exceptions, asked or not",
       nullptr,
       repeated(rtu_frame({1, 0x84, 2}), 200)},
  };
}

/// A test of its own for each, by its words.
std::string name_of(const testing::TestParamInfo<Hostility>& info) {
  std::string name = info.param.what;
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class HostileRtu : public testing::TestWithParam<Hostility> {};

TEST_P(HostileRtu, IsNotBelieved) {
  Bystander bystander;
  const Hostility& hostility = GetParam();
  const Pty pty;
  std::optional<RtuSlave> slave;
  std::optional<Flood> flood;
  if (hostility.reply) {
    slave.emplace(pty, [&](const Question& question) {
      return std::vector<SlaveReply>{{{}, hostility.reply(question, 0)}};
    });
  } else {
    flood.emplace(pty.master(), hostility.flood);
  }
  expect_nothing_believed(RtuEndpoint{.device = pty.path()});
  bystander.expect_undisturbed();
}

INSTANTIATE_TEST_SUITE_P(Peers,
                         HostileRtu,
                         testing::ValuesIn(rtu_hostilities()),
                         name_of);

// --- TCP
// ------------------------------------------------------------------------

/// Takes one connection after the other.
class TcpPeer {
 public:
  explicit TcpPeer(const Hostility& hostility)
      : hostility_(hostility),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~TcpPeer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void run() {
    while (!stop_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) == 1) {
        const int client =
            accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        serve(client);
        close(client);
      }
    }
  }
  void serve(int client) {
    bool alive = true;
    while (!stop_ && alive) {
      const bool floods = !hostility_.flood.empty();
      pollfd waiting{
          client, static_cast<short>(floods ? POLLIN | POLLOUT : POLLIN), 0};
      if (poll(&waiting, 1, 20) != 1) {
        continue;
      }
      if ((waiting.revents & POLLIN) != 0) {
        alive = take_question(client);
      }
      if (floods && alive && (waiting.revents & POLLOUT) != 0) {
        alive = put(client, hostility_.flood);
      }
    }
  }
  bool take_question(int client) {
    std::array<std::uint8_t, 12> request{};
    if (recv(client, request.data(), request.size(), 0) != 12) {
      return false;
    }
    const auto word = [&request](std::size_t at) {
      return static_cast<std::uint16_t>(request[at] << 8 | request[at + 1]);
    };
    const Question question{.unit = request[6],
                            .kind = static_cast<RegisterKind>(request[7]),
                            .address = word(8),
                            .count = word(10)};
    return !hostility_.reply ||
           put(client, hostility_.reply(question, word(0)));
  }
  static bool put(int client, const Bytes& bytes) {
    return send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0 ||
           errno == EAGAIN;
  }

  const Hostility& hostility_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// The right answer, then changed.
Bytes mbap_answer(const Question& question, std::uint16_t transaction) {
  const Bytes rtu = right_answer(question);
  Bytes frame{static_cast<std::uint8_t>(transaction >> 8),
              static_cast<std::uint8_t>(transaction & 0xFF),
              0,
              0,
              0,
              static_cast<std::uint8_t>(rtu.size() - 2)};
  frame.insert(frame.end(), rtu.begin(), rtu.end() - 2);
  return frame;
}

std::vector<Hostility> tcp_hostilities() {
  const auto changed = [](auto change) {
    return [change](const Question& question, std::uint16_t transaction) {
      Bytes frame = mbap_answer(question, transaction);
      change(frame);
      return frame;
    };
  };
  return {
      {"half answers",
       changed([](Bytes& frame) { frame.resize(frame.size() / 2); }),
       {}},
      {"wrong transaction",
       changed([](Bytes& frame) { frame[1] ^= 0x80; }),
       {}},
      {"wrong protocol", changed([](Bytes& frame) { frame[3] = 1; }), {}},
      {"wrong length", changed([](Bytes& frame) { frame[4] = 1; }), {}},
      {"wrong unit", changed([](Bytes& frame) { frame[6] = 2; }), {}},
      {"wrong function", changed([](Bytes& frame) { frame[7] = 3; }), {}},
      {"wrong byte count", changed([](Bytes& frame) { frame[8] = 4; }), {}},
      {"exceptions",
       [](const Question& question, std::uint16_t transaction) {
         Bytes frame = mbap_answer(question, transaction);
         frame[5] = 3;
         frame[7] = static_cast<std::uint8_t>(frame[7] | 0x80U);
         frame[8] = 4;
         frame.resize(9);
         return frame;
       },
       {}},
      {"random bytes", nullptr, random_bytes(65'536)},
      {"endless zeros", nullptr, Bytes(65'536, 0)},
      {"a million exceptions a second",
       nullptr,
       repeated({0, 1, 0, 0, 0, 3, 1, 0x84, 2}, 8192)},
  };
}

class HostileTcp : public testing::TestWithParam<Hostility> {};

TEST_P(HostileTcp, IsNotBelieved) {
  Bystander bystander;
  const TcpPeer peer(GetParam());
  expect_nothing_believed(TcpEndpoint{"127.0.0.1", peer.port()});
  bystander.expect_undisturbed();
}

INSTANTIATE_TEST_SUITE_P(Peers,
                         HostileTcp,
                         testing::ValuesIn(tcp_hostilities()),
                         name_of);

}  // namespace
}  // namespace strongroom
