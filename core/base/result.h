// SPDX-License-Identifier: Apache-2.0
// Faults as values. A refusal by a rule is data of its own type; a bug is a
// check() (core/base/check.h).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace strongroom {

/// What went wrong, in words for the person who can mend it.
struct Error {
  std::string what;
};

template <typename T>
using Result = std::expected<T, Error>;

/// Shorthand for returning a fault from a function that returns Result.
inline std::unexpected<Error> fault(std::string what) {
  return std::unexpected<Error>(Error{std::move(what)});
}

}  // namespace strongroom
