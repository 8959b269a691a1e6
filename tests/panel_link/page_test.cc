// SPDX-License-Identifier: Apache-2.0
// What docs/formats/panel-link.md prints is what is spoken.
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "tests/panel_link/panel_bench.h"

namespace strongroom::panel {
namespace {

// Of the page's block of examples: a name, then hexadecimal bytes, over as many
// lines as they need, each of which begins with a space.
std::map<std::string, std::string> read_examples() {
  std::ifstream page("docs/formats/panel-link.md");
  std::map<std::string, std::string> examples;
  std::string* bytes = nullptr;
  bool is_inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      is_inside = line == "```example";
      bytes = nullptr;
    } else if (is_inside && !line.starts_with(' ')) {
      bytes = &examples[line];
    } else if (is_inside && bytes != nullptr) {
      *bytes += (bytes->empty() ? "" : " ") + line.substr(2);
    }
  }
  return examples;
}

struct Page : testing::Test, PanelBench {
  std::map<std::string, std::string> examples_ = read_examples();
};

TEST_F(Page, Examples_AreWhatIsSpoken) {
  const strongroom_panel_v1_PanelHello hello{.nonce = 0x0807060504030201};
  const Bytes hello_adu = exchange_adu(
      FrameParts{.type = FrameType::kHello,
                 .session = 0,
                 .counter = 0,
                 .body = encoded(hello, strongroom_panel_v1_PanelHello_msg)}
          .bytes(),
      kMinHelloRegisters);
  EXPECT_EQ(hex(hello_adu), examples_["hello"]);
  EXPECT_EQ(hex(ask(hello_adu)), examples_["answer to the hello"]);

  const PanelRequest request{
      .ring = kRing, .wants_events = true, .unix_ms = 1'800'000'000'000};
  const Bytes first = exchange_adu(
      FrameParts{.counter = 1, .body = encoded(request)}.bytes(), 64);
  EXPECT_EQ(hex(first), examples_["exchange"]);
  EXPECT_EQ(hex(ask(first)), examples_["answer to the exchange"]);
  EXPECT_EQ(hex(ask(exchange_adu(FrameParts{.counter = 0}.bytes(), 64))),
            examples_["refusal"]);
}

}  // namespace
}  // namespace strongroom::panel
