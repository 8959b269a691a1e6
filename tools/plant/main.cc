// SPDX-License-Identifier: Apache-2.0
// plant: a building to try things on.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "platform/profile/profile_file.h"
#include "tools/plant/control.h"
#include "tools/plant/from_config.h"
#include "tools/plant/play.h"
#include "tools/plant/scene_file.h"

namespace strongroom::plant {
namespace {

constexpr std::string_view kSocketName = "strongroom-plant.sock";

struct OneDevice {
  std::string device = "xy-md02";
  std::string profiles;
  std::vector<int> units{1};
  std::vector<std::string> set;
  std::string script;
  std::string control;
  LineScene line;
};

struct Run {
  std::string scene;
  std::string profiles;
  std::string link_directory;
  std::string control;
  double speed = 0;  // 0: as the scene says
  std::optional<std::uint64_t> seed;
  bool check = false;
};

struct Remote {
  std::string control;
  std::vector<std::string> words;
};

std::string text_of(const std::vector<ConfigError>& errors) {
  std::string all;
  for (const ConfigError& error : errors) {
    all += (all.empty() ? "" : "\n") + error.text();
  }
  return all;
}

/// Where a plant is asked when nobody says where; of a plant that is started,
/// beside its scene when the session has no folder for such things.
std::string control_path(const std::string& said,
                         const std::filesystem::path& beside) {
  if (!said.empty()) {
    return said;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::filesystem::path directory =
      runtime != nullptr && *runtime != '\0' ? runtime : beside;
  return (directory / kSocketName).string();
}

int play_one(const OneDevice& options, LineKind kind) {
  const std::filesystem::path directory =
      options.profiles.empty() ? profile_directory()
                               : std::filesystem::path(options.profiles);
  auto profile = load_profile(directory, options.device);
  if (!profile) {
    return complain(text_of(profile.error()), kExitUsage);
  }
  LineScene line = options.line;
  line.name = "line";
  line.kind = kind;
  line.paced = false;
  DeviceScene device{
      .name = "device",
      .units = {options.units.begin(), options.units.end()},
      .profile = std::make_shared<const DeviceProfile>(std::move(*profile))};
  const std::string word = kind == LineKind::kTcp ? "tcp " : "rtu ";
  return play({.scene = {.lines = {line}, .devices = {device}},
               .set = options.set,
               .script = options.script,
               .control = options.control,
               .announcement = [word](const Plant& plant) {
                 return "ready " + word + plant.address(0) + "\n";
               }});
}

int run_scene(const Run& options) {
  auto scene =
      load_scene(options.scene, {options.profiles, options.link_directory});
  if (!scene) {
    return complain(text_of(scene.error()), kExitUsage);
  }
  if (options.check) {
    std::cout << options.scene << ": " << scene->lines.size() << " lines, "
              << scene->devices.size() << " devices, " << scene->panels.size()
              << " panels\n";
    return 0;
  }
  scene->speed = options.speed > 0 ? options.speed : scene->speed;
  scene->seed = options.seed.value_or(scene->seed);
  const std::string control = control_path(
      options.control, std::filesystem::absolute(options.scene).parent_path());
  return play({.scene = std::move(*scene),
               .set = {},
               .script = {},
               .control = control,
               .announcement = [control](const Plant& plant) {
                 std::string text;
                 for (std::size_t i = 0; i < plant.scene().lines.size(); ++i) {
                   const LineScene& line = plant.scene().lines[i];
                   text += "line " + line.name +
                           (line.kind == LineKind::kTcp ? " tcp " : " rtu ") +
                           plant.address(i) + "\n";
                 }
                 return text + "ready control " + control + "\n";
               }});
}

/// One line of control per item of `lines`; the replies that are no faults go
/// to standard output, unless they only say "ok".
int ask(const Remote& options, const std::vector<std::string>& lines) {
  const auto reply = ask_control(control_path(options.control, "."), lines);
  if (!reply) {
    return complain(reply.error().what, kExitFault);
  }
  int code = 0;
  std::string_view rest = *reply;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size() - 1);
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.starts_with("error: ")) {
      code = complain(std::string(line.substr(7)), kExitFault);
    } else if (line != "ok") {
      std::cout << line << "\n";
    }
  }
  return code;
}

std::string joined(const std::string& verb,
                   const std::vector<std::string>& words) {
  std::string line = verb;
  for (const std::string& word : words) {
    line += " " + word;
  }
  return line;
}

/// A line for each of the words.
std::vector<std::string> one_each(const std::string& verb,
                                  const std::vector<std::string>& words) {
  std::vector<std::string> lines;
  lines.reserve(words.size());
  for (const std::string& word : words) {
    lines.push_back(verb + word);
  }
  return lines;
}

void add_common(CLI::App& command, OneDevice& options) {
  command
      .add_option("--device",
                  options.device,
                  "profile of the device to play, a file of --profiles")
      ->capture_default_str();
  command.add_option("--profiles",
                     options.profiles,
                     "directory of device profiles (default: the installed "
                     "one)");
  command.add_option("--set",
                     options.set,
                     "POINT=VALUE: this value instead of a varying one; may "
                     "be repeated");
  command.add_option("--script",
                     options.script,
                     "file of control lines, with `wait MS` and `answers N` "
                     "between them");
  command.add_option(
      "--control", options.control, "Unix socket that takes control lines");
}

void add_tcp(CLI::App& app, OneDevice& options, int& code) {
  CLI::App* const tcp =
      app.add_subcommand("tcp", "play one device over Modbus TCP");
  add_common(*tcp, options);
  tcp->add_option(
         "--unit", options.units, "unit that it answers for; may be repeated")
      ->check(CLI::Range(0, 255))
      ->capture_default_str();
  tcp->add_option("--listen", options.line.host, "IPv4 address to listen on")
      ->capture_default_str();
  options.line.port = 1502;
  tcp->add_option("--port", options.line.port, "port; 0: one that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  tcp->callback([&] { code = play_one(options, LineKind::kTcp); });
}

void add_rtu(CLI::App& app, OneDevice& options, int& code) {
  CLI::App* const rtu = app.add_subcommand(
      "rtu", "play one device over Modbus RTU on a pseudo-terminal");
  add_common(*rtu, options);
  rtu->add_option("--unit", options.units, "unit that it answers for")
      ->expected(1)
      ->check(CLI::Range(1, 247))
      ->capture_default_str();
  rtu->add_option("--link",
                  options.line.link,
                  "path of the symbolic link to the pseudo-terminal")
      ->required();
  rtu->callback([&] { code = play_one(options, LineKind::kRtu); });
}

void add_run(CLI::App& app, Run& options, int& code) {
  CLI::App* const run = app.add_subcommand(
      "run", "play a scene: lines, devices, and the building behind them");
  run->add_option("SCENE", options.scene, "scene file, docs/plant.md")
      ->required();
  run->add_option("--profiles",
                  options.profiles,
                  "directory of device profiles (default: the scene's, else "
                  "the installed one)");
  run->add_option("--link-dir",
                  options.link_directory,
                  "where links of pseudo-terminals are that have no absolute "
                  "path (default: beside the scene)");
  run->add_option("--speed",
                  options.speed,
                  "seconds of the scene in one second (default: the scene's, "
                  "else 1)")
      ->check(CLI::Range(0.01, 10'000.0));
  run->add_option("--seed", options.seed, "of everything left to chance");
  run->add_option("--control",
                  options.control,
                  "Unix socket that takes control lines (default: "
                  "$XDG_RUNTIME_DIR/strongroom-plant.sock, else beside the "
                  "scene)");
  run->add_flag(
      "--check", options.check, "only say whether the scene is right");
  run->callback([&] { code = run_scene(options); });
}

CLI::App* add_remote(CLI::App& app,
                     Remote& options,
                     const std::string& name,
                     const std::string& what) {
  CLI::App* const command = app.add_subcommand(name, what);
  command->add_option("--control",
                      options.control,
                      "the plant's socket (default: "
                      "$XDG_RUNTIME_DIR/strongroom-plant.sock, else in this "
                      "folder)");
  return command;
}

void add_remotes(CLI::App& app, Remote& options, int& code) {
  CLI::App* const set =
      add_remote(app, options, "set", "give points of a running plant a value");
  set->add_option("DEVICE.POINT=VALUE", options.words)->required();
  set->callback([&] { code = ask(options, one_each("set ", options.words)); });
  CLI::App* const vary = add_remote(
      app, options, "vary", "let points of a running plant vary again");
  vary->add_option("DEVICE.POINT", options.words)->required();
  vary->callback(
      [&] { code = ask(options, one_each("vary ", options.words)); });
  CLI::App* const broken = add_remote(
      app, options, "fault", "let something go wrong in a running plant");
  broken->add_option("WORDS", options.words, "DEVICE|LINE KIND [ARGUMENTS]")
      ->required();
  broken->footer("KIND and its arguments:\n" + fault_words() +
                 "  clear           nothing is wrong any more\n"
                 "  replug          of a line: its port is back\n");
  broken->callback(
      [&] { code = ask(options, {joined("fault", options.words)}); });
  CLI::App* const clear =
      add_remote(app, options, "clear", "end faults of a running plant");
  clear->add_option(
      "WORDS", options.words, "[DEVICE|LINE [KIND]]; nothing: all of them");
  clear->callback(
      [&] { code = ask(options, {joined("clear", options.words)}); });
  for (const auto& [name, what] :
       {std::pair{"list",
                  "print lines, devices, values and faults of a "
                  "running plant"},
        std::pair{"status", "print what the lines of a running plant did"}}) {
    CLI::App* const command = add_remote(app, options, name, what);
    command->callback(
        [&, line = std::string(name)] { code = ask(options, {line}); });
  }
}

void add_panel_words(CLI::App& app, Remote& options, int& code) {
  for (const PanelWord& word : panel_words()) {
    CLI::App* const command = add_remote(
        app, options, std::string(word.verb), std::string(word.what));
    command->group("Panels and doors of a running plant");
    command
        ->add_option(
            "WORDS", options.words, "PANEL " + std::string(word.arguments))
        ->required();
    command->callback([&, verb = std::string(word.verb)] {
      code = ask(options, {joined(verb, options.words)});
    });
  }
}

int main(int argc, char** argv) {
  CLI::App app{
      "plant plays Modbus devices: one, or a whole building with what goes "
      "wrong in it.\nIt prints a line with `ready` when it answers, and ends "
      "on "
      "SIGTERM or Ctrl-C."};
  app.require_subcommand(1);
  app.footer(
      "Control lines, to the --control socket, or to standard input when "
      "that is no terminal:\n" +
      command_words() +
      "\nExample:\n"
      "  plant tcp --port 1502 --device xy-md02 --set temperature=-20.5\n"
      "  mbpoll -m tcp -p 1502 -0 -t 3 -r 1 -c 2 127.0.0.1\n\n"
      "Exit: 0 ended as asked, 1 cannot serve or was refused, 2 wrong "
      "arguments, profile, scene or script.");
  int code = 0;
  OneDevice tcp;
  OneDevice rtu;
  Run run;
  Remote remote;
  add_run(app, run, code);
  add_from_config(app, code);
  add_remotes(app, remote, code);
  add_panel_words(app, remote, code);
  add_tcp(app, tcp, code);
  add_rtu(app, rtu, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return code;
}

}  // namespace
}  // namespace strongroom::plant

int main(int argc, char** argv) {
  return strongroom::plant::main(argc, argv);
}
