// SPDX-License-Identifier: Apache-2.0
#include "agent/wiring/device_set_of.h"

#include "platform/policy/policy_file.h"

namespace strongroom {
namespace {

CredentialFormat format_of(strongroom_panel_v1_ReaderKind kind) {
  switch (kind) {
    case strongroom_panel_v1_ReaderKind_READER_KIND_RDM6300:
    case strongroom_panel_v1_ReaderKind_READER_KIND_ID12LA:
      return strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_EM4100;
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10301:
      return strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10301;
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10306:
      return strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10306;
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10302:
      return strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10302;
    case strongroom_panel_v1_ReaderKind_READER_KIND_H10304:
      return strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_H10304;
    case strongroom_panel_v1_ReaderKind_READER_KIND_UNSPECIFIED:
      break;
  }
  return strongroom_v1_CredentialFormat_CREDENTIAL_FORMAT_UNSPECIFIED;
}

PanelShape shape_of(const std::string& line, const PanelConfig& panel) {
  constexpr std::uint8_t kContact = 1;
  PanelShape shape{line, panel.name, {}, {}};
  for (const LeafConfig& leaf : panel.leaves) {
    shape.leaves.push_back(
        {leaf.name,
         leaf.zone,
         (leaf.settings.has_inputs & kContact) != 0,
         leaf.settings.offline ==
             strongroom_panel_v1_OfflinePolicy_OFFLINE_POLICY_LIST});
  }
  for (const ReaderConfig& reader : panel.readers) {
    shape.readers.push_back({reader.name,
                             reader.direction,
                             format_of(reader.settings.kind),
                             reader.settings.leaves});
  }
  return shape;
}

}  // namespace

Result<std::shared_ptr<const Policy>> policy_of(const AgentConfig& config) {
  if (config.policy.empty()) {
    return nullptr;
  }
  const auto key = load_policy_key(config.policy_key);
  if (!key) {
    return std::unexpected(key.error());
  }
  auto policy = load_policy(config.policy, *key);
  if (!policy) {
    return std::unexpected(policy.error());
  }
  return std::make_shared<const Policy>(*std::move(policy));
}

DeviceSet device_set_of(const AgentConfig& config,
                        std::shared_ptr<const Policy> policy) {
  DeviceSet set;
  set.policy = std::move(policy);
  set.windows.length = config.window_length;
  for (const LineConfig& line : config.lines) {
    for (const DeviceConfig& device : line.devices) {
      set.devices.push_back({line.name, device.name, device.profile});
    }
    for (const PanelConfig& panel : line.panels) {
      set.panels.push_back(shape_of(line.name, panel));
    }
  }
  for (const ComputedConfig& computed : config.computed) {
    set.computed.push_back({computed.device, computed.profile, computed.fresh});
  }
  return set;
}

}  // namespace strongroom
