// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <list>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tools/plant/descriptor.h"
#include "tools/plant/line_server.h"

namespace strongroom::plant {
namespace {

constexpr int kBacklog = 64;

Result<Descriptor> listen_at(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return fault("\"" + host + "\" is no IPv4 address");
  }
  Descriptor listener(
      socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener.get(),
           reinterpret_cast<const sockaddr*>(&address),
           sizeof address) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return std::unexpected(last_error("cannot listen on " + where));
  }
  return listener;
}

std::uint16_t port_of(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

struct Client {
  Descriptor socket;
  Bytes heard;
  std::multimap<Time, Bytes> queue;

  int descriptor() const { return socket.get(); }
};

class TcpLine final : public Service {
 public:
  TcpLine(Plant& plant, std::size_t line, Descriptor listener)
      : plant_(&plant),
        line_(line),
        port_(port_of(listener)),
        listener_(std::move(listener)) {}

  void watch(std::vector<pollfd>& descriptors) const override {
    if (listener_.is_open()) {
      descriptors.push_back({listener_.get(), POLLIN, 0});
    }
    for (const Client& client : clients_) {
      descriptors.push_back({client.descriptor(), POLLIN, 0});
    }
  }
  void ready(int descriptor, Time now) override {
    if (descriptor == listener_.get()) {
      accept_client();
      return;
    }
    const auto client =
        std::ranges::find(clients_, descriptor, &Client::descriptor);
    if (client != clients_.end() &&
        !(hear(*client, now) && speak(*client, now))) {
      clients_.erase(client);
    }
  }
  std::optional<Time> due() const override {
    std::optional<Time> at;
    for (const Client& client : clients_) {
      if (!client.queue.empty()) {
        const Time first = client.queue.begin()->first;
        at = at ? std::min(*at, first) : first;
      }
    }
    return at;
  }
  void advance(Time now) override {
    if (plant_->is_plugged(line_) != listener_.is_open()) {
      plug();
    }
    std::erase_if(clients_,
                  [&](Client& client) { return !speak(client, now); });
  }

 private:
  void accept_client() {
    Descriptor socket(accept4(
        listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.is_open()) {
      const int on = 1;
      setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      clients_.push_back(Client{.socket = std::move(socket)});
    }
  }
  /// False: the connection is of no more use.
  bool hear(Client& client, Time now) {
    std::array<std::uint8_t, 4096> bytes{};
    const auto size = recv(client.descriptor(), bytes.data(), bytes.size(), 0);
    if (size <= 0) {
      return size < 0 && (errno == EAGAIN || errno == EINTR);
    }
    append(client.heard, ByteView(bytes).first(static_cast<std::size_t>(size)));
    for (;;) {
      const TcpHead head = parse_tcp(client.heard);
      if (head.broken) {
        plant_->counters(line_).garbled += client.heard.size();
        return false;
      }
      if (!head.request) {
        return true;
      }
      client.heard.erase(
          client.heard.begin(),
          client.heard.begin() + static_cast<std::ptrdiff_t>(head.size));
      for (Transmission& sent : plant_->ask(line_, *head.request, now)) {
        client.queue.emplace(sent.at, std::move(sent.bytes));
      }
    }
  }
  /// False: the connection is of no more use.
  static bool speak(Client& client, Time now) {
    while (!client.queue.empty() && client.queue.begin()->first <= now) {
      const Bytes bytes = client.queue.extract(client.queue.begin()).mapped();
      // Answers are small: a client that lets them pile up has gone wrong.
      if (send(client.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(bytes.size())) {
        return false;
      }
    }
    return true;
  }
  void plug() {
    if (listener_.is_open()) {
      listener_.reset();
      clients_.clear();
    } else if (auto listener =
                   listen_at(plant_->scene().lines[line_].host, port_)) {
      listener_ = std::move(*listener);
    }
  }

  Plant* plant_;
  std::size_t line_;
  std::uint16_t port_;
  Descriptor listener_;
  std::list<Client> clients_;
};

}  // namespace

Result<std::unique_ptr<Service>> open_tcp_line(Plant& plant, std::size_t line) {
  const LineScene& scene = plant.scene().lines[line];
  auto listener = listen_at(scene.host, scene.port);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  plant.set_address(line,
                    scene.host + ":" + std::to_string(port_of(*listener)));
  return std::make_unique<TcpLine>(plant, line, std::move(*listener));
}

Result<std::unique_ptr<Service>> open_line(Plant& plant, std::size_t line) {
  return plant.scene().lines[line].kind == LineKind::kTcp
             ? open_tcp_line(plant, line)
             : open_rtu_line(plant, line);
}

}  // namespace strongroom::plant
