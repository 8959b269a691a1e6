// SPDX-License-Identifier: Apache-2.0
#include "ledger/store/create.h"

#include "core/base/source.h"
#include "ledger/store/schema.h"

namespace strongroom {
namespace {

namespace fs = std::filesystem;

Result<void> create_database(const fs::path& path,
                             std::int32_t id,
                             int version,
                             const char* tables,
                             const std::string& ledger) {
  auto writer = WriterDatabase::open(path, id, true);
  if (!writer) {
    return std::unexpected(writer.error());
  }
  return schema::guarded(path, [&]() -> Result<void> {
    SQLite::Database& db = writer->db();
    SQLite::Transaction transaction(db);
    db.exec(tables);
    if (id == schema::kLedgerId) {
      db.exec(schema::kLedgerSince2);
      db.exec(schema::kLedgerSince3);
      SQLite::Statement name(db, "INSERT INTO ledger (name) VALUES (?)");
      name.bind(1, ledger);
      name.exec();
      const Origin registry{
          ledger, std::string(kCentralSite), Stream::kRegistry, 1};
      SQLite::Statement log(db,
                            "INSERT INTO logs (origin, frozen) VALUES (?, '')");
      log.bind(1, registry.text());
      log.exec();
    }
    set_schema_version(db, version);
    transaction.commit();
    return {};
  });
}

}  // namespace

Result<void> create_ledger_store(const fs::path& store,
                                 const fs::path& guard,
                                 const fs::path& disclosures,
                                 const std::string& ledger) {
  if (!is_valid_ledger_name(ledger)) {
    return fault("\"" + ledger + "\" is no ledger name");
  }
  // None may be there: an old guard with a new database, or the reverse, is
  // exactly what the guard is for.
  for (const fs::path& path : {store, guard, disclosures}) {
    std::error_code error;
    if (fs::exists(path, error) || error) {
      return fault(path.string() + ": is there already; nothing was changed");
    }
  }
  struct Part {
    const fs::path& path;
    std::int32_t id;
    int version;
    const char* tables;
  };
  for (const Part& part :
       {Part{guard, schema::kGuardId, schema::kGuardVersion, schema::kGuard},
        Part{disclosures,
             schema::kDisclosuresId,
             schema::kDisclosuresVersion,
             schema::kDisclosures},
        Part{store,
             schema::kLedgerId,
             schema::kLedgerVersion,
             schema::kLedger}}) {
    if (auto made = create_database(
            part.path, part.id, part.version, part.tables, ledger);
        !made) {
      return made;
    }
  }
  return {};
}

}  // namespace strongroom
