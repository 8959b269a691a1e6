// SPDX-License-Identifier: Apache-2.0
#include "core/log/tile.h"

#include <algorithm>
#include <charconv>

#include "core/base/check.h"
#include "core/log/lines.h"

namespace strongroom {
namespace {

constexpr unsigned kTileBits = 8;
constexpr int kMaxLevel = 63;
// Above it, one hash would cover more leaves than a 64-bit size can count.
constexpr int kMaxLevelOfSize = 7;
constexpr std::size_t kMaxPath = 64;
constexpr std::string_view kPrefix = "tile/";
constexpr std::string_view kEntriesWord = "entries";
constexpr std::string_view kPartial = ".p/";
constexpr std::size_t kLengthSize = 2;

// 1234067 -> "x001/x234/067"
std::string number_path(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, (3 - digits.size() % 3) % 3, '0');
  std::string path;
  for (std::size_t at = 0; at < digits.size(); at += 3) {
    const bool last = at + 3 == digits.size();
    path += last ? "" : "x";
    path += digits.substr(at, 3);
    path += last ? "" : "/";
  }
  return path;
}

// The number of any path that has only the right characters: the caller
// compares with the path that the number really has.
std::optional<std::uint64_t> parse_number(std::string_view path) {
  std::string digits;
  for (const char c : path) {
    if (c != 'x' && c != '/') {
      digits.push_back(c);
    }
  }
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return number;
}

std::string_view take_until(std::string_view& text,
                            std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == text.npos ? std::string_view()
                          : text.substr(end + separator.size());
  return part;
}

}  // namespace

std::string TileId::path() const {
  std::string path(kPrefix);
  path += level == kEntries ? std::string(kEntriesWord) : std::to_string(level);
  path += "/" + number_path(number);
  if (width < kTileWidth) {
    path += std::string(kPartial) + std::to_string(width);
  }
  return path;
}

std::optional<TileId> TileId::parse(std::string_view path) {
  std::string_view rest = path;
  if (path.size() > kMaxPath || !path.starts_with(kPrefix)) {
    return std::nullopt;
  }
  rest.remove_prefix(kPrefix.size());
  TileId id;
  const std::string_view level = take_until(rest, "/");
  const auto level_number = parse_decimal(level);
  if (level == kEntriesWord) {
    id.level = kEntries;
  } else if (level_number && *level_number <= kMaxLevel) {
    id.level = static_cast<int>(*level_number);
  } else {
    return std::nullopt;
  }
  const auto number = parse_number(take_until(rest, kPartial));
  const auto width = rest.empty() ? kTileWidth : parse_decimal(rest);
  if (!number || !width || *width == 0 || *width > kTileWidth) {
    return std::nullopt;
  }
  id.number = *number;
  id.width = static_cast<std::uint32_t>(*width);
  return id.path() == path ? std::optional(id) : std::nullopt;
}

std::uint64_t TileId::first_leaf() const {
  return number * kTileWidth * leaves_per_hash();
}

std::uint64_t TileId::leaves_per_hash() const {
  if (level == kEntries) {
    return 1;
  }
  if (level > kMaxLevelOfSize) {
    return 0;
  }
  return std::uint64_t{1} << (kTileBits * static_cast<unsigned>(level));
}

std::uint32_t tile_width(int level, std::uint64_t number, std::uint64_t size) {
  if (level > kMaxLevelOfSize) {
    return 0;
  }
  const unsigned shift =
      level == TileId::kEntries ? 0 : kTileBits * static_cast<unsigned>(level);
  const std::uint64_t hashes = size >> shift;
  if (number > hashes / kTileWidth) {
    return 0;
  }
  return static_cast<std::uint32_t>(
      std::min(kTileWidth, hashes - number * kTileWidth));
}

void append_to_bundle(Bytes& bundle, ByteView entry) {
  check(entry.size() <= 0xffff, "an entry is shorter than 64 KiB");
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8U));
  bundle.push_back(static_cast<std::uint8_t>(entry.size()));
  append(bundle, entry);
}

Result<std::vector<ByteView>> split_bundle(ByteView bundle,
                                           std::uint32_t width) {
  std::vector<ByteView> entries;
  while (!bundle.empty()) {
    if (entries.size() == width) {
      return fault("bundle: bytes behind its last entry");
    }
    if (bundle.size() < kLengthSize) {
      return fault("bundle: cut short in a length");
    }
    const std::size_t size = std::size_t{bundle[0]} << 8U | bundle[1];
    bundle = bundle.subspan(kLengthSize);
    if (bundle.size() < size) {
      return fault("bundle: cut short in an entry");
    }
    entries.push_back(bundle.first(size));
    bundle = bundle.subspan(size);
  }
  if (entries.size() != width) {
    return fault("bundle: fewer entries than expected");
  }
  return entries;
}

}  // namespace strongroom
