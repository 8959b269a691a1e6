// SPDX-License-Identifier: Apache-2.0
// How the journal's files read columns: what is not of its form is a flaw with
// its place. Only for the .cc files of this folder.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <string>
#include <type_traits>

#include "agent/journal/contents.h"

namespace strongroom::journal_columns {

// Leaves a function of this file as a JournalFlaw.
struct Flawed {
  JournalFlaw flaw;
};

[[noreturn]] inline void flawed(std::string place, std::string what) {
  throw Flawed{{std::move(place), std::move(what)}};
}

// Whether the fault is of the moment, not of what stands in the file. A part of
// it that the disk does not give back any more is damage.
inline bool is_passing(const SQLite::Exception& error) {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_IOERR:
      return error.getExtendedErrorCode() != SQLITE_IOERR_READ &&
             error.getExtendedErrorCode() != SQLITE_IOERR_SHORT_READ;
    case SQLITE_READONLY:
      // Another kind of journal lies beside it: not by us.
      return error.getExtendedErrorCode() != SQLITE_READONLY_ROLLBACK;
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

template <typename F>
auto catching(F body) -> FlawOr<decltype(body())> {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return {};
    } else {
      return body();
    }
  } catch (const Flawed& found) {
    return std::unexpected(found.flaw);
  } catch (const SQLite::Exception& error) {
    return std::unexpected(
        JournalFlaw{"file", error.what(), is_passing(error)});
  }
}

inline std::string place_of(std::string_view table, Stream stream) {
  return fmt::format("{} {}", table, stream_name(stream));
}
inline std::string place_of(std::string_view table,
                            Stream stream,
                            Position at) {
  return fmt::format("{} {} {}", table, stream_name(stream), at);
}
inline std::string event_place(Stream stream, Position at) {
  return fmt::format("{} {}", stream_name(stream), at);
}

inline std::uint64_t number(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

inline ByteView blob(const SQLite::Column& column) {
  return {static_cast<const std::uint8_t*>(column.getBlob()),
          static_cast<std::size_t>(column.getBytes())};
}

inline std::string text(const SQLite::Column& column) {
  return std::string(as_chars(blob(column)));
}

// An enumerator or another small number: what does not fit is no such thing.
inline int small_number(const SQLite::Column& column,
                        const std::string& place,
                        std::string_view name) {
  const std::int64_t value = column.getInt64();
  if (value < 0 || value > 0xffff) {
    flawed(place, fmt::format("{} is {}", name, value));
  }
  return static_cast<int>(value);
}

// A number of 32 bits: what does not fit is none of ours.
inline std::uint32_t number_32(const SQLite::Column& column,
                               const std::string& place,
                               std::string_view name) {
  const std::int64_t value = column.getInt64();
  if (value < 0 || value > 0xffffffff) {
    flawed(place, fmt::format("{} is {}", name, value));
  }
  return static_cast<std::uint32_t>(value);
}

inline Hash hash_column(const SQLite::Column& column,
                        const std::string& place,
                        std::string_view name) {
  const auto hash = hash_from(blob(column));
  if (!hash) {
    flawed(place, fmt::format("{} is not 32 bytes long", name));
  }
  return *hash;
}

inline void require_row_hash(const SQLite::Column& column,
                             const Hash& expected,
                             const std::string& place) {
  if (hash_column(column, place, "row_hash") != expected) {
    flawed(place, "the row differs from its row_hash");
  }
}

inline Stream agent_stream(const SQLite::Column& column,
                           std::string_view table) {
  const std::int64_t value = column.getInt64();
  if (value != 1 && value != 2) {
    flawed(std::string(table), fmt::format("a row of stream {}", value));
  }
  return value == 1 ? Stream::kRecord : Stream::kTelemetry;
}

}  // namespace strongroom::journal_columns
