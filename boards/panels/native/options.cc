// SPDX-License-Identifier: Apache-2.0
#include "boards/panels/native/options.h"

#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <iterator>

namespace strongroom::panel::native {
namespace {

constexpr const char* kUsage =
    "usage: strongroom-panel [OPTION...]\n"
    "The panel's firmware as a process, for tests and demonstrations; it "
    "never\n"
    "stands at a real door. docs/formats/panel-world.md says what it speaks.\n"
    "\n"
    "  --line WHERE     the RS-485 line; the program ends when it closes\n"
    "  --reader1 WHERE  bytes of reader 1\n"
    "  --world WHERE    inputs, outputs, readers\n"
    "  --local WHERE    local port, for commissioning\n"
    "  --memory FILE    memory that survives a reset; without the file it is "
    "a\n"
    "                   start after a power cut\n"
    "  --nv DIR         non-volatile slots, one file each; made if missing\n"
    "  --help\n"
    "\n"
    "WHERE is unix:PATH (connects to a socket, tries for 5 s) or pty:LINK "
    "(makes\n"
    "a terminal and a symbolic link to it).\n";

}  // namespace

Options read_options(int count, char** arguments) {
  static constexpr option kOptions[] = {
      {"line", required_argument, nullptr, 'l'},
      {"reader1", required_argument, nullptr, 'r'},
      {"world", required_argument, nullptr, 'w'},
      {"local", required_argument, nullptr, 'c'},
      {"memory", required_argument, nullptr, 'm'},
      {"nv", required_argument, nullptr, 'n'},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0}};
  Options options;
  int found = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  while ((found = ::getopt_long(count, arguments, "h", kOptions, nullptr)) !=
         -1) {
    switch (found) {
      case 'l':
        options.line = optarg;
        break;
      case 'r':
        options.reader1 = optarg;
        break;
      case 'w':
        options.world = optarg;
        break;
      case 'c':
        options.local = optarg;
        break;
      case 'm':
        options.memory = optarg;
        break;
      case 'n':
        options.nv = optarg;
        break;
      case 'h':
        std::fputs(kUsage, stdout);
        std::exit(0);  // NOLINT(concurrency-mt-unsafe): there is one thread
      default:
        std::fputs("say strongroom-panel --help\n", stderr);
        std::exit(2);  // NOLINT(concurrency-mt-unsafe): there is one thread
    }
  }
  if (optind < count) {
    std::fprintf(stderr, "strongroom-panel: what is %s?\n", arguments[optind]);
    std::exit(2);  // NOLINT(concurrency-mt-unsafe): there is one thread
  }
  return options;
}

}  // namespace strongroom::panel::native
