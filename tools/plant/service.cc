// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/service.h"

#include <algorithm>
#include <ctime>

namespace strongroom::plant {
namespace {

std::optional<Time> sooner(std::optional<Time> one, std::optional<Time> other) {
  return one && other ? std::min(*one, *other) : one ? one : other;
}

/// poll() counts in milliseconds, which is the time of a character.
int wait_for(std::vector<pollfd>& descriptors,
             std::optional<Time> due,
             Time now) {
  if (!due) {
    return ppoll(descriptors.data(), descriptors.size(), nullptr, nullptr);
  }
  const auto left = std::max(Time{0}, *due - now);
  const timespec wait{
      .tv_sec = left.count() / 1'000'000,
      .tv_nsec = left.count() % 1'000'000 * 1000,
  };
  return ppoll(descriptors.data(), descriptors.size(), &wait, nullptr);
}

}  // namespace

void serve(const PlantClock& clock,
           const std::vector<std::unique_ptr<Service>>& services,
           int stop,
           const std::function<std::optional<Time>(Time now)>& each) {
  std::vector<pollfd> descriptors;
  for (;;) {
    std::optional<Time> due = each(clock.now());
    descriptors.assign(1, {stop, POLLIN, 0});
    for (const auto& service : services) {
      service->advance(clock.now());
      service->watch(descriptors);
      due = sooner(due, service->due());
    }
    if (wait_for(descriptors, due, clock.now()) <= 0) {
      continue;
    }
    for (const pollfd& descriptor : descriptors) {
      if (descriptor.revents == 0) {
        continue;
      }
      if (descriptor.fd == stop) {
        return;
      }
      for (const auto& service : services) {
        service->ready(descriptor.fd, clock.now());
      }
    }
  }
}

}  // namespace strongroom::plant
