// SPDX-License-Identifier: Apache-2.0
#include "core/event/batch.h"

#include <algorithm>
#include <iterator>

#include "core/base/check.h"
#include "core/base/wire.h"
#include "core/log/entry.h"

namespace strongroom {
namespace {

constexpr std::string_view kBatchContext = "strongroom/batch/v1\n";
constexpr std::size_t kMaxHeaderBytes = 256;
constexpr std::size_t kMaxCheckpointBytes = 2048;
constexpr std::size_t kMaxCosignatureBytes = 128;

// One field of a header into `header`; false when it is not of its form.
bool take_header_field(const WireField& field, BatchHeader& header) {
  const auto is_number = field.type == WireType::kVarint;
  const auto is_bytes = field.type == WireType::kBytes;
  switch (field.number) {
    case 1:
      return is_number && field.value == kWireFormat;
    case 2:
      return is_number && field.value == kAlgorithmEd25519Sha256;
    case 3: {
      auto source = is_bytes ? Source::parse(field.text()) : std::nullopt;
      header.source = source.value_or(Source{});
      return source.has_value();
    }
    case 4: {
      const auto stream = is_number && field.value <= 3
                              ? stream_from_wire(static_cast<int>(field.value))
                              : std::nullopt;
      header.stream = stream.value_or(Stream::kRecord);
      return stream.has_value();
    }
    case 5:
      header.epoch = field.value;
      return field.type == WireType::kFixed64;
    case 6:
      header.first_seq = field.value;
      return is_number;
    case 7:
      header.count = static_cast<std::uint32_t>(field.value);
      return is_number && field.value <= kMaxBatchEvents;
    case 8:
    case 9: {
      const auto hash = is_bytes ? hash_from(field.bytes) : std::nullopt;
      (field.number == 8 ? header.first_prev_hash : header.root) =
          hash.value_or(Hash{});
      return hash.has_value();
    }
    default:
      return false;
  }
}

// Takes the fields of a batch in ascending order; the text is empty when the
// field is as it should be.
class BatchReader {
 public:
  Result<BatchView> read(ByteView payload) {
    WireReader reader(payload);
    while (const auto field = reader.next()) {
      const bool repeats = field->number == 3 && last_ == 3;
      if (field->number <= last_ && !repeats) {
        return fault_at(*field, "twice or out of order");
      }
      last_ = field->number;
      if (const std::string_view what = take(*field); !what.empty()) {
        return fault_at(*field, what);
      }
    }
    if (!reader.ok()) {
      return fault("batch: not protobuf after field " + std::to_string(last_));
    }
    if (batch_.header_bytes.empty() || !has_signature_ ||
        batch_.events.empty()) {
      return fault("batch: header, signature or events are missing");
    }
    return std::move(batch_);
  }

 private:
  static std::unexpected<Error> fault_at(const WireField& field,
                                         std::string_view what) {
    return fault("batch: field " + std::to_string(field.number) + ": " +
                 std::string(what));
  }

  std::string_view take(const WireField& field) {
    if (field.number == 6) {
      batch_.resync = true;
      return field.type == WireType::kVarint && field.value == 1 ? ""
                                                                 : "not true";
    }
    if (field.number > 7) {
      return "unknown";
    }
    if (field.type != WireType::kBytes) {
      return "of another type";
    }
    if (field.bytes.empty()) {
      return "empty";
    }
    switch (field.number) {
      case 1:
        batch_.header_bytes = field.bytes;
        return field.bytes.size() > kMaxHeaderBytes ? "too long" : "";
      case 2:
        return take_signature(field.bytes);
      case 3:
        batch_.events.push_back(field.bytes);
        return batch_.events.size() > kMaxBatchEvents ? "more than 512" : "";
      case 4:
        batch_.sealed_disclosures = field.bytes;
        return "";
      case 5:
        batch_.held_checkpoint = field.text();
        return field.bytes.size() > kMaxCheckpointBytes ? "too long" : "";
      default:
        batch_.cosignature = field.bytes;
        return field.bytes.size() > kMaxCosignatureBytes ? "too long" : "";
    }
  }

  std::string_view take_signature(ByteView bytes) {
    if (bytes.size() != batch_.signature.size()) {
      return "not 64 bytes";
    }
    std::ranges::copy(bytes, batch_.signature.begin());
    has_signature_ = true;
    return "";
  }

  BatchView batch_;
  std::uint32_t last_ = 0;
  bool has_signature_ = false;
};

// What one event of a batch differs in from what its header says of it.
std::optional<BatchFlaw> event_flaw(const BatchHeader& header,
                                    std::uint64_t seq,
                                    const Hash& prev_hash,
                                    ByteView event) {
  const auto flaw = [seq](strongroom_v1_RefusalReason reason,
                          const std::string& what) {
    return BatchFlaw{reason, "event " + std::to_string(seq) + ": " + what};
  };
  const auto envelope = decode_envelope(event);
  if (!envelope) {
    return flaw(strongroom_v1_RefusalReason_REFUSAL_REASON_MALFORMED,
                envelope.error().what);
  }
  constexpr auto kChain = strongroom_v1_RefusalReason_REFUSAL_REASON_CHAIN;
  if (envelope->source != header.source) {
    return flaw(kChain,
                "source is " + envelope->source.text() + ", not the header's " +
                    header.source.text());
  }
  if (envelope->stream != header.stream) {
    return flaw(kChain,
                "stream is " + std::string(stream_name(envelope->stream)) +
                    ", not the header's " +
                    std::string(stream_name(header.stream)));
  }
  if (envelope->epoch != header.epoch) {
    return flaw(kChain, "epoch is not the header's");
  }
  if (envelope->seq != seq) {
    return flaw(kChain, "seq is " + std::to_string(envelope->seq));
  }
  if (envelope->prev_hash != prev_hash) {
    return flaw(kChain, "prev_hash is not the hash of the event before it");
  }
  return std::nullopt;
}

}  // namespace

Bytes encode_header(const BatchHeader& header) {
  Bytes out;
  out.reserve(kMaxHeaderBytes);
  WireWriter writer(out);
  writer.varint(1, kWireFormat);
  writer.varint(2, kAlgorithmEd25519Sha256);
  writer.text(3, header.source.text());
  writer.varint(4, static_cast<std::uint64_t>(header.stream));
  writer.fixed64(5, header.epoch);
  writer.varint(6, header.first_seq);
  writer.varint(7, header.count);
  writer.bytes(8, header.first_prev_hash);
  writer.bytes(9, header.root);
  return out;
}

Result<BatchHeader> decode_header(ByteView bytes) {
  if (bytes.size() > kMaxHeaderBytes) {
    return fault("header: too long");
  }
  BatchHeader header;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (!take_header_field(*field, header)) {
      return fault("header: field " + std::to_string(field->number) +
                   " is not of its form");
    }
  }
  if (!reader.ok()) {
    return fault("header: not protobuf");
  }
  if (header.first_seq == 0 || header.count == 0) {
    return fault("header: first_seq or count is 0");
  }
  if (header.first_seq > kMaxSeq || header.next_seq() - 1 > kMaxSeq) {
    return fault("header: seq runs over");
  }
  if (header.first_seq == 1 && header.first_prev_hash != Hash{}) {
    return fault("header: first_prev_hash is not zero at seq 1");
  }
  // A missing, doubled or displaced field shows here.
  if (!std::ranges::equal(encode_header(header), bytes)) {
    return fault("header: not canonical");
  }
  return header;
}

Bytes batch_signing_input(ByteView header) {
  Bytes out;
  out.reserve(kBatchContext.size() + header.size());
  append(out, as_bytes(kBatchContext));
  append(out, header);
  return out;
}

SignedHeader cut_batch(const Source& source,
                       Stream stream,
                       std::uint64_t epoch,
                       std::uint64_t first_seq,
                       const Hash& first_prev_hash,
                       std::span<const ByteView> events,
                       const Signer& signer) {
  check(!events.empty() && events.size() <= kMaxBatchEvents,
        "a batch of none or too many events");
  std::vector<Hash> leaves;
  leaves.reserve(events.size());
  std::ranges::transform(events, std::back_inserter(leaves), event_leaf);

  SignedHeader batch;
  batch.header = encode_header({
      .source = source,
      .stream = stream,
      .epoch = epoch,
      .first_seq = first_seq,
      .count = static_cast<std::uint32_t>(events.size()),
      .first_prev_hash = first_prev_hash,
      .root = merkle_root(leaves),
  });
  batch.signature = signer.sign(batch_signing_input(batch.header));
  return batch;
}

Bytes encode_batch(const BatchView& batch) {
  // Tag and length of a field take at most 4 bytes below 256 KiB.
  std::size_t size = batch.header_bytes.size() + batch.signature.size() +
                     batch.sealed_disclosures.size() +
                     batch.held_checkpoint.size() + batch.cosignature.size() +
                     32;
  for (const ByteView event : batch.events) {
    size += event.size() + 4;
  }
  Bytes out;
  out.reserve(size);
  WireWriter writer(out);
  writer.bytes(1, batch.header_bytes);
  writer.bytes(2, batch.signature);
  for (const ByteView event : batch.events) {
    writer.element(3, event);
  }
  writer.bytes(4, batch.sealed_disclosures);
  writer.text(5, batch.held_checkpoint);
  writer.varint(6, batch.resync ? 1 : 0);
  writer.bytes(7, batch.cosignature);
  return out;
}

Result<BatchView> decode_batch(ByteView payload) {
  if (payload.size() > kMaxBatchBytes) {
    return fault("batch: larger than " + std::to_string(kMaxBatchBytes) +
                 " bytes");
  }
  return BatchReader().read(payload);
}

std::optional<BatchFlaw> find_flaw(const BatchHeader& header,
                                   std::span<const ByteView> events,
                                   std::vector<Hash>& leaves) {
  leaves.clear();
  if (events.size() != header.count) {
    return BatchFlaw{strongroom_v1_RefusalReason_REFUSAL_REASON_ROOT,
                     std::to_string(events.size()) +
                         " events, the header says " +
                         std::to_string(header.count)};
  }
  leaves.reserve(events.size() + 1);  // the caller adds the header's
  std::uint64_t seq = header.first_seq;
  Hash prev_hash = header.first_prev_hash;
  for (const ByteView event : events) {
    if (auto flaw = event_flaw(header, seq, prev_hash, event)) {
      return flaw;
    }
    prev_hash = sha256(event);
    ++seq;
    leaves.push_back(event_leaf(event));
  }
  if (merkle_root(leaves) != header.root) {
    return BatchFlaw{strongroom_v1_RefusalReason_REFUSAL_REASON_ROOT,
                     "the events do not hash to the header's root"};
  }
  return std::nullopt;
}

std::string describe(const BatchHeader& header) {
  return "batch " + std::string(stream_name(header.stream)) + " " +
         header.source.text() + " " + std::to_string(header.first_seq) + ".." +
         std::to_string(header.next_seq() - 1);
}

}  // namespace strongroom
