// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/guard_file.h"

#include <vector>

#include "ledger/backup/durable_files.h"
#include "ledger/store/create.h"
#include "ledger/store/sqlite_guard.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

/// A directory beside a file that will be made, for what is not in its place
/// yet. What a crash left is begun again.
class Workshop {
 public:
  explicit Workshop(const fs::path& beside) : path_(beside) {
    path_ += ".making";
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  Result<void> create(const std::string& ledger) {
    std::error_code error;
    fs::create_directory(path_, error);
    if (error) {
      return fault(path_.string() + ": " + error.message());
    }
    return create_ledger_store(store(), guard(), disclosures(), ledger);
  }
  fs::path store() const { return path_ / "ledger.db"; }
  fs::path guard() const { return path_ / "guard.db"; }
  fs::path disclosures() const { return path_ / "disclosures.db"; }

 private:
  fs::path path_;
};

Result<void> put(const fs::path& made, const fs::path& place) {
  if (auto synced = sync_path(made); !synced) {
    return synced;
  }
  return move_into_place(made, place);
}

}  // namespace

Result<void> make_guard(const fs::path& path,
                        const std::string& ledger,
                        std::span<const GuardEntry> entries) {
  Workshop workshop(path);
  if (auto made = workshop.create(ledger); !made) {
    return made;
  }
  std::vector<GuardSwap> swaps;
  for (const GuardEntry& entry : entries) {
    swaps.push_back({entry.origin, "", entry.note});
  }
  {
    auto guard = open_sqlite_guard(workshop.guard());
    if (!guard) {
      return std::unexpected(guard.error());
    }
    if (auto done = (*guard)->swap(swaps); !done) {
      return done;
    }
  }  // closed: its write-ahead log is in the file
  return put(workshop.guard(), path);
}

Result<void> make_empty_store(const fs::path& store,
                              const fs::path& disclosures,
                              const std::string& ledger) {
  std::error_code error;
  if (!fs::exists(disclosures, error)) {
    Workshop workshop(disclosures);  // it may lie on another device
    if (auto made = workshop.create(ledger); !made) {
      return made;
    }
    if (auto done = put(workshop.disclosures(), disclosures); !done) {
      return done;
    }
  }
  Workshop workshop(store);
  if (auto made = workshop.create(ledger); !made) {
    return made;
  }
  return put(workshop.store(), store);
}

}  // namespace strongroom
