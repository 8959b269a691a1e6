// SPDX-License-Identifier: Apache-2.0
#include "ledger/loop/succession.h"

#include "core/log/entry.h"
#include "ledger/log/stored_entries.h"

namespace strongroom {
namespace {

class FirstBatches {
 public:
  /// False: nothing that follows can belong to it.
  bool take(const BatchRow& row) {
    const auto source = Source::parse(row.source);
    const auto entries = entries_of(row);
    if (!source || !source->is_console() || !entries) {
      return false;
    }
    for (std::size_t i = 0; i + 1 < entries->size(); ++i) {
      const auto entry = parse_entry((*entries)[i]);
      const auto event = entry && entry->type == EntryType::kEvent
                             ? decode_event(entry->body)
                             : Result<EventMessage>(fault(""));
      if (event) {
        take_event(row.first_index + i, *event);
      }
    }
    return said_ && !complete();
  }

  bool complete() const {
    return said_ && found_.chains.size() >= found_.succeeded.chain_count;
  }
  Succession found() { return std::move(found_); }

 private:
  void take_event(std::uint64_t index, const EventMessage& event) {
    if (event.which_body == strongroom_v1_Event_log_succeeded_tag && !said_) {
      said_ = true;
      found_.index = index;
      found_.succeeded = event.body.log_succeeded;
    } else if (event.which_body == strongroom_v1_Event_chain_resumed_tag &&
               said_) {
      const auto& chain = event.body.chain_resumed;
      found_.chains.try_emplace({chain.source, chain.epoch}, chain);
    }
  }

  bool said_ = false;
  Succession found_;
};

}  // namespace

Result<std::optional<Succession>> read_succession(LedgerReader& reader,
                                                  LogId log_id) {
  FirstBatches first;
  auto scanned = reader.scan(
      log_id, 0, [&](const BatchRow& row) { return first.take(row); });
  if (!scanned) {
    return std::unexpected(scanned.error());
  }
  return first.complete() ? std::optional(first.found()) : std::nullopt;
}

}  // namespace strongroom
