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

/// Who looked at an epoch and found it right.
struct ConfirmationView {
  std::string source;
  std::uint64_t epoch = 0;
  std::string actor;
  std::int64_t at_us = 0;
  std::string origin;
  std::uint64_t index = 0;
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
  std::optional<ConfirmationView> confirmed;  // of a new epoch
};

/// How far the scrubber has come, and what it has found.
struct ScrubView {
  std::string origin;  // of the log that it reads
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  std::uint64_t rounds = 0;        // since the start
  std::int64_t round_done_us = 0;  // when the last one ended; 0: none yet
  std::uint64_t batches = 0;       // read since the start
  std::string error;               // of its last step; empty: it could read
};

/// Counters of the whole ledger, for metrics.
struct LedgerCounters {
  std::uint64_t batches_appended = 0;
  std::uint64_t events_appended = 0;
  std::uint64_t batches_acked_again = 0;
  std::uint64_t unknown_source = 0;  // batches of sources never enrolled
  std::uint64_t unreadable = 0;      // messages that name no source
  std::uint64_t commits = 0;
  std::uint64_t acks_unsent = 0;     // the broker connection would not take
  std::uint64_t entries_pruned = 0;  // by the retention policy
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
  static constexpr std::size_t kMaxConfirmations = 4096;

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
  void add_confirmation(ConfirmationView confirmation);
  /// Why a log takes nothing although it is not frozen.
  void hold_back(const Origin& origin, const std::string& why);
  void count_damaged(const Origin& origin);
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
  /// Newest first, each new epoch with its confirmation.
  std::vector<FindingView> findings(std::size_t limit) const;
  std::optional<ConfirmationView> confirmation(const std::string& source,
                                               std::uint64_t epoch) const;
  /// By origin.
  std::map<std::string, std::string> held_back() const;
  /// Entries that were found damaged, by origin; what was put right since
  /// stays until the ledger starts again.
  std::map<std::string, std::size_t> damaged() const;
  ScrubView scrub() const;
  // The scrubber's side.
  void set_scrub(ScrubView view);
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
  std::map<std::pair<std::string, std::uint64_t>, ConfirmationView>
      confirmations_;
  std::map<std::string, std::string> held_back_;
  std::map<std::string, std::size_t> damaged_;
  ScrubView scrub_;
  LedgerCounters counters_;
};

}  // namespace strongroom
