// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/layout.h"

#include <algorithm>

namespace strongroom {

const EpochRow* StreamLayout::epoch_at(Position at) const {
  const auto after =
      std::ranges::upper_bound(epochs, at, {}, &EpochRow::first_position);
  return after == epochs.begin() ? nullptr : &*std::prev(after);
}

Position StreamLayout::epoch_end(const EpochRow& epoch) const {
  const auto next = std::ranges::upper_bound(
      epochs, epoch.first_position, {}, &EpochRow::first_position);
  return next == epochs.end() ? tail : next->first_position - 1;
}

const Loss* StreamLayout::loss_at(Position at) const {
  const auto after = std::ranges::upper_bound(losses, at, {}, &Loss::first);
  if (after == losses.begin() || std::prev(after)->last < at) {
    return nullptr;
  }
  return &*std::prev(after);
}

Position StreamLayout::after_losses(Position at) const {
  while (const Loss* loss = loss_at(at)) {
    at = loss->last + 1;
  }
  return at;
}

Position StreamLayout::after_given_up(Position at, bool salvaged_only) const {
  while (at <= tail) {
    if (const Loss* loss = loss_at(at)) {
      at = loss->last + 1;
      continue;
    }
    const EpochRow* epoch = epoch_at(at);
    if (epoch == nullptr || epoch->stopped_at == 0 || at < epoch->stopped_at) {
      break;
    }
    const Position end = epoch_end(*epoch);
    const bool is_newest = epoch == &epochs.back();
    if (salvaged_only && (is_newest || epoch->salvaged_to < end)) {
      break;
    }
    at = end + 1;
  }
  return at;
}

void StreamLayout::put(const EpochRow& epoch) {
  const auto place = std::ranges::lower_bound(
      epochs, epoch.first_position, {}, &EpochRow::first_position);
  if (place != epochs.end() && place->first_position == epoch.first_position) {
    *place = epoch;
  } else {
    epochs.insert(place, epoch);
  }
}

namespace {

// The end of a piece of rows that nobody will send, from `at` to `end`: a whole
// batch that was cut of them, or rows between batches.
Position given_up_piece(
    const StreamLayout& layout,
    Position at,
    Position end,
    std::uint64_t max_rows,
    const std::function<std::optional<BatchMark>(Position)>& next) {
  if (const Loss* loss = layout.loss_at(at)) {
    return loss->last;
  }
  const auto batch = next(at);
  if (batch && batch->first == at) {
    return batch->last;
  }
  if (batch && batch->first <= end) {
    end = batch->first - 1;
  }
  end = std::min(end, at + max_rows - 1);
  const auto loss =
      std::ranges::lower_bound(layout.losses, at, {}, &Loss::first);
  return loss == layout.losses.end() ? end : std::min(end, loss->first - 1);
}

}  // namespace

Position prunable_to(
    const StreamLayout& layout,
    const PruneLimits& limits,
    const std::function<std::optional<BatchMark>(Position)>& next) {
  Position to = limits.pruned;
  while (to - limits.pruned < limits.max_rows) {
    const Position at = to + 1;
    const Position wanted = layout.after_given_up(at, true);
    const auto batch = next(wanted);
    const bool may_go =
        batch && batch->first == wanted && batch->last < limits.delivered &&
        batch->delivered_us &&
        *batch->delivered_us < limits.before.time_since_epoch().count();
    if (!may_go) {
      break;
    }
    to = wanted == at
             ? batch->last
             : given_up_piece(layout, at, wanted - 1, limits.max_rows, next);
  }
  return to;
}

}  // namespace strongroom
