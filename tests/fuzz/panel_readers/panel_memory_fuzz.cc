// SPDX-License-Identifier: Apache-2.0
// The ring and the offline list in memory in which bytes change between starts,
// and the parts of a list as an agent's frames bring them. Nothing is held
// against what a CRC cannot tell; what is taken over must be whole, bounded and
// in order.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "firmware/logic/crc.h"
#include "firmware/logic/event_ring.h"
#include "firmware/logic/offline_list.h"

namespace {

using namespace strongroom::panel;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool is_empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) {
      return 0;
    }
    const std::uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::uint32_t number() {
    return byte() | static_cast<std::uint32_t>(byte()) << 8U;
  }
  std::span<const std::uint8_t> take(std::size_t most) {
    const auto taken = bytes_.first(std::min(most, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

void change_memory(void* memory, std::size_t size, Input& input) {
  const std::size_t at = input.number() * 7 % size;
  static_cast<std::uint8_t*>(memory)[at] ^= input.byte();
}

void look_at(const EventRing& ring) {
  std::size_t count = 0;
  std::uint32_t before = ring.acked_seq();
  for (auto event = ring.after(0); event; event = ring.after(event->seq)) {
    demand(event->seq > before && event->seq <= ring.newest_seq());
    demand(event->kind != 0);
    strongroom_panel_v1_PanelEvent message;
    fill(*event, message);
    demand(message.credential.size <= 7);
    before = event->seq;
    demand(++count <= kRingCapacity);
  }
  demand(count == ring.size());
  demand(ring.acked_seq() <= ring.newest_seq());
}

void run_ring(Input input) {
  const auto memory = std::make_unique<RingMemory>();
  std::optional<EventRing> ring(*memory);
  while (!input.is_empty()) {
    switch (input.byte() % 6) {
      case 0:
        ring->name(input.byte());
        break;
      case 1:
        ring->acknowledge(ring->acked_seq() + input.byte());
        break;
      case 2:
        change_memory(memory.get(), sizeof *memory, input);
        ring.emplace(*memory);
        look_at(*ring);
        break;
      case 3:
        ring.emplace(*memory);
        break;
      default: {
        Event event;
        event.kind = std::max<std::uint8_t>(1, input.byte());
        event.leaf = input.byte();
        event.reader = input.byte();
        event.credential.bit_count = input.byte();
        event.value = input.byte();
        // Many at once: the ring is to be full now and then.
        for (std::uint32_t i = 0; i <= input.byte(); ++i) {
          const std::uint32_t newest = ring->newest_seq();
          demand(ring->push(event) == newest + 1);
        }
        break;
      }
    }
  }
  look_at(*ring);
}

void look_at(const OfflineList& list, const ListMemory& memory) {
  const ListBank& bank = memory.banks[memory.active & 1U];
  demand(bank.version == list.version() && list.size() <= kListCapacity);
  for (std::size_t i = 1; i < list.size(); ++i) {
    demand(std::memcmp(bank.entries[i - 1].data(), bank.entries[i].data(), 8) <
           0);
  }
}

void run_list(Input input) {
  const auto memory = std::make_unique<ListMemory>();
  std::optional<OfflineList> list(std::in_place, *memory, ListKey{});
  std::uint32_t crc = 0;
  while (!input.is_empty()) {
    const std::uint8_t what = input.byte();
    if (what % 8 == 0) {
      change_memory(memory.get(), sizeof *memory, input);
      list.emplace(*memory, ListKey{});
    } else if (what % 8 == 1) {
      list.emplace(*memory, ListKey{});
    } else {
      strongroom_panel_v1_ListPart part{};
      part.from_version = what % 8 == 2 ? list->version() : input.byte();
      part.version = input.byte();
      part.index = input.byte() % 4;
      part.count = input.byte() % 4;
      const auto entries = input.take(12 * (input.byte() % 13U));
      std::ranges::copy(entries, part.entries.bytes);
      part.entries.size = static_cast<pb_size_t>(entries.size());
      // Right for a whole list without removals; else it is refused.
      crc = crc32(entries, part.index == 0 ? 0 : crc);
      part.crc = crc;
      list->take(part);
    }
    look_at(*list, *memory);
    list->judge(credential_of(what, 26), what % 10, what * 1'000'000'000ULL);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const Input rest({data + 1, std::min<std::size_t>(size - 1, 4096)});
  if (data[0] % 2 == 0) {
    run_ring(rest);
  } else {
    run_list(rest);
  }
  return 0;
}
