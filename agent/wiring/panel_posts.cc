// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/panel_posts.h"

#include <utility>

namespace strongroom {
namespace {

PanelLinkSnapshot link_of(const PanelDriverStatus& status) {
  PanelLinkSnapshot out;
  out.name = status.name;
  out.unit_id = status.unit_id;
  out.is_up = status.is_up;
  out.is_silenced = status.is_silenced;
  out.board = status.board;
  out.firmware = status.firmware;
  out.tests_only = status.tests_only;
  out.error = status.error;
  out.config_version = status.config_version;
  out.list_version = status.list_version;
  out.ring = status.ring;
  out.held_seq = status.held_seq;
  out.newest_seq = status.newest_seq;
  out.polls = status.polls;
  out.exchanges = status.exchanges;
  out.repeats = status.repeats;
  out.invalid_answers = status.invalid_answers;
  out.sessions = status.sessions;
  out.state = status.state;
  return out;
}

}  // namespace

PanelPosts::PanelPosts(PanelPostPorts ports,
                       const std::vector<PanelCursor>& cursors)
    : ports_(std::move(ports)) {
  for (const PanelCursor& cursor : cursors) {
    held_[cursor.panel] = {cursor.ring, cursor.seq};
  }
}

void PanelPosts::set_panels(const AgentConfig& config) {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, Post> before = std::exchange(posts_, {});
  for (const LineConfig& line : config.lines) {
    for (const PanelConfig& panel : line.panels) {
      Post& post = posts_[panel.name];
      if (const auto known = before.find(panel.name); known != before.end()) {
        post = known->second;
        continue;
      }
      post.mailbox = std::make_shared<PanelMailbox>();
      post.mailbox->silence(is_silent_);
      post.status = std::make_shared<PanelDriverStatus>();
      post.status->name = panel.name;
      post.status->unit_id = panel.unit_id;
    }
  }
}

// The mailbox's own lock and the line's wait for nobody: neither does the loop.
bool PanelPosts::push(const std::string& panel, PanelOrder order) {
  std::shared_ptr<PanelMailbox> mailbox;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto* held = std::get_if<PanelHeld>(&order)) {
      held_[panel] = *held;
    }
    const auto post = posts_.find(panel);
    if (post == posts_.end()) {
      return false;
    }
    mailbox = post->second.mailbox;
  }
  return mailbox->push(std::move(order));
}

void PanelPosts::silence(bool is_silent) {
  std::vector<std::shared_ptr<PanelMailbox>> all;
  {
    const std::scoped_lock lock(mutex_);
    is_silent_ = is_silent;
    for (const auto& [name, post] : posts_) {
      all.push_back(post.mailbox);
    }
  }
  for (const auto& mailbox : all) {
    mailbox->silence(is_silent);
  }
}

std::vector<LinePanel> PanelPosts::drivers(const LineConfig& line) {
  std::vector<LinePanel> out;
  const std::scoped_lock lock(mutex_);
  for (const PanelConfig& panel : line.panels) {
    const Post& post = posts_.at(panel.name);
    // The driver has but a reference: the mailbox lives as long as it does.
    const std::shared_ptr<PanelMailbox> mailbox = post.mailbox;
    auto driver = make_panel_driver(
        panel_setup(panel, held_[panel.name]),
        {*mailbox,
         ports_.clock,
         ports_.random,
         [report = ports_.report](PanelReport told) {
           return report(std::move(told));
         }},
        [this, shown = post.status](PanelDriverStatus status) {
          const std::scoped_lock showing(mutex_);
          *shown = std::move(status);
        });
    PanelPort* port = driver.get();
    out.push_back(
        {panel.name,
         panel.unit_id,
         std::shared_ptr<PanelPort>(
             port, [mailbox, kept = std::move(driver)](PanelPort*) mutable {
               kept.reset();
             })});
  }
  return out;
}

void PanelPosts::wake(const LineConfig& line,
                      const std::weak_ptr<BusLine>& bus) {
  const std::scoped_lock lock(mutex_);
  for (const PanelConfig& panel : line.panels) {
    posts_.at(panel.name).mailbox->on_wake([bus] {
      if (const auto running = bus.lock()) {
        running->wake();
      }
    });
  }
}

void PanelPosts::add_to(std::vector<LineSnapshot>& lines) const {
  const std::scoped_lock lock(mutex_);
  for (LineSnapshot& line : lines) {
    for (const LinePanelStatus& panel : line.status.panels) {
      const auto post = posts_.find(panel.name);
      if (post != posts_.end()) {
        line.panels.push_back(link_of(*post->second.status));
      }
    }
  }
}

PanelSetup panel_setup(const PanelConfig& config, const PanelHeld& held) {
  PanelSetup setup;
  setup.name = config.name;
  setup.unit_id = config.unit_id;
  setup.key = config.secret;
  setup.poll_period = config.poll_period;
  setup.offline_after = config.offline_after;
  setup.ring = held.ring;
  setup.held_seq = held.seq;
  strongroom_panel_v1_ConfigPart part =
      strongroom_panel_v1_ConfigPart_init_zero;
  part.which_part = strongroom_panel_v1_ConfigPart_settings_tag;
  auto& settings = part.part.settings;
  settings.leaf_count = static_cast<std::uint8_t>(config.leaves.size());
  settings.reader_count = static_cast<std::uint8_t>(config.readers.size());
  settings.offline_after_ms =
      static_cast<std::uint32_t>(config.offline_after.count());
  settings.supply_low_mv = config.supply_low_mv;
  setup.config.push_back(part);
  for (const LeafConfig& leaf : config.leaves) {
    part = strongroom_panel_v1_ConfigPart_init_zero;
    part.which_part = strongroom_panel_v1_ConfigPart_leaf_tag;
    part.part.leaf = leaf.settings;
    setup.config.push_back(part);
  }
  for (const ReaderConfig& reader : config.readers) {
    part = strongroom_panel_v1_ConfigPart_init_zero;
    part.which_part = strongroom_panel_v1_ConfigPart_reader_tag;
    part.part.reader = reader.settings;
    setup.config.push_back(part);
  }
  return setup;
}

}  // namespace strongroom
