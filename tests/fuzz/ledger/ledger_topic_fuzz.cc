// SPDX-License-Identifier: Apache-2.0
// A topic that parses is exactly the one that its parts make.
#include "core/base/bytes.h"
#include "core/base/check.h"
#include "ledger/ingest/topic.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  const std::string_view text = as_chars({data, size});
  const auto topic = parse_topic(text);
  if (!topic) {
    return 0;
  }
  check(Source::parse(topic->source.text()) == topic->source,
        "a topic of no source");
  std::string kind = "live";
  if (topic->kind != TopicKind::kLive) {
    kind = topic->kind == TopicKind::kBatch ? "batch" : "status";
  }
  std::string spelled = ack_topic(topic->source);
  spelled.replace(spelled.size() - 3, 3, kind);
  check(spelled == text, "a topic with a second spelling");
  return 0;
}
