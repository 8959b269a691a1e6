// SPDX-License-Identifier: Apache-2.0
#include "agent/loop/identities.h"

#include <algorithm>

#include "agent/loop/names.h"
#include "core/base/bytes.h"

namespace strongroom {
namespace {

// It comes from a device: what would not encode must not reach an event.
bool is_recordable(std::string_view text) {
  return !text.empty() &&
         text.size() < sizeof(strongroom_v1_DeviceIdentified::text) &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Identities::Known& Identities::find(const std::string& subject,
                                    const Recorder& recorder) {
  const auto [at, is_new] = known_.try_emplace(subject);
  if (is_new) {
    const DescriptionRow* row = recorder.description(subject);
    at->second.row = row == nullptr ? DescriptionRow{subject} : *row;
  }
  return at->second;
}

void Identities::take(std::string_view device,
                      const DeviceProfile& profile,
                      std::span<const TextSample> texts,
                      WallTime at,
                      Recorder& recorder,
                      const Now& now) {
  for (const TextSample& sample : texts) {
    if (sample.text >= profile.texts.size() || !sample.value ||
        !is_recordable(*sample.value)) {
      continue;
    }
    const std::string& name = profile.texts[sample.text].name;
    Known& known = find(std::string(device) + "/" + name, recorder);
    const Hash hash = sha256(as_bytes(*sample.value));
    const bool is_same = known.row.hash == hash;
    if (known.row.epoch == recorder.epoch()) {
      if (is_same) {
        continue;
      }
      if (known.recorded &&
          now.monotonic - *known.recorded < kIdentityInterval) {
        ++held_back_;
        continue;
      }
    }
    if (!known.text && known.row.epoch != 0) {
      known.text = text_of_(known.row);
    }
    EventMessage& event = recorder.blank();
    event.occurred_us = at.time_since_epoch().count();
    event.which_body = strongroom_v1_Event_device_identified_tag;
    auto& body = event.body.device_identified;
    put_text(body.device, device);
    put_text(body.profile, profile.name);
    put_text(body.name, name);
    put_text(body.text, *sample.value);
    if (known.text && !is_same) {
      put_text(body.previous, *known.text);
    }
    known.row.epoch = recorder.epoch();
    known.row.seq = recorder.record(Stream::kRecord, event, now);
    known.row.hash = hash;
    known.text = sample.value;
    known.recorded = now.monotonic;
    recorder.describe(known.row);
  }
}

}  // namespace strongroom
