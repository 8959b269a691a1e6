// SPDX-License-Identifier: Apache-2.0
#include "platform/config/config.h"

#include <functional>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace strongroom {
namespace {

ConfigFile parse(std::string text) {
  return ConfigFile::parse(std::move(text), "/etc/strongroom/agent.toml");
}

// The errors as an operator reads them, without the directory.
std::vector<std::string> errors_of(ConfigFile& file) {
  std::vector<std::string> texts;
  for (const ConfigError& error : file.finish()) {
    std::string text = error.text();
    EXPECT_TRUE(text.starts_with("/etc/strongroom/")) << text;
    texts.push_back(text.substr(std::string("/etc/strongroom/").size()));
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ConfigFile, Parse_EverythingRight_GivesValuesAndNoErrors) {
  ConfigFile file = parse(
      "agent = 'edge-1'\n"
      "period = 60\n"
      "ratio = 0.5\n"
      "limit = 3\n"
      "fast = true\n"
      "kind = 'tcp'\n"
      "ids = [1, 2]\n"
      "of = ['a.b', 'c']\n"
      "[mqtt]\n"
      "ca = 'ca.pem'\n"
      "key = '/abs/key.pem'\n"
      "[[line]]\n"
      "name = 'a'\n"
      "[[line.device]]\n"
      "unit = 1\n"
      "[[line]]\n"
      "name = 'b'\n");
  ConfigTable root = file.root();
  EXPECT_EQ(root.required_string("agent"), "edge-1");
  EXPECT_EQ(root.required_int("period", 0, 60), 60);
  EXPECT_EQ(root.optional_int("absent", 7, 0, 9), 7);
  EXPECT_EQ(root.optional_number("ratio"), 0.5);
  EXPECT_EQ(root.optional_number("limit"), 3.0);
  EXPECT_EQ(root.optional_number("absent"), std::nullopt);
  EXPECT_TRUE(root.optional_bool("fast", false));
  EXPECT_EQ(root.required_choice("kind", {"tcp", "rtu"}), "tcp");
  EXPECT_EQ(root.optional_choice("absent", "none", {"odd"}), "none");
  EXPECT_EQ(root.optional_int_list("ids"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(root.required_string_list("of"), (Texts{"a.b", "c"}));
  ConfigTable mqtt = root.required_table("mqtt");
  EXPECT_EQ(mqtt.required_path("ca"), "/etc/strongroom/ca.pem");
  EXPECT_EQ(mqtt.optional_path("key"), "/abs/key.pem");
  EXPECT_EQ(mqtt.optional_path("absent"), std::nullopt);
  EXPECT_EQ(mqtt.optional_string("absent", "x"), "x");
  std::vector<ConfigTable> lines = root.tables("line");
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0].required_string("name"), "a");
  ASSERT_EQ(lines[0].tables("device").size(), 1);
  EXPECT_EQ(lines[0].tables("device")[0].required_int("unit", 1, 247), 1);
  EXPECT_EQ(lines[1].required_string("name"), "b");
  EXPECT_TRUE(lines[1].tables("device").empty());
  EXPECT_EQ(errors_of(file), Texts{});
}

TEST(ConfigFile, Missing_SaysWhatItMustBe_AtItsTable) {
  ConfigFile file = parse("\n[mqtt]\n");
  ConfigTable root = file.root();
  root.required_string("agent");
  root.required_table("keys").required_string("event");
  ConfigTable mqtt = root.required_table("mqtt");
  mqtt.required_int("port", 1, 65535);
  mqtt.required_choice("kind", {"tcp", "rtu"});
  EXPECT_EQ(errors_of(file),
            (Texts{"agent.toml: \"agent\" is missing; it must be a text in "
                   "quotes",
                   "agent.toml: \"keys\" is missing; it must be a table, "
                   "[keys] on a line of its own",
                   "agent.toml:2: \"mqtt.kind\" is missing; it must be one of "
                   "\"tcp\", \"rtu\"",
                   "agent.toml:2: \"mqtt.port\" is missing; it must be a whole "
                   "number from 1 to 65535"}));
}

struct WrongType {
  std::string value;
  std::string error;
  std::function<void(ConfigTable&)> get;
};

class ConfigWrongType : public testing::TestWithParam<WrongType> {};

TEST_P(ConfigWrongType, Get_NamesKeyAndLineAndWhatWouldBeRight) {
  ConfigFile file = parse("# first line\nkey = " + GetParam().value + "\n");
  ConfigTable root = file.root();
  GetParam().get(root);
  EXPECT_EQ(errors_of(file),
            Texts{"agent.toml:2: \"key\" must " + GetParam().error});
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ConfigWrongType,
    testing::Values(
        WrongType{"1",
                  "be a text in quotes, not a whole number",
                  [](ConfigTable& table) { table.required_string("key"); }},
        WrongType{"''",
                  "not be empty",
                  [](ConfigTable& table) { table.required_string("key"); }},
        WrongType{"\"a\\nb\"",
                  "be a text without control characters, not a text",
                  [](ConfigTable& table) { table.required_string("key"); }},
        WrongType{
            "true",
            "be a text in quotes, not true or false",
            [](ConfigTable& table) { table.optional_string("key", "x"); }},
        WrongType{"2026-01-01",
                  "be a text in quotes, not a date or time",
                  [](ConfigTable& table) { table.required_path("key"); }},
        WrongType{"[]",
                  "be a text in quotes, not a list",
                  [](ConfigTable& table) { table.optional_path("key"); }},
        WrongType{"1.5",
                  "be a whole number from 1 to 9, not a number with a "
                  "fraction",
                  [](ConfigTable& table) { table.required_int("key", 1, 9); }},
        WrongType{"10",
                  "be a whole number from 1 to 9, not 10",
                  [](ConfigTable& table) { table.required_int("key", 1, 9); }},
        WrongType{
            "'5'",
            "be a whole number from 1 to 9, not a text",
            [](ConfigTable& table) { table.optional_int("key", 2, 1, 9); }},
        WrongType{
            "0",
            "be a whole number from 1 to 9, not 0",
            [](ConfigTable& table) { table.optional_int("key", 2, 1, 9); }},
        WrongType{"nan",
                  "be a finite number, not a number with a fraction",
                  [](ConfigTable& table) { table.optional_number("key"); }},
        WrongType{"'yes'",
                  "be true or false, not a text",
                  [](ConfigTable& table) { table.optional_bool("key", true); }},
        WrongType{"'udp'",
                  "be one of \"tcp\", \"rtu\", not \"udp\"",
                  [](ConfigTable& table) {
                    table.required_choice("key", {"tcp", "rtu"});
                  }},
        WrongType{"3",
                  "be a text in quotes, not a whole number",
                  [](ConfigTable& table) {
                    table.optional_choice("key", "tcp", {"tcp", "rtu"});
                  }},
        WrongType{"[1, 2.5]",
                  "be a list of whole numbers; one of them is a number with a "
                  "fraction",
                  [](ConfigTable& table) { table.optional_int_list("key"); }},
        WrongType{"1",
                  "be a list of whole numbers, not a whole number",
                  [](ConfigTable& table) { table.optional_int_list("key"); }},
        WrongType{"['a', 2]",
                  "be a text in quotes, not a whole number",
                  [](ConfigTable& table) {
                    EXPECT_TRUE(table.required_string_list("key").empty());
                  }},
        WrongType{
            "[]",
            "not be empty",
            [](ConfigTable& table) { table.required_string_list("key"); }},
        WrongType{
            "'a'",
            "be a list of texts in quotes, not a text",
            [](ConfigTable& table) { table.required_string_list("key"); }},
        WrongType{"1",
                  "be a table, [key] on a line of its own, not a whole number",
                  [](ConfigTable& table) { table.required_table("key"); }},
        WrongType{"'x'",
                  "be a table, [key] on a line of its own, not a text",
                  [](ConfigTable& table) {
                    // Its content is silent about what it lacks.
                    table.optional_table("key")->required_string("more");
                  }},
        WrongType{"[1]",
                  "be tables, each under a line [[key]], not a list",
                  [](ConfigTable& table) { table.tables("key"); }},
        WrongType{"{ a = 1 }",
                  "be tables, each under a line [[key]], not a table",
                  [](ConfigTable& table) { table.tables("key"); }}));

TEST(ConfigFile, WrongValue_GivesTheFallback) {
  ConfigFile file = parse("a = 'x'\nb = 'x'\nc = 3\n");
  ConfigTable root = file.root();
  EXPECT_EQ(root.optional_int("a", 7, 0, 9), 7);
  EXPECT_TRUE(root.optional_bool("b", true));
  EXPECT_EQ(root.optional_string("c", "fallback"), "fallback");
  EXPECT_EQ(errors_of(file).size(), 3);
}

TEST(ConfigFile, Unknown_Keys_AreErrorsWithTheirLine) {
  ConfigFile file = parse(
      "agnet = 'a'\n"
      "[mqtt]\n"
      "uri = 'x'\n"
      "uir = 'y'\n"
      "[unknown]\n"
      "inner = 1\n"
      "[[line]]\n"
      "[[line]]\n"
      "nmae = 'b'\n");
  ConfigTable root = file.root();
  root.optional_string("agent", "");
  root.required_table("mqtt").required_string("uri");
  for (ConfigTable& line : root.tables("line")) {
    line.optional_string("name", "");
    EXPECT_FALSE(line.has("period_ms"));
  }
  EXPECT_EQ(
      errors_of(file),
      (Texts{"agent.toml:1: \"agnet\" is not known here; known are \"agent\", "
             "\"line\", \"mqtt\"",
             "agent.toml:4: \"mqtt.uir\" is not known here; known are \"uri\"",
             "agent.toml:5: \"unknown\" is not known here; known are "
             "\"agent\", \"line\", \"mqtt\"",
             "agent.toml:9: \"line.nmae\" is not known here; known are "
             "\"name\", \"period_ms\""}));
}

TEST(ConfigFile, Table_AskedForTwice_IsOneTable) {
  ConfigFile file = parse("[mqtt]\na = 'x'\nb = 'y'\n[[line]]\na = 1\nb = 2\n");
  ConfigTable root = file.root();
  root.required_table("mqtt").required_string("a");
  root.optional_table("mqtt").value().required_string("b");
  root.tables("line").front().required_int("a", 0, 9);
  root.tables("line").front().required_int("b", 0, 9);
  EXPECT_EQ(errors_of(file), Texts{});
}

TEST(ConfigFile, OwnError_StandsAtItsKey_OrItsTable) {
  ConfigFile file = parse("\n[mqtt]\n\nuri = 'x'\n");
  ConfigTable mqtt = file.root().required_table("mqtt");
  mqtt.required_string("uri");
  mqtt.error("uri", "must begin with ssl://");
  mqtt.error("cafile", "is needed with ssl://");
  EXPECT_EQ(errors_of(file),
            (Texts{"agent.toml:2: \"mqtt.cafile\" is needed with ssl://",
                   "agent.toml:4: \"mqtt.uri\" must begin with ssl://"}));
}

TEST(ConfigFile, Remark_StandsAtItsKey_AndIsNoError) {
  ConfigFile file = parse("\n[mqtt]\n\nuri = 'x'\n");
  ConfigTable mqtt = file.root().required_table("mqtt");
  mqtt.required_string("uri");
  EXPECT_EQ(mqtt.remark("uri", "is odd").text(),
            "/etc/strongroom/agent.toml:4: \"mqtt.uri\" is odd");
  EXPECT_EQ(mqtt.remark("absent", "is odd").line, 2U);
  EXPECT_EQ(errors_of(file), Texts{});
}

TEST(ConfigFile, Keys_AreSorted_AndStayUnknownUntilAskedFor) {
  ConfigFile file = parse("b = 'x'\n'1' = 'y'\na = 'z'\n");
  ConfigTable root = file.root();
  EXPECT_EQ(root.keys(), (Texts{"1", "a", "b"}));
  root.required_string("1");
  root.required_string("a");
  EXPECT_EQ(errors_of(file).size(), 1U) << "b was not asked for";
}

TEST(ConfigFile, Finish_SortsByLine) {
  ConfigFile file = parse("a = 1\nb = 1\nc = 1\n");
  ConfigTable root = file.root();
  root.required_string("c");
  root.required_string("a");
  const std::vector<ConfigError> errors = file.finish();
  ASSERT_EQ(errors.size(), 3);
  EXPECT_EQ(errors[0].line, 1);
  EXPECT_EQ(errors[1].line, 2);
  EXPECT_EQ(errors[2].line, 3);
}

struct Broken {
  std::string text;
  std::uint32_t line;
};

class ConfigBroken : public testing::TestWithParam<Broken> {};

TEST_P(ConfigBroken, Parse_GivesOneErrorWithItsLine) {
  ConfigFile file = parse(GetParam().text);
  ConfigTable root = file.root();
  root.required_string("agent");
  root.required_table("mqtt").required_string("uri");
  root.tables("line");
  const std::vector<ConfigError> errors = file.finish();
  ASSERT_EQ(errors.size(), 1);
  EXPECT_EQ(errors[0].line, GetParam().line) << errors[0].text();
  EXPECT_FALSE(errors[0].what.empty());
  EXPECT_EQ(errors[0].what.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ConfigBroken,
    testing::Values(Broken{"a = 1\nb = \n", 2},
                    Broken{"a = 1\n\na = 2\n", 3},
                    Broken{"a = 1\n[t]\nx = 1\n[t]\n", 4},
                    Broken{"a = 'open\nb = 1\n", 1},
                    Broken{"a = 1\n[t\nb = 1\n", 2},
                    Broken{"a = 1\nb 2\n", 2},
                    Broken{"a = \"\\q\"\n", 1},
                    Broken{"a = 1\nb = '''x'''\nc = '\xe4'\n", 3},
                    Broken{"a = 1\nb = '\xc0\x80'\n", 2},
                    Broken{"a = 1\nb = '\xed\xa0\x80'\n", 2},
                    Broken{"a = 1\nb = '\xf4\x90\x80\x80'\n", 2},
                    Broken{"# \xe2\x82", 1},
                    Broken{"a = 1\nb = " + std::string(100'000, '['), 2},
                    Broken{"a = 1\nb = " + std::string(50'000, '{'), 2},
                    Broken{"a = 1\n" + std::string(50'000, '['), 2}));

TEST(ConfigFile, Parse_DeepKeys_AreRefusedBeforeTheyAreParsed) {
  std::string text = "a";
  for (int i = 0; i < 50'000; ++i) {
    text += ".a";
  }
  ConfigFile file = parse(text + " = 1\n");
  EXPECT_EQ(errors_of(file), Texts{"agent.toml:1: nested too deep"});
}

TEST(ConfigFile, Parse_BracketsInTextsAndComments_DoNotCount) {
  const std::string many(100, '[');
  ConfigFile file = parse("a = '" + many + "'\nb = \"\\\"" + many +
                          "\"\nc = '''\n" + many + "'''\n# " + many + "\n");
  ConfigTable root = file.root();
  EXPECT_EQ(root.required_string("a"), many);
  EXPECT_EQ(root.required_string("b"), "\"" + many);
  EXPECT_EQ(root.required_string("c"), many);
  EXPECT_EQ(errors_of(file), Texts{});
}

TEST(ConfigFile, Parse_Utf8_IsKept) {
  const std::string word = "\xe5\x8c\x97\xe4\xba\xac \xf0\x9f\x94\x92";
  ConfigFile file = parse("a = '" + word + "'\n");
  EXPECT_EQ(file.root().required_string("a"), word);
  EXPECT_EQ(errors_of(file), Texts{});
}

TEST(ConfigFile, Open_Missing_IsOneErrorOfTheFile) {
  const TemporaryDirectory directory;
  ConfigFile file = ConfigFile::open(directory / "none.toml");
  file.root().required_string("agent");
  const std::vector<ConfigError> errors = file.finish();
  ASSERT_EQ(errors.size(), 1);
  EXPECT_EQ(errors[0].text(),
            (directory / "none.toml").string() +
                ": cannot be opened: No such file or directory");
}

TEST(ConfigFile, Open_ResolvesPathsBesideTheFile) {
  const TemporaryDirectory directory;
  write_text(directory / "a.toml", "key = '../x/key'\n");
  ConfigFile file = ConfigFile::open(directory / "a.toml");
  EXPECT_EQ(file.root().required_path("key"),
            (directory.path().parent_path() / "x" / "key"));
  EXPECT_TRUE(file.finish().empty());
}

TEST(ConfigFile, Open_TooLarge_IsRefused) {
  const TemporaryDirectory directory;
  write_text(directory / "a.toml", "#" + std::string(300'000, 'x'));
  ConfigFile file = ConfigFile::open(directory / "a.toml");
  EXPECT_EQ(file.finish().size(), 1);
}

}  // namespace
}  // namespace strongroom
