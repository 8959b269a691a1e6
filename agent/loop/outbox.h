// SPDX-License-Identifier: Apache-2.0
// Where a sender's next batch comes from: an earlier cut in the journal, or a
// new cut of events that are fresh in memory or waiting in the journal.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "agent/loop/losses.h"
#include "agent/loop/recorder.h"
#include "agent/loop/sender.h"
#include "core/crypto/signature.h"

namespace strongroom {

/// Event bytes that a batch may hold: the rest is for its header, signature
/// and held checkpoint.
inline constexpr std::size_t kCutBytes = kMaxBatchBytes - 4096;
/// Events that wait for room in the window are kept in memory up to this, so
/// that a busy stream is not read back from the journal.
inline constexpr std::size_t kFreshBytes = 256 * 1024;

class Outbox {
 public:
  /// All outlive it. `cut`: by slot, the end of the newest batch that was cut.
  Outbox(Source source,
         Recorder& recorder,
         const Losses& losses,
         Journal& journal,
         const Signer& signer,
         std::array<Position, 2> cut);

  /// The batch at `position`; nothing when there is no event yet. A new cut is
  /// added to the recorder's pending transaction.
  JournalResult<std::optional<OutBatch>> batch_at(Stream stream,
                                                  Position position);
  /// Any event of the journal, oldest first from `position`: one.
  JournalResult<std::optional<Bytes>> event_at(Stream stream,
                                               Position position);
  /// The end of the newest batch that was cut.
  Position cut_end(Stream stream) const { return cut_[slot_of(stream)]; }
  /// Rows of telemetry were given up: they are not kept in memory either.
  void forget(const Loss& loss);
  /// Keeps what no batch holds yet of a transaction that stands.
  void committed(JournalTransaction& turn);

  std::uint64_t cuts() const { return cuts_; }

 private:
  struct Fresh {
    Position first = 0;  // of events.front()
    std::deque<Bytes> events;
    std::size_t bytes = 0;
  };

  JournalResult<std::optional<OutBatch>> stored(Stream stream,
                                                Position position);
  JournalResult<std::optional<OutBatch>> cut(Stream stream, Position position);
  void collect(Stream stream,
               Position position,
               std::size_t max_count,
               std::vector<ByteView>& views) const;

  Position last_of_cut(Stream stream, Position position) const;

  const Source source_;
  Recorder& recorder_;
  const Losses& losses_;
  Journal& journal_;
  const Signer& signer_;
  std::array<Position, 2> cut_;
  std::array<Fresh, 2> fresh_;
  std::uint64_t cuts_ = 0;
};

}  // namespace strongroom
