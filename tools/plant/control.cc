// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/control.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <list>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "tools/plant/descriptor.h"

namespace strongroom::plant {
namespace {

constexpr std::size_t kMaxLine = 4096;

/// Bytes in, whole lines answered.
class Session {
 public:
  Session(int input, int output) : input_(input), output_(output) {}
  int input() const { return input_; }

  /// False at the end of the input, or when a line has no end.
  bool serve(const Commander& commander, Time now) {
    std::array<char, 1024> bytes{};
    const auto size = read(input_, bytes.data(), bytes.size());
    if (size <= 0) {
      return false;
    }
    pending_.append(bytes.data(), static_cast<std::size_t>(size));
    for (auto end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n')) {
      const auto reply = commander(pending_.substr(0, end), now);
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
  ControlSocket(Descriptor listener, std::string path, Commander commander)
      : listener_(std::move(listener)),
        path_(std::move(path)),
        commander_(std::move(commander)) {}
  ~ControlSocket() override {
    for (const Session& session : sessions_) {
      close(session.input());
    }
    unlink(path_.c_str());
  }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  void watch(std::vector<pollfd>& descriptors) const override {
    descriptors.push_back({listener_.get(), POLLIN, 0});
    for (const Session& session : sessions_) {
      descriptors.push_back({session.input(), POLLIN, 0});
    }
  }
  void ready(int descriptor, Time now) override {
    if (descriptor == listener_.get()) {
      const int client =
          accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      // A client that does not read its replies is dropped, not waited for.
      if (client >= 0) {
        sessions_.emplace_back(client, client);
      }
      return;
    }
    const auto session =
        std::ranges::find(sessions_, descriptor, &Session::input);
    if (session != sessions_.end() && !session->serve(commander_, now)) {
      close(descriptor);
      sessions_.erase(session);
    }
  }

 private:
  Descriptor listener_;
  std::string path_;
  std::list<Session> sessions_;
  Commander commander_;
};

class StandardInput final : public Service {
 public:
  explicit StandardInput(Commander commander)
      : commander_(std::move(commander)) {}
  void watch(std::vector<pollfd>& descriptors) const override {
    if (open_) {
      descriptors.push_back({session_.input(), POLLIN, 0});
    }
  }
  void ready(int descriptor, Time now) override {
    if (descriptor == session_.input()) {
      open_ = session_.serve(commander_, now);
    }
  }

 private:
  Session session_{STDIN_FILENO, STDOUT_FILENO};
  bool open_ = true;
  Commander commander_;
};

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fault("the path of a control socket has at most " +
                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::ranges::copy(path, address.sun_path);
  return address;
}

/// Closed when nobody answers there.
Descriptor connect_to(const sockaddr_un& address) {
  Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.is_open() ||
      connect(connection.get(),
              reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0) {
    return Descriptor();
  }
  return connection;
}

/// For the owner alone from the first moment.
bool bind_private(const Descriptor& listener, const sockaddr_un& address) {
  const mode_t before = umask(0177);
  const bool bound =
      listener.is_open() && bind(listener.get(),
                                 reinterpret_cast<const sockaddr*>(&address),
                                 sizeof address) == 0;
  umask(before);
  return bound;
}

}  // namespace

Result<std::unique_ptr<Service>> open_control(const std::string& path,
                                              Commander commander) {
  const auto address = address_of(path);
  if (!address) {
    return std::unexpected(address.error());
  }
  if (connect_to(*address).is_open()) {
    return fault("another program serves " + path);
  }
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bool bound = bind_private(listener, *address);
  if (!bound && errno == EADDRINUSE && std::filesystem::is_socket(path)) {
    unlink(path.c_str());
    bound = bind_private(listener, *address);
  }
  if (!bound || listen(listener.get(), 8) != 0) {
    const Error error = last_error("cannot serve " + path);
    return fault(error.what + "; --control says where else");
  }
  return std::make_unique<ControlSocket>(
      std::move(listener), path, std::move(commander));
}

std::unique_ptr<Service> read_standard_input(Commander commander) {
  return std::make_unique<StandardInput>(std::move(commander));
}

Result<std::string> ask_control(const std::string& path,
                                const std::vector<std::string>& lines) {
  const auto address = address_of(path);
  if (!address) {
    return std::unexpected(address.error());
  }
  const Descriptor connection = connect_to(*address);
  if (!connection.is_open()) {
    return std::unexpected(last_error("no plant answers at " + path));
  }
  std::string asked;
  for (const std::string& line : lines) {
    asked += line + "\n";
  }
  if (send(connection.get(), asked.data(), asked.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(asked.size())) {
    return std::unexpected(last_error("cannot ask the plant at " + path));
  }
  shutdown(connection.get(), SHUT_WR);
  std::string reply;
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto size = read(connection.get(), bytes.data(), bytes.size());
    if (size <= 0) {
      return reply;
    }
    reply.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace strongroom::plant
