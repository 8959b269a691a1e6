// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/panel_port.h"

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

namespace strongroom::plant {
namespace {

constexpr std::size_t kMostPending = 64 * 1024;

}  // namespace

Result<PanelPort> PanelPort::listen(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    return fault("the path of a socket is too long: " + text +
                 "; TMPDIR says where else");
  }
  std::ranges::copy(text, address.sun_path);
  PanelPort port;
  port.listener_ = Descriptor(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!port.listener_.is_open() ||
      bind(port.listener_.get(),
           reinterpret_cast<const sockaddr*>(&address),
           sizeof address) != 0 ||
      ::listen(port.listener_.get(), 1) != 0) {
    return std::unexpected(last_error("cannot serve " + text));
  }
  return port;
}

void PanelPort::watch(std::vector<pollfd>& descriptors) const {
  if (listener_.is_open()) {
    descriptors.push_back({listener_.get(), POLLIN, 0});
  }
  if (connection_.is_open()) {
    const int events = POLLIN | (pending_.empty() ? 0 : POLLOUT);
    descriptors.push_back({connection_.get(), static_cast<short>(events), 0});
  }
}

Bytes PanelPort::read(int descriptor) {
  if (descriptor == listener_.get()) {
    const int client =
        accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
      connection_ = Descriptor(client);
      flush();
    }
    return {};
  }
  flush();
  std::array<std::uint8_t, 4096> bytes{};
  const auto size = ::read(descriptor, bytes.data(), bytes.size());
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
    connection_.reset();
    return {};
  }
  return size > 0 ? Bytes(bytes.begin(), bytes.begin() + size) : Bytes();
}

void PanelPort::write(ByteView bytes) {
  if (pending_.size() < kMostPending) {
    append(pending_, bytes);
  }
  flush();
}

void PanelPort::flush() {
  if (!connection_.is_open() || pending_.empty()) {
    return;
  }
  const auto size =
      send(connection_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL);
  if (size > 0) {
    pending_.erase(pending_.begin(), pending_.begin() + size);
  }
}

void PanelPort::hang_up() {
  connection_.reset();
  pending_.clear();
}

}  // namespace strongroom::plant
