// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mosquitto.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

// Debian puts it where a user's PATH does not look.
constexpr const char* kPlaces[] = {
    "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"};

std::string program() {
  for (const char* place : kPlaces) {
    if (::access(place, X_OK) == 0) {
      return place;
    }
  }
  return {};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int open_socket() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    std::abort();
  }
  return descriptor;
}

// Another program could take it before the broker does; start() then finds the
// broker dead and takes another.
std::uint16_t free_port() {
  const int probe = open_socket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  check(::bind(probe, generic, size) == 0 &&
            ::getsockname(probe, generic, &size) == 0,
        "no free port for a test's broker");
  ::close(probe);
  return ntohs(address.sin_port);
}

}  // namespace

Mosquitto::Mosquitto(MosquittoOptions options) : options_(std::move(options)) {
  check(is_installed(), "mosquitto is not installed: run script/bootstrap");
  if (options_.tls) {
    authority_ = std::make_unique<TlsAuthority>(directory_.path(), "authority");
  }
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    write_config();
    start();
    if (process_->is_running()) {
      return;
    }
  }
  std::cerr << log();
  check(false, "a test's broker does not start");
}

bool Mosquitto::is_installed() {
  return !program().empty();
}

std::string Mosquitto::uri() const {
  return (options_.tls ? "ssl://localhost:" : "tcp://127.0.0.1:") +
         std::to_string(port_);
}

void Mosquitto::write_config() {
  std::string text = "listener " + std::to_string(port_) + " 127.0.0.1\n";
  text += "persistence false\nset_tcp_nodelay true\n";
  // By default it silently drops what it has acknowledged.
  text += "max_queued_messages 0\nlog_type all\n";
  // The broker gives up root; it must still read what lies here.
  text += "user root\nlog_dest stderr\n";
  if (options_.tls) {
    const CertificateFiles files =
        authority_->issue_server(options_.server_names);
    text += "cafile " + authority_->file().string() + "\n";
    text += "certfile " + files.certificate.string() + "\n";
    text += "keyfile " + files.key.string() + "\n";
    text += "require_certificate true\nuse_identity_as_username true\n";
  } else {
    text += "allow_anonymous true\n";
  }
  if (!options_.acl.empty()) {
    write_text(directory_ / "acl", options_.acl);
    text += "acl_file " + (directory_ / "acl").string() + "\n";
  }
  write_text(directory_ / "mosquitto.conf", text + options_.config);
}

void Mosquitto::start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{
          program(), "-c", (directory_ / "mosquitto.conf").string()},
      directory_ / "log");
  check(wait_until([&] { return accepts() || !process_->is_running(); }),
        "a test's broker does not answer");
}

bool Mosquitto::accepts() const {
  const int probe = open_socket();
  const sockaddr_in address = loopback(port_);
  const bool connected = ::connect(probe,
                                   reinterpret_cast<const sockaddr*>(&address),
                                   sizeof address) == 0;
  ::close(probe);
  return connected;
}

void Mosquitto::kill() {
  process_->end(SIGKILL);
}

void Mosquitto::terminate() {
  process_->end(SIGTERM);
}

void Mosquitto::pause() {
  ::kill(process_->id(), SIGSTOP);
}

void Mosquitto::resume() {
  ::kill(process_->id(), SIGCONT);
}

std::string Mosquitto::log() const {
  std::ifstream file(directory_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace strongroom
