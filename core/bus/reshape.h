// SPDX-License-Identifier: Apache-2.0
// The same points in a question whose answer looks different.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/bus/question.h"
#include "core/point/profile.h"

namespace strongroom {

/// Whether a question may be asked now (ReplyGuard::may_ask, as a rule).
using AskFilter = std::function<bool(const Question&)>;

/// What is asked of one device: its profile, its unit, and what it refused.
struct AskedDevice {
  const DeviceProfile& profile;
  std::uint8_t unit = 1;
  std::span<const RegisterRange> refused;
};

Question question_of(std::uint8_t unit, const RegisterBlock& block);

/// How far a block may grow.
enum class Reach : std::uint8_t {
  kKnown,   // from the first to the last address that the profile knows
  kBeyond,  // a little further too, where the device may refuse
};

/// Blocks that read the points and texts of `block` and whose first one passes:
/// the block with a few addresses more, or in two parts of whole points.
/// Within the limits of profile and protocol, and no address is touched that is
/// forbidden, was refused, or (without bridge_holes) is not documented.
/// Nothing when there is none.
std::optional<std::vector<RegisterBlock>> reshape(const AskedDevice& device,
                                                  const RegisterBlock& block,
                                                  Reach reach,
                                                  const AskFilter& may_ask);

/// Whether it asks for an address before or behind all that the profile knows.
bool reaches_beyond(const DeviceProfile& profile, const Question& question);

/// Any question that passes, the cheapest first, whose answer shows only that
/// the unit is in step: its probe register, a point, part of a point, a text;
/// in the end one address with another function, which may be refused, but
/// that too is an answer. Stops at the first for which `may_ask` is true.
std::optional<Question> find_question(const AskedDevice& device,
                                      const AskFilter& may_ask);

/// The smallest question that the device should answer: its probe register,
/// else a point of the fewest addresses.
Question smallest_question(const AskedDevice& device);

using BlockPair = std::pair<RegisterBlock, RegisterBlock>;

/// Every way to part a block between whole points and texts, in order of
/// address; each part ends where its last value does.
std::vector<BlockPair> parts_of(const DeviceProfile& profile,
                                const RegisterBlock& block);

/// The block with no address before or behind its points and texts.
RegisterBlock without_extras(const DeviceProfile& profile,
                             const RegisterBlock& block);

/// About half each; nothing when the block cannot be parted.
std::optional<BlockPair> halves(const DeviceProfile& profile,
                                const RegisterBlock& block);

}  // namespace strongroom
