// SPDX-License-Identifier: Apache-2.0
// What the loop knows of the panels: given at the start, and again whenever the
// configuration is read anew. Numbers of leaves and readers are places here,
// from 1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/access/policy.h"
#include "proto/event.pb.h"

namespace strongroom {

struct PanelLeaf {
  std::string name;  // unique in the agent
  std::string zone;
  bool has_contact = false;  // whether its opening is seen
  bool uses_list = false;    // while the panel is alone

  friend bool operator==(const PanelLeaf&, const PanelLeaf&) = default;
};

struct PanelReaderShape {
  std::string name;
  strongroom_v1_Direction direction{};
  CredentialFormat format{};
  std::uint8_t leaves = 0;  // mask, bit 0 is leaf 1

  friend bool operator==(const PanelReaderShape&,
                         const PanelReaderShape&) = default;
};

struct PanelShape {
  std::string line;
  std::string name;  // unique in the agent
  std::vector<PanelLeaf> leaves;
  std::vector<PanelReaderShape> readers;

  friend bool operator==(const PanelShape&, const PanelShape&) = default;
};

}  // namespace strongroom
