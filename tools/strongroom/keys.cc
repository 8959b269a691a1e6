// SPDX-License-Identifier: Apache-2.0
// init, ca, keygen: what is made by hand, once, and never by accident.
#include "platform/crypto/keys.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/log/checkpoint.h"
#include "ledger/store/create.h"
#include "platform/system/clock.h"
#include "platform/system/files.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/enrolment.h"
#include "tools/strongroom/x509.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

/// A directory that only its owner may enter.
Result<void> make_private_dir(const fs::path& dir) {
  std::error_code error;
  if (fs::create_directories(dir, error)) {
    fs::permissions(dir, fs::perms::owner_all, error);
  }
  if (error) {
    return fault("cannot create " + dir.string() + ": " + error.message());
  }
  return {};
}

std::string ledger_config(const std::string& ledger) {
  return "# Strongroom ledger. Paths are relative to this file.\n"
         "ledger = \"" +
         ledger +
         "\"\n\n"
         "[keys]\n"
         "log = \"keys/log.key\"\n"
         "console = \"keys/console.key\"\n"
         "disclosure = \"keys/disclosure.key\"\n\n"
         "[store]\n"
         "path = \"store/ledger.db\"\n"
         "guard = \"guard/guard.db\"  # put it on another device\n"
         "disclosures = \"store/disclosures.db\"\n\n"
         "[mqtt]\n"
         "uri = \"ssl://localhost:8883\"\n"
         "ca = \"tls/ca.crt\"\n"
         "certificate = \"tls/ledger.crt\"\n"
         "key = \"tls/ledger.key\"\n\n"
         "[http]\n"
         "listen = \"127.0.0.1:9480\"\n\n"
         "[admin]\n"
         "socket = \"admin.sock\"\n";
}

Result<void> init_ledger(const fs::path& dir, const std::string& ledger) {
  if (!is_valid_ledger_name(ledger)) {
    return fault("\"" + ledger +
                 "\" is no ledger name: lower-case letters, digits, dots and "
                 "hyphens, as a host name");
  }
  if (fs::exists(dir / "ledger.toml")) {
    return fault(dir.string() + " holds a ledger already; nothing was changed");
  }
  for (const char* part : {"keys", "store", "guard", "tls"}) {
    if (auto made = make_private_dir(dir / part); !made) {
      return made;
    }
  }
  Trust trust{ledger, {}};
  PublicKey disclosure{};
  for (const auto& [file, kind] :
       {std::pair{"log.key", KeyKind::kLog},
        std::pair{"console.key", KeyKind::kEvent},
        std::pair{"share.key", KeyKind::kShare},
        std::pair{"command.key", KeyKind::kCommand},
        std::pair{"disclosure.key", KeyKind::kDisclosure}}) {
    const auto key = create_key(dir / "keys" / file, kind);
    if (!key) {
      return std::unexpected(key.error());
    }
    if (kind == KeyKind::kLog) {
      trust.log_keys.push_back(*key);
    } else if (kind == KeyKind::kDisclosure) {
      disclosure = *key;
    }
  }
  for (const auto& [file, text] :
       {std::pair{"trust.txt", trust.text()},
        std::pair{"disclosure.pub", to_base64(disclosure) + "\n"}}) {
    if (auto written =
            write_file(dir / file, as_bytes(text), 0644, Overwrite::kRefuse);
        !written) {
      return written;
    }
  }
  if (auto created = create_ledger_store(dir / "store/ledger.db",
                                         dir / "guard/guard.db",
                                         dir / "store/disclosures.db",
                                         ledger);
      !created) {
    return created;
  }
  // Last: its presence means that everything above is there.
  return write_file(dir / "ledger.toml",
                    as_bytes(ledger_config(ledger)),
                    0644,
                    Overwrite::kRefuse);
}

struct ServerOrder {
  fs::path ca;
  fs::path out;
  std::string name;
  std::vector<std::string> hosts;
};

/// Key, request and certificate in one go, for a program on this machine.
Result<void> issue(const ServerOrder& order,
                   CertificateRole role,
                   const std::string& file) {
  if (auto made = make_private_dir(order.out); !made) {
    return made;
  }
  const fs::path request = order.out / (file + ".csr");
  if (auto made =
          create_request(order.out / (file + ".key"), request, order.name);
      !made) {
    return made;
  }
  const auto text = read_file(request);
  const auto certificate = sign_request(
      order.ca, *text, {order.name, role, order.hosts}, read_clocks().wall);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  if (auto written = write_file(order.out / (file + ".crt"),
                                as_bytes(*certificate),
                                0644,
                                Overwrite::kReplace);
      !written) {
    return written;
  }
  const auto ca = read_file(order.ca / "ca.crt");
  return write_file(
      order.out / "ca.crt", as_bytes(*ca), 0644, Overwrite::kReplace);
}

Result<void> sign_to_file(const fs::path& ca,
                          const fs::path& request,
                          const fs::path& out,
                          const std::string& name) {
  const auto text = read_file(request);
  if (!text) {
    return std::unexpected(text.error());
  }
  const auto certificate = sign_request(
      ca, *text, {name, CertificateRole::kClient, {}}, read_clocks().wall);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  return write_file(out, as_bytes(*certificate), 0644, Overwrite::kReplace);
}

}  // namespace

void add_init(CLI::App& app, Outcome& outcome) {
  auto dir = std::make_shared<fs::path>();
  auto ledger = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "init",
      "Create a ledger: its keys, trust file, stores and configuration");
  command->add_option("DIR", *dir, "Directory of the ledger")->required();
  command->add_option("--ledger", *ledger, "Name, e.g. custody.example.org")
      ->required();
  command->callback([dir, ledger, &outcome] {
    finish(outcome,
           ExitCode::kUsage,
           init_ledger(*dir, *ledger),
           "Created ledger " + *ledger + " in " + dir->string() +
               ".\nGive trust.txt to whoever verifies. Keep keys/log.key safe: "
               "who has it can sign a false history.");
  });
}

void add_ca(CLI::App& app, Outcome& outcome) {
  auto* ca = app.add_subcommand("ca", "The certificate authority of a site");
  ca->require_subcommand(1);
  auto order = std::make_shared<ServerOrder>();
  auto request = std::make_shared<fs::path>();

  auto* init = ca->add_subcommand("init", "Create an authority");
  init->add_option("CADIR", order->ca)->required();
  init->add_option("--name", order->name)->default_str("Strongroom site CA");
  init->callback([order, &outcome] {
    auto done = make_private_dir(order->ca);
    if (done) {
      done = create_authority(
          order->ca,
          order->name.empty() ? "Strongroom site CA" : order->name,
          read_clocks().wall);
    }
    finish(outcome,
           ExitCode::kUsage,
           done,
           "Created " + (order->ca / "ca.crt").string());
  });

  auto* server =
      ca->add_subcommand("server", "Key and certificate of a broker");
  server->add_option("CADIR", order->ca)->required();
  server->add_option("--host", order->hosts, "Name or address; repeatable")
      ->required();
  server->add_option("--out", order->out, "Directory")->required();
  server->callback([order, &outcome] {
    order->name = order->hosts.front();
    finish(outcome,
           ExitCode::kUsage,
           issue(*order, CertificateRole::kServer, "broker"),
           "Created " + (order->out / "broker.crt").string());
  });

  auto* client = ca->add_subcommand(
      "client", "Key and certificate of a program on this machine");
  client->add_option("CADIR", order->ca)->required();
  client->add_option("--identity", order->name, "e.g. central/ledger")
      ->required();
  client->add_option("--out", order->out, "Directory")->required();
  client->callback([order, &outcome] {
    const std::string file = order->name.substr(order->name.rfind('/') + 1);
    finish(outcome,
           ExitCode::kUsage,
           issue(*order, CertificateRole::kClient, file),
           "Created " + (order->out / (file + ".crt")).string());
  });

  auto* sign = ca->add_subcommand("sign", "Sign an agent's request (1 year)");
  sign->add_option("CADIR", order->ca)->required();
  sign->add_option("CSR", *request)->required();
  sign->add_option("--identity", order->name, "<site>/<agent>")->required();
  sign->add_option("--out", order->out, "Certificate file")->required();
  sign->callback([order, request, &outcome] {
    finish(outcome,
           ExitCode::kUsage,
           sign_to_file(order->ca, *request, order->out, order->name),
           "Created " + order->out.string());
  });
}

void add_keygen(CLI::App& app, Outcome& outcome) {
  auto dir = std::make_shared<fs::path>();
  auto source = std::make_shared<Source>();
  auto* command = app.add_subcommand(
      "keygen", "Create an agent's keys and its enrolment request");
  command->add_option("DIR", *dir, "Directory of the agent")->required();
  command->add_option("--site", source->site)->required();
  command->add_option("--agent", source->agent)->required();
  command->callback([dir, source, &outcome] {
    auto done = make_private_dir(*dir);
    if (done) {
      done = create_agent_keys(*dir, *source);
    }
    finish(outcome,
           ExitCode::kUsage,
           done,
           "Created the keys of " + source->text() + ". Next: take " +
               (*dir / "enrol.json").string() +
               " to the ledger and run `strongroom enrol`.");
  });
}

}  // namespace strongroom
