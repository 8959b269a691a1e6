// SPDX-License-Identifier: Apache-2.0
#include "ledger/backup/manifest.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/source.h"

namespace strongroom {
namespace {

constexpr std::string_view kFirstLine = "strongroom backup 1";

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

/// Takes the text apart at spaces and line ends, word by word.
class Words {
 public:
  explicit Words(std::string_view text) : left_(text) {}

  /// What stands before the next `end`, which is taken too; empty at the end.
  std::string_view until(char end) {
    const std::size_t at = left_.find(end);
    const std::string_view word = left_.substr(0, at);
    left_.remove_prefix(at == std::string_view::npos ? left_.size() : at + 1);
    return word;
  }
  bool take(std::string_view word) {
    if (!left_.starts_with(word)) {
      return false;
    }
    left_.remove_prefix(word.size());
    return true;
  }
  bool empty() const { return left_.empty(); }

 private:
  std::string_view left_;
};

std::optional<WallTime> time_of(std::string_view text) {
  if (text.size() != 20) {
    return std::nullopt;
  }
  const auto year = number_of<int>(text.substr(0, 4));
  const auto month = number_of<unsigned>(text.substr(5, 2));
  const auto day = number_of<unsigned>(text.substr(8, 2));
  const auto hour = number_of<int>(text.substr(11, 2));
  const auto minute = number_of<int>(text.substr(14, 2));
  const auto second = number_of<int>(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::string file_line(const BackupFile& file) {
  return "file " + file.name + " " + std::to_string(file.bytes) + " " +
         to_hex(file.sha256) + "\n";
}

bool take_file(Words& words, BackupFile& file) {
  if (!words.take("file " + file.name + " ")) {
    return false;
  }
  const auto bytes = number_of<std::uint64_t>(words.until(' '));
  const auto sum = from_hex(words.until('\n'));
  const auto hash = sum ? hash_from(*sum) : std::nullopt;
  if (!bytes || !hash) {
    return false;
  }
  file.bytes = *bytes;
  file.sha256 = *hash;
  return true;
}

bool take_log(Words& words, BackupLog& log) {
  log.origin = words.until(' ');
  const auto entries = number_of<std::uint64_t>(words.until(' '));
  const std::string_view note = words.until('\n');
  const auto bytes = note == "-" ? Bytes() : from_base64(note);
  if (!Origin::parse(log.origin) || !entries || !bytes) {
    return false;
  }
  log.entries = *entries;
  log.note = as_chars(*bytes);
  return true;
}

std::string sum_line(std::string_view text) {
  return "end " + to_hex(sha256(as_bytes(text))) + "\n";
}

}  // namespace

std::string utc_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto second =
      std::chrono::duration_cast<std::chrono::seconds>(time - day).count();
  char text[48];
  const int size = std::snprintf(text,
                                 sizeof text,
                                 "%04d-%02u-%02uT%02d:%02d:%02dZ",
                                 static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()),
                                 static_cast<int>(second / 3600),
                                 static_cast<int>(second / 60 % 60),
                                 static_cast<int>(second % 60));
  return std::string(text, static_cast<std::size_t>(std::max(size, 0)));
}

std::string BackupManifest::text() const {
  std::string text = std::string(kFirstLine) + "\nledger " + ledger +
                     "\ntaken " + utc_text(taken) + "\n" +
                     file_line(disclosures) + file_line(store);
  for (const BackupLog& log : logs) {
    text += "log " + log.origin + " " + std::to_string(log.entries) + " " +
            (log.note.empty() ? "-" : to_base64(as_bytes(log.note))) + "\n";
  }
  return text + sum_line(text);
}

Result<BackupManifest> BackupManifest::parse(std::string_view text) {
  if (!text.starts_with(std::string(kFirstLine) + "\n")) {
    return fault(text.starts_with("strongroom backup ")
                     ? "a backup of a version that this program does not know"
                     : "not the manifest of a backup");
  }
  Words words(text);
  words.until('\n');
  BackupManifest manifest;
  bool right = words.take("ledger ");
  manifest.ledger = words.until('\n');
  right = right && words.take("taken ");
  const auto taken = time_of(words.until('\n'));
  right = right && taken && take_file(words, manifest.disclosures) &&
          take_file(words, manifest.store);
  manifest.taken = taken.value_or(WallTime());
  while (right && words.take("log ")) {
    right = take_log(words, manifest.logs.emplace_back());
  }
  const auto by_origin = [](const BackupLog& left, const BackupLog& log) {
    return left.origin >= log.origin;
  };
  // What is missing, displaced, doubled or spelled otherwise shows here.
  if (!right ||
      std::ranges::adjacent_find(manifest.logs, by_origin) !=
          manifest.logs.end() ||
      manifest.text() != text) {
    return fault("the manifest is damaged");
  }
  return manifest;
}

}  // namespace strongroom
