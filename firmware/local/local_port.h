// SPDX-License-Identifier: Apache-2.0
// The local port: lines of a person with a terminal, or of `strongroom panel`
// (docs/formats/panel-local.md). Only the port's own half: what is asked and
// what is to be set. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "firmware/local/commissioning.h"
#include "firmware/local/text.h"

namespace strongroom::panel {

/// What only the rest of the firmware can answer or do.
enum class LocalWish : std::uint8_t { kNone, kIdentity, kStatus, kSave };

class LocalPort {
 public:
  explicit LocalPort(const Commissioning& current)
      : saved_(current), wanted_(current) {}

  /// A byte of the port. Once a line is whole: what the caller has to answer;
  /// kNone: `reply()` holds the answer, when it is not empty.
  LocalWish received(std::uint8_t byte);
  const Text& reply() const { return reply_; }

  /// What `save` is to keep; it has a key.
  const Commissioning& wanted() const { return wanted_; }
  const Commissioning& saved() const { return saved_; }
  /// It was kept.
  void mark_saved() { saved_ = wanted_; }

 private:
  static constexpr std::size_t kMaxLine = 80;

  LocalWish line_ended();
  bool is_word(const char* word) const;
  std::optional<std::uint32_t> number() const;
  LocalWish set_number();
  LocalWish set_parity();
  LocalWish set_key();
  LocalWish refuse(const char* what_to_do);
  LocalWish accept();
  void forget_line();

  Commissioning saved_;
  Commissioning wanted_;
  std::array<char, kMaxLine> line_{};
  std::size_t size_ = 0;
  std::size_t argument_ = 0;  // where it begins; size_: there is none
  bool is_too_long_ = false;
  Text reply_;
};

}  // namespace strongroom::panel
