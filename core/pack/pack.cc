// SPDX-License-Identifier: Apache-2.0
#include "core/pack/pack.h"

#include <algorithm>

#include "core/base/wire.h"

namespace strongroom {
namespace {

std::unexpected<Error> form_fault(std::string_view message,
                                  const WireField& field) {
  return fault("pack: " + std::string(message) + ": field " +
               std::to_string(field.number) + " is not of its form");
}

bool take_hash(const WireField& field, Path& path) {
  const auto hash = hash_from(field.bytes);
  if (field.type != WireType::kBytes || !hash) {
    return false;
  }
  path.push_back(*hash);
  return true;
}

Bytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

Result<PackDisclosure> parse_disclosure(ByteView bytes) {
  PackDisclosure disclosure;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->is(2, WireType::kVarint) && field->value <= UINT32_MAX) {
      disclosure.field = static_cast<std::uint32_t>(field->value);
    } else if (field->is(3, WireType::kBytes)) {
      disclosure.salt = copy(field->bytes);
    } else if (field->is(4, WireType::kBytes)) {
      disclosure.value = copy(field->bytes);
    } else {
      return form_fault("disclosure", *field);
    }
  }
  if (!reader.ok()) {
    return fault("pack: disclosure: not protobuf");
  }
  return disclosure;
}

Result<PackEntry> parse_entry_message(ByteView bytes) {
  PackEntry entry;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kVarint)) {
      entry.index = field->value;
    } else if (field->is(2, WireType::kBytes)) {
      entry.entry = copy(field->bytes);
    } else if (field->number == 3 || field->number == 4) {
      Path& path = field->number == 3 ? entry.inclusion : entry.batch_path;
      if (!take_hash(*field, path)) {
        return form_fault("entry", *field);
      }
    } else if (field->is(5, WireType::kBytes)) {
      auto disclosure = parse_disclosure(field->bytes);
      if (!disclosure) {
        return std::unexpected(std::move(disclosure.error()));
      }
      if (!entry.disclosures.empty() &&
          entry.disclosures.back().field >= disclosure->field) {
        return fault("pack: disclosures do not ascend");
      }
      entry.disclosures.push_back(std::move(*disclosure));
    } else {
      return form_fault("entry", *field);
    }
  }
  if (!reader.ok()) {
    return fault("pack: entry: not protobuf");
  }
  if (entry.entry.empty()) {
    return fault("pack: index " + std::to_string(entry.index) +
                 ": the entry is empty");
  }
  return entry;
}

Result<PackLog> parse_log(ByteView bytes, std::size_t& entries_left) {
  PackLog log;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kBytes)) {
      log.checkpoint = field->text();
      continue;
    }
    if (!field->is(2, WireType::kBytes)) {
      return form_fault("log", *field);
    }
    if (entries_left == 0) {
      return fault("pack: more than " + std::to_string(kMaxPackEntries) +
                   " entries");
    }
    --entries_left;
    auto entry = parse_entry_message(field->bytes);
    if (!entry) {
      return std::unexpected(std::move(entry.error()));
    }
    if (!log.entries.empty() && log.entries.back().index >= entry->index) {
      return fault("pack: index " + std::to_string(entry->index) +
                   " does not ascend");
    }
    log.entries.push_back(std::move(*entry));
  }
  if (!reader.ok()) {
    return fault("pack: log: not protobuf");
  }
  return log;
}

std::string_view origin_line(const PackLog& log) {
  return std::string_view(log.checkpoint)
      .substr(0, log.checkpoint.find_first_of('\n'));
}

Bytes encode_disclosure(const PackDisclosure& disclosure) {
  Bytes out;
  WireWriter writer(out);
  writer.varint(2, disclosure.field);
  writer.bytes(3, disclosure.salt);
  writer.bytes(4, disclosure.value);
  return out;
}

Bytes encode_entry(const PackEntry& entry) {
  Bytes out;
  WireWriter writer(out);
  writer.varint(1, entry.index);
  writer.bytes(2, entry.entry);
  for (const Hash& hash : entry.inclusion) {
    writer.element(3, hash);
  }
  for (const Hash& hash : entry.batch_path) {
    writer.element(4, hash);
  }
  for (const PackDisclosure& disclosure : entry.disclosures) {
    writer.element(5, encode_disclosure(disclosure));
  }
  return out;
}

Bytes encode_log(const PackLog& log) {
  Bytes out;
  WireWriter writer(out);
  writer.text(1, log.checkpoint);
  for (const PackEntry& entry : log.entries) {
    writer.element(2, encode_entry(entry));
  }
  return out;
}

}  // namespace

Result<Pack> Pack::parse(ByteView bytes) {
  if (bytes.size() > kMaxPackBytes) {
    return fault("pack: larger than " + std::to_string(kMaxPackBytes) +
                 " bytes");
  }
  Pack pack;
  std::size_t entries_left = kMaxPackEntries;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kVarint) && field->value == kPackFormat) {
      continue;
    }
    if (!field->is(2, WireType::kBytes)) {
      return form_fault("file", *field);
    }
    auto log = parse_log(field->bytes, entries_left);
    if (!log) {
      return std::unexpected(std::move(log.error()));
    }
    if (!pack.logs.empty() &&
        origin_line(pack.logs.back()) >= origin_line(*log)) {
      return fault("pack: log " + std::string(origin_line(*log)) +
                   " does not ascend");
    }
    pack.logs.push_back(std::move(*log));
  }
  if (!reader.ok()) {
    return fault("pack: not protobuf");
  }
  // A missing, doubled or displaced field shows here.
  if (!std::ranges::equal(pack.encode(), bytes)) {
    return fault("pack: not canonical");
  }
  return pack;
}

Bytes Pack::encode() const {
  Bytes out;
  WireWriter writer(out);
  writer.varint(1, kPackFormat);
  for (const PackLog& log : logs) {
    writer.element(2, encode_log(log));
  }
  return out;
}

}  // namespace strongroom
