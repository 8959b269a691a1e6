// SPDX-License-Identifier: Apache-2.0
// What goes wrong between a device and who asks it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/plant/frame.h"

namespace strongroom::plant {

/// A repeatable sequence of numbers (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// From 0 to 1, 1 excluded.
  double unit();
  /// From `least` to `most`, both included.
  std::int64_t between(std::int64_t least, std::int64_t most);

 private:
  std::uint64_t state_;
};

enum class FaultKind : std::uint8_t {
  kDead,       // no answer
  kLate,       // the answer comes later
  kWrongUnit,  // as if another unit had answered
  kNoise,      // a bit of the answer is another
  kTruncated,  // its end is missing
  kException,  // an exception instead of values
  kGarbage,    // bytes that mean nothing follow it
  kDuplicate,  // it comes twice
  kUnplugged,  // the port is not there; of a line
  kStuck,      // values stay; this and the next two of a device
  kSentinel,   // what the device says instead of values
  kCut,        // contacts read 0
};

struct Fault {
  FaultKind kind = FaultKind::kDead;
  double probability = 1;                  // of an answer to be struck
  std::chrono::microseconds least_late{};  // of kLate
  std::chrono::microseconds most_late{};
  /// kLate: the next request is looked at before this one is answered, as
  /// gateways do. Otherwise it has to wait, as a slow device lets it.
  bool parallel = false;
  /// Exception code; unit that kWrongUnit shows; bytes that are missing or too
  /// many.
  int number = 0;
  std::vector<std::string> points;  // of kStuck, kSentinel, kCut; empty: all
};

/// "late 100-900 parallel p=0.1": the kind and what it takes, as
/// fault_words() lists it.
Result<Fault> parse_fault(std::string_view words);
/// What parse_fault() reads.
std::string fault_text(const Fault& fault);
std::string_view fault_name(FaultKind kind);
/// Nothing: no such kind.
std::optional<FaultKind> fault_kind(std::string_view name);
/// A line per kind, for a help text.
std::string fault_words();

/// Those that concern an answer's registers, not its way.
bool is_point_fault(FaultKind kind);

/// What is wrong now with a device or with a whole line, at most one of a kind.
class FaultSet {
 public:
  /// Instead of one of the same kind.
  void add(Fault fault);
  void clear(FaultKind kind);
  void clear();
  const Fault* find(FaultKind kind) const;
  /// As find(), by its probability.
  const Fault* strike(FaultKind kind, Random& random) const;
  const std::vector<Fault>& all() const { return all_; }

 private:
  std::vector<Fault> all_;
};

/// An answer on its way.
struct Answer {
  std::uint8_t unit = 0;
  Bytes pdu;
};

/// What the faults do to an answer before it is a frame: exception, wrong unit.
/// Noise before TCP is on a gateway's serial line: the gateway sees the CRC and
/// answers 0B.
void spoil_answer(const FaultSet& faults,
                  Framing framing,
                  Random& random,
                  Answer& answer);
/// And to the frame: noise (RTU), truncated, garbage, duplicate.
void spoil_frame(const FaultSet& faults,
                 Framing framing,
                 Random& random,
                 Bytes& frame);

}  // namespace strongroom::plant
