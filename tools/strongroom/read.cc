// SPDX-License-Identifier: Apache-2.0
// proof, verify, tail: what the ledger holds, and whether it is true.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

#include "core/log/checkpoint.h"
#include "core/log/entry.h"
#include "core/pack/pack.h"
#include "platform/system/files.h"
#include "tools/strongroom/command.h"
#include "tools/strongroom/http_client.h"
#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxPackBytes = 64 * 1024 * 1024;
constexpr const char* kDefaultUrl = "http://127.0.0.1:9480";

struct ReadOrder {
  std::string url = kDefaultUrl;
  std::string log;
  std::vector<std::uint64_t> indices;
  fs::path file;
  fs::path trust;
  bool as_json = false;
  bool once = false;
  std::uint64_t from = 0;
};

/// The newest generation of `log` among the ledger's logs; 0: none.
std::uint32_t newest_generation(const json& logs, const std::string& log) {
  std::uint32_t newest = 0;
  for (const json& each : logs.is_array() ? logs : json::array()) {
    const auto text = each.is_object() ? each.find("origin") : each.end();
    const auto origin = text != each.end() && text->is_string()
                            ? Origin::parse(text->get<std::string>())
                            : std::nullopt;
    if (origin &&
        origin->site + "/" + std::string(stream_name(origin->stream)) == log) {
      newest = std::max(newest, origin->generation);
    }
  }
  return newest;
}

/// `bj1/record` means the newest generation: an older one was closed by a
/// recovery and takes nothing more. Says which one when it is not the first.
Result<void> complete_log(ReadOrder& order) {
  if (std::ranges::count(order.log, '/') != 1) {
    return {};
  }
  const auto reply =
      expect_ok(http_get(order.url + "/api/v1/logs"), "reading the logs");
  if (!reply) {
    return std::unexpected(reply.error());
  }
  const std::uint32_t newest =
      newest_generation(json::parse(*reply, nullptr, false), order.log);
  if (newest == 0) {
    return fault("the ledger has no log " + printable(order.log));
  }
  order.log += "/" + std::to_string(newest);
  if (newest > 1) {
    std::fprintf(stderr, "%s, the newest generation\n", order.log.c_str());
  }
  return {};
}

Result<std::string> write_pack(const ReadOrder& order) {
  std::string url = order.url + "/api/v1/pack/" + order.log + "?";
  for (const std::uint64_t index : order.indices) {
    url += "index=" + std::to_string(index) + "&";
  }
  url.pop_back();
  auto pack = expect_ok(http_get(url), "fetching the pack");
  if (!pack) {
    return std::unexpected(pack.error());
  }
  if (auto written =
          write_file(order.file, as_bytes(*pack), 0644, Overwrite::kReplace);
      !written) {
    return std::unexpected(written.error());
  }
  return "Wrote " + order.file.string() + " (" + std::to_string(pack->size()) +
         " bytes). Anyone can check it: strongroom verify " +
         order.file.string() + " --trust trust.txt";
}

void print_verdict(const PackVerdict& verdict, bool as_json) {
  for (const ProvenEvent& event : verdict.events) {
    if (as_json) {
      json line = {{"origin", event.origin},
                   {"index", event.index},
                   {"signed_by", to_base64(event.key)},
                   {"header_index", event.header_index},
                   {"event", json::parse(event_json(event.event))}};
      std::printf("%s\n", line.dump().c_str());
    } else {
      std::printf("PROVEN  %s #%llu  %s\n",
                  event.origin.c_str(),
                  static_cast<unsigned long long>(event.index),
                  event_line(event.event).c_str());
    }
  }
  for (const Checkpoint& checkpoint : verdict.checkpoints) {
    std::fprintf(stderr,
                 "against %s, %llu entries, root %s\n",
                 checkpoint.origin.c_str(),
                 static_cast<unsigned long long>(checkpoint.size),
                 to_base64(checkpoint.root).c_str());
  }
}

/// Whom an untrusted pack claims to be from, for the person who reads the
/// refusal.
std::string claims_of(ByteView bytes) {
  const auto pack = Pack::parse(bytes);
  if (!pack || pack->logs.empty()) {
    return "no pack";
  }
  const auto note = Note::parse(pack->logs.front().checkpoint);
  return note ? note->text.substr(0, note->text.find('\n')) : "no checkpoint";
}

void verify(const ReadOrder& order, Outcome& outcome) {
  const auto bytes = read_file(order.file, kMaxPackBytes);
  if (!bytes) {
    report(outcome, ExitCode::kUsage, bytes.error().what);
    return;
  }
  if (order.trust.empty()) {
    report(outcome,
           ExitCode::kUntrusted,
           "UNTRUSTED KEY: the pack claims the log \"" +
               claims_of(as_bytes(*bytes)) +
               "\", but no trust file was given, so nothing is proven. Get "
               "trust.txt from whom you trust, not from whoever gave you the "
               "pack, and pass it with --trust.");
    return;
  }
  const auto text = read_file(order.trust, 64 * 1024);
  const auto trust =
      text ? Trust::parse(*text) : Result<Trust>(std::unexpected(text.error()));
  if (!trust) {
    report(outcome,
           ExitCode::kUsage,
           order.trust.string() + ": " + trust.error().what);
    return;
  }
  const auto verdict = verify_pack(as_bytes(*bytes), *trust);
  if (!verdict) {
    report(outcome,
           ExitCode::kFailed,
           "REFUSED " + order.file.string() + ": " + verdict.error().what);
    return;
  }
  print_verdict(*verdict, order.as_json);
}

void print_damaged(std::uint64_t index, bool as_json) {
  if (as_json) {
    std::printf("%s\n",
                json{{"index", index}, {"damaged", true}}.dump().c_str());
  } else {
    std::printf("%8llu  DAMAGED: not what was signed; see strongroom repair\n",
                static_cast<unsigned long long>(index));
  }
}

void print_event(std::uint64_t index, ByteView event, bool as_json) {
  if (as_json) {
    const json line = {{"index", index},
                       {"event", json::parse(event_json(event))}};
    std::printf("%s\n", line.dump().c_str());
  } else {
    std::printf("%8llu  %s\n",
                static_cast<unsigned long long>(index),
                event_line(event).c_str());
  }
}

/// Prints the entries of `reply` from `from` on; returns the next index.
Result<std::uint64_t> print_entries(const std::string& reply,
                                    std::uint64_t from,
                                    bool as_json) {
  const json entries = json::parse(reply, nullptr, false);
  if (!entries.is_array()) {
    return fault("the ledger's answer is no list of entries");
  }
  for (const json& entry : entries) {
    const std::uint64_t index = entry.value("index", from);
    from = index + 1;
    if (entry.value("damaged", false)) {
      print_damaged(index, as_json);
      continue;
    }
    const auto bytes = from_base64(entry.value("entry", std::string()));
    if (!bytes) {
      return fault("entry " + std::to_string(index) + " is not base64");
    }
    const auto view = parse_entry(*bytes);
    if (view && view->type == EntryType::kEvent) {
      print_event(index, view->body, as_json);
    }
  }
  std::fflush(stdout);
  return from;
}

Result<std::uint64_t> log_size(const ReadOrder& order) {
  const auto reply =
      expect_ok(http_get(order.url + "/log/" + order.log + "/checkpoint"),
                "reading the checkpoint");
  if (!reply) {
    return std::unexpected(reply.error());
  }
  const auto note = Note::parse(*reply);
  const auto checkpoint =
      note ? Checkpoint::parse(note->text)
           : Result<Checkpoint>(std::unexpected(note.error()));
  if (!checkpoint) {
    return std::unexpected(checkpoint.error());
  }
  return checkpoint->size;
}

/// Follows a log; ends at the first fault, or when caught up with --once.
Result<void> tail(const ReadOrder& order) {
  std::uint64_t next = order.from;
  while (true) {
    const auto size = log_size(order);
    if (!size) {
      return std::unexpected(size.error());
    }
    while (next < *size) {
      auto reply =
          expect_ok(http_get(order.url + "/api/v1/entries/" + order.log +
                             "?from=" + std::to_string(next) + "&count=256"),
                    "reading entries");
      if (!reply) {
        return std::unexpected(reply.error());
      }
      const auto after = print_entries(*reply, next, order.as_json);
      if (!after) {
        return std::unexpected(after.error());
      }
      if (*after == next) {
        return fault("the ledger signed entries that it does not show");
      }
      next = *after;
    }
    if (order.once) {
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

}  // namespace

void add_proof(CLI::App& app, Outcome& outcome) {
  auto order = std::make_shared<ReadOrder>();
  auto* command =
      app.add_subcommand("proof", "Write an evidence pack of chosen entries");
  command
      ->add_option(
          "LOG", order->log, "<site>/<stream>[/<generation>]; else the newest")
      ->required();
  command->add_option("INDEX", order->indices, "Entries")->required();
  command->add_option("--url", order->url, "The ledger")->capture_default_str();
  command->add_option("--out,-o", order->file, "Pack file")->required();
  command->callback([order, &outcome] {
    const auto complete = complete_log(*order);
    const auto said =
        complete ? write_pack(*order)
                 : Result<std::string>(std::unexpected(complete.error()));
    if (!said) {
      report(outcome, ExitCode::kUnreachable, said.error().what);
      return;
    }
    std::printf("%s\n", said->c_str());
  });
}

void add_verify(CLI::App& app, Outcome& outcome) {
  auto order = std::make_shared<ReadOrder>();
  auto* command = app.add_subcommand(
      "verify", "Check an evidence pack: no network, no database");
  command->add_option("PACK", order->file)->required();
  command->add_option("--trust",
                      order->trust,
                      "Trust file of the ledger; without it nothing is proven");
  command->add_flag("--json", order->as_json, "One JSON object per event");
  command->callback([order, &outcome] { verify(*order, outcome); });
}

void add_tail(CLI::App& app, Outcome& outcome) {
  auto order = std::make_shared<ReadOrder>();
  auto* command = app.add_subcommand("tail", "Follow a log");
  command
      ->add_option(
          "LOG", order->log, "<site>/<stream>[/<generation>]; else the newest")
      ->required();
  command->add_option("--url", order->url, "The ledger")->capture_default_str();
  command->add_option("--from", order->from, "First entry")
      ->capture_default_str();
  command->add_flag("--json", order->as_json, "One JSON object per event");
  command->add_flag("--once", order->once, "End when caught up");
  command->callback([order, &outcome] {
    auto done = complete_log(*order);
    if (done) {
      done = tail(*order);
    }
    if (!done) {
      report(outcome, ExitCode::kUnreachable, done.error().what);
    }
  });
}

}  // namespace strongroom
