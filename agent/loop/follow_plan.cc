// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/follow_plan.h"

#include <algorithm>
#include <optional>
#include <ranges>

#include "core/event/event.h"

namespace strongroom {
namespace {

// What of one epoch must go out again.
struct Part {
  const EpochRow* epoch = nullptr;
  Position from = 0;       // the first row that the predecessor does not hold
  Position end = 0;        // the last row that was to be sent in its place
  bool is_broken = false;  // the chain cannot go on there
};

class Planner {
 public:
  Planner(const FollowOrder& order, const FollowView& view)
      : order_(order), view_(view) {}

  Result<FollowPlan> plan() {
    const auto epochs = view_.recorder.epochs(order_.stream);
    std::vector<Part> parts;
    for (const EpochRow& epoch : epochs) {
      auto part = part_of(epoch);
      if (!part) {
        return std::unexpected(part.error());
      }
      parts.push_back(*part);
    }
    close_before_last_held(parts);
    for (Part& part : parts) {
      if (auto done = take(part); !done) {
        return std::unexpected(done.error());
      }
    }
    const Position tail = view_.recorder.tail(order_.stream);
    if (plan_.resend_from == 0) {
      plan_.resend_from = tail + 1;
    }
    plan_.needs_epoch =
        std::ranges::find(plan_.stops,
                          view_.recorder.epoch(),
                          &FollowPlan::Stop::epoch) != plan_.stops.end();
    return std::move(plan_);
  }

 private:
  const ResumedChain* chain_of(const EpochRow& epoch) const {
    const auto found =
        std::ranges::find(order_.chains, epoch.epoch, &ResumedChain::epoch);
    return found == order_.chains.end() ? nullptr : &*found;
  }

  // The hash of the event at a position; nothing when it is not kept.
  Result<std::optional<Hash>> hash_at(Position position) const {
    if (order_.stream == Stream::kTelemetry) {
      if (const Loss* loss = view_.losses.at(position)) {
        return loss->last == position ? std::optional(loss->of_last)
                                      : std::nullopt;
      }
    }
    const auto rows = view_.journal.events(order_.stream, position, 1, 0);
    if (!rows) {
      return fault("the journal cannot be read: " + rows.error().what);
    }
    return rows->empty() ? std::nullopt : std::optional(sha256(rows->front()));
  }

  Result<Part> part_of(const EpochRow& epoch) const {
    const Position end = view_.recorder.epoch_end(epoch);
    Part part{&epoch, epoch.first_position, end};
    if (epoch.stopped_at != 0) {
      part.end = epoch.stopped_at - 1;
    }
    const ResumedChain* chain = chain_of(epoch);
    if (chain == nullptr) {
      return part;
    }
    const std::uint64_t count = end - epoch.first_position + 1;
    const std::uint64_t held = chain->next_seq - 1;
    if (epoch.stopped_at != 0 && held > part.end - epoch.first_position + 1) {
      // Beyond where this agent's part ended: of another life, told again.
      part.from = part.end + 1;
      return part;
    }
    if (held <= count) {
      part.from = epoch.first_position + held;
      part.is_broken = chain->closed;
      if (held == 0) {
        return part;
      }
      const auto ours = hash_at(part.from - 1);
      if (!ours) {
        return std::unexpected(ours.error());
      }
      const bool is_ours = !*ours || **ours == chain->head;
      // Held and never cut here is of a later state of this journal.
      if (is_ours && part.from - 1 <= std::max(view_.cut, view_.delivered)) {
        return part;
      }
      if (!is_ours && part.from - 1 <= view_.delivered) {
        return fault("the successor says that another event stands at seq " +
                     std::to_string(held) +
                     " than the one that was proven to this agent");
      }
    }
    // It holds another life of this epoch: this journal is an older copy. What
    // was proven is of both.
    part.from = std::max(epoch.first_position, view_.delivered + 1);
    part.is_broken = true;
    return part;
  }

  // A log takes nothing of an epoch when it has taken of a later one.
  void close_before_last_held(std::vector<Part>& parts) const {
    bool is_later_held = false;
    for (Part& part : parts | std::views::reverse) {
      part.is_broken |= is_later_held;
      is_later_held |= part.from > part.epoch->first_position;
    }
  }

  Result<void> take(Part& part) {
    if (part.from > part.end) {
      return {};
    }
    if (auto kept = skip_pruned(part); !kept) {
      return kept;
    }
    if (part.from > part.end) {
      return {};
    }
    if (auto whole = to_batch(part); !whole) {
      return whole;
    }
    if (part.is_broken) {
      plan_.stops.push_back({part.epoch->epoch, part.from});
      return {};
    }
    if (plan_.resend_from == 0) {
      plan_.resend_from = part.from;
    }
    plan_.resend_events += part.end - part.from + 1 - lost(part);
    return {};
  }

  std::uint64_t lost(const Part& part) const {
    return order_.stream == Stream::kTelemetry
               ? view_.losses.events(part.from) -
                     view_.losses.events(part.end + 1)
               : 0;
  }

  // Rows at the beginning of the part that are not kept any more: the journal
  // prunes oldest first, so what follows them is kept.
  Result<void> skip_pruned(Part& part) {
    Position at = part.from;
    const Position pending = view_.recorder.first_pending(order_.stream);
    const auto is_kept = [&](Position position) -> Result<bool> {
      if (position >= pending) {
        return true;  // of this very turn: not in the journal yet
      }
      if (order_.stream == Stream::kTelemetry && view_.losses.at(position)) {
        return true;
      }
      const auto hash = hash_at(position);
      if (!hash) {
        return std::unexpected(hash.error());
      }
      return hash->has_value();
    };
    auto kept = is_kept(at);
    if (!kept) {
      return std::unexpected(kept.error());
    }
    if (*kept) {
      return {};
    }
    // Bisection: gone up to `at`, kept from `past` on.
    Position past = part.end + 1;
    while (past - at > 1) {
      const Position middle = at + (past - at) / 2;
      kept = is_kept(middle);
      if (!kept) {
        return std::unexpected(kept.error());
      }
      (*kept ? past : at) = middle;
    }
    if (plan_.missing == 0) {
      plan_.missing_epoch = part.epoch->epoch;
      plan_.missing_seq = part.from - part.epoch->first_position + 1;
    }
    plan_.missing += past - part.from;
    part.from = past;
    part.is_broken = true;
    return {};
  }

  // What was cut goes out as it was cut. A chain that goes on within a batch is
  // not one that this agent's batches can continue.
  Result<void> to_batch(Part& part) const {
    if (part.from > view_.cut || part.from == part.epoch->first_position ||
        (order_.stream == Stream::kTelemetry && view_.losses.at(part.from))) {
      return {};
    }
    const auto batch = view_.journal.batch_at(order_.stream, part.from);
    if (!batch) {
      return fault("the journal cannot be read: " + batch.error().what);
    }
    part.is_broken |= !batch->has_value();
    return {};
  }

  const FollowOrder& order_;
  const FollowView& view_;
  FollowPlan plan_;
};

}  // namespace

Result<FollowPlan> plan_follow(const FollowOrder& order,
                               const FollowView& view) {
  return Planner(order, view).plan();
}

}  // namespace strongroom
