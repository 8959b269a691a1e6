// SPDX-License-Identifier: Apache-2.0
// confirm: a person's word that a new epoch of a source is right, over the
// ledger's admin socket.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/strongroom/command.h"
#include "tools/strongroom/epoch_text.h"
#include "tools/strongroom/http_client.h"

namespace strongroom {

void add_confirm(CLI::App& app, Outcome& outcome) {
  struct Order {
    std::string source;
    std::string epoch;
    std::filesystem::path admin;
  };
  auto order = std::make_shared<Order>();
  auto* command = app.add_subcommand(
      "confirm", "Say that a source's new epoch was looked at and is right");
  command->add_option("SOURCE", order->source, "<agent>@<site>")->required();
  command->add_option(
      "EPOCH",
      order->epoch,
      "As the finding (decimal) or the agent (16 hexadecimal digits, or 0x…) "
      "shows it; default: the open one");
  command->add_option("--admin", order->admin, "Admin socket of the ledger")
      ->required();
  command->callback([order, &outcome] {
    nlohmann::json body = {{"source", order->source}};
    if (!order->epoch.empty()) {
      const auto epoch = parse_epoch(order->epoch);
      if (!epoch) {
        report(outcome, ExitCode::kUsage, epoch.error().what);
        return;
      }
      body["epoch"] = std::to_string(*epoch);
    }
    const auto reply =
        expect_ok(admin_request(order->admin, "/admin/confirm", body.dump()),
                  "confirming " + order->source);
    const auto said =
        nlohmann::json::parse(reply ? *reply : std::string(), nullptr, false);
    finish(outcome,
           ExitCode::kFailed,
           reply ? Result<void>() : std::unexpected(reply.error()),
           said.is_object()
               ? "Confirmed: " + said.value("origin", std::string()) +
                     ", index " +
                     std::to_string(said.value("index", std::uint64_t{0})) + "."
               : "Confirmed.");
  });
}

}  // namespace strongroom
