// SPDX-License-Identifier: Apache-2.0
// What screens show that is no proof: latest status, live values, what devices
// say of themselves, refusals and findings. The loop writes, HTTP threads read;
// nothing here is stored. After a start findings and devices are read from the
// log again; the rest comes by itself.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/now.h"
#include "core/base/source.h"
#include "core/crypto/hash.h"
#include "ledger/views/device_notes.h"
#include "proto/event.pb.h"
#include "proto/wire.pb.h"

namespace strongroom {

struct StreamView {
  Stream stream = Stream::kRecord;
  std::uint64_t epoch = 0;
  std::uint64_t last_seq = 0;
  std::optional<std::uint64_t> backlog;  // as the source itself reported
  std::int64_t oldest_us = 0;
};

struct SourceView {
  Source source;
  bool console = false;
  bool heard = false;  // a status has come
  bool online = false;
  std::string version;
  std::int64_t reported_us = 0;
  std::int64_t last_batch_us = 0;
  std::optional<strongroom_v1_Clock> clock;
  std::map<Stream, StreamView> streams;
  std::map<std::string, std::uint64_t> refusals;  // by reason
};

struct LiveValueView {
  std::string name;
  std::string unit;
  std::int32_t exponent = 0;
  int quality = 0;
  std::int64_t mantissa = 0;
  bool measured = false;
  std::int64_t at_us = 0;
  std::string state;  // what the mantissa means; empty: a number
};

struct DeviceView {
  Source source;
  std::string device;
  std::int64_t at_us = 0;
  std::vector<LiveValueView> values;  // in order of points; unnamed: not heard
  std::map<std::string, std::string> identity;  // "serial_number" and so on
};

struct FindingView {
  std::string origin;
  std::uint64_t index = 0;
  std::string source;  // who wrote it
  std::int64_t at_us = 0;
  int kind = 0;
  std::string subject;
  int stream = 0;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  int reason = 0;
  std::string hash;  // raw bytes, empty or 32
  std::uint64_t count = 0;
};

/// Counters of the whole ledger, for metrics.
struct LedgerCounters {
  std::uint64_t batches_appended = 0;
  std::uint64_t events_appended = 0;
  std::uint64_t batches_acked_again = 0;
  std::uint64_t unknown_source = 0;  // batches of sources never enrolled
  std::uint64_t unreadable = 0;      // messages that name no source
  std::uint64_t commits = 0;
  std::uint64_t acks_unsent = 0;  // the broker connection would not take
};

class Views {
 public:
  static constexpr std::size_t kMaxDevices = 1024;  // of each source
  static constexpr std::size_t kMaxPoints = 1024;   // of each device
  static constexpr std::size_t kMaxPointsOfSource = 16 * 1024;
  static constexpr std::size_t kMaxFindings = 1000;
  // Of one agent, or of ours of one kind about one subject: what is repeated
  // must not push out what was found once.
  static constexpr std::size_t kMaxAlike = 20;

  // The loop's side.
  void enrol(const Source& source, bool console);
  void set_status(const Source& source, const strongroom_v1_Status& status);
  /// False when a bound is exceeded.
  bool set_live(const Source& source, const strongroom_v1_Live& live);
  /// As DeviceNotes::take().
  NoteChange note_device(const Source& source, const EventMessage& event);
  void set_chain(const Source& source,
                 Stream stream,
                 std::uint64_t epoch,
                 std::uint64_t last_seq,
                 std::int64_t at_us);
  void count_refusal(const Source& source, const std::string& reason);
  void add_finding(FindingView finding);
  template <typename Change>
  void count(Change change) {
    const std::lock_guard lock(mutex_);
    change(counters_);
  }

  // Any thread.
  std::vector<SourceView> sources() const;
  std::optional<SourceView> source(const Source& source) const;
  std::vector<DeviceView> devices() const;
  std::optional<DeviceView> device(const Source& source,
                                   const std::string& name) const;
  /// Newest first.
  std::vector<FindingView> findings(std::size_t limit) const;
  LedgerCounters counters() const;

 private:
  mutable std::mutex mutex_;
  std::map<Source, SourceView> sources_;
  struct LiveOfSource {
    std::map<std::string, DeviceView> devices;
    std::size_t points = 0;  // of all of them
  };
  DeviceView with_notes(const Source& source, const DeviceView& device) const;

  std::map<Source, LiveOfSource> live_;
  std::map<Source, DeviceNotes> notes_;
  std::deque<FindingView> findings_;
  LedgerCounters counters_;
};

}  // namespace strongroom
