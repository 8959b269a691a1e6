// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/control.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <list>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace strongroom::plant {
namespace {

constexpr std::size_t kMaxLine = 4096;

/// Bytes in, whole lines answered.
class Session {
 public:
  Session(int input, int output) : input_(input), output_(output) {}
  int input() const { return input_; }

  /// False at the end of the input, or when a line has no end.
  bool serve(Plant& plant) {
    std::array<char, 1024> bytes{};
    const auto size = read(input_, bytes.data(), bytes.size());
    if (size <= 0) {
      return false;
    }
    pending_.append(bytes.data(), static_cast<std::size_t>(size));
    for (auto end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n')) {
      const auto reply = plant.command(pending_.substr(0, end));
      pending_.erase(0, end + 1);
      if (!put((reply ? *reply : "error: " + reply.error().what) + "\n")) {
        return false;
      }
    }
    return pending_.size() <= kMaxLine;
  }

 private:
  bool put(std::string_view text) const {
    while (!text.empty()) {
      const auto size = write(output_, text.data(), text.size());
      if (size <= 0) {
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  int input_;
  int output_;
  std::string pending_;
};

class ControlSocket final : public Service {
 public:
  ControlSocket(int listener, std::string path, Plant& plant)
      : listener_(listener), path_(std::move(path)), plant_(&plant) {}
  ~ControlSocket() override {
    for (const Session& session : sessions_) {
      close(session.input());
    }
    close(listener_);
    unlink(path_.c_str());
  }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  void watch(std::vector<pollfd>& descriptors) const override {
    descriptors.push_back({listener_, POLLIN, 0});
    for (const Session& session : sessions_) {
      descriptors.push_back({session.input(), POLLIN, 0});
    }
  }
  void ready(int descriptor) override {
    if (descriptor == listener_) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) {
        sessions_.emplace_back(client, client);
      }
      return;
    }
    const auto session =
        std::ranges::find(sessions_, descriptor, &Session::input);
    if (session != sessions_.end() && !session->serve(*plant_)) {
      close(descriptor);
      sessions_.erase(session);
    }
  }

 private:
  int listener_;
  std::string path_;
  std::list<Session> sessions_;
  Plant* plant_;
};

class StandardInput final : public Service {
 public:
  explicit StandardInput(Plant& plant) : plant_(&plant) {}
  void watch(std::vector<pollfd>& descriptors) const override {
    if (open_) {
      descriptors.push_back({session_.input(), POLLIN, 0});
    }
  }
  void ready(int descriptor) override {
    if (descriptor == session_.input()) {
      open_ = session_.serve(*plant_);
    }
  }

 private:
  Session session_{STDIN_FILENO, STDOUT_FILENO};
  bool open_ = true;
  Plant* plant_;
};

Error last_error(const std::string& what) {
  return Error{what + ": " + std::generic_category().message(errno)};
}

/// Whether someone answers there.
bool is_served(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) {
    return false;
  }
  const bool served = connect(probe,
                              reinterpret_cast<const sockaddr*>(&address),
                              sizeof address) == 0;
  close(probe);
  return served;
}

}  // namespace

Result<std::unique_ptr<Service>> open_control(const std::string& path,
                                              Plant& plant) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fault("the path of a control socket has at most " +
                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::ranges::copy(path, address.sun_path);
  if (is_served(address)) {
    return fault("another program serves " + path);
  }
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) {
    return std::unexpected(last_error("cannot serve " + path));
  }
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  bool bound = bind(listener, name, sizeof address) == 0;
  if (!bound && errno == EADDRINUSE && std::filesystem::is_socket(path)) {
    unlink(path.c_str());
    bound = bind(listener, name, sizeof address) == 0;
  }
  if (!bound || listen(listener, 8) != 0) {
    const Error error = last_error("cannot serve " + path);
    close(listener);
    return std::unexpected(error);
  }
  return std::make_unique<ControlSocket>(listener, path, plant);
}

std::unique_ptr<Service> read_standard_input(Plant& plant) {
  return std::make_unique<StandardInput>(plant);
}

}  // namespace strongroom::plant
