// SPDX-License-Identifier: Apache-2.0
// enrol, rotate, revoke, acl: changes in the registry, over the ledger's admin
// socket.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "platform/crypto/keys.h"
#include "platform/system/clock.h"
#include "platform/system/files.h"
#include "tools/strongroom/acl.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/enrolment.h"
#include "tools/strongroom/http_client.h"
#include "tools/strongroom/x509.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct EnrolOrder {
  fs::path request;
  fs::path admin;
  fs::path ca;
  fs::path ledger;  // the ledger's directory: trust.txt, disclosure.pub
  fs::path out;
  fs::path acl;
};

Result<void> take_file(const fs::path& from, const fs::path& to) {
  const auto text = read_file(from);
  if (!text) {
    return std::unexpected(text.error());
  }
  return write_file(to, as_bytes(*text), 0644, Overwrite::kReplace);
}

Result<void> write_acl(const fs::path& admin, const fs::path& file) {
  const auto state = expect_ok(admin_request(admin, "/admin/state", ""),
                               "reading the registry");
  if (!state) {
    return std::unexpected(state.error());
  }
  const auto acl = acl_from_state(*state);
  if (!acl) {
    return std::unexpected(acl.error());
  }
  return write_file(file, as_bytes(*acl), 0644, Overwrite::kReplace);
}

Result<std::string> certificate_for(const EnrolOrder& order,
                                    const EnrolRequest& request) {
  const std::string identity = request.source.site + "/" + request.source.agent;
  return sign_request(order.ca,
                      request.certificate_request,
                      {identity, CertificateRole::kClient, {}},
                      read_clocks().wall);
}

Result<void> hand_out(const EnrolOrder& order, const std::string& certificate) {
  std::error_code error;
  fs::create_directories(order.out, error);
  if (auto written = write_file(order.out / "tls.crt",
                                as_bytes(certificate),
                                0644,
                                Overwrite::kReplace);
      !written) {
    return written;
  }
  for (const auto& [dir, file] : {std::pair(order.ca, "ca.crt"),
                                  std::pair(order.ledger, "trust.txt"),
                                  std::pair(order.ledger, "disclosure.pub")}) {
    if (auto done = take_file(dir / file, order.out / file); !done) {
      return done;
    }
  }
  return {};
}

/// Registers the key, signs the certificate, collects what the agent needs.
Result<void> enrol(const EnrolOrder& order) {
  const auto request = read_enrol_request(order.request);
  if (!request) {
    return std::unexpected(request.error());
  }
  // Signed first: a request that cannot be certified is not enrolled. Written
  // last: whom the ledger refuses, as a name that is taken or its own, gets
  // nothing by which the broker would believe him.
  const auto certificate = certificate_for(order, *request);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  const json body = {{"source", request->source.text()},
                     {"event_key", to_base64(request->event_key)},
                     {"sealing_key", to_base64(request->sealing_key)},
                     {"possession", to_base64(request->possession)}};
  auto reply =
      expect_ok(admin_request(order.admin, "/admin/enrol", body.dump()),
                "enrolling " + request->source.text());
  if (!reply) {
    return std::unexpected(reply.error());
  }
  if (auto done = hand_out(order, *certificate); !done) {
    return done;
  }
  if (!order.acl.empty()) {
    if (auto done = write_acl(order.admin, order.acl); !done) {
      return std::unexpected(done.error());
    }
  }
  return {};
}

std::string enrolled(const EnrolOrder& order) {
  std::string said = "Enrolled the source of " + order.request.string() +
                     ". The agent needs, from " + order.out.string() +
                     ": tls.crt ca.crt trust.txt disclosure.pub.";
  if (!order.acl.empty()) {
    said += "\nWrote " + order.acl.string() +
            "; tell the broker to read it again (SIGHUP to mosquitto).";
  }
  return said;
}

Result<void> submit_rotation(const fs::path& file, const fs::path& admin) {
  const auto request = read_rotate_request(file);
  if (!request) {
    return std::unexpected(request.error());
  }
  const json body = {{"source", request->source.text()},
                     {"old_key", to_base64(request->old_key)},
                     {"new_key", to_base64(request->new_key)},
                     {"new_sealing_key", to_base64(request->new_sealing_key)},
                     {"old_signature", to_base64(request->old_signature)},
                     {"new_signature", to_base64(request->new_signature)}};
  auto reply = expect_ok(admin_request(admin, "/admin/rotate", body.dump()),
                         "rotating the key of " + request->source.text());
  if (!reply) {
    return std::unexpected(reply.error());
  }
  return {};
}

}  // namespace

void add_enrol(CLI::App& app, Outcome& outcome) {
  auto order = std::make_shared<EnrolOrder>();
  auto* command = app.add_subcommand(
      "enrol", "Register an agent's key with the ledger and certify it");
  command->add_option("REQUEST", order->request, "enrol.json of the agent")
      ->required();
  command->add_option("--admin", order->admin, "Admin socket of the ledger")
      ->required();
  command->add_option("--ca", order->ca, "Directory of the site CA")
      ->required();
  command->add_option("--ledger", order->ledger, "Directory of the ledger")
      ->required();
  command->add_option("--out", order->out, "Where the agent's files go")
      ->required();
  command->add_option("--acl", order->acl, "Broker ACL file to write anew");
  command->callback([order, &outcome] {
    finish(outcome, ExitCode::kFailed, enrol(*order), enrolled(*order));
  });
}

void add_rotate(CLI::App& app, Outcome& outcome) {
  auto* rotate = app.add_subcommand("rotate", "Replace an agent's keys");
  rotate->require_subcommand(1);
  auto path = std::make_shared<fs::path>();
  auto admin = std::make_shared<fs::path>();

  auto* begin = rotate->add_subcommand(
      "begin", "On the agent: make the next keys and rotate.json");
  begin->add_option("DIR", *path, "Directory of the agent")->required();
  begin->callback([path, &outcome] {
    finish(outcome,
           ExitCode::kUsage,
           begin_rotation(*path),
           "Created the next keys. Next: take " +
               (*path / "rotate.json").string() +
               " to the ledger and run `strongroom rotate submit`.");
  });

  auto* submit =
      rotate->add_subcommand("submit", "At the ledger: register the next key");
  submit->add_option("REQUEST", *path, "rotate.json of the agent")->required();
  submit->add_option("--admin", *admin, "Admin socket of the ledger")
      ->required();
  submit->callback([path, admin, &outcome] {
    finish(outcome,
           ExitCode::kFailed,
           submit_rotation(*path, *admin),
           "The ledger accepts the new key. Next, on the agent: `strongroom "
           "rotate finish DIR` and restart it.");
  });

  auto* end = rotate->add_subcommand(
      "finish", "On the agent: put the next keys in place");
  end->add_option("DIR", *path, "Directory of the agent")->required();
  end->callback([path, &outcome] {
    finish(outcome,
           ExitCode::kUsage,
           finish_rotation(*path),
           "The new keys are in place; restart the agent.");
  });
}

void add_revoke(CLI::App& app, Outcome& outcome) {
  struct Order {
    std::string source;
    std::string key;
    std::string reason;
    fs::path admin;
    fs::path acl;
  };
  auto order = std::make_shared<Order>();
  auto* command = app.add_subcommand(
      "revoke", "Declare a source's key invalid from now on");
  command->add_option("SOURCE", order->source, "<agent>@<site>")->required();
  command->add_option("--key",
                      order->key,
                      "Public key in base64; default: every key of the source");
  command->add_option("--reason", order->reason)
      ->check(CLI::IsMember({"compromised", "lost", "retired"}))
      ->required();
  command->add_option("--admin", order->admin, "Admin socket of the ledger")
      ->required();
  command->add_option("--acl", order->acl, "Broker ACL file to write anew");
  command->callback([order, &outcome] {
    json body = {{"source", order->source}, {"reason", order->reason}};
    if (!order->key.empty()) {
      body["key"] = order->key;
    }
    const auto reply =
        expect_ok(admin_request(order->admin, "/admin/revoke", body.dump()),
                  "revoking " + order->source);
    Result<void> done;
    if (!reply) {
      done = std::unexpected(reply.error());
    } else if (!order->acl.empty()) {
      done = write_acl(order->admin, order->acl);
    }
    finish(outcome,
           ExitCode::kFailed,
           done,
           "Revoked. Batches of " + order->source +
               " are refused from now on; what the log held before stays "
               "proven.");
  });
}

void add_acl(CLI::App& app, Outcome& outcome) {
  auto admin = std::make_shared<fs::path>();
  auto file = std::make_shared<fs::path>();
  auto* command = app.add_subcommand(
      "acl", "Write the broker's access control list from the registry");
  command->add_option("--admin", *admin, "Admin socket of the ledger")
      ->required();
  command->add_option("--out", *file, "ACL file (mosquitto)")->required();
  command->callback([admin, file, &outcome] {
    finish(outcome,
           ExitCode::kFailed,
           write_acl(*admin, *file),
           "Wrote " + file->string() + ".");
  });
}

}  // namespace strongroom
