// SPDX-License-Identifier: Apache-2.0
// A device in a program of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace strongroom {

/// A peer that has said where it is: `ready 127.0.0.1:PORT` or `ready LINK`.
class Peer {
 public:
  explicit Peer(const std::vector<std::string>& command)
      : log_(directory_ / "log"), process_(command, log_) {
    EXPECT_TRUE(wait_until([&] { return !address().empty(); })) << output();
  }
  /// Everything that it has printed.
  std::string output() const {
    std::stringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }
  /// The last word of its ready line.
  std::string address() const {
    std::stringstream lines(output());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("ready ") && !lines.eof()) {
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

inline std::vector<std::string> pymodbus(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(),
                   {PYTHON_PROGRAM, "tests/bus/pymodbus_server.py"});
  return arguments;
}

}  // namespace strongroom
