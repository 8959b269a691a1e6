// SPDX-License-Identifier: Apache-2.0
#include "tools/strongroom/fsck_ledger.h"

namespace strongroom {

void fsck_ledger(const std::filesystem::path& config, Outcome& outcome) {
  report(outcome, ExitCode::kUsage, "cannot check " + config.string());
}

}  // namespace strongroom
