// SPDX-License-Identifier: Apache-2.0
// What happens to an agent's files while it is away.
#include <fstream>

#include "tests/simulation/agent_node.h"

namespace strongroom::simulation {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffixes[] = {"", "-wal"};

void copy_journal(const fs::path& from, const fs::path& to) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::remove(to.string() + suffix);
  }
  for (const char* suffix : kSuffixes) {
    if (fs::exists(from.string() + suffix)) {
      fs::copy_file(from.string() + suffix, to.string() + suffix);
    }
  }
}

}  // namespace

// Between two commits: what a snapshot of the disk holds.
void AgentNode::take_image() {
  if (fs::exists(journal_path())) {
    copy_journal(journal_path(), folder_ / "image" / "journal.db");
    image_ = life_;
    around_.trace.line(name_, "is imaged");
  }
}

void AgentNode::restore_image(MonoTime away) {
  if (!image_) {
    return;
  }
  kill(away);
  around_.trace.line("person", "restores the disk of " + name_);
  copy_journal(folder_ / "image" / "journal.db", journal_path());
  life_ = *image_;
  had_another_life = true;
  damaged_ = false;
}

void AgentNode::copy_image_of(const AgentNode& other) {
  if (other.image_) {
    copy_journal(other.folder_ / "image" / "journal.db", journal_path());
    // The lock file says that the place was used before, as a whole disk would.
    std::ofstream(journal_path().string() + ".lock");
    life_ = *other.image_;
    had_another_life = true;
    change_ = other.change_;
  }
}

void AgentNode::lose_journal(MonoTime away) {
  kill(away);
  around_.trace.line("person", "replaces the disk of " + name_);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::remove(journal_path().string() + suffix);
  }
  image_.reset();
  damaged_ = true;
}

void AgentNode::rot(MonoTime away, std::int64_t count, Random random) {
  kill(away);
  std::error_code error;
  const auto size = fs::file_size(journal_path(), error);
  if (error || size == 0) {
    return;
  }
  std::fstream file(journal_path(),
                    std::ios::in | std::ios::out | std::ios::binary);
  for (std::int64_t i = 0; i <= count; ++i) {
    const auto at = static_cast<std::streamoff>(random.below(size));
    file.seekg(at);
    const auto byte =
        static_cast<char>(file.get() ^ static_cast<int>(1U << random.below(8)));
    file.seekp(at);
    file.put(byte);
  }
  damaged_ = true;
  around_.trace.line(name_, "has rot on its disk");
}

}  // namespace strongroom::simulation
