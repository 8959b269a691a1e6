// SPDX-License-Identifier: Apache-2.0
// Reads everything again that is stored, slowly and for ever: entries, leaf
// hashes, tiles of every level, up to the root that was published. What rots
// on a disk is found before somebody asks for it.
//
// It has a connection of its own that only reads: the writer never waits for
// it. The tree is followed from the published root down, so every batch stands
// for itself, and the walk can be put down and taken up again anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/source.h"
#include "ledger/log/publication.h"
#include "ledger/store/ledger_reader.h"

namespace strongroom {

struct ScrubFlaw {
  Origin origin;
  /// The first bad entry; of a tile the first entry that it no longer proves.
  std::uint64_t index = 0;
  /// True: a hash tile. No proof can be made with it. False: an entry, whose
  /// hash is known from the tree: its bytes can be put back from a backup.
  bool tile = false;
  std::string what;  // "tile/0/003 is damaged here"
};

struct ScrubProgress {
  Origin origin;            // of the log that comes next
  std::uint64_t index = 0;  // everything of it below this was read
  std::uint64_t size = 0;   // of the tree that it is compared with
};

struct ScrubStep {
  std::vector<ScrubFlaw> flaws;
  ScrubProgress at;
  std::uint64_t batches = 0;  // that were read
  /// The last log came to its end: the next step begins with the first again.
  bool round_done = false;
};

/// One thread. A fault that does not go away is a damaged page of the database:
/// the walk goes no further than that (fsck names the place).
class Scrubber {
 public:
  /// `publication` outlives this. A log is compared with what was published of
  /// it when the walk came to it; one without a note (frozen, nothing to
  /// compare with) is passed over. Closed logs are read like the others, up to
  /// the note under which they are served.
  Scrubber(std::unique_ptr<LedgerReader> reader,
           const Publication& publication);
  ~Scrubber();
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  /// Reads on, `max_batches` (at least 1) at most; at the end of a log it stops
  /// before. A flaw is named once a round, at most kMaxFlaws of one log.
  /// Memory: some tiles and one batch. Faults: the database cannot be read at
  /// all; the next step tries the same place again.
  Result<ScrubStep> step(std::size_t max_batches);

  /// Goes on there instead: what an earlier process came to. A log that there
  /// is not: the walk begins with the first.
  void resume(const ScrubProgress& at);

  static constexpr std::size_t kMaxFlaws = 16;

 private:
  struct Walk;
  bool begin_log();
  bool is_last(const Origin& origin) const;

  std::unique_ptr<LedgerReader> reader_;
  const Publication& publication_;
  std::unique_ptr<Walk> walk_;   // of one log; none: the next one is begun
  std::optional<Origin> ended_;  // the log that was read to its end last
  ScrubProgress next_;           // where to begin in the log that comes
};

}  // namespace strongroom
