// SPDX-License-Identifier: Apache-2.0
// A program that a test starts and ends.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace strongroom {

class ChildProcess {
 public:
  /// Starts it, its output appended to `log`. It dies with us.
  ChildProcess(const std::vector<std::string>& command,
               const std::filesystem::path& log);
  /// SIGKILL, if it still lives.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  bool is_running();
  /// Sends the signal and waits for the end.
  void end(int signal);
  pid_t id() const { return id_; }

 private:
  pid_t id_ = -1;
};

}  // namespace strongroom
