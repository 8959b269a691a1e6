// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace strongroom::panel::native {

struct Options {
  std::string line;
  std::string reader1;
  std::string world;
  std::string local;
  std::string memory;  // file; empty: lost with the process
  std::string nv;      // directory; empty: as above
};

/// Ends the program when they are wrong, or when help is wanted.
Options read_options(int count, char** arguments);

}  // namespace strongroom::panel::native
