// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/panel_local.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

#include "platform/modbus/serial_port.h"

namespace strongroom {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kAnswer{1000};
/// From `save` on the panel starts again; a board waits a second for its world.
constexpr milliseconds kRestart{10'000};
constexpr milliseconds kBetweenTries{500};
constexpr std::size_t kLongestAnswer = 1024;

bool is_answer(std::string_view line) {
  return line == "ok" || line.starts_with("ok ") || line.starts_with("error");
}

class SerialLocalLink final : public LocalLink {
 public:
  explicit SerialLocalLink(FileDescriptor port) : port_(std::move(port)) {}

  Result<std::string> ask(const std::string& line,
                          milliseconds timeout) override {
    tcflush(port_.get(), TCIFLUSH);
    received_.clear();
    const std::string out = line + "\n";
    if (write(port_.get(), out.data(), out.size()) !=
        static_cast<ssize_t>(out.size())) {
      return fault("the port takes nothing: " +
                   std::string(std::strerror(errno)));
    }
    const auto end = Steady::now() + timeout;
    for (;;) {
      if (auto answer = take_answer()) {
        return *std::move(answer);
      }
      if (auto more = receive(end); !more) {
        return std::unexpected(more.error());
      }
    }
  }

 private:
  std::optional<std::string> take_answer() {
    for (;;) {
      const auto at = received_.find('\n');
      if (at == std::string::npos) {
        return std::nullopt;
      }
      std::string line = received_.substr(0, at);
      received_.erase(0, at + 1);
      std::erase(line, '\r');
      if (is_answer(line)) {
        return line;
      }
    }
  }

  Result<void> receive(Steady::time_point end) {
    const auto left =
        std::chrono::ceil<milliseconds>(end - Steady::now()).count();
    pollfd waiting{port_.get(), POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) == 0) {
      return fault("the panel does not answer; is this its local port?");
    }
    std::array<char, 256> bytes{};
    const auto got = read(port_.get(), bytes.data(), bytes.size());
    if (got <= 0 && errno != EINTR && errno != EAGAIN) {
      return fault("the port is gone");
    }
    received_.append(bytes.data(),
                     static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (received_.size() > kLongestAnswer) {
      received_.clear();  // noise of another speed
    }
    return {};
  }

  FileDescriptor port_;
  std::string received_;
};

}  // namespace

std::string panel_fingerprint(const PanelKey& key) {
  constexpr std::array<std::uint8_t, 2> kId{'i', 'd'};
  const auto hash = siphash24(key, kId);
  return to_hex(ByteView(hash).first(4));
}

std::vector<std::string> commissioning_lines(const PanelCommissioning& wanted) {
  return {"unit " + std::to_string(wanted.unit),
          "baud " + std::to_string(wanted.baud),
          std::string("parity ") + wanted.parity,
          "leaves " + std::to_string(wanted.leaves),
          "readers " + std::to_string(wanted.readers),
          "key " + to_hex(wanted.key),
          "save"};
}

std::string shown_line(std::string_view line) {
  return line.starts_with("key ") ? "key (not shown)" : std::string(line);
}

std::string local_word(std::string_view answer, std::string_view name) {
  const std::string wanted = " " + std::string(name) + "=";
  const auto at = answer.find(wanted);
  if (at == std::string_view::npos) {
    return "";
  }
  const std::string_view rest = answer.substr(at + wanted.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

std::string commissioning_fault(std::string_view identity,
                                const PanelCommissioning& wanted) {
  const std::pair<std::string_view, std::string> words[] = {
      {"unit", std::to_string(wanted.unit)},
      {"baud", std::to_string(wanted.baud)},
      {"parity", std::string(1, wanted.parity)},
      {"leaves", std::to_string(wanted.leaves)},
      {"readers", std::to_string(wanted.readers)},
      {"key", panel_fingerprint(wanted.key)}};
  for (const auto& [name, value] : words) {
    if (const std::string said = local_word(identity, name); said != value) {
      return std::string(name) + " is " + (said.empty() ? "not said" : said) +
             ", not " + value;
    }
  }
  return "";
}

Result<std::unique_ptr<LocalLink>> open_local_link(const std::string& port) {
  auto claim = claim_serial_port(port);
  if (!claim) {
    return std::unexpected(claim.error());
  }
  termios settings{};
  if (tcgetattr(claim->get(), &settings) != 0) {
    return fault(port + " is no serial port");
  }
  cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  cfsetspeed(&settings, B115200);
  if (tcsetattr(claim->get(), TCSANOW, &settings) != 0) {
    return fault(port + ": " + std::strerror(errno));
  }
  return std::make_unique<SerialLocalLink>(*std::move(claim));
}

Result<std::string> commission_panel(
    LocalLink& link,
    const PanelCommissioning& wanted,
    const std::function<void(const std::string&)>& tell) {
  const auto before = link.ask("status?", kAnswer);
  if (!before) {
    return before;
  }
  for (const std::string& line : commissioning_lines(wanted)) {
    const auto answer = link.ask(line, kAnswer);
    if (!answer) {
      return answer;
    }
    tell(shown_line(line) + ": " + *answer);
    if (answer->starts_with("error")) {
      return fault("the panel refused \"" + shown_line(line) +
                   "\" and keeps what it had: " + *answer);
    }
  }
  const auto end = Steady::now() + kRestart;
  const std::string boot = local_word(*before, "boot");
  Result<std::string> status = fault("");
  do {  // until another start of it answers: what it did not keep is gone then
    status = link.ask("status?", kBetweenTries);
  } while ((!status || local_word(*status, "boot") == boot) &&
           Steady::now() < end);
  if (!status || local_word(*status, "boot") == boot) {
    return fault("the panel saved, and has not started again since");
  }
  const auto identity = link.ask("id?", kAnswer);
  if (!identity) {
    return identity;
  }
  tell("id?: " + *identity);
  if (const std::string what = commissioning_fault(*identity, wanted);
      !what.empty()) {
    return fault("the panel did not take it: " + what);
  }
  return identity;
}

}  // namespace strongroom
