// SPDX-License-Identifier: Apache-2.0
// A real broker on an ephemeral loopback port.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tls_authority.h"

namespace strongroom {

struct MosquittoOptions {
  /// Wants a client certificate of the broker's authority; its common name is
  /// the user (use_identity_as_username), as on a real site.
  bool tls = false;
  /// What the server's certificate is for.
  std::string server_names = "DNS:localhost,IP:127.0.0.1";
  /// Lines of an ACL file, e.g. "pattern readwrite strongroom/v1/%u/#".
  std::string acl;
  /// Further lines of mosquitto.conf.
  std::string config;
};

class Mosquitto {
 public:
  /// Starts it and returns when it accepts connections.
  explicit Mosquitto(MosquittoOptions options = {});

  /// Whether there is a broker on this machine; tests skip without.
  static bool is_installed();

  std::uint16_t port() const { return port_; }
  /// "tcp://127.0.0.1:port" or "ssl://localhost:port".
  std::string uri() const;
  TlsAuthority& authority() { return *authority_; }
  const TemporaryDirectory& directory() const { return directory_; }
  pid_t process() const { return process_->id(); }

  /// kill -9: what it held in memory is gone.
  void kill();
  void terminate();
  /// SIGSTOP and SIGCONT: alive, and deaf.
  void pause();
  void resume();
  /// On the same port.
  void start();
  /// Its log, for messages of failed tests.
  std::string log() const;

 private:
  bool accepts() const;
  void write_config();

  TemporaryDirectory directory_;
  MosquittoOptions options_;
  std::unique_ptr<TlsAuthority> authority_;  // with TLS
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace strongroom
