// SPDX-License-Identifier: Apache-2.0
// The journal in SQLite, and the start that never fails because of what it
// finds in the file.
#pragma once

#include <filesystem>
#include <memory>

#include "agent/journal/contents.h"
#include "agent/journal/journal.h"
#include "core/base/result.h"
#include "platform/sqlite/database.h"

namespace strongroom {

class SqliteJournal final : public Journal {
 public:
  /// `contents` is what stands in `file`.
  SqliteJournal(WriterDatabase file, const JournalContents& contents);
  ~SqliteJournal() override;

  JournalResult<void> commit(const JournalTransaction& turn) override;
  JournalResult<std::optional<CutBatch>> batch_at(Stream stream,
                                                  Position first) override;
  JournalResult<std::vector<Bytes>> events(Stream stream,
                                           Position first,
                                           std::size_t max_count,
                                           std::size_t max_bytes) override;
  JournalResult<std::uint64_t> prune(Stream stream, WallTime before) override;
  JournalUsage usage() const override;
  void checkpoint() override;

 private:
  using Marks = std::array<journal_rows::Mark, 2>;
  struct Statements;

  // What a transaction writes (journal_writes.cc). They throw.
  void write(const JournalTransaction& turn, Marks& marks);
  void write_events(Stream stream,
                    const std::vector<Bytes>& events,
                    journal_rows::Mark& mark);
  void write_epoch(const EpochRow& row);
  void write_batch(const CutBatch& batch);
  void write_loss(const Loss& loss, Marks& marks);
  void require_hash(Position at, const Hash& hash);
  std::optional<Hash> hash_of_lost(Position last);
  void write_following(const Following& following,
                       const StreamLayout& layout,
                       journal_rows::Mark& mark);
  void write_delivery(const Delivery& delivery, journal_rows::Mark& mark);
  void mark_delivered(const journal_rows::StoredBatch& row);
  void move_delivered(journal_rows::Mark& mark, Position to);
  void write_held(Stream stream,
                  const std::string& origin,
                  const std::string& checkpoint);
  void write_description(const DescriptionRow& row);
  void write_panel_cursor(const PanelCursor& row);
  void write_mark(const journal_rows::Mark& mark);

  // What prune() does, and what both need.
  Position prune_stream(Stream stream,
                        WallTime before,
                        journal_rows::Mark& mark,
                        std::uint64_t& gone);
  CutBatch stored_batch(Stream stream, Position first);
  std::optional<BatchMark> next_batch(Stream stream, Position at);
  std::uint64_t bytes_between(Stream stream, Position first, Position last);
  std::uint64_t drop_events(Stream stream, Position first, Position last);

  JournalResult<void> settle();
  void stood(const JournalTransaction& turn);

  WriterDatabase file_;
  Marks marks_;
  std::array<StreamLayout, 2> layouts_;
  // A fault left open whether a transaction stands: the file says, when it can
  // be read again.
  bool is_unsettled_ = false;
  std::uint64_t page_bytes_ = 0;
  mutable std::uint64_t used_bytes_ = 0;
  mutable bool is_used_known_ = false;
  std::unique_ptr<Statements> statements_;
};

/// What a start found.
struct OpenedJournal {
  std::unique_ptr<Journal> journal;
  JournalState state;
  /// Why the next epoch opens; unspecified: the last one goes on.
  strongroom_v1_EpochReason opened_because{};
  std::string set_aside;  // file name that holds the damaged bytes; or empty
  std::string damage;     // what was wrong with it
  /// Last event of the damaged file, by slot, where its marks could be trusted.
  std::array<std::optional<strongroom_v1_ChainHead>, 2> previous;
};

/// Opens, checks, and continues or begins anew; a file of the version before is
/// brought up to this one. A missing, torn or corrupt file, or one by a newer
/// program, does not stop the start: its bytes (and those of its WAL) are
/// renamed to `<path>.set-aside-<time>`. Faults, after which nothing is
/// changed: another process holds it, it belongs to another source, it cannot
/// be read or written now (disk full, no rights).
Result<OpenedJournal> open_journal(const std::filesystem::path& path,
                                   const Source& source,
                                   WallTime now);

/// The next start looks at every row before it goes on: a commit or a read
/// found damage (JournalError::broken), perhaps where no start looks, among
/// rows that were delivered; or memory erred. Leaves `<path>.doubted`, which
/// speaks of this very file. Best effort: the disk may be at its end.
void doubt_journal(const std::filesystem::path& path, const std::string& what);

}  // namespace strongroom
