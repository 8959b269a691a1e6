// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/panel_station.h"

#include <array>
#include <iostream>
#include <optional>
#include <sys/random.h>
#include <utility>

#include "platform/crypto/keys.h"
#include "platform/system/files.h"
#include "tools/plant/child.h"
#include "tools/plant/commission.h"
#include "tools/plant/panel_port.h"
#include "tools/plant/private_folder.h"
#include "tools/plant/terminal.h"

namespace strongroom::plant {
namespace {

constexpr unsigned kSlotMode = 0600;
/// A panel answers its local port at once; QEMU on a busy machine does not.
constexpr Time kCommissionPatience{5'000'000};
constexpr int kCommissionTries = 5;

std::uint64_t entropy() {
  std::uint64_t value = 0;
  (void)!getrandom(&value, sizeof value, 0);
  return value;
}

class PanelStation final : public Service {
 public:
  PanelStation(Plant& plant, std::size_t index, PrivateFolder folder)
      : plant_(&plant),
        world_(&plant.panel(index)),
        scene_(&plant.scene().panels[index]),
        folder_(std::move(folder)),
        state_(scene_->state.empty() ? folder_.path()
                                     : std::filesystem::path(scene_->state)) {}
  ~PanelStation() override {
    if (local_.master.is_open()) {
      unlink(scene_->local.c_str());
    }
  }
  PanelStation(const PanelStation&) = delete;
  PanelStation& operator=(const PanelStation&) = delete;

  Result<void> open(const PanelPrograms& programs) {
    std::error_code error;
    std::filesystem::create_directories(state_ / "nv", error);
    if (error) {
      return fault("cannot make the folder " + (state_ / "nv").string() + ": " +
                   error.message());
    }
    for (std::size_t way = 0; way < kWays; ++way) {
      auto port =
          PanelPort::listen(folder_.path() / way_name(static_cast<Way>(way)));
      if (!port) {
        return std::unexpected(port.error());
      }
      ports_[way] = std::move(*port);
    }
    if (!scene_->key.empty()) {
      const auto key = load_panel_key(scene_->key);
      if (!key) {
        return std::unexpected(key.error());
      }
      key_ = *key;
    }
    auto local = open_terminal(scene_->local);
    if (!local) {
      return std::unexpected(local.error());
    }
    local_ = std::move(*local);
    command_ = panel_command(*scene_, programs, folder_.path(), state_);
    load_slots();
    return start();
  }

  void watch(std::vector<pollfd>& descriptors) const override {
    for (const PanelPort& port : ports_) {
      port.watch(descriptors);
    }
    if (local_.master.is_open()) {
      descriptors.push_back({local_.master.get(), POLLIN, 0});
    }
    if (child_) {
      descriptors.push_back({child_->descriptor(), POLLIN, 0});
    }
  }

  void ready(int descriptor, Time now) override {
    if (child_ && descriptor == child_->descriptor()) {
      if (const auto how = child_->ended()) {
        child_.reset();
        hang_up();
        world_->went_down(*how + "; `power " + scene_->name +
                          " on` starts it again");
        complain("it " + *how);
      }
      return;
    }
    if (descriptor == local_.master.get()) {
      from_operator();
      return;
    }
    for (std::size_t way = 0; way < kWays; ++way) {
      if (ports_[way].is(descriptor)) {
        take(static_cast<Way>(way), ports_[way].read(descriptor), now);
      }
    }
  }

  std::optional<Time> due() const override { return patience_; }

  void advance(Time now) override {
    obey();
    const Bytes line = world_->take_line_to_panel();
    ports_[kLine].write(line);
    ports_[kReader1].write(world_->take_reader_bytes());
    ports_[kWorld].write(as_bytes(world_->take_lines()));
    commission(now);
    save_slots();
  }

 private:
  void complain(const std::string& what) const {
    std::cerr << "plant: panel " << scene_->name << ": " << what << "\n";
  }

  Result<void> start() {
    auto child = Child::start(command_);
    if (!child) {
      const std::string hint =
          scene_->board == PanelBoard::kQemu
              ? " (the package qemu-system-arm has it)"
              : " (`program` of the [[panel]] says where it is)";
      return fault("panel " + scene_->name + ": " + child.error().what + hint);
    }
    child_ = std::move(*child);
    world_->went_down("starting");
    return {};
  }
  void hang_up() {
    for (PanelPort& port : ports_) {
      port.hang_up();
    }
    world_text_.clear();
    local_text_.clear();
    talk_.reset();
    patience_.reset();
  }
  void start_again() {
    child_.reset();
    hang_up();
    if (const auto started = start(); !started) {
      world_->went_down("cannot be started");
      complain(started.error().what);
    }
  }

  /// Resets, power cuts.
  void obey() {
    if (power_cuts_ != world_->power_cuts()) {
      power_cuts_ = world_->power_cuts();
      child_.reset();
      hang_up();
      std::error_code error;
      std::filesystem::remove(state_ / "memory", error);
      world_->went_down("off");
      was_powered_ = false;
    }
    if (std::exchange(was_powered_, world_->is_powered()) !=
            world_->is_powered() ||
        (world_->power_ons() != power_ons_ && !child_)) {
      start_again();
    }
    power_ons_ = world_->power_ons();
    if (resets_ != world_->resets()) {
      resets_ = world_->resets();
      if (!child_) {
        return;
      }
      if (scene_->board == PanelBoard::kNative) {
        start_again();
      } else {
        ports_[kMonitor].write(
            as_bytes(std::string_view("{\"execute\":\"qmp_capabilities\"}\n"
                                      "{\"execute\":\"system_reset\"}\n")));
      }
    }
  }

  void take(Way way, const Bytes& bytes, Time now) {
    if (way == kLine) {
      world_->line_from_panel(bytes);
    } else if (way == kWorld) {
      for (const std::string& line : lines_of(world_text_, bytes)) {
        const std::uint32_t before = world_->starts();
        if (const auto log = world_->hear(line, entropy(), now)) {
          complain(*log);
        }
        if (world_->starts() != before) {
          begin_talk(now);
        }
      }
    } else if (way == kLocal && talk_) {
      for (const std::string& line : lines_of(local_text_, bytes)) {
        talk_->hear(line);
      }
    } else if (way == kLocal) {
      (void)!write(local_.master.get(), bytes.data(), bytes.size());
    }
  }
  void from_operator() {
    std::array<std::uint8_t, 512> bytes{};
    const auto size = read(local_.master.get(), bytes.data(), bytes.size());
    if (size > 0 && !talk_) {
      ports_[kLocal].write(
          ByteView(bytes).first(static_cast<std::size_t>(size)));
    }
  }
  static std::vector<std::string> lines_of(std::string& text,
                                           const Bytes& bytes) {
    constexpr std::size_t kLongest = 8192;
    text.append(bytes.begin(), bytes.end());
    std::vector<std::string> lines;
    for (auto end = text.find('\n'); end != std::string::npos;
         end = text.find('\n')) {
      lines.push_back(text.substr(0, end));
      text.erase(0, end + 1);
    }
    if (text.size() > kLongest) {
      text.clear();
    }
    return lines;
  }

  void begin_talk(Time now) {
    if (!key_ || is_commissioned_ || tries_ == kCommissionTries) {
      return;
    }
    ++tries_;
    local_text_.clear();
    talk_.emplace(*scene_, plant_->scene().lines[scene_->line], *key_);
    patience_ = now + kCommissionPatience;
  }
  void commission(Time now) {
    if (!talk_) {
      return;
    }
    if (const auto line = talk_->take_line()) {
      ports_[kLocal].write(as_bytes(*line + "\n"));
    }
    if (talk_->state() != Commission::State::kTalking) {
      is_commissioned_ = talk_->state() != Commission::State::kRefused;
      world_->set_commissioned(talk_->state() == Commission::State::kHadKey
                                   ? "had a key: " + talk_->said()
                               : is_commissioned_
                                   ? "commissioned with " + scene_->key
                                   : "not commissioned: " + talk_->said());
      if (!is_commissioned_) {
        complain("cannot be commissioned: " + talk_->said());
      }
      talk_.reset();
      patience_.reset();
    } else if (patience_ && now >= *patience_) {
      if (tries_ == kCommissionTries) {
        complain("its local port does not answer");
        world_->set_commissioned("not commissioned: no answer");
      }
      talk_.reset();
      patience_.reset();
      begin_talk(now);
    }
  }

  std::filesystem::path slot_file(const std::string& slot) const {
    return state_ / "nv" / ("world-" + slot);
  }
  void load_slots() {
    std::map<std::string, std::string> slots;
    for (int slot = 0; slot < 8; ++slot) {
      const std::string name = std::to_string(slot);
      if (const auto text = read_file(slot_file(name));
          text && !text->empty()) {
        slots[name] = *text;
      }
    }
    world_->set_slots(slots);
    saved_ = std::move(slots);
  }
  void save_slots() {
    if (saved_ == world_->slots()) {
      return;
    }
    saved_ = world_->slots();
    for (const auto& [slot, content] : saved_) {
      if (const auto written = write_file(slot_file(slot),
                                          as_bytes(content),
                                          kSlotMode,
                                          Overwrite::kReplace);
          !written) {
        complain(written.error().what);
      }
    }
  }

  Plant* plant_;
  PanelWorld* world_;
  const PanelScene* scene_;
  PrivateFolder folder_;
  std::filesystem::path state_;
  std::array<PanelPort, kWays> ports_;
  Terminal local_;
  std::optional<PanelKey> key_;
  std::vector<std::string> command_;
  std::optional<Child> child_;  // goes before what it speaks through
  std::string world_text_;      // lines that have not ended
  std::string local_text_;
  std::optional<Commission> talk_;
  std::optional<Time> patience_;
  int tries_ = 0;
  bool is_commissioned_ = false;
  bool was_powered_ = true;
  std::uint32_t power_cuts_ = 0;
  std::uint32_t power_ons_ = 0;
  std::uint32_t resets_ = 0;
  std::map<std::string, std::string> saved_;
};

}  // namespace

Result<std::unique_ptr<Service>> open_panel(Plant& plant,
                                            std::size_t index,
                                            const PanelPrograms& programs) {
  auto folder = PrivateFolder::make();
  if (!folder) {
    return std::unexpected(folder.error());
  }
  auto station =
      std::make_unique<PanelStation>(plant, index, std::move(*folder));
  if (auto opened = station->open(programs); !opened) {
    return std::unexpected(opened.error());
  }
  return station;
}

}  // namespace strongroom::plant
