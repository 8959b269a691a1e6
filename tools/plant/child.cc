// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/child.h"

#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <utility>

namespace strongroom::plant {
namespace {

[[noreturn]] void become(const std::vector<char*>& arguments, pid_t parent) {
  // Not even a plant that is killed leaves panels behind. It may have been
  // killed before this line.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = open("/dev/null", O_RDONLY);
  if (getppid() != parent || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
      dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    _exit(127);
  }
  close(nothing);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& command) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  if (access(arguments.front(), X_OK) != 0) {
    return std::unexpected(last_error("cannot run " + command.front()));
  }
  const pid_t parent = getpid();
  const pid_t id = fork();
  if (id == 0) {
    become(arguments, parent);
  }
  if (id < 0) {
    return std::unexpected(last_error("cannot run " + command.front()));
  }
  Descriptor handle(static_cast<int>(syscall(SYS_pidfd_open, id, 0)));
  Child child(id, std::move(handle));
  if (!child.handle_.is_open()) {
    return std::unexpected(last_error("cannot watch " + command.front()));
  }
  fcntl(child.handle_.get(), F_SETFD, FD_CLOEXEC);
  return child;
}

Child::Child(Child&& other) noexcept
    : id_(std::exchange(other.id_, -1)), handle_(std::move(other.handle_)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(handle_, other.handle_);
  return *this;
}

Child::~Child() {
  end();
}

std::optional<std::string> Child::ended() {
  int status = 0;
  if (id_ < 0 || waitpid(id_, &status, WNOHANG) != id_) {
    return std::nullopt;
  }
  id_ = -1;
  handle_.reset();
  return WIFEXITED(status)
             ? "ended with " + std::to_string(WEXITSTATUS(status))
             : "killed by signal " + std::to_string(WTERMSIG(status));
}

void Child::end() {
  if (id_ > 0) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = -1;
  }
}

}  // namespace strongroom::plant
