# SPDX-License-Identifier: Apache-2.0
"""What the objects of a firmware library call: nothing that a microcontroller
without heap and exceptions has not, and no function, by whatever way, itself.
Read from the objects, so it holds for what the compiler made of templates too.
Calls through pointers are not seen; the image's report (script/test) is.

usage: freestanding.py ARCHIVE... | freestanding.py --self-test
"""

import pathlib
import re
import subprocess
import sys
import tempfile

# What may be called besides our own functions.
ALLOWED = re.compile(
    r"^(mem(cmp|cpy|set|move)|pb_\w+|strongroom_\w+|_ZN10strongroom\w+"
    r"|_ZNK10strongroom\w+|_ZTV?N10strongroom\w+|_GLOBAL_OFFSET_TABLE_"
    r"|__(asan|ubsan|sanitizer|tsan|sanitizer_cov|sancov)_\w+"
    r"|__stack_chk_fail|_ZSt21__glibcxx_assert_fail\w+"
    # Operators of our types, and what is made of std:: templates over them.
    r"|_ZSt\w*10strongroom\w+)$")
MEMBER = re.compile(r"^(?:In archive )?(\S+?):?\s+file format ")
FUNCTION = re.compile(r"^[0-9a-f]+ <(\S+)>:$")
CALL = re.compile(r"^\s+[0-9a-f]+:\s+(?:bnd )?(call|jmp|b|bl|callq|jmpq)\s+"
                  r"[0-9a-f]+ <([^>+]+)(\+0x[0-9a-f]+)?>")
RELOCATION = re.compile(r"^\s+[0-9a-f]+: R_\S+\s+([^\s+-]+)(?:[+-]0x[0-9a-f]+)?$")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def undefined(archive):
    """Names that no object of the archive defines."""
    defined, wanted = set(), set()
    for line in run("nm", "--format=posix", archive).splitlines():
        words = line.split()
        if len(words) < 2 or line.endswith(":"):
            continue
        (wanted if words[1] in "Uwv" else defined).add(words[0])
    return wanted - defined


def calls(archive):
    """{function: functions that it calls}. Local ones carry their object."""
    graph, member, function, pending = {}, "", None, None

    def name(symbol):
        local = "_GLOBAL__N_" in symbol or not symbol.startswith("_Z")
        return f"{member}:{symbol}" if local else symbol

    def settle():
        nonlocal pending
        if pending and function:
            kind, target, offset = pending
            itself = target == function
            # A jump within a function is a loop.
            if not offset and not (itself and kind in ("jmp", "jmpq", "b")):
                graph[name(function)].add(name(target))
        pending = None

    text = run("objdump", "-dr", "--no-show-raw-insn", archive)
    for line in text.splitlines():
        if match := RELOCATION.match(line):
            if pending:
                target = match.group(1)
                if not target.startswith("."):
                    pending = ("call" if pending[0].startswith(("call", "bl"))
                               else pending[0], target, None)
            continue
        settle()
        if match := MEMBER.match(line):
            member = match.group(1)
        elif match := FUNCTION.match(line):
            function = match.group(1)
            graph.setdefault(name(function), set())
        elif match := CALL.match(line):
            pending = match.groups()
    settle()
    return graph


def circle(graph):
    """Some functions that call each other round, or nothing."""
    state = {}
    for start in graph:
        stack = [(start, iter(sorted(graph[start])))]
        path = [start]
        if start in state:
            continue
        state[start] = "open"
        while stack:
            _, rest = stack[-1]
            follower = next(rest, None)
            if follower is None:
                state[path.pop()] = "done"
                stack.pop()
            elif state.get(follower) == "open":
                return path[path.index(follower):] + [follower]
            elif follower in graph and follower not in state:
                state[follower] = "open"
                path.append(follower)
                stack.append((follower, iter(sorted(graph[follower]))))
    return None


def faults(archive):
    found = [f"{archive}: calls {symbol}" for symbol in
             sorted(undefined(archive)) if not ALLOWED.match(symbol)]
    graph = calls(archive)
    if not graph:
        found.append(f"{archive}: no function was found in it")
    if loop := circle(graph):
        found.append(f"{archive}: calls itself: " + " -> ".join(loop))
    return found


GOOD = """
namespace strongroom { int twice(int a); namespace { int add(int a, int b)
{ int s = 0; while (b-- > 0) { s += a; } return s; } }
int twice(int a) { return add(a, 2); } }
"""
BAD = {
    "heap": "namespace strongroom { int* f() { return new int[4]; } }",
    "malloc": '#include <cstdlib>\n'
              "namespace strongroom { void* f() { return malloc(4); } }",
    "throw": "namespace strongroom { void f() { throw 1; } }",
    "print": '#include <cstdio>\n'
             'namespace strongroom { void f() { puts("a"); } }',
    "itself": "namespace strongroom { int g(int); int f(int n) "
              "{ return n == 0 ? 0 : f(n / 2) * g(n) + f(n - 1); } "
              "int g(int n) { return n; } }",
    "each other": "namespace strongroom { int g(int); "
                  "[[gnu::noinline]] int f(int n) "
                  "{ return n == 0 ? 0 : g(n - 1) * 3 + 1; } "
                  "[[gnu::noinline]] int g(int n) "
                  "{ return n == 0 ? 0 : f(n - 1) * 5 + 2; } }",
    "in its file": "namespace strongroom { namespace { "
                   "[[gnu::noinline]] int f(int n) "
                   "{ return n == 0 ? 0 : f(n / 2) * n + f(n - 1); } } "
                   "int g(int n) { return f(n); } }",
}


def self_test():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, source in [("good", GOOD), *BAD.items()]:
            stem = folder / name.replace(" ", "_")
            stem.with_suffix(".cc").write_text(source, encoding="utf-8")
            run("g++", "-O1", "-c", str(stem.with_suffix(".cc")), "-o",
                str(stem.with_suffix(".o")))
            run("ar", "rcs", str(stem.with_suffix(".a")),
                str(stem.with_suffix(".o")))
            found = faults(str(stem.with_suffix(".a")))
            if bool(found) != (name != "good"):
                wrong.append(f"{name}: {found or 'was not caught'}")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if not arguments:
        print(__doc__)
        return 2
    found = [fault for archive in arguments for fault in faults(archive)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
