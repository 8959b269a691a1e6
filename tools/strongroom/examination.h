// SPDX-License-Identifier: Apache-2.0
// What `doctor` finds: each ailment with its remedy.
#pragma once

#include <string>
#include <vector>

namespace strongroom {

struct Ailment {
  std::string id;      // "key-mode": stable, for scripts and operations.md
  std::string what;    // what is wrong, with the file or value
  std::string remedy;  // what to do, as an imperative sentence
  bool urgent = true;  // false: works today, will not one day
};

/// Collects the results of one installation's checks.
class Examination {
 public:
  void healthy(std::string what) { healthy_.push_back(std::move(what)); }
  void ill(std::string id, std::string what, std::string remedy) {
    ailments_.push_back(
        {std::move(id), std::move(what), std::move(remedy), true});
  }
  void warn(std::string id, std::string what, std::string remedy) {
    ailments_.push_back(
        {std::move(id), std::move(what), std::move(remedy), false});
  }

  const std::vector<Ailment>& ailments() const { return ailments_; }
  const std::vector<std::string>& healthy_parts() const { return healthy_; }
  bool has_urgent() const {
    for (const Ailment& ailment : ailments_) {
      if (ailment.urgent) {
        return true;
      }
    }
    return false;
  }

 private:
  std::vector<Ailment> ailments_;
  std::vector<std::string> healthy_;
};

}  // namespace strongroom
