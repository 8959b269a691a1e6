// SPDX-License-Identifier: Apache-2.0
// Offline proofs (C2SP tlog-proof, header `c2sp.org/tlog-proof@v1`).
#pragma once

#include "core/log/checkpoint.h"
#include "core/log/proof.h"

namespace strongroom {

struct TlogProof {
  std::optional<Bytes> extra;  // unauthenticated: ours never write it
  std::uint64_t index = 0;
  Path path;
  std::string checkpoint;  // the note, verbatim

  /// Faults: another format, an index or hash that is not one, no blank line.
  /// The checkpoint is not looked at: open_checkpoint() does.
  static Result<TlogProof> parse(std::string_view text);
  std::string text() const;
};

}  // namespace strongroom
