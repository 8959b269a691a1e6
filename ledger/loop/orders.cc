// SPDX-License-Identifier: Apache-2.0
// The ledger's loop: registry changes that a person ordered.
#include <algorithm>

#include "core/event/key_proof.h"
#include "ledger/loop/ledger.h"

namespace strongroom {
namespace {

template <std::size_t N, typename Array>
void put(pb_byte_t (&field)[N], const Array& bytes) {
  static_assert(N == std::tuple_size_v<Array>);
  std::ranges::copy(bytes, field);
}

/// A text that is known to fit.
template <std::size_t N>
void put_text(char (&field)[N], const std::string& text) {
  text.copy(field, N - 1);
}

template <typename Field>
void put_sealing_key(Field& field, ByteView key) {
  const std::size_t size = std::min(key.size(), sizeof(field.bytes));
  std::ranges::copy(key.first(size), field.bytes);
  field.size = static_cast<pb_size_t>(size);
}

OrderRefused refused(std::string why, bool conflict = false) {
  return {std::move(why), conflict};
}

}  // namespace

Result<OrderOutcome> Ledger::carry_out(const Order& order,
                                       const std::string& actor) {
  if (const auto* confirmation = std::get_if<ConfirmOrder>(&order)) {
    return confirm(*confirmation, actor);
  }
  if (!registry_proven_) {
    return refused(
        "the registry log is frozen: " + logs_->frozen(registry_log_), true);
  }
  if (const auto* enrolment = std::get_if<EnrolOrder>(&order)) {
    return enrol(*enrolment, actor);
  }
  if (const auto* rotation = std::get_if<RotateOrder>(&order)) {
    return rotate(*rotation, actor);
  }
  return revoke(std::get<RevokeOrder>(order), actor);
}

Result<OrderOutcome> Ledger::enrol(const EnrolOrder& order,
                                   const std::string& actor) {
  const RegisteredSource* known = registry_.find(order.source);
  if (known != nullptr && known->has_valid_key() &&
      known->keys.back().key == order.event_key &&
      known->keys.back().sealing_key == order.sealing_key) {
    // The same request again, as after a lost answer.
    return OrderDone{logs_->origin(registry_log_).text(),
                     known->keys.back().since,
                     logs_->note(registry_log_)};
  }
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_source_enrolled_tag;
  auto& body = event.body.source_enrolled;
  put_text(body.source, order.source.text());
  body.kind = strongroom_v1_SourceKind_SOURCE_KIND_AGENT;
  put(body.event_key, order.event_key);
  put_sealing_key(body.sealing_key, order.sealing_key);
  put(body.possession, order.possession);
  put_text(body.actor, actor);
  if (const auto allowed = registry_.judge(event); !allowed) {
    return refused(allowed.error().what, known != nullptr);
  }
  const std::string& site = order.source.site;
  for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
    const std::string origin = Origin{name_, site, stream, 1}.text();
    if (std::ranges::find(logs_->missing_logs(), origin) !=
        logs_->missing_logs().end()) {
      return refused("the guard holds a checkpoint of " + origin +
                         ", which the database does not have",
                     true);
    }
  }
  if (auto done = ensure_logs(site); !done) {
    return std::unexpected(done.error());
  }
  std::vector<EventMessage> events;
  const Source console{std::string(kConsoleAgent), site};
  if (registry_.find(console) == nullptr) {
    events.push_back(console_enrolment(console));
  }
  events.push_back(event);
  return change_registry(std::move(events));
}

Result<OrderOutcome> Ledger::rotate(const RotateOrder& order,
                                    const std::string& actor) {
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_key_rotated_tag;
  auto& body = event.body.key_rotated;
  put_text(body.source, order.source.text());
  put(body.old_key, order.old_key);
  put(body.new_key, order.new_key);
  put_sealing_key(body.new_sealing_key, order.new_sealing_key);
  put(body.old_signature, order.old_signature);
  put(body.new_signature, order.new_signature);
  put_text(body.actor, actor);
  if (order.source.is_console()) {
    return refused("the ledger's own key is not rotated here");
  }
  const RegisteredSource* known = registry_.find(order.source);
  if (known != nullptr && known->has_valid_key() &&
      known->keys.back().key == order.new_key &&
      known->keys.back().sealing_key == order.new_sealing_key) {
    return OrderDone{logs_->origin(registry_log_).text(),
                     known->keys.back().since,
                     logs_->note(registry_log_)};
  }
  if (const auto allowed = registry_.judge(event); !allowed) {
    return refused(allowed.error().what, true);
  }
  return change_registry({event});
}

Result<OrderOutcome> Ledger::revoke(const RevokeOrder& order,
                                    const std::string& actor) {
  if (order.source.is_console()) {
    return refused("the ledger's own key is not revoked here");
  }
  const RegisteredSource* known = registry_.find(order.source);
  if (known == nullptr) {
    return refused(order.source.text() + " is not enrolled", true);
  }
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_key_revoked_tag;
  auto& body = event.body.key_revoked;
  put_text(body.source, order.source.text());
  body.reason = order.reason;
  put_text(body.actor, actor);
  // The logs of the site as they are written now: later generations are void
  // with them from their start, earlier ones were closed before.
  for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
    if (const auto log_id = logs_->find(order.source.site, stream)) {
      auto& at = body.invalid_from[body.invalid_from_count++];
      put_text(at.origin, logs_->origin(*log_id).text());
      at.index = logs_->size(*log_id);
    }
  }
  std::vector<EventMessage> events;
  for (const SourceKey& key : known->keys) {
    if (order.key ? key.key == *order.key : !key.revoked) {
      put(body.key, key.key);
      events.push_back(event);
    }
  }
  if (events.empty()) {
    return refused(order.key ? "this is no key of " + order.source.text()
                             : order.source.text() + " has no valid key",
                   true);
  }
  if (const auto allowed = registry_.judge(events.front()); !allowed) {
    return refused(allowed.error().what, true);
  }
  return change_registry(std::move(events));
}

Result<OrderOutcome> Ledger::confirm(const ConfirmOrder& order,
                                     const std::string& actor) {
  const Source& source = order.source;
  const auto log_id = logs_->find(source.site, Stream::kRecord);
  if (source.is_console() || registry_.find(source) == nullptr || !log_id) {
    return refused(source.text() + " is no agent that is enrolled", true);
  }
  std::optional<std::uint64_t> epoch;  // that is held
  for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
    const auto of_stream = logs_->find(source.site, stream);
    if (!of_stream || epoch) {
      continue;
    }
    const auto held = held_epoch(*of_stream, source, order.epoch);
    if (!held) {
      return std::unexpected(held.error());
    }
    epoch = *held;
  }
  if (!epoch) {
    return refused(order.epoch ? "no epoch " + std::to_string(*order.epoch) +
                                     " of " + source.text() + " is held"
                               : source.text() + " has sent nothing yet",
                   true);
  }
  if (const auto before = parts_.views.confirmation(source.text(), *epoch)) {
    return OrderDone{before->origin, before->index, logs_->note(*log_id)};
  }
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_epoch_confirmed_tag;
  put_text(event.body.epoch_confirmed.source, source.text());
  event.body.epoch_confirmed.epoch = *epoch;
  put_text(event.body.epoch_confirmed.actor, actor);
  const auto index = write_own(*log_id, {event});
  if (!index) {
    return refused(logs_->origin(*log_id).text() + " takes no entry", true);
  }
  if (auto done = flush(); !done) {
    return std::unexpected(done.error());
  }
  if (!takes(*log_id)) {
    return refused(logs_->frozen(*log_id), true);
  }
  return OrderDone{logs_->origin(*log_id).text(), *index, logs_->note(*log_id)};
}

/// That epoch, or the one that is open, if the log holds something of it.
Result<std::optional<std::uint64_t>> Ledger::held_epoch(
    LogId log_id, const Source& source, std::optional<std::uint64_t> epoch) {
  const SourceChains* chains = chains_.find(log_id, source);
  if (chains == nullptr) {
    return std::nullopt;
  }
  for (const auto& [id, chain] : chains->epochs) {
    if (chain.begun() && (epoch ? id == *epoch : !chain.closed)) {
      return id;
    }
  }
  if (!epoch) {
    return std::nullopt;
  }
  const auto batch =
      parts_.reader.batch_before(log_id, source.text(), *epoch, INT64_MAX);
  if (!batch) {
    return std::unexpected(batch.error());
  }
  return *batch ? epoch : std::nullopt;
}

Result<void> Ledger::ensure_logs(const std::string& site) {
  for (const Stream stream : {Stream::kRecord, Stream::kTelemetry}) {
    if (logs_->find(site, stream)) {
      continue;
    }
    const auto made = logs_->add_log({name_, site, stream, 1});
    if (!made) {
      return std::unexpected(made.error());
    }
  }
  return {};
}

EventMessage Ledger::console_enrolment(const Source& console) const {
  const PublicKey key = parts_.console_signer.public_key();
  EventMessage event = strongroom_v1_Event_init_zero;
  event.which_body = strongroom_v1_Event_source_enrolled_tag;
  auto& body = event.body.source_enrolled;
  put_text(body.source, console.text());
  body.kind = strongroom_v1_SourceKind_SOURCE_KIND_CONSOLE;
  put(body.event_key, key);
  put(body.possession,
      parts_.console_signer.sign(possession_input(console, key, {})));
  put_text(body.actor, "ledger");
  return event;
}

/// Appends judged events to the registry log and applies them.
Result<OrderOutcome> Ledger::change_registry(std::vector<EventMessage> events) {
  const std::size_t count = events.size();
  const std::vector<EventMessage> changes = events;
  const auto first = write_own(registry_log_, std::move(events));
  if (!first) {
    return refused("the registry log takes no entry", true);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (auto applied = registry_.apply(changes[i], *first + i); !applied) {
      return std::unexpected(applied.error());
    }
  }
  if (auto done = flush(); !done) {
    return std::unexpected(done.error());
  }
  for (const auto& [source, entry] : registry_.sources()) {
    parts_.views.enrol(source, source.is_console());
  }
  if (!logs_->frozen(registry_log_).empty()) {
    registry_proven_ = false;
    return refused(
        "the registry log is frozen: " + logs_->frozen(registry_log_), true);
  }
  return OrderDone{logs_->origin(registry_log_).text(),
                   *first + count - 1,
                   logs_->note(registry_log_)};
}

}  // namespace strongroom
