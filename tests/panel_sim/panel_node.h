// SPDX-License-Identifier: Apache-2.0
// The real firmware of a panel, its door, and what truly happened at it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/now.h"
#include "core/crypto/panel_cipher.h"
#include "firmware/link/link_server.h"
#include "firmware/logic/panel.h"
#include "tests/simulation/random.h"

namespace strongroom::panel_sim {

inline constexpr std::uint8_t kUnit = 7;
inline constexpr std::uint32_t kBaud = 115'200;
inline constexpr std::chrono::microseconds kCharacter{96};
inline MonoTime on_wire(std::size_t bytes) {
  return kCharacter * static_cast<std::int64_t>(bytes);
}

/// What the ring was told, whatever became of it.
struct TrueEvent {
  std::optional<panel::Event> what;  // nothing: it was never in a slot
  bool is_dropped = false;           // by a ring that was full
};

/// One life of the panel's memory: from a power cut to the next.
struct RingLife {
  std::uint32_t ring = 0;         // as the agent named it
  std::vector<TrueEvent> events;  // seq 1 first
  bool is_over = false;           // power was cut
};

struct Execution {
  std::uint32_t order = 0;
  MonoTime at{};
};

class PanelNode {
 public:
  PanelNode(const PanelKey& key, std::uint64_t seed);

  /// The processor starts again; what survives a reset is there.
  void reset(MonoTime now);
  /// All memory is gone.
  void cut_power(MonoTime now);

  /// Time passes: every few ms.
  void tick(MonoTime now);
  void move_leaf(std::uint8_t leaf, MonoTime now);
  void tamper(MonoTime now);
  void badge(std::uint32_t number, MonoTime now);
  /// A whole frame arrived by now; its answer, if there is one.
  Bytes request(ByteView adu, MonoTime now);

  panel::PanelView view() const;
  std::uint32_t acked() const { return view().acked_seq; }
  const std::vector<RingLife>& lives() const { return lives_; }
  const std::vector<Execution>& executions() const { return executions_; }

 private:
  void start(strongroom_panel_v1_PanelStart reason, MonoTime now);
  std::uint64_t uptime_us(MonoTime now) const;
  panel::Inputs inputs() const;
  void note(MonoTime now);
  void note_events();
  void note_drops();

  simulation::Random random_;
  PanelKey key_;
  double rate_ = 1;  // of its clock against the agent's
  std::unique_ptr<panel::PanelMemory> memory_;
  std::unique_ptr<panel::Panel> panel_;
  std::unique_ptr<panel::LinkServer> server_;
  MonoTime started_{};
  MonoTime heard_{};  // the end of the last frame
  std::uint16_t boot_ = 0;
  std::uint8_t closed_ = 3;  // leaves
  bool is_tampered_ = false;
  std::uint32_t unlocks_ = 0;
  std::uint32_t lost_ = 0;
  std::set<std::uint32_t> kept_;  // seqs in the ring, not acknowledged
  std::vector<RingLife> lives_;
  std::vector<Execution> executions_;
};

/// CRC-16 of Modbus, appended.
Bytes with_crc(Bytes frame);
bool has_right_crc(ByteView adu);

}  // namespace strongroom::panel_sim
