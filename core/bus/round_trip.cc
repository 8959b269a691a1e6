// SPDX-License-Identifier: Apache-2.0
#include "core/bus/round_trip.h"

#include <algorithm>
#include <bit>

namespace strongroom {
namespace {

using std::chrono::microseconds;

// Four buckets to a doubling, from 2^6 us on.
constexpr unsigned kFirstDoubling = 6;
constexpr unsigned kBucketsPerDoubling = 4;
/// Then every count is halved, so that the past fades.
constexpr std::uint32_t kFullAt = 512;

constexpr std::uint32_t kAnswersToKnow = 20;
constexpr std::uint32_t kAnswersPerLongest = 1000;
/// A quantile moves slowly and costs a walk over the buckets.
constexpr std::uint32_t kAnswersPerUpdate = 16;
/// Of the operating systems at both ends: nobody is silent for being scheduled.
constexpr microseconds kMargin{50'000};
constexpr std::uint32_t kMostDoublings = 10;
/// Answers in a row that take one doubling back.
constexpr std::uint32_t kAnswersPerHalving = 500;

std::size_t bucket_of(microseconds time, std::size_t buckets) {
  const auto us =
      static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  if (us < (std::uint64_t{1} << kFirstDoubling)) {
    return 0;
  }
  const unsigned doubling = static_cast<unsigned>(std::bit_width(us)) - 1;
  const auto quarter =
      static_cast<unsigned>(us >> (doubling - 2)) % kBucketsPerDoubling;
  const std::size_t bucket = std::size_t{1} +
                             (doubling - kFirstDoubling) * kBucketsPerDoubling +
                             quarter;
  return std::min(bucket, buckets - 1);
}

/// The end of a bucket.
microseconds longest_in(std::size_t bucket) {
  if (bucket == 0) {
    return microseconds(std::int64_t{1} << kFirstDoubling);
  }
  const std::size_t step = bucket - 1;
  const std::size_t doubling = kFirstDoubling + step / kBucketsPerDoubling;
  const std::size_t quarters =
      kBucketsPerDoubling + step % kBucketsPerDoubling + 1;
  return microseconds(static_cast<std::int64_t>(quarters) << (doubling - 2));
}

}  // namespace

void RecentTimes::add(microseconds time) {
  ++counts_[bucket_of(time, kBuckets)];
  if (++total_ < kFullAt) {
    return;
  }
  total_ = 0;
  for (std::uint16_t& count : counts_) {
    count /= 2;
    total_ += count;
  }
}

microseconds RecentTimes::quantile(int per_mille) const {
  if (total_ == 0) {
    return microseconds(0);
  }
  const std::uint32_t wanted = std::max(
      1U, (total_ * static_cast<std::uint32_t>(per_mille) + 999) / 1000);
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) {
      return longest_in(i);
    }
  }
  return longest_in(kBuckets - 1);
}

RoundTrip::RoundTrip(microseconds ceiling) : ceiling_(ceiling) {}

void RoundTrip::answered(microseconds time, microseconds on_wire) {
  const microseconds own = std::max(time - on_wire, microseconds(0));
  times_.add(time);
  turnarounds_.add(own);
  const bool is_longest = own > longest_;
  longest_ = std::max(longest_, own);
  ++answers_;
  if (answers_ % kAnswersPerLongest == 0) {
    longest_before_ = longest_;
    longest_ = microseconds(0);
  }
  if (doublings_ > 0 && ++answers_since_doubling_ >= kAnswersPerHalving) {
    --doublings_;
    answers_since_doubling_ = 0;
  }
  if (is_longest || answers_ % kAnswersPerUpdate == 0) {
    update_wait();
  }
}

void RoundTrip::unanswered() {
  doublings_ = std::min(doublings_ + 1, kMostDoublings);
  answers_since_doubling_ = 0;
}

void RoundTrip::update_wait() {
  const microseconds longest = std::max(longest_, longest_before_);
  wait_ =
      std::max(2 * turnarounds_.quantile(990), longest + longest / 4) + kMargin;
}

microseconds RoundTrip::timeout(microseconds on_wire) const {
  if (!is_known()) {
    return ceiling_;
  }
  return std::min(ceiling_, (on_wire + wait_) * (1 << doublings_));
}

microseconds RoundTrip::usual_timeout(microseconds on_wire) const {
  return is_known() ? std::min(ceiling_, on_wire + wait_) : ceiling_;
}

bool RoundTrip::is_known() const {
  return answers_ >= kAnswersToKnow;
}

}  // namespace strongroom
