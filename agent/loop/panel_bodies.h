// SPDX-License-Identifier: Apache-2.0
// A panel's event in the words of the record (docs/formats/event.md). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/loop/panel_io.h"
#include "agent/loop/panel_set.h"
#include "core/access/policy.h"
#include "core/event/event.h"

namespace strongroom {

/// What the panel's earlier events say.
struct PanelContext {
  bool is_under_fire = false;
  std::uint32_t order = 0;  // by which the leaf was released last; 0: by none
};

/// Of leaves; unspecified: the kind is none of these.
strongroom_v1_LeafChange leaf_change_of(
    strongroom_panel_v1_PanelEventKind kind);
/// Of the panel itself; unknown_kind: the kind is not known here. Unspecified:
/// a kind of leaves, of badges, or a decision.
strongroom_v1_PanelChange panel_change_of(
    strongroom_panel_v1_PanelEventKind kind);

/// Fills body and time of an event of a leaf or of the panel itself.
void fill_body(EventMessage& event,
               const PanelShape& panel,
               std::uint32_t ring,
               const PanelFact& fact,
               const PanelContext& context);

strongroom_v1_PanelOrigin origin_of(std::string_view panel,
                                    std::uint32_t ring,
                                    const PanelFact& fact);

/// The configured name; "#5" of a number that the configuration has not; empty
/// for 0.
std::string leaf_name(const PanelShape& panel, std::uint8_t number);
std::string reader_name(const PanelShape& panel, std::uint8_t number);
/// Nothing: the configuration has no such reader.
const PanelReaderShape* reader_of(const PanelShape& panel, std::uint8_t number);
const PanelLeaf* leaf_of(const PanelShape& panel, std::uint8_t number);
/// The leaf that a reading is for: what was picked, or the only one that the
/// reader serves; 0: none.
std::uint8_t leaf_of_reading(const PanelShape& panel,
                             const strongroom_panel_v1_PanelEvent& event);

/// Nothing: it does not say so many bits as it holds.
std::optional<CredentialBits> credential_of(
    const strongroom_panel_v1_PanelEvent& event);

}  // namespace strongroom
