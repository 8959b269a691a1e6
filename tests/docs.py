# SPDX-License-Identifier: Apache-2.0
"""Are the pages complete? Links lead somewhere, configuration keys carry a
comment, and what the programs can report stands in docs/operations.md.

usage: docs.py ROOT | docs.py --self-test
"""

import pathlib
import re
import sys
import tempfile

OPERATIONS = "docs/operations.md"
SKIPPED = {"build", "node_modules", ".git", ".cache"}
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.M | re.S)
CODE = re.compile(r"`[^`\n]*`")
KEY = re.compile(r"^\s*#?\s*([a-z][a-z0-9_]*)\s*=\s")
# How metrics are written: a name with its type beside it, to which the page of
# metrics adds the prefix; a whole TYPE line; a counter by its bare name. What
# the programs really serve is compared in tests/packaging.
METRIC = re.compile(
    r"\"([a-z][a-z0-9_]*)\",\s*\"(?:counter|gauge|histogram|summary)\""
    r"|# TYPE strongroom_(?:agent|ledger)_([a-z0-9_]+) ")
COUNTER = re.compile(r"\b(?:all|counters)\[\"([a-z0-9_]+)\"\]")
AILMENT = re.compile(r"\b(?:ill|warn)\(([^,]*),")
GETTER = re.compile(
    r"\b(?:required|optional)_(?:string|path|int|number|bool|choice|int_list"
    r"|string_list)\(\s*\"([a-z0-9_]+)\"")


def files(root, *suffixes):
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name.endswith(suffixes) \
                and not SKIPPED & set(path.relative_to(root).parts):
            yield path


def text_of(path):
    return path.read_text(encoding="utf-8") if path.exists() else ""


def anchors(markdown):
    """The names that a page's headings have in links to it."""
    found = set()
    for heading in re.findall(r"^#+\s+(.*)$", FENCE.sub("", markdown), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        plain = re.sub(r"[^\w\- ]", "", plain.strip().lower())
        found.add(plain.replace(" ", "-"))
    return found


def broken_links(root):
    for page in files(root, ".md"):
        text = CODE.sub("", FENCE.sub("", text_of(page)))
        for target in LINK.findall(text):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue  # another place's business
            path, _, anchor = target.partition("#")
            other = (page.parent / path) if path else page
            where = f"{page.relative_to(root)}: link to {target}"
            if not other.exists():
                yield f"{where}: there is nothing"
            elif anchor and other.suffix == ".md" \
                    and anchor not in anchors(text_of(other)):
                yield f"{where}: the page has no such heading"


def undocumented_keys(root):
    """Keys of an example that no comment explains: on the line, in the same
    paragraph above it, or where the same table stood before."""
    for example in files(root, ".toml.example"):
        table, commented, explained = "", False, set()
        for number, line in enumerate(text_of(example).splitlines(), 1):
            key = KEY.match(line)
            if not line.strip():
                commented = False
            elif line.lstrip().startswith("#"):
                commented = True
            elif line.lstrip().startswith("["):
                table = line.strip(" []")
            elif key:
                if commented or "#" in line:
                    explained.add((table, key[1]))
                if (table, key[1]) not in explained:
                    yield (f"{example.relative_to(root)}:{number}: "
                           f"`{key[1]}` has no comment")


def keys_not_in_example(root):
    """Keys that a program reads and its example does not show."""
    for part in ("agent", "ledger"):
        folder = root / part / "config"
        example = text_of(folder / f"{part}.toml.example")
        shown = {match[1] for line in example.splitlines()
                 if (match := KEY.match(line))}
        for source in files(folder, ".cc") if folder.exists() else ():
            if source.name.endswith("_test.cc"):
                continue
            for key in sorted(set(GETTER.findall(text_of(source))) - shown):
                yield (f"{source.relative_to(root)}: reads `{key}`, which "
                       f"{part}.toml.example does not show")


def metrics(root):
    found = {}
    for part in ("agent", "ledger"):
        for source in files(root / part, ".cc", ".h"):
            if not source.name.endswith("_test.cc"):
                text = text_of(source)
                names = ["".join(pair) for pair in METRIC.findall(text)]
                names += [name + "_total" for name in COUNTER.findall(text)]
                for name in names:
                    found.setdefault(f"strongroom_{part}_{name}",
                                     source.relative_to(root))
    return found


def enumerators(root, enum, prefix):
    body = re.search(rf"^enum {enum} {{(.*?)^}}",
                     text_of(root / "proto/event.proto"), re.M | re.S)
    names = re.findall(rf"^\s*{prefix}_(\w+) = [1-9]", body[1], re.M) \
        if body else []
    return [name.lower() for name in names]


def exit_codes(root):
    body = re.search(r"enum class ExitCode[^{]*{(.*?)}",
                     text_of(root / "tools/strongroom/command.h"), re.S)
    return re.findall(r"= (\d+)", body[1]) if body else []


def ailments(root):
    found = set()
    for source in files(root / "tools/strongroom", ".cc"):
        if not source.name.endswith("_test.cc"):
            for argument in AILMENT.findall(text_of(source)):
                found |= set(re.findall(r"\"([a-z][a-z-]*)\"", argument))
    return sorted(found)


def unexplained(root):
    page = text_of(root / OPERATIONS)
    for name, where in sorted(metrics(root).items()):
        if not re.search(rf"\b{name}\b", page):
            yield f"{where}: metric {name} is not in {OPERATIONS}"
    for enum, prefix in (("FindingKind", "FINDING_KIND"),
                         ("RefusalReason", "REFUSAL_REASON")):
        for name in enumerators(root, enum, prefix):
            if f"`{name}`" not in page:
                yield (f"proto/event.proto: {enum} `{name}` is not in "
                       f"{OPERATIONS}")
    for name in ailments(root):
        if f"`{name}`" not in page:
            yield f"tools/strongroom: ailment `{name}` is not in {OPERATIONS}"
    for code in exit_codes(root):
        if not re.search(rf"^\| {code} \|", page, re.M):
            yield f"tools/strongroom/command.h: exit code {code} is not in " \
                  f"{OPERATIONS}"


def check(root):
    return [*broken_links(root), *undocumented_keys(root),
            *keys_not_in_example(root), *unexplained(root)]


# (files, what must be complained about; nothing: all is well)
SELF_TEST = [
    ({"a.md": "[b](b.md) [c](https://c.example/)", "b.md": ""}, None),
    ({"a.md": "[b](b.md)"}, "link to b.md"),
    ({"a.md": "![b](b.svg)"}, "link to b.svg"),
    ({"docs/a.md": "[b](../b.md#two-words)", "b.md": "# Two words"}, None),
    ({"docs/a.md": "[b](../b.md#two)", "b.md": "# Two words"}, "no such head"),
    ({"a.md": "`[b](b.md)`\n```\n[c](c.md)\n```\n"}, None),
    ({"x.toml.example": "# why\na = 1\nb = 2  # why\n"}, None),
    ({"x.toml.example": "# why\na = 1\nb = 2\n"}, None),
    ({"x.toml.example": "# why\na = 1\n\nb = 2\n"}, "`b` has no comment"),
    ({"x.toml.example": "# why\n[[t]]\na = 1\n\n[[t]]\na = 2\n"}, None),
    ({"x.toml.example": "# why\n[t]\na = 1\n\n[u]\na = 2\n"}, "`a` has no"),
    ({"x.toml.example": "# why\n\na = 1\n"}, "`a` has no comment"),
    ({"agent/config/agent.toml.example": "# why\na = 1\n",
      "agent/config/config.cc": 't.required_int("a", 1, 2);\n'
                                't.optional_string("b", "");'}, "reads `b`"),
    ({"agent/config/agent.toml.example": "# Not set: 5\n# b = 1\n",
      "agent/config/config.cc": 't.optional_string("b", "");'}, None),
    ({"agent/m.cc": 'single("polls_total",\n "counter", "…", 1);'},
     "strongroom_agent_polls_total"),
    ({"agent/m.cc": 'single("polls_total", "counter", "…", 1);',
      OPERATIONS: "`strongroom_agent_polls_total`"}, None),
    ({"ledger/m.cc": '"# TYPE strongroom_ledger_x gauge\\n"'},
     "strongroom_ledger_x"),
    ({"ledger/m.cc": 'all["commits"] = 1;'}, "strongroom_ledger_commits_total"),
    ({"agent/m_test.cc": 'single("polls_total", "counter", "…", 1);'}, None),
    ({"proto/event.proto": "enum FindingKind {\n  FINDING_KIND_X_Y = 1;\n}\n"},
     "`x_y`"),
    ({"proto/event.proto":
      "enum FindingKind {\n  FINDING_KIND_UNSPECIFIED = 0;\n}\n"}, None),
    ({"tools/strongroom/a.cc": 'all.ill("key-mode", "…", "…");'},
     "`key-mode`"),
    ({"tools/strongroom/a.cc": 'all.warn(x ? "a-b"\n : "c-d", "…", "…");',
      OPERATIONS: "`a-b`"}, "`c-d`"),
    ({"tools/strongroom/command.h": "enum class ExitCode : int {\n kA = 7,\n}"},
     "exit code 7"),
]


def self_test():
    wrong = 0
    for number, (tree, expected) in enumerate(SELF_TEST):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in tree.items():
                file = pathlib.Path(directory) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            said = check(pathlib.Path(directory))
        if bool(said) != bool(expected) or expected and expected not in said[0]:
            wrong += 1
            print(f"case {number}: expected {expected}, got {said}")
    return wrong


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if len(arguments) != 1:
        print(__doc__)
        return 2
    said = check(pathlib.Path(arguments[0]))
    print("\n".join(said) or "the pages are complete")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
