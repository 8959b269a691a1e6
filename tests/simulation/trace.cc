// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/trace.h"

#include <fmt/format.h>

namespace strongroom::simulation {
namespace {

constexpr std::size_t kTailLines = 60;
constexpr std::size_t kMostFailures = 6;

}  // namespace

std::uint64_t digest(ByteView bytes, std::uint64_t start) {
  for (const std::uint8_t byte : bytes) {
    start = (start ^ byte) * 0x100000001b3;
  }
  return start;
}

void Trace::line(std::string_view who, std::string_view what) {
  std::string text =
      fmt::format("{:>12.6f} {:<8} {}",
                  static_cast<double>(clockwork_.now().count()) / 1'000'000.0,
                  who,
                  what);
  hash_ = digest(as_bytes(text), hash_);
  ++lines_;
  if (print_ != nullptr) {
    fmt::print(print_, "{}\n", text);
  }
  if (tail_.size() >= kTailLines) {
    tail_.pop_front();
  }
  tail_.push_back(std::move(text));
}

void Trace::line(std::string_view who, std::string_view what, ByteView bytes) {
  line(who,
       fmt::format("{} [{} bytes {:016x}]", what, bytes.size(), digest(bytes)));
}

void Trace::fail(std::string what) {
  line("FAILURE", what);
  // One fault has many consequences.
  if (failures_.size() < kMostFailures) {
    failures_.push_back(std::move(what));
  }
}

}  // namespace strongroom::simulation
