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

  void write(const JournalTransaction& turn, Marks& marks);
  void write_events(Stream stream,
                    const std::vector<Bytes>& events,
                    journal_rows::Mark& mark);
  void write_epoch(const EpochRow& row);
  void write_batch(const CutBatch& batch);
  void write_delivery(const Delivery& delivery, journal_rows::Mark& mark);
  void write_description(const DescriptionRow& row);
  void write_mark(const journal_rows::Mark& mark);
  std::uint64_t prune_stream(Stream stream,
                             WallTime before,
                             journal_rows::Mark& mark);
  bool stands(std::uint64_t number);

  WriterDatabase file_;
  Marks marks_;
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

/// Opens, checks, and continues or begins anew. A missing, torn or corrupt file
/// never stops the start: its bytes (and those of its WAL) are renamed to
/// `<path>.set-aside-<time>`. Faults: another process holds it, it belongs to
/// another source, the directory cannot be written.
Result<OpenedJournal> open_journal(const std::filesystem::path& path,
                                   const Source& source,
                                   WallTime now);

}  // namespace strongroom
