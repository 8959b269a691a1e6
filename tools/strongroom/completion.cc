// SPDX-License-Identifier: Apache-2.0
// completion: scripts for bash, zsh and fish, made from the commands
// themselves, so that they cannot differ.
#include <cstdio>
#include <functional>

#include "tools/strongroom/command.h"

namespace strongroom {
namespace {

std::vector<std::string> words_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* sub : command.get_subcommands(
           [](const CLI::App* candidate) { return candidate != nullptr; })) {
    words.push_back(sub->get_name());
  }
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
  return words;
}

using Visit =
    std::function<void(const std::string& path, const CLI::App& command)>;

void walk(const CLI::App& command,
          const std::string& path,
          const Visit& visit) {
  visit(path, command);
  for (const CLI::App* sub : command.get_subcommands(
           [](const CLI::App* candidate) { return candidate != nullptr; })) {
    walk(*sub,
         path.empty() ? sub->get_name() : path + " " + sub->get_name(),
         visit);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

std::string bash_script(const CLI::App& app) {
  std::string cases;
  walk(app, "", [&](const std::string& path, const CLI::App& command) {
    cases +=
        "    \"" + path + "\") echo \"" + joined(words_of(command)) + "\" ;;\n";
  });
  return "_strongroom_words() {\n"
         "  case \"$1\" in\n" +
         cases +
         "    *) return 1 ;;\n"
         "  esac\n"
         "}\n"
         "_strongroom() {\n"
         "  local one=\"\" two=\"\" words\n"
         "  [ \"$COMP_CWORD\" -gt 1 ] && one=\"${COMP_WORDS[1]}\"\n"
         "  [ \"$COMP_CWORD\" -gt 2 ] && two=\"$one ${COMP_WORDS[2]}\"\n"
         "  words=$([ \"$two\" ] && _strongroom_words \"$two\" ||\n"
         "    _strongroom_words \"$one\")\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\")\n"
         "}\n"
         "complete -o default -F _strongroom strongroom\n";
}

std::string zsh_script(const CLI::App& app) {
  return "#compdef strongroom\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_script(app);
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char character : text) {
    if (character == '\'' || character == '\\') {
      quoted += '\\';
    }
    quoted += character;
  }
  return quoted + "'";
}

std::string fish_script(const CLI::App& app) {
  std::string script = "complete -c strongroom -f\n";
  walk(app, "", [&](const std::string& path, const CLI::App& command) {
    const std::string condition =
        path.empty()
            ? "__fish_use_subcommand"
            : "__fish_seen_subcommand_from " + path.substr(path.rfind(' ') + 1);
    for (const CLI::App* sub : command.get_subcommands(
             [](const CLI::App* candidate) { return candidate != nullptr; })) {
      script += "complete -c strongroom -n " + fish_quoted(condition) + " -a " +
                sub->get_name() + " -d " + fish_quoted(sub->get_description()) +
                "\n";
    }
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script += "complete -c strongroom -n " + fish_quoted(condition) +
                  " -l " + name +
                  (option->get_items_expected_max() > 0 ? " -r -F" : "") +
                  " -d " + fish_quoted(option->get_description()) + "\n";
      }
    }
  });
  return script;
}

}  // namespace

void add_completion(CLI::App& app, Outcome& outcome) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion",
                                     "Print the completion script of a shell");
  command->add_option("SHELL", *shell)
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
  command->callback([shell, &app, &outcome] {
    const std::string script = *shell == "bash"  ? bash_script(app)
                               : *shell == "zsh" ? zsh_script(app)
                                                 : fish_script(app);
    std::fputs(script.c_str(), stdout);
    outcome.code = ExitCode::kOk;
  });
}

}  // namespace strongroom
