// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/sender.h"

#include "core/base/check.h"
#include "core/log/entry.h"
#include "core/log/note.h"

namespace strongroom {
namespace {

constexpr auto kNotBlocked =
    strongroom_v1_RefusalReason_REFUSAL_REASON_UNSPECIFIED;

// The journal's own note: it was verified before it was stored, and log keys
// may have rotated since, so only its text is read.
std::optional<Checkpoint> stored_checkpoint(const std::string& note) {
  if (note.empty()) {
    return std::nullopt;
  }
  const auto parsed = Note::parse(note);
  if (!parsed) {
    return std::nullopt;
  }
  const auto checkpoint = Checkpoint::parse(parsed->text);
  return checkpoint ? std::optional(*checkpoint) : std::nullopt;
}

// Different values of `expected` that are followed before the timer: refusals
// are not signed, and each costs a window of batches.
constexpr std::size_t kMaxGapsFollowed = 8;

// What a refusal asks for.
enum class Remedy : std::uint8_t {
  kWait,      // the resend timer
  kGoBack,    // to what is expected, at once
  kResync,    // the proofs start from the held checkpoint, at once
  kNewEpoch,  // the chain is lost: never blindly again
  kBlock,     // a person must mend something: never blindly again
};

Remedy remedy_for(strongroom_v1_RefusalReason reason) {
  switch (reason) {
    case strongroom_v1_RefusalReason_REFUSAL_REASON_UNSPECIFIED:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_BUSY:
      return Remedy::kWait;
    case strongroom_v1_RefusalReason_REFUSAL_REASON_GAP:
      return Remedy::kGoBack;
    case strongroom_v1_RefusalReason_REFUSAL_REASON_RESYNC:
      return Remedy::kResync;
    case strongroom_v1_RefusalReason_REFUSAL_REASON_SIGNATURE:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_ROOT:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_EQUIVOCATION:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_EPOCH_CLOSED:
      return Remedy::kNewEpoch;
    case strongroom_v1_RefusalReason_REFUSAL_REASON_UNKNOWN_SOURCE:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_REVOKED:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_MALFORMED:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_LOG_FROZEN:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_STREAM:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_ALGORITHM:
    case strongroom_v1_RefusalReason_REFUSAL_REASON_SUCCEEDED:
      return Remedy::kBlock;
  }
  return Remedy::kWait;
}

}  // namespace

Sender::Sender(Stream stream,
               Source source,
               std::optional<Origin> log,
               Trust trust,
               Position base,
               std::string held,
               std::function<double()> jitter,
               SenderOptions options)
    : stream_(stream),
      source_(std::move(source)),
      log_(log.value_or(Origin{trust.ledger, source_.site, stream, 1})),
      is_bound_(log.has_value()),
      trust_(std::move(trust)),
      jitter_(std::move(jitter)),
      options_(options),
      base_(base),
      next_(base),
      held_(stored_checkpoint(held)),
      interval_(options.resend_min) {
  if (held_) {
    held_note_ = std::move(held);
  }
}

SenderState Sender::state() const {
  if (!is_connected_) {
    return SenderState::kOffline;
  }
  if (blocked_by_ != kNotBlocked) {
    return SenderState::kBlocked;
  }
  return flights_.empty() ? SenderState::kIdle : SenderState::kSending;
}

void Sender::connected(MonoTime now) {
  is_connected_ = true;
  interval_ = options_.resend_min;
  timer_.reset();
  rewind(now);
}

void Sender::disconnected() {
  is_connected_ = false;
  timer_.reset();
}

std::optional<Position> Sender::wants() const {
  if (!is_connected_ || blocked_by_ != kNotBlocked ||
      flights_.size() >= options_.window) {
    return std::nullopt;
  }
  return next_;
}

void Sender::offer(OutBatch batch, MonoTime now) {
  check(batch.first_position == next_, "a batch that was not asked for");
  next_ += batch.header.count;
  flights_.push_back({std::move(batch)});
  send_unsent(now);
}

void Sender::skip_to(Position position, MonoTime now) {
  check(position >= base_, "a sender goes back");
  flights_.clear();
  base_ = position;
  next_ = position;
  blocked_by_ = kNotBlocked;
  interval_ = options_.resend_min;
  timer_.reset();
  below_.reset();
  rewind(now);
}

void Sender::hop_to(Position position, std::uint64_t from_seq) {
  check(flights_.empty() && position > base_, "a hop with batches in flight");
  // Rows that were given up one after the other are one hole.
  if (!hole_ || hole_->next != base_) {
    hole_ = Hole{base_, from_seq};
  }
  hole_->next = base_ = next_ = position;
}

void Sender::follow(Origin successor, Position from, MonoTime now) {
  log_ = std::move(successor);
  is_bound_ = true;
  held_.reset();
  held_note_.clear();
  hole_.reset();
  base_ = from;
  skip_to(from, now);
}

void Sender::tick(MonoTime now) {
  if (!timer_ || now < *timer_) {
    return;
  }
  timer_.reset();
  interval_ = std::min(interval_ * 2, options_.resend_max);
  rewind(now);
}

void Sender::outpaced(MonoTime sent, MonoTime now) {
  if (state() != SenderState::kSending || outpaced_ || !flights_.front().sent ||
      sent - flights_.front().sent_at < options_.overtaken) {
    return;
  }
  rewind(now);
  outpaced_ = true;
}

std::vector<SenderEffect> Sender::take_effects() {
  return std::exchange(effects_, {});
}

// --- sending ----------------------------------------------------------------

void Sender::transmit(Flight& flight, MonoTime now) {
  Bytes payload = flight.batch.payload;
  if (mark_resync_) {
    auto view = decode_batch(flight.batch.payload);
    check(view.has_value(), "a batch of ours does not decode");
    view->resync = true;
    view->held_checkpoint = held_note_;
    payload = encode_batch(*view);
    mark_resync_ = false;
  }
  ++counters_.sent;
  counters_.resent += flight.ever_sent ? 1 : 0;
  flight.sent = true;
  flight.ever_sent = true;
  flight.sent_at = now;
  effects_.push_back(TransmitBatch{std::move(payload)});
}

void Sender::send_unsent(MonoTime now) {
  if (!is_connected_) {
    return;
  }
  const bool blocked = blocked_by_ != kNotBlocked;
  for (std::size_t i = 0; i < flights_.size() && (i == 0 || !blocked); ++i) {
    if (!flights_[i].sent) {
      transmit(flights_[i], now);
    }
  }
  if (!timer_ && !flights_.empty()) {
    arm(now);
  }
}

// Everything in flight goes out again, and the proofs start from what we hold.
// What was followed at once may be followed at once again.
void Sender::rewind(MonoTime now) {
  for (Flight& flight : flights_) {
    flight.sent = false;
  }
  mark_resync_ = true;
  gaps_seen_.clear();
  resync_followed_ = false;
  outpaced_ = false;
  send_unsent(now);
}

void Sender::arm(MonoTime now) {
  const double stretch = 1.0 + 0.25 * jitter_();
  timer_ = now + std::chrono::microseconds(static_cast<std::int64_t>(
                     static_cast<double>(interval_.count()) * stretch));
}

// --- acks -------------------------------------------------------------------

std::optional<std::size_t> Sender::find(const Ack& ack) const {
  for (std::size_t i = 0; i < flights_.size(); ++i) {
    const BatchHeader& header = flights_[i].batch.header;
    if (flights_[i].ever_sent && header.epoch == ack.epoch &&
        header.first_seq == ack.first_seq && header.count == ack.count) {
      return i;
    }
  }
  return std::nullopt;
}

std::vector<Hash> Sender::leaves_of(const OutBatch& batch) const {
  const auto view = decode_batch(batch.payload);
  check(view.has_value(), "a batch of ours does not decode");
  std::vector<Hash> leaves;
  leaves.reserve(view->events.size() + 1);
  for (const ByteView event : view->events) {
    leaves.push_back(event_leaf(event));
  }
  leaves.push_back(
      leaf_hash(header_entry(view->signature, view->header_bytes)));
  return leaves;
}

void Sender::acknowledged(const Ack& ack, MonoTime now) {
  const auto place = find(ack);
  if (ack.source != source_ || ack.stream != stream_ || !place) {
    ++counters_.ignored;
    return;
  }
  if (const auto* refused = std::get_if<Refused>(&ack.outcome)) {
    ++counters_.refused;
    take_refusal(*refused, *place, now);
    return;
  }
  // In order only: a later batch's proof starts from a size that we do not hold
  // yet, and the resend heals a lost ack.
  if (*place != 0) {
    ++counters_.ignored;
    return;
  }
  take_held(std::get<Held>(ack.outcome), now);
}

void Sender::take_held(const Held& held, MonoTime now) {
  const OutBatch& batch = flights_.front().batch;
  const HeldVerdict verdict =
      verify_held(held,
                  leaves_of(batch),
                  log_,
                  trust_,
                  held_,
                  is_bound_ ? LogChoice::kThis : LogChoice::kAnyGeneration);
  if (std::holds_alternative<HeldIgnored>(verdict)) {
    ++counters_.ignored;
    return;
  }
  if (const auto* refuted = std::get_if<HeldRefuted>(&verdict)) {
    ++counters_.refuted;
    suspect(refuted->kind,
            kNotBlocked,
            sha256(as_bytes(held.checkpoint)),
            refuted->what);
    return;
  }
  const auto& proven = std::get<HeldProven>(verdict);
  ++counters_.proven;
  if (!is_bound_) {
    log_ = Origin::parse(proven.checkpoint.origin).value_or(log_);
    is_bound_ = true;
  }
  effects_.push_back(BatchProven{.first_position = batch.first_position,
                                 .count = batch.header.count,
                                 .first_index = proven.first_index,
                                 .checkpoint = proven.note,
                                 .sent = flights_.front().sent_at});
  held_ = proven.checkpoint;
  held_note_ = proven.note;
  std::erase_if(gaps_seen_, [next = batch.header.next_seq()](auto expected) {
    return expected < next;
  });
  base_ += batch.header.count;
  flights_.pop_front();
  blocked_by_ = kNotBlocked;
  below_.reset();
  resync_followed_ = false;
  interval_ = options_.resend_min;
  timer_.reset();
  send_unsent(now);
}

void Sender::take_refusal(const Refused& refused,
                          std::size_t place,
                          MonoTime now) {
  const Remedy remedy = remedy_for(refused.reason);
  switch (remedy) {
    case Remedy::kGoBack:
      return take_gap(refused.expected, place, now);
    case Remedy::kResync:
      if (!resync_followed_) {
        rewind(now);
        resync_followed_ = true;
      }
      return;
    case Remedy::kWait:
      // What follows it will be a gap here: that is no news.
      gaps_seen_.insert(flights_[place].batch.header.first_seq);
      return;
    case Remedy::kNewEpoch:
    case Remedy::kBlock:
      break;
  }
  // A later batch is judged again when everything before it is proven.
  if (place != 0) {
    return;
  }
  const OutBatch& batch = flights_.front().batch;
  if (remedy == Remedy::kNewEpoch) {
    effects_.push_back(EpochRefused{
        batch.header.epoch, base_, refused.reason, refused.newest});
  }
  suspect(strongroom_v1_FindingKind_FINDING_KIND_BATCH_REFUSED,
          refused.reason,
          sha256(encode_header(batch.header)),
          "the ledger refused " + describe(batch.header));
  blocked_by_ = refused.reason;
}

void Sender::take_gap(std::uint64_t expected, std::size_t place, MonoTime now) {
  const std::uint64_t base_seq = flights_.front().batch.header.first_seq;
  if (is_hole(expected)) {
    return;  // it has not read of the loss yet: the resend timer
  }
  const bool is_below = expected != 0 && expected < base_seq;
  if (is_below && place != 0) {
    return;  // stale, or the oldest batch will hear it too
  }
  if (is_below && below_ == expected && !gaps_seen_.contains(expected)) {
    // Not a stale ack: it came again after the timer. Rows below the mark were
    // proven to be held; they are not sent again without a recovery.
    suspect(strongroom_v1_FindingKind_FINDING_KIND_EXPECTED_BELOW_DELIVERED,
            strongroom_v1_RefusalReason_REFUSAL_REASON_GAP,
            sha256(encode_header(flights_.front().batch.header)),
            "the ledger expects seq " + std::to_string(expected) +
                " and has proven to hold everything below " +
                std::to_string(base_seq));
    blocked_by_ = strongroom_v1_RefusalReason_REFUSAL_REASON_GAP;
    gaps_seen_.insert(expected);
    return;
  }
  if (gaps_seen_.contains(expected) || gaps_seen_.size() >= kMaxGapsFollowed) {
    return;
  }
  const bool resync_followed = resync_followed_;
  auto seen = std::move(gaps_seen_);
  rewind(now);
  resync_followed_ = resync_followed;
  gaps_seen_ = std::move(seen);
  gaps_seen_.insert(expected);
  if (is_below) {
    below_ = expected;
  }
}

bool Sender::is_hole(std::uint64_t expected) const {
  return hole_ && hole_->next == base_ && expected >= hole_->from_seq &&
         expected < flights_.front().batch.header.first_seq;
}

void Sender::suspect(strongroom_v1_FindingKind kind,
                     strongroom_v1_RefusalReason reason,
                     const Hash& hash,
                     std::string what) {
  const BatchHeader& header = flights_.front().batch.header;
  effects_.push_back(Suspicion{
      kind, reason, header.epoch, header.first_seq, hash, std::move(what)});
}

}  // namespace strongroom
