// SPDX-License-Identifier: Apache-2.0
// What a person brings to an agent after `strongroom recover`: the proof that a
// log has a successor, and where each chain of this agent goes on in it
// (docs/formats/recovery.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/source.h"
#include "core/log/checkpoint.h"

namespace strongroom {

/// The successor's predecessor holds everything of that epoch before next_seq.
/// An epoch that is not listed: nothing of it is held.
struct ResumedChain {
  std::uint64_t epoch = 0;
  std::uint64_t next_seq = 1;
  Hash head{};
  bool closed = false;

  friend bool operator==(const ResumedChain&, const ResumedChain&) = default;
};

struct FollowOrder {
  Stream stream = Stream::kRecord;
  Origin predecessor;
  Origin successor;  // of the same ledger, site and stream, later generation
  std::uint64_t frozen_size = 0;
  Hash frozen_root{};
  std::uint64_t signed_size = 0;
  Hash signed_root{};
  Hash succession{};                 // SHA-256 of the `log succeeded` event
  std::vector<ResumedChain> chains;  // of this source
  std::string first_person;          // at the agent; ids, unlike
  std::string second_person;
};

/// Verifies the pack against `trust` and takes from it what concerns `source`.
/// Faults, in words for the person who brought it: the pack does not verify;
/// there is not exactly one `log succeeded` in it; it is of another site or not
/// by that site's console; predecessor and successor do not fit together; the
/// persons are missing, too long or the same.
Result<FollowOrder> read_follow_order(ByteView pack,
                                      const Source& source,
                                      const Trust& trust,
                                      std::string first_person,
                                      std::string second_person);

}  // namespace strongroom
