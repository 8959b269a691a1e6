// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/names.h"

#include <array>

namespace strongroom {

std::string_view sender_state_name(SenderState state) {
  switch (state) {
    case SenderState::kOffline:
      return "offline";
    case SenderState::kIdle:
      return "idle";
    case SenderState::kSending:
      return "sending";
    case SenderState::kBlocked:
      return "blocked";
  }
  return "";
}

std::string_view refusal_name(strongroom_v1_RefusalReason reason) {
  // In the order of proto/event.proto.
  static constexpr std::array<std::string_view, 16> kNames = {"",
                                                              "gap",
                                                              "signature",
                                                              "chain",
                                                              "root",
                                                              "equivocation",
                                                              "epoch_closed",
                                                              "unknown_source",
                                                              "revoked",
                                                              "resync",
                                                              "malformed",
                                                              "busy",
                                                              "log_frozen",
                                                              "stream",
                                                              "algorithm",
                                                              "succeeded"};
  const auto place = static_cast<std::size_t>(reason);
  return place < kNames.size() ? kNames[place] : "unknown";
}

}  // namespace strongroom
