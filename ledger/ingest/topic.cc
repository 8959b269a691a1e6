// SPDX-License-Identifier: Apache-2.0
#include "ledger/ingest/topic.h"

namespace strongroom {
namespace {

constexpr std::string_view kPrefix = "strongroom/v1/";

std::optional<TopicKind> kind_of(std::string_view name) {
  if (name == "batch") {
    return TopicKind::kBatch;
  }
  if (name == "status") {
    return TopicKind::kStatus;
  }
  if (name == "live") {
    return TopicKind::kLive;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Topic> parse_topic(std::string_view topic) {
  if (!topic.starts_with(kPrefix)) {
    return std::nullopt;
  }
  topic.remove_prefix(kPrefix.size());
  const std::size_t first = topic.find('/');
  const std::size_t second =
      first == std::string_view::npos ? first : topic.find('/', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view site = topic.substr(0, first);
  const std::string_view agent = topic.substr(first + 1, second - first - 1);
  const auto kind = kind_of(topic.substr(second + 1));
  if (!is_valid_name(site) || !is_valid_name(agent) || !kind) {
    return std::nullopt;
  }
  return Topic{{std::string(agent), std::string(site)}, *kind};
}

std::string ack_topic(const Source& source) {
  return std::string(kPrefix) + source.site + "/" + source.agent + "/ack";
}

}  // namespace strongroom
