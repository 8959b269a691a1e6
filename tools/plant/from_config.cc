// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/from_config.h"

#include <iostream>
#include <memory>

#include "platform/system/files.h"
#include "tools/plant/play.h"
#include "tools/plant/twin.h"

namespace strongroom::plant {
namespace {

constexpr unsigned kFileMode = 0644;

struct Options {
  std::string agent;
  std::string out;
  std::string agent_out;
  std::string link_directory;
  std::uint16_t port_base = 15020;
};

std::string text_of(const std::vector<ConfigError>& errors) {
  std::string all;
  for (const ConfigError& error : errors) {
    all += (all.empty() ? "" : "\n") + error.text();
  }
  return all;
}

TwinOptions twin_options(const Options& options) {
  const std::filesystem::path beside =
      std::filesystem::absolute(options.out.empty() ? "scene.toml"
                                                    : options.out)
          .parent_path();
  // Which profiles the agent reads; its configuration does not say it further.
  ConfigFile file = ConfigFile::open(options.agent);
  const auto profiles = file.root().optional_path("profiles");
  return {
      .port_base = options.port_base,
      .link_directory = options.link_directory.empty()
                            ? beside
                            : std::filesystem::absolute(options.link_directory),
      .profiles = profiles ? std::filesystem::absolute(*profiles)
                           : std::filesystem::path()};
}

/// Writes the agent's configuration as it has to be for the twin.
Result<void> write_agent(const Options& options, const Twin& twin) {
  const auto text = read_file(options.agent);
  if (!text) {
    return std::unexpected(text.error());
  }
  const std::string copy = with_twin_lines(*text, twin);
  const auto read_again = parse_agent_config(copy, options.agent);
  if (!read_again || !asks_twin(*read_again, twin)) {
    return fault("cannot change " + options.agent +
                 ": its lines are not written as [[line]] tables with host, "
                 "port and serial on lines of their own; change by hand what "
                 "is listed above");
  }
  return write_file(
      options.agent_out, as_bytes(copy), kFileMode, Overwrite::kReplace);
}

int run(const Options& options) {
  const auto config = load_agent_config(options.agent);
  if (!config) {
    return complain(text_of(config.error()), kExitUsage);
  }
  const auto twin = twin_of(*config, twin_options(options));
  if (!twin) {
    return complain(twin.error().what, kExitUsage);
  }
  const std::string changes = twin_changes(*config, *twin);
  if (options.out.empty()) {
    std::cout << twin->scene;
    std::cerr << changes;
  } else {
    std::cout << changes;
    if (auto written = write_file(
            options.out, as_bytes(twin->scene), kFileMode, Overwrite::kReplace);
        !written) {
      return complain(written.error().what, kExitFault);
    }
  }
  if (!options.agent_out.empty()) {
    if (auto written = write_agent(options, *twin); !written) {
      return complain(written.error().what, kExitFault);
    }
    std::cerr << options.agent_out
              << " has the original's keys, journal and broker: an enrolled "
                 "agent would record what the twin says as true\n";
  }
  return 0;
}

}  // namespace

void add_from_config(CLI::App& app, int& code) {
  auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand(
      "from-config",
      "make the scene that is the twin of an agent's configuration");
  command->add_option("AGENT.toml", options->agent, "the agent's configuration")
      ->required();
  command->add_option(
      "--out", options->out, "the scene to write (default: standard output)");
  command->add_option("--agent-out",
                      options->agent_out,
                      "a copy of the configuration that asks the twin; put it "
                      "into the same folder, paths in it go by that");
  command
      ->add_option(
          "--port-base", options->port_base, "port of the first TCP line")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  command->add_option("--link-dir",
                      options->link_directory,
                      "where the links of serial lines will be (default: "
                      "beside the scene)");
  command->footer(
      "What to change in the agent's configuration is printed. The copy has "
      "the original's keys,\njournal and broker: an enrolled agent would "
      "record what the twin says as readings of\nthe site. Give the copy "
      "others first.\n"
      "Example:\n"
      "  plant from-config agent.toml --out twin.toml --agent-out "
      "agent-twin.toml\n"
      "  plant run twin.toml &\n"
      "  strongroom-agent --config agent-twin.toml");
  command->callback([options, &code] { code = run(*options); });
}

}  // namespace strongroom::plant
