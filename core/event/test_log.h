// SPDX-License-Identifier: Apache-2.0
// For tests: a source that writes events and a log that holds them, with
// proofs straight from the definitions of RFC 6962, slow and independent of
// core/log/proof.h.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/event/batch.h"
#include "core/event/key_proof.h"
#include "core/log/checkpoint.h"
#include "core/log/entry.h"

namespace strongroom {

namespace testing_log {

inline std::unique_ptr<Signer> test_signer(std::uint8_t seed) {
  std::array<std::uint8_t, 32> bytes;
  bytes.fill(seed);
  return signer_from_seed(bytes);
}

template <std::size_t Room>
void set_text(char (&out)[Room], std::string_view text) {
  if (text.size() >= Room) {
    throw std::length_error("a text beyond its bound");
  }
  std::ranges::fill(out, '\0');
  std::ranges::copy(text, out);
}

/// A message with nothing in it but its body's number.
inline EventMessage event_of(pb_size_t body) {
  EventMessage event{};
  event.which_body = body;
  return event;
}

inline EventMessage epoch_opened() {
  auto event = event_of(strongroom_v1_Event_epoch_opened_tag);
  event.body.epoch_opened.reason =
      strongroom_v1_EpochReason_EPOCH_REASON_FIRST_START;
  return event;
}

inline EventMessage boot() {
  auto event = event_of(strongroom_v1_Event_boot_tag);
  std::ranges::fill(event.body.boot.boot_id, std::uint8_t{0xb0});
  set_text(event.body.boot.version, "0.1.0");
  return event;
}

inline EventMessage source_enrolled(const Source& source,
                                    const Signer& key,
                                    bool possessed = true) {
  auto event = event_of(strongroom_v1_Event_source_enrolled_tag);
  auto& body = event.body.source_enrolled;
  set_text(body.source, source.text());
  body.kind = source.is_console() ? strongroom_v1_SourceKind_SOURCE_KIND_CONSOLE
                                  : strongroom_v1_SourceKind_SOURCE_KIND_AGENT;
  std::ranges::copy(key.public_key(), body.event_key);
  Bytes sealing(source.is_console() ? 0 : 32, 0x5e);
  std::ranges::copy(sealing, body.sealing_key.bytes);
  body.sealing_key.size = static_cast<pb_size_t>(sealing.size());
  if (possessed) {
    std::ranges::copy(
        key.sign(possession_input(source, key.public_key(), sealing)),
        body.possession);
  }
  set_text(body.actor, "operator");
  return event;
}

inline EventMessage key_rotated(const Source& source,
                                const Signer& old_key,
                                const Signer& new_key) {
  auto event = event_of(strongroom_v1_Event_key_rotated_tag);
  auto& body = event.body.key_rotated;
  set_text(body.source, source.text());
  std::ranges::copy(old_key.public_key(), body.old_key);
  std::ranges::copy(new_key.public_key(), body.new_key);
  const Bytes input =
      rotation_input(source, old_key.public_key(), new_key.public_key(), {});
  std::ranges::copy(old_key.sign(input), body.old_signature);
  std::ranges::copy(new_key.sign(input), body.new_signature);
  set_text(body.actor, "operator");
  return event;
}

inline EventMessage key_revoked(const Source& source,
                                const Signer& key,
                                std::string_view origin,
                                std::uint64_t index) {
  auto event = event_of(strongroom_v1_Event_key_revoked_tag);
  auto& body = event.body.key_revoked;
  set_text(body.source, source.text());
  std::ranges::copy(key.public_key(), body.key);
  body.reason = strongroom_v1_RevocationReason_REVOCATION_REASON_LOST;
  body.invalid_from_count = 1;
  set_text(body.invalid_from[0].origin, origin);
  body.invalid_from[0].index = index;
  set_text(body.actor, "operator");
  return event;
}

/// A batch as its source keeps it.
struct TestBatch {
  BatchHeader header;
  SignedHeader cut;
  std::vector<Bytes> events;

  std::vector<ByteView> views() const { return {events.begin(), events.end()}; }
  std::vector<Hash> leaves() const {
    std::vector<Hash> leaves;
    for (const Bytes& event : events) {
      leaves.push_back(event_leaf(event));
    }
    leaves.push_back(leaf_hash(header_entry(cut.signature, cut.header)));
    return leaves;
  }
  BatchView view() const {
    return {.header_bytes = cut.header,
            .signature = cut.signature,
            .events = views()};
  }
};

/// Writes one chain; time and blinds count up, so all bytes repeat.
class TestSource {
 public:
  TestSource(std::string_view source,
             Stream stream,
             std::uint64_t epoch = 0x1122334455667788)
      : chain_(Source::parse(source).value(), stream, epoch) {}

  Bytes write(EventMessage event) {
    ++written_;
    std::array<std::uint8_t, 16> blind;
    blind.fill(static_cast<std::uint8_t>(written_));
    const Now now{
        .wall = WallTime(std::chrono::seconds(1'780'000'000 + written_)),
        .monotonic = std::chrono::seconds(100 + written_),
        .quality = ClockQuality::kGood,
        .error = std::chrono::microseconds(250)};
    auto bytes = chain_.append(event, now, blind);
    if (!bytes) {
      throw std::logic_error(bytes.error().what);
    }
    return *bytes;
  }

  /// Writes these events and cuts a batch of them.
  TestBatch cut(std::vector<EventMessage> messages, const Signer& signer) {
    const std::uint64_t first_seq = chain_.last_seq() + 1;
    const Hash prev_hash = chain_.last_hash();
    TestBatch batch;
    for (const EventMessage& message : messages) {
      batch.events.push_back(write(message));
    }
    batch.cut = cut_batch(chain_.source(),
                          chain_.stream(),
                          chain_.epoch(),
                          first_seq,
                          prev_hash,
                          batch.views(),
                          signer);
    batch.header = decode_header(batch.cut.header).value();
    return batch;
  }

  TestBatch cut_boots(std::size_t count, const Signer& signer) {
    return cut(std::vector<EventMessage>(count, boot()), signer);
  }

  const EventChain& chain() const { return chain_; }

 private:
  EventChain chain_;
  std::int64_t written_ = 0;
};

/// A log in memory.
class TestLog {
 public:
  explicit TestLog(std::string_view origin) : origin_(origin) {}

  /// Returns the index of the batch's first event.
  std::uint64_t append(const TestBatch& batch) {
    const std::uint64_t first = entries_.size();
    for (const Bytes& event : batch.events) {
      append_entry(event_entry(event));
    }
    append_entry(header_entry(batch.cut.signature, batch.cut.header));
    batches_.push_back({first, batch});
    return first;
  }

  void append_entry(Bytes entry) {
    leaves_.push_back(leaf_hash(entry));
    entries_.push_back(std::move(entry));
  }

  struct Placed {
    std::uint64_t first_index = 0;
    TestBatch batch;
    std::uint64_t header_index() const {
      return first_index + batch.events.size();
    }
  };
  const std::vector<Placed>& batches() const { return batches_; }

  const std::string& origin() const { return origin_; }
  std::uint64_t size() const { return entries_.size(); }
  const Bytes& entry(std::uint64_t index) const { return entries_.at(index); }
  const std::vector<Hash>& leaves() const { return leaves_; }

  Checkpoint checkpoint() const { return checkpoint(size()); }
  Checkpoint checkpoint(std::uint64_t size) const {
    return {.origin = origin_, .size = size, .root = root(0, size)};
  }

  /// PATH(index, D[size]) of RFC 6962 section 2.1.1.
  Path inclusion(std::uint64_t index) const {
    return inclusion(index, 0, size());
  }
  /// PROOF(old_size, D[size]) of RFC 6962 section 2.1.2.
  Path consistency(std::uint64_t old_size) const {
    return old_size == 0 ? Path{} : subproof(old_size, 0, size(), true);
  }
  /// The hashes of the maximal subtrees outside [first, first + count).
  Path range(std::uint64_t first, std::uint64_t count) const {
    Path path;
    add_outside(first, first + count, 0, size(), path);
    return path;
  }

  /// Path from an event of a batch to its header's root.
  static Path batch_path(const TestBatch& batch, std::size_t position) {
    TestLog log("");
    for (const Bytes& event : batch.events) {
      log.append_entry(event_entry(event));
    }
    return log.inclusion(position);
  }

 private:
  // The largest power of two smaller than n, for n > 1.
  static std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

  Hash root(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) {
      return empty_root();
    }
    if (end - begin == 1) {
      return leaves_.at(begin);
    }
    const std::uint64_t middle = begin + split(end - begin);
    return node_hash(root(begin, middle), root(middle, end));
  }

  Path inclusion(std::uint64_t index,
                 std::uint64_t begin,
                 std::uint64_t end) const {
    if (end - begin == 1) {
      return {};
    }
    const std::uint64_t middle = begin + split(end - begin);
    Path path = index < middle ? inclusion(index, begin, middle)
                               : inclusion(index, middle, end);
    path.push_back(index < middle ? root(middle, end) : root(begin, middle));
    return path;
  }

  Path subproof(std::uint64_t old_end,
                std::uint64_t begin,
                std::uint64_t end,
                bool is_old_root) const {
    if (old_end == end) {
      return is_old_root ? Path{} : Path{root(begin, end)};
    }
    const std::uint64_t middle = begin + split(end - begin);
    if (old_end <= middle) {
      Path path = subproof(old_end, begin, middle, is_old_root);
      path.push_back(root(middle, end));
      return path;
    }
    Path path = subproof(old_end, middle, end, false);
    path.push_back(root(begin, middle));
    return path;
  }

  void add_outside(std::uint64_t first,
                   std::uint64_t last,
                   std::uint64_t begin,
                   std::uint64_t end,
                   Path& path) const {
    if (last <= begin || end <= first) {
      path.push_back(root(begin, end));
      return;
    }
    if (first <= begin && end <= last) {
      return;
    }
    const std::uint64_t middle = begin + split(end - begin);
    add_outside(first, last, begin, middle, path);
    add_outside(first, last, middle, end, path);
  }

  std::string origin_;
  std::vector<Bytes> entries_;
  std::vector<Hash> leaves_;
  std::vector<Placed> batches_;
};

}  // namespace testing_log
}  // namespace strongroom
