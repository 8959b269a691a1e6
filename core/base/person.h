// SPDX-License-Identifier: Apache-2.0
// Ids of persons as they are given by hand, until there is a registry of them:
// agent and ledger hold them to one rule.
#pragma once

#include <string>

namespace strongroom {

/// Whether an id may stand for a person: 1 to 32 ASCII letters, digits and
/// . _ : @ + -. Says what is wrong, in words; empty: nothing.
std::string person_fault(const std::string& id);

/// Whether two ids may stand for two persons: each 1 to 32 ASCII letters,
/// digits and . _ : @ + -, and not the same but for upper and lower case. Says
/// what is wrong, in words for the person who typed them; empty: nothing.
std::string persons_fault(const std::string& first, const std::string& second);

}  // namespace strongroom
