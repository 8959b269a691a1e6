// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "core/log/entry.h"
#include "core/pack/key_history.h"
#include "core/pack/pack.h"

namespace strongroom {
namespace {

// An event of the pack that is proven to stand in its log.
struct EventAt {
  const PackEntry* entry = nullptr;
  ByteView bytes;
  Envelope envelope;
};

// A header of the pack and the events of the pack that it covers.
struct BatchAt {
  std::uint64_t index = 0;
  BatchHeader header;
  ByteView header_bytes;
  Signature signature{};
  std::vector<EventAt> events;
  PublicKey key{};  // that signed it, once found

  std::uint64_t first_index() const { return index - header.count; }
};

struct LogAt {
  Origin origin;
  Checkpoint checkpoint;
  std::vector<BatchAt> batches;  // ascending

  bool is_registry() const { return origin.stream == Stream::kRegistry; }
};

std::unexpected<Error> fault_at(const std::string& origin,
                                std::uint64_t index,
                                const std::string& what) {
  return fault(origin + ", index " + std::to_string(index) + ": " + what);
}

// Takes one log of a pack apart: every entry proven by the checkpoint, every
// event by the one header that covers it.
class LogReader {
 public:
  LogReader(const PackLog& log, const Trust& trust)
      : log_(log), trust_(trust) {}

  Result<LogAt> read() {
    auto checkpoint = open_checkpoint(log_.checkpoint, trust_);
    if (!checkpoint) {
      return std::unexpected(std::move(checkpoint.error()));
    }
    out_.checkpoint = std::move(*checkpoint);
    const auto origin = Origin::parse(out_.checkpoint.origin);
    if (!origin) {
      return fault(out_.checkpoint.origin + ": not the origin of a log");
    }
    out_.origin = *origin;
    if (out_.is_registry() != (origin->site == kCentralSite)) {
      return fault(out_.checkpoint.origin + ": not a log of this site");
    }
    if (log_.entries.empty()) {
      return fault(out_.checkpoint.origin + ": no entry, nothing to prove");
    }
    for (const PackEntry& entry : log_.entries) {
      if (auto taken = take(entry); !taken) {
        return std::unexpected(std::move(taken.error()));
      }
    }
    if (!pending_.empty()) {
      return uncovered(*pending_.front().entry);
    }
    return std::move(out_);
  }

 private:
  std::unexpected<Error> at(const PackEntry& entry,
                            const std::string& what) const {
    return fault_at(out_.checkpoint.origin, entry.index, what);
  }

  std::unexpected<Error> uncovered(const PackEntry& entry) const {
    return at(entry, "no header of the pack covers this event");
  }

  Result<void> take(const PackEntry& entry) {
    const auto root = root_from_inclusion(entry.index,
                                          out_.checkpoint.size,
                                          leaf_hash(entry.entry),
                                          entry.inclusion);
    if (!root || *root != out_.checkpoint.root) {
      return at(entry,
                "the inclusion path does not lead to the checkpoint's root");
    }
    const auto view = parse_entry(entry.entry);
    if (!view) {
      return at(entry, view.error().what);
    }
    return view->type == EntryType::kEvent ? take_event(entry, view->body)
                                           : take_header(entry, *view);
  }

  Result<void> take_event(const PackEntry& entry, ByteView bytes) {
    auto envelope = decode_envelope(bytes);
    if (!envelope) {
      return at(entry, envelope.error().what);
    }
    // No body holds a commitment yet, so there is nothing that a disclosure
    // could open.
    if (!entry.disclosures.empty()) {
      return at(entry,
                "a disclosure of field " +
                    std::to_string(entry.disclosures.front().field) +
                    ", which is no commitment");
    }
    pending_.push_back({&entry, bytes, std::move(*envelope)});
    return {};
  }

  Result<void> take_header(const PackEntry& entry, const EntryView& view) {
    if (!entry.batch_path.empty() || !entry.disclosures.empty()) {
      return at(entry, "a header has no batch path and no disclosures");
    }
    auto header = decode_header(view.body);
    if (!header) {
      return at(entry, header.error().what);
    }
    if (header->stream != out_.origin.stream ||
        header->source.site != out_.origin.site) {
      return at(entry, describe(*header) + " does not belong in this log");
    }
    if (out_.is_registry() && !header->source.is_console()) {
      return at(entry, describe(*header) + " is not the registry's own");
    }
    if (header->count > entry.index) {
      return at(entry, "the header covers more entries than stand before it");
    }
    BatchAt batch{.index = entry.index,
                  .header = std::move(*header),
                  .header_bytes = view.body,
                  .signature = view.signature,
                  .events = std::move(pending_)};
    pending_.clear();
    if (!out_.batches.empty() &&
        out_.batches.back().index >= batch.first_index()) {
      return at(entry, "the header covers another header");
    }
    if (batch.events.empty()) {
      return at(entry, "the header covers no event of the pack");
    }
    for (const EventAt& event : batch.events) {
      if (auto covered = check_event(batch, event); !covered) {
        return covered;
      }
    }
    out_.batches.push_back(std::move(batch));
    return {};
  }

  // That `batch` covers `event`, at its place and in its chain.
  Result<void> check_event(const BatchAt& batch, const EventAt& event) {
    const PackEntry& entry = *event.entry;
    const BatchHeader& header = batch.header;
    if (entry.index < batch.first_index()) {
      return uncovered(entry);
    }
    const std::uint64_t position = entry.index - batch.first_index();
    const Envelope& envelope = event.envelope;
    if (envelope.source != header.source || envelope.stream != header.stream ||
        envelope.epoch != header.epoch) {
      return at(entry, "the event is not of the chain of its header");
    }
    if (envelope.seq != header.first_seq + position) {
      return at(entry, "the event's seq is not the one that its header gives");
    }
    const auto root = root_from_inclusion(
        position, header.count, event_leaf(event.bytes), entry.batch_path);
    if (!root || *root != header.root) {
      return at(entry, "the batch path does not lead to the header's root");
    }
    if (position == 0 && envelope.prev_hash != header.first_prev_hash) {
      return at(entry, "prev_hash is not the header's first_prev_hash");
    }
    return check_link(event);
  }

  // Against the newest event of the same chain before it in this log.
  Result<void> check_link(const EventAt& event) {
    const Envelope& envelope = event.envelope;
    const auto [found, is_first] =
        chains_.try_emplace({envelope.source, envelope.epoch});
    Link& last = found->second;
    if (!is_first && envelope.seq <= last.seq) {
      return at(*event.entry, "the event's seq does not ascend");
    }
    if (!is_first && envelope.seq == last.seq + 1 &&
        envelope.prev_hash != last.hash) {
      return at(*event.entry,
                "prev_hash is not the hash of the event before it");
    }
    last = {envelope.seq, sha256(event.bytes)};
    return {};
  }

  struct Link {
    std::uint64_t seq = 0;
    Hash hash{};
  };

  const PackLog& log_;
  const Trust& trust_;
  LogAt out_;
  std::vector<EventAt> pending_;
  std::map<std::pair<Source, std::uint64_t>, Link> chains_;
};

// Finds, for every header, the key that signed it, and that it was valid.
class KeyFinder {
 public:
  explicit KeyFinder(std::vector<LogAt>& logs) : logs_(logs) {}

  Result<void> find() {
    if (auto read = read_registry(); !read) {
      return read;
    }
    for (LogAt& log : logs_) {
      for (BatchAt& batch : log.batches) {
        if (!log.is_registry()) {
          const auto keys = history_.keys_of(batch.header.source);
          if (!find_signer(batch, {keys.begin(), keys.end()})) {
            return fault_at(log.checkpoint.origin,
                            batch.index,
                            keys.empty()
                                ? "no registry entry of the pack enrols " +
                                      batch.header.source.text()
                                : no_signer(batch));
          }
        }
        if (history_.is_revoked(batch.header.source,
                                batch.key,
                                log.checkpoint.origin,
                                batch.index)) {
          return fault_at(log.checkpoint.origin,
                          batch.index,
                          "the key that signed " + describe(batch.header) +
                              " is revoked here");
        }
      }
    }
    return {};
  }

 private:
  using Keys = std::vector<KeyHistory::Key>;

  static std::string no_signer(const BatchAt& batch) {
    return "no key of " + batch.header.source.text() + " signed " +
           describe(batch.header);
  }

  static bool find_signer(BatchAt& batch, const Keys& keys) {
    const Bytes input = batch_signing_input(batch.header_bytes);
    const auto signer =
        std::ranges::find_if(keys, [&](const KeyHistory::Key& key) {
          return verify_ed25519(key.key, input, batch.signature);
        });
    if (signer == keys.end()) {
      return false;
    }
    batch.key = signer->key;
    return true;
  }

  // Registry batches in the order in which they were written: a generation
  // continues the one before it.
  std::vector<std::pair<const LogAt*, BatchAt*>> registry_batches() const {
    std::vector<LogAt*> registries;
    for (LogAt& log : logs_) {
      if (log.is_registry()) {
        registries.push_back(&log);
      }
    }
    std::ranges::sort(registries, {}, [](const LogAt* log) {
      return log->origin.generation;
    });
    std::vector<std::pair<const LogAt*, BatchAt*>> batches;
    for (LogAt* log : registries) {
      for (BatchAt& batch : log->batches) {
        batches.emplace_back(log, &batch);
      }
    }
    return batches;
  }

  Result<void> read_registry() {
    for (const auto& [log, batch] : registry_batches()) {
      const Source& source = batch->header.source;
      const auto before = history_.keys_of(source);
      Keys known(before.begin(), before.end());
      for (const EventAt& event : batch->events) {
        if (auto applied = apply(*log, event); !applied) {
          return applied;
        }
      }
      if (!find_signer(*batch, signers_of(source, known))) {
        return fault_at(
            log->checkpoint.origin, batch->index, no_signer(*batch));
      }
    }
    return {};
  }

  Result<void> apply(const LogAt& log, const EventAt& event) {
    const auto message = decode_event(event.bytes);
    const auto applied = message
                             ? history_.apply(*message)
                             : Result<void>(std::unexpected(message.error()));
    if (!applied) {
      return fault_at(
          log.checkpoint.origin, event.entry->index, applied.error().what);
    }
    return {};
  }

  // Who may sign a batch of the registry, its own events read: keys known
  // before it, and keys that one of those rotated in. The first batch alone
  // may be signed by the key that it enrols; that it stands in the trusted
  // log vouches for it.
  Keys signers_of(const Source& source, const Keys& known) const {
    Keys keys;
    for (const KeyHistory::Key& key : history_.keys_of(source)) {
      const bool was_known =
          std::ranges::find(known, key.key, &KeyHistory::Key::key) !=
          known.end();
      if (known.empty() || was_known || key.rotated_in) {
        keys.push_back(key);
      }
    }
    return keys;
  }

  std::vector<LogAt>& logs_;
  KeyHistory history_;
};

}  // namespace

Result<PackVerdict> verify_pack(ByteView bytes, const Trust& trust) {
  const auto pack = Pack::parse(bytes);
  if (!pack) {
    return std::unexpected(pack.error());
  }
  if (pack->logs.empty()) {
    return fault("pack: no log, nothing to prove");
  }
  std::vector<LogAt> logs;
  for (const PackLog& log : pack->logs) {
    auto read = LogReader(log, trust).read();
    if (!read) {
      return std::unexpected(std::move(read.error()));
    }
    logs.push_back(std::move(*read));
  }
  if (auto found = KeyFinder(logs).find(); !found) {
    return std::unexpected(std::move(found.error()));
  }

  PackVerdict verdict;
  for (const LogAt& log : logs) {
    verdict.checkpoints.push_back(log.checkpoint);
    for (const BatchAt& batch : log.batches) {
      for (const EventAt& event : batch.events) {
        verdict.events.push_back({
            .origin = log.checkpoint.origin,
            .index = event.entry->index,
            .event = Bytes(event.bytes.begin(), event.bytes.end()),
            .header = batch.header,
            .header_index = batch.index,
            .key = batch.key,
        });
      }
    }
  }
  return verdict;
}

}  // namespace strongroom
