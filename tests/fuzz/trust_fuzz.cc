// SPDX-License-Identifier: Apache-2.0
// A trust file that parses says the same once it is written anew.
#include "core/base/check.h"
#include "core/log/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace strongroom;
  const auto trust = Trust::parse(as_chars({data, size}));
  if (!trust) {
    return 0;
  }
  check(is_valid_ledger_name(trust->ledger), "a ledger's name");
  const auto again = Trust::parse(trust->text());
  check(again && again->ledger == trust->ledger &&
            again->log_keys == trust->log_keys,
        "a trust file that is not read back");
  return 0;
}
