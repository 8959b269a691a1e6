// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/follow.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/strongroom/render.h"

namespace strongroom {
namespace {

using nlohmann::json;

// Chains that are worth a line each; the rest is counted.
constexpr std::size_t kShownChains = 8;

// Throws json::exception on what is not there or of another type; the callers
// turn it into a fault.
std::string text_of(const json& object, const char* name) {
  return printable(object.at(name).get<std::string>());
}

std::uint64_t number_of(const json& object, const char* name) {
  return object.at(name).get<std::uint64_t>();
}

std::string describe_size(const json& reply) {
  const auto frozen = number_of(reply, "frozen_size");
  const auto known = number_of(reply, "signed_size");
  std::string text = fmt::format("  of it counts   {} entries, root {}\n",
                                 frozen,
                                 text_of(reply, "frozen_root"));
  if (known > frozen) {
    text += fmt::format(
        "  lost there     {} entries that it had signed (tree of {})\n",
        known - frozen,
        known);
  }
  return text;
}

std::string describe_chains(const json& chains) {
  if (chains.empty()) {
    return "  of this agent  it holds nothing: everything is sent again\n";
  }
  std::string text;
  std::size_t shown = 0;
  for (const json& chain : chains) {
    if (++shown > kShownChains) {
      text += fmt::format("                 and {} more epochs\n",
                          chains.size() - kShownChains);
      break;
    }
    const auto next = number_of(chain, "next_seq");
    text +=
        fmt::format("  {} epoch {}: events 1 to {} are held{}\n",
                    shown == 1 ? "of this agent " : "              ",
                    text_of(chain, "epoch"),
                    next - 1,
                    chain.at("closed").get<bool>()
                        ? ", closed"
                        : fmt::format("; from {} on it is sent again", next));
  }
  return text;
}

Result<json> parse_reply(std::string_view reply) {
  json parsed = json::parse(reply, nullptr, false);
  if (!parsed.is_object()) {
    return fault("the answer is not an agent's");
  }
  return parsed;
}

}  // namespace

Result<std::string> describe_proof(std::string_view reply) {
  const auto parsed = parse_reply(reply);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  try {
    const json& chains = parsed->at("chains");
    return fmt::format(
        "The pack proves, under the agent's trust file:\n"
        "  stream         {}\n"
        "  closed log     {}\n"
        "{}"
        "  successor      {}\n"
        "{}",
        text_of(*parsed, "stream"),
        text_of(*parsed, "predecessor"),
        describe_size(*parsed),
        text_of(*parsed, "successor"),
        describe_chains(chains));
  } catch (const json::exception&) {
    return fault("the answer is not an agent's");
  }
}

Result<std::string> described_deed(std::string_view reply) {
  const auto parsed = parse_reply(reply);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  const auto done = parsed->find("done");
  if (done == parsed->end() || !done->is_string()) {
    return fault("the answer is not an agent's");
  }
  return printable(done->get<std::string>());
}

}  // namespace strongroom
