// SPDX-License-Identifier: Apache-2.0
#include "ledger/recover/first_batches.h"

#include <algorithm>

#include "core/event/key_proof.h"

namespace strongroom {
namespace {

constexpr std::size_t kMaxEvents = 256;
constexpr std::size_t kMaxBytes = 96 * 1024;

template <std::size_t N>
void put_text(char (&field)[N], const std::string& text) {
  text.copy(field, N - 1);
}

template <std::size_t N, typename Array>
void put(pb_byte_t (&field)[N], const Array& bytes) {
  static_assert(N == std::tuple_size_v<Array>);
  std::ranges::copy(bytes, field);
}

EventMessage empty_event(pb_size_t body) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = body;
  return event;
}

/// The newest chain of the ledger's own source in the predecessor.
const ChainRow* own_chain(const Kept& kept, const Source& console) {
  for (const auto& [key, chain] : kept.chains) {
    if (key.first == console.text() && !chain.closed) {
      return &chain;
    }
  }
  return nullptr;
}

EventMessage epoch_opened(const Kept& kept, const Source& console) {
  EventMessage event = empty_event(strongroom_v1_Event_epoch_opened_tag);
  auto& body = event.body.epoch_opened;
  body.reason = strongroom_v1_EpochReason_EPOCH_REASON_LOG_SUCCEEDED;
  if (const ChainRow* before = own_chain(kept, console)) {
    body.has_previous = true;
    body.previous.epoch = before->epoch;
    body.previous.seq = before->next_seq - 1;
    put(body.previous.hash, before->head);
  }
  return event;
}

EventMessage log_succeeded(const LogPlan& plan,
                           const Persons& persons,
                           std::size_t chains) {
  EventMessage event = empty_event(strongroom_v1_Event_log_succeeded_tag);
  auto& body = event.body.log_succeeded;
  put_text(body.predecessor, plan.predecessor.text());
  body.frozen_size = plan.frozen_size;
  put(body.frozen_root, plan.frozen_root);
  body.signed_size = plan.signed_size;
  put(body.signed_root, plan.signed_root);
  body.chain_count = chains;
  put_text(body.first_person, persons.first);
  put_text(body.second_person, persons.second);
  return event;
}

EventMessage chain_resumed(const ChainRow& chain) {
  EventMessage event = empty_event(strongroom_v1_Event_chain_resumed_tag);
  auto& body = event.body.chain_resumed;
  put_text(body.source, chain.source);
  body.epoch = chain.epoch;
  body.next_seq = chain.next_seq;
  put(body.head, chain.head);
  body.closed = chain.closed;
  return event;
}

EventMessage console_enrolled(const Source& console, const Signer& signer) {
  const PublicKey key = signer.public_key();
  EventMessage event = empty_event(strongroom_v1_Event_source_enrolled_tag);
  auto& body = event.body.source_enrolled;
  put_text(body.source, console.text());
  body.kind = strongroom_v1_SourceKind_SOURCE_KIND_CONSOLE;
  put(body.event_key, key);
  put(body.possession, signer.sign(possession_input(console, key, {})));
  put_text(body.actor, "ledger");
  return event;
}

/// Cuts what is written into batches of bounded size.
class Writer {
 public:
  Writer(Source console,
         Stream stream,
         const Signer& signer,
         const RecoverySources& from)
      : signer_(signer), from_(from), chain_(console, stream, from.random64()) {
    out_.source = std::move(console);
    out_.epoch = chain_.epoch();
  }

  Result<void> add(EventMessage event) {
    return keep(chain_.append(event, from_.now(), from_.random16()));
  }
  Result<void> add_again(ByteView event) {
    return keep(chain_.append_again(event, from_.now(), from_.random16()));
  }

  FirstBatches take() {
    cut();
    out_.head = chain_.last_hash();
    return std::move(out_);
  }

 private:
  Result<void> keep(Result<Bytes> event) {
    if (!event) {
      return std::unexpected(event.error());
    }
    bytes_ += event->size();
    events_.push_back(*std::move(event));
    if (events_.size() >= kMaxEvents || bytes_ >= kMaxBytes) {
      cut();
    }
    return {};
  }

  void cut() {
    if (events_.empty()) {
      return;
    }
    const std::vector<ByteView> views(events_.begin(), events_.end());
    const std::uint64_t first_seq = chain_.last_seq() + 1 - events_.size();
    SignedHeader header = cut_batch(out_.source,
                                    chain_.stream(),
                                    out_.epoch,
                                    first_seq,
                                    before_,
                                    views,
                                    signer_);
    out_.batches.push_back(
        {first_seq, std::move(header), std::exchange(events_, {})});
    before_ = chain_.last_hash();
    bytes_ = 0;
  }

  const Signer& signer_;
  const RecoverySources& from_;
  EventChain chain_;
  FirstBatches out_;
  std::vector<Bytes> events_;
  std::size_t bytes_ = 0;
  Hash before_{};
};

/// The registry's own source comes first: its key signs the batch that it
/// stands in.
Result<void> say_registry_again(const Kept& kept,
                                std::span<const std::string> sites,
                                const Signer& signer,
                                Writer& writer) {
  const auto enrol = [&](const std::string& site) -> Result<void> {
    const Source console{std::string(kConsoleAgent), site};
    return kept.enrolled.contains(console.text())
               ? Result<void>()
               : writer.add(console_enrolled(console, signer));
  };
  if (auto done = enrol(std::string(kCentralSite)); !done) {
    return done;
  }
  for (const Bytes& event : kept.registry) {
    if (auto done = writer.add_again(event); !done) {
      return done;
    }
  }
  for (const std::string& site : sites) {
    if (auto done = enrol(site); !done) {
      return done;
    }
  }
  return {};
}

}  // namespace

Result<FirstBatches> write_first_batches(const LogPlan& plan,
                                         const Kept& kept,
                                         const Persons& persons,
                                         std::span<const std::string> sites,
                                         const Signer& console,
                                         const RecoverySources& from) {
  const Origin& origin = plan.successor;
  const Source source{std::string(kConsoleAgent), origin.site};
  const std::vector<ChainRow> resumed = resumed_rows(kept);
  Writer writer(source, origin.stream, console, from);
  if (auto done = writer.add(epoch_opened(kept, source)); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = writer.add(log_succeeded(plan, persons, resumed.size()));
      !done) {
    return std::unexpected(done.error());
  }
  for (const ChainRow& chain : resumed) {
    if (auto done = writer.add(chain_resumed(chain)); !done) {
      return std::unexpected(done.error());
    }
  }
  if (origin.stream == Stream::kRegistry) {
    if (auto done = say_registry_again(kept, sites, console, writer); !done) {
      return std::unexpected(done.error());
    }
  }
  return writer.take();
}

}  // namespace strongroom
