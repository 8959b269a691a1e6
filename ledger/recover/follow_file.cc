// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/follow_file.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/log/entry.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

Path batch_path(std::span<const Hash> leaves,
                std::uint64_t position,
                std::uint32_t count) {
  return inclusion_path(
      position, count, [&](std::uint64_t begin, std::uint64_t width) {
        return merkle_root(leaves.subspan(static_cast<std::size_t>(begin),
                                          static_cast<std::size_t>(width)));
      });
}

/// Picks events of one log, each with its header and proofs.
class Picker {
 public:
  using Choose = std::function<bool(const EventMessage&)>;

  Picker(LogWriter& logs, LedgerReader& reader, LogId log_id)
      : logs_(logs), reader_(reader), log_id_(log_id) {
    part_.checkpoint = logs_.note(log_id_);
  }

  /// Every event of the ledger's own source that `choose` is true for, up to
  /// the signed size; of the first batches, or of all.
  Result<PackLog> pick(bool first_only, const Choose& choose) {
    std::optional<Error> wrong;
    std::optional<std::uint64_t> epoch;
    auto scanned = reader_.scan(log_id_, 0, [&](const BatchRow& row) {
      epoch = epoch.value_or(row.epoch);
      if (row.end_index() > logs_.signed_checkpoint(log_id_).size ||
          (first_only && row.epoch != *epoch)) {
        return false;
      }
      if (auto taken = take(row, choose); !taken) {
        wrong = taken.error();
      }
      return !wrong;
    });
    if (!scanned || wrong) {
      return std::unexpected(wrong ? *wrong : scanned.error());
    }
    return std::move(part_);
  }

 private:
  Result<void> take(const BatchRow& row, const Choose& choose) {
    const auto source = Source::parse(row.source);
    if (!source || !source->is_console()) {
      return {};
    }
    const auto entries = entries_of(row);
    const auto leaves = leaves_of(row);
    if (!entries || !leaves) {
      return std::unexpected(entries ? leaves.error() : entries.error());
    }
    bool chosen = false;
    for (std::size_t i = 0; i < row.count; ++i) {
      const auto entry = parse_entry((*entries)[i]);
      const auto event = entry && entry->type == EntryType::kEvent
                             ? decode_event(entry->body)
                             : Result<EventMessage>(fault(""));
      if (!event || !choose(*event)) {
        continue;
      }
      chosen = true;
      if (auto done = add(row.first_index + i,
                          (*entries)[i],
                          batch_path(*leaves, i, row.count));
          !done) {
        return done;
      }
    }
    return chosen ? add(row.header_index(), row.header, {}) : Result<void>();
  }

  Result<void> add(std::uint64_t index, ByteView entry, Path path) {
    auto inclusion = logs_.subtrees(log_id_).inclusion(
        index, logs_.signed_checkpoint(log_id_).size);
    if (!inclusion) {
      return std::unexpected(inclusion.error());
    }
    part_.entries.push_back({.index = index,
                             .entry = Bytes(entry.begin(), entry.end()),
                             .inclusion = *std::move(inclusion),
                             .batch_path = std::move(path)});
    return {};
  }

  LogWriter& logs_;
  LedgerReader& reader_;
  LogId log_id_;
  PackLog part_;
};

std::string key_subject(const EventMessage& event) {
  switch (event.which_body) {
    case strongroom_v1_Event_source_enrolled_tag:
      return event.body.source_enrolled.source;
    case strongroom_v1_Event_key_rotated_tag:
      return event.body.key_rotated.source;
    case strongroom_v1_Event_key_revoked_tag:
      return event.body.key_revoked.source;
    default:
      return {};
  }
}

struct Known {
  std::map<std::string, std::size_t> agents;  // how many chains are resumed
  PackLog keys;                               // of the ledger's own sources
};

Result<Known> look(LogWriter& logs,
                   LedgerReader& reader,
                   const Origin& successor,
                   LogId log_id,
                   LogId registry) {
  Known known;
  const std::string own =
      Source{std::string(kConsoleAgent), successor.site}.text();
  const std::string central =
      Source{std::string(kConsoleAgent), std::string(kCentralSite)}.text();
  auto keys = Picker(logs, reader, registry)
                  .pick(false, [&](const EventMessage& event) {
                    const std::string subject = key_subject(event);
                    const auto source = Source::parse(subject);
                    if (source && source->site == successor.site &&
                        !source->is_console()) {
                      known.agents.try_emplace(subject);
                    }
                    return subject == own || subject == central;
                  });
  if (!keys) {
    return std::unexpected(keys.error());
  }
  known.keys = *std::move(keys);
  const auto counted =
      Picker(logs, reader, log_id).pick(true, [&](const EventMessage& event) {
        if (event.which_body == strongroom_v1_Event_chain_resumed_tag) {
          ++known.agents[event.body.chain_resumed.source];
        }
        return false;
      });
  if (!counted) {
    return std::unexpected(counted.error());
  }
  known.agents[std::string(kOtherAgents) + "@" + successor.site] = 0;
  return known;
}

}  // namespace

std::string FollowFile::name() const {
  return agent + "." + std::string(stream_name(successor.stream)) + "." +
         std::to_string(successor.generation) + ".follow";
}

Result<std::vector<FollowFile>> make_follow_files(LogWriter& logs,
                                                  LedgerReader& reader,
                                                  const Origin& successor,
                                                  const Trust& trust) {
  const auto registry = logs.find(std::string(kCentralSite), Stream::kRegistry);
  const std::vector<LogId> ids = logs.ids();
  const auto log_id = std::ranges::find_if(
      ids, [&](LogId id) { return logs.origin(id) == successor; });
  if (log_id == ids.end() || !registry) {
    return fault(successor.text() + " is not there");
  }
  const auto known = look(logs, reader, successor, *log_id, *registry);
  if (!known) {
    return std::unexpected(known.error());
  }
  std::vector<FollowFile> files;
  for (const auto& [agent, chains] : known->agents) {
    auto part = Picker(logs, reader, *log_id)
                    .pick(true, [&](const EventMessage& event) {
                      return event.which_body ==
                                 strongroom_v1_Event_log_succeeded_tag ||
                             (event.which_body ==
                                  strongroom_v1_Event_chain_resumed_tag &&
                              event.body.chain_resumed.source == agent);
                    });
    if (!part) {
      return std::unexpected(part.error());
    }
    Pack pack{{known->keys, *std::move(part)}};
    std::ranges::sort(pack.logs, {}, [](const PackLog& each) {
      return each.checkpoint.substr(0, each.checkpoint.find('\n'));
    });
    files.push_back({agent, successor, chains, pack.encode()});
    if (const auto verdict = verify_pack(files.back().pack, trust); !verdict) {
      return fault(files.back().name() +
                   " does not verify: " + verdict.error().what);
    }
  }
  return files;
}

}  // namespace strongroom
