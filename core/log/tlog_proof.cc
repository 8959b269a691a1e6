// SPDX-License-Identifier: Apache-2.0
#include "core/log/tlog_proof.h"

#include "core/log/lines.h"

namespace strongroom {
namespace {

constexpr std::string_view kFormat = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
// One for each level of the highest tree.
constexpr std::size_t kMaxPath = 64;

}  // namespace

Result<TlogProof> TlogProof::parse(std::string_view text) {
  TlogProof proof;
  const auto format = take_line(text);
  if (!format || *format != kFormat) {
    return fault("proof: its first line is not " + std::string(kFormat));
  }
  auto line = take_line(text);
  if (line && line->starts_with(kExtra)) {
    proof.extra = from_base64(line->substr(kExtra.size()));
    if (!proof.extra || proof.extra->empty()) {
      return fault("proof: its extra line is empty, or not base64");
    }
    line = take_line(text);
  }
  if (!line || !line->starts_with(kIndex)) {
    return fault("proof: no index line");
  }
  const auto index = parse_decimal(line->substr(kIndex.size()));
  if (!index) {
    return fault("proof: the index is not a decimal number");
  }
  proof.index = *index;
  for (line = take_line(text); line && !line->empty(); line = take_line(text)) {
    const auto hash = parse_hash(*line);
    if (!hash || proof.path.size() == kMaxPath) {
      return fault("proof: not a hash, or one too many");
    }
    proof.path.push_back(*hash);
  }
  if (!line) {
    return fault("proof: no blank line before the checkpoint");
  }
  proof.checkpoint = text;
  return proof;
}

std::string TlogProof::text() const {
  std::string text = std::string(kFormat) + "\n";
  if (extra) {
    text += std::string(kExtra) + to_base64(*extra) + "\n";
  }
  text += std::string(kIndex) + std::to_string(index) + "\n";
  for (const Hash& hash : path) {
    text += to_base64(hash) + "\n";
  }
  return text + "\n" + checkpoint;
}

}  // namespace strongroom
