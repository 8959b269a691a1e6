// SPDX-License-Identifier: Apache-2.0
// What happened in a run, line by line: hashed always, kept for the tail, or
// printed as it comes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "tests/simulation/clockwork.h"

namespace strongroom::simulation {

/// FNV-1a: tells two runs apart; nobody is to be deceived.
std::uint64_t digest(ByteView bytes, std::uint64_t start = 0xcbf29ce484222325);

class Trace {
 public:
  /// `print`: every line goes there as well.
  Trace(const Clockwork& clockwork, std::FILE* print)
      : clockwork_(clockwork), print_(print) {}

  /// `who`: "agent 2", "ledger", "person".
  void line(std::string_view who, std::string_view what);
  /// The same, with a digest of bytes that are too long to be shown.
  void line(std::string_view who, std::string_view what, ByteView bytes);

  /// Something that must never be. The run ends.
  void fail(std::string what);
  const std::vector<std::string>& failures() const { return failures_; }

  /// Of every line so far: equal for equal runs.
  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  const std::deque<std::string>& tail() const { return tail_; }

 private:
  const Clockwork& clockwork_;
  std::FILE* print_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t lines_ = 0;
  std::deque<std::string> tail_;
  std::vector<std::string> failures_;
};

}  // namespace strongroom::simulation
