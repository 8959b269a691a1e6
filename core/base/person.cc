// SPDX-License-Identifier: Apache-2.0
#include "core/base/person.h"

#include <algorithm>
#include <string_view>

namespace strongroom {
namespace {

// Not <cctype>: nothing here may depend on a locale.
bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_person(const std::string& id) {
  return !id.empty() && id.size() <= 32 && std::ranges::all_of(id, [](char c) {
    return is_letter_or_digit(c) ||
           std::string_view("._:@+-").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string person_fault(const std::string& id) {
  return is_person(id)
             ? ""
             : "\"" + id +
                   "\" is no person's id: 1 to 32 letters, digits and "
                   ". _ : @ + -";
}

std::string persons_fault(const std::string& first, const std::string& second) {
  for (const std::string& id : {first, second}) {
    if (auto what = person_fault(id); !what.empty()) {
      return what;
    }
  }
  if (std::ranges::equal(first, second, {}, lower, lower)) {
    return "two persons are needed, and \"" + first + "\" is one";
  }
  return {};
}

}  // namespace strongroom
