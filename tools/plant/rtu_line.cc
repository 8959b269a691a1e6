// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "tools/plant/line_server.h"
#include "tools/plant/serial_wire.h"
#include "tools/plant/terminal.h"

namespace strongroom::plant {
namespace {

std::unique_ptr<SerialWire> wire_of(const LineScene& line, bool has_panels) {
  const int parity_bits = line.parity == 'N' ? 0 : 1;
  return line.paced ? paced_wire({.kind = LineKind::kRtu,
                                  .baud = line.baud,
                                  .bits_per_character =
                                      9 + parity_bits + line.stop_bits},
                                 has_panels)
                    : prompt_wire(has_panels);
}

class RtuLine final : public Service {
 public:
  RtuLine(Plant& plant, std::size_t line, Terminal terminal)
      : plant_(&plant),
        line_(line),
        scene_(&plant.scene().lines[line]),
        terminal_(std::move(terminal)),
        has_panels_(std::ranges::count(
                        plant.scene().panels, line, &PanelScene::line) > 0),
        wire_(wire_of(*scene_, has_panels_)) {}
  ~RtuLine() override {
    if (terminal_.master.is_open()) {
      unlink(scene_->link.c_str());
    }
  }
  RtuLine(const RtuLine&) = delete;
  RtuLine& operator=(const RtuLine&) = delete;

  void watch(std::vector<pollfd>& descriptors) const override {
    if (terminal_.master.is_open()) {
      descriptors.push_back({terminal_.master.get(), POLLIN, 0});
    }
  }
  void ready(int descriptor, Time now) override {
    if (descriptor != terminal_.master.get()) {
      return;
    }
    std::array<std::uint8_t, 1024> bytes{};
    const auto size = read(descriptor, bytes.data(), bytes.size());
    if (size > 0) {
      wire_->hear(ByteView(bytes).first(static_cast<std::size_t>(size)), now);
      advance(now);
    }
  }
  std::optional<Time> due() const override { return wire_->due(); }
  void advance(Time now) override {
    if (plant_->is_plugged(line_) != terminal_.master.is_open()) {
      plug();
    }
    hear_panels(now);
    while (const auto frame = wire_->take_frame(now)) {
      answer(*frame, now);
    }
    const Bytes out = wire_->speak(now);
    if (!out.empty() && terminal_.master.is_open()) {
      // What nobody reads is lost, as on a wire.
      (void)!write(terminal_.master.get(), out.data(), out.size());
    }
    tell_panels(now);
    LineCounters& counters = plant_->counters(line_);
    counters.collisions = collisions_before_ + wire_->collisions();
    counters.hasty = hasty_before_ + wire_->hasty();
  }

 private:
  void answer(ByteView frame, Time now) {
    const auto request = parse_rtu(frame);
    if (!request) {
      plant_->counters(line_).garbled += frame.size();
      return;
    }
    for (Transmission& transmission : plant_->ask(line_, *request, now)) {
      wire_->queue(std::move(transmission));
    }
  }
  /// What the panels on this line put on it.
  void hear_panels(Time now) {
    const auto& panels = plant_->scene().panels;
    for (std::size_t i = 0; i < panels.size(); ++i) {
      if (panels[i].line != line_) {
        continue;
      }
      const Bytes said = plant_->panel(i).take_line_from_panel();
      if (!said.empty() && terminal_.master.is_open()) {
        wire_->say(i, said, now);
      }
    }
  }
  /// As on a bus: everybody hears all but itself.
  void tell_panels(Time now) {
    const auto& panels = plant_->scene().panels;
    while (const auto heard = wire_->take_heard(now)) {
      for (std::size_t i = 0; i < panels.size(); ++i) {
        if (panels[i].line == line_ && heard->by != i) {
          plant_->panel(i).line_to_panel(heard->bytes);
        }
      }
    }
  }
  void plug() {
    collisions_before_ += wire_->collisions();
    hasty_before_ += wire_->hasty();
    wire_ = wire_of(*scene_, has_panels_);
    if (terminal_.master.is_open()) {
      terminal_ = Terminal{};
      unlink(scene_->link.c_str());
    } else if (auto terminal = open_terminal(scene_->link)) {
      terminal_ = std::move(*terminal);
    }
  }

  Plant* plant_;
  std::size_t line_;
  const LineScene* scene_;
  Terminal terminal_;
  bool has_panels_;
  std::unique_ptr<SerialWire> wire_;
  std::uint64_t collisions_before_ = 0;  // of terminals before this one
  std::uint64_t hasty_before_ = 0;
};

}  // namespace

Result<std::unique_ptr<Service>> open_rtu_line(Plant& plant, std::size_t line) {
  const std::string& link = plant.scene().lines[line].link;
  auto terminal = open_terminal(link);
  if (!terminal) {
    return std::unexpected(terminal.error());
  }
  plant.set_address(line, link);
  return std::make_unique<RtuLine>(plant, line, std::move(*terminal));
}

}  // namespace strongroom::plant
