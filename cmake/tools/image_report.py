# SPDX-License-Identifier: Apache-2.0
"""Says how large an image of a panel is and how deep its stack may get, and
checks it: limits, no heap, no recursion of our own.

usage: image_report.py IMAGE.elf [--flash BYTES] [--ram BYTES] [--check]

Flash is what the .bin would program without gaps; RAM is .data, .bss, .noinit
and the reserved stack. The stack's worst case is the deepest path of the calls
that GCC noted (-fcallgraph-info=su, beside the image) plus the deepest interrupt, one on
top of it: no interrupt of ours interrupts another.
"""

import argparse
import pathlib
import re
import subprocess
import sys

# Whoever links one of these has a heap, exceptions or a system underneath.
FORBIDDEN = re.compile(
    r"^_?(malloc|free|calloc|realloc|sbrk|_sbrk|_malloc_r|_free_r|_sbrk_r|"
    r"_Znwj|_Znaj|_ZdlPv|_ZdlPvj|__cxa_throw|__cxa_allocate_exception|"
    r"_Unwind_RaiseException|_write|_exit|_kill|printf|snprintf)$")
# Calls through pointers, by who makes them: what they can reach. nanopb's are
# its streams' (our messages have no callbacks).
INDIRECT = [
    (re.compile(r"nanopb/pb_"), ["buf_read", "buf_write"]),
    # Constructors: there are none, which is checked.
    (re.compile(r"begin_program"), []),
]
# nanopb recurses into the fields of a message: as deep as our messages nest
# (request, part of a configuration, its leaf).
NESTING = 3
NANOPB = re.compile(r"nanopb/pb_|panel\.pb\.c")
# Frames of library functions, which no file describes: the largest of newlib's
# and libgcc's that the images link is 40 (memmove, __aeabi_uldivmod).
LIBRARY_FRAME = 64
EXCEPTION_FRAME = 32 + 4  # pushed by the processor, and its alignment

NODE = re.compile(r'node: \{ title: "([^"]*)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def sections(image):
    """name -> size, of those that lie in the machine's memory."""
    found = {}
    for line in run("arm-none-eabi-size", "-A", str(image)).splitlines():
        words = line.split()
        if len(words) == 3 and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


def name_in(title):
    """Without the object's temporary name."""
    return title.split(":")[-1]


class Calls:
    """The call graph of one image."""

    def __init__(self, image):
        self.frames = {}
        self.calls = {}
        self.labels = {}
        notes = sorted(image.parent.glob(image.name + ".ltrans*.ci"))
        notes += sorted(image.parent.glob(
            f"CMakeFiles/{image.stem}.dir/**/startup.cc.ci"))
        if len(notes) < 2:
            raise ValueError(f"no notes of the compiler beside {image}")
        for file in notes:
            self._read(file.read_text(encoding="utf-8"))

    def _read(self, text):
        for line in text.splitlines():
            node = NODE.search(line)
            edge = EDGE.search(line)
            if node:
                title, label = name_in(node.group(1)), node.group(2)
                frame = re.search(r"(\d+) bytes \(([^)]*)\)", label)
                if frame:
                    self.frames[title] = max(self.frames.get(title, 0),
                                             int(frame.group(1)))
                    self.labels[title] = label
                    if frame.group(2).startswith("dynamic") and \
                            "bounded" not in frame.group(2):
                        raise ValueError(f"{title}: its frame has no bound")
                self.calls.setdefault(title, set())
            elif edge:
                caller, callee = map(name_in, edge.groups())
                self.calls.setdefault(caller, set()).add(callee)

    def targets(self, caller):
        for callee in sorted(self.calls.get(caller, ())):
            if callee != "__indirect_call":
                yield callee
                continue
            reach = [names for pattern, names in INDIRECT
                     if pattern.search(self.labels.get(caller, caller))]
            if not reach:
                raise ValueError(f"{caller} calls through a pointer; say in "
                                 "INDIRECT what it can reach")
            yield from reach[0]

    def components(self):
        """Tarjan, without recursing itself: function -> number, callees
        before callers."""
        index, low, number = {}, {}, {}
        stack, on_stack, groups = [], set(), []
        # What the linker left out calls nobody.
        for root in [c for c in self.calls
                     if c == "main" or c.endswith("_handler")
                     or c == "begin_program"]:
            if root in index:
                continue
            work = [(root, None)]
            while work:
                node, pending = work.pop()
                if pending is None:
                    if node in index:
                        continue
                    index[node] = low[node] = len(index)
                    stack.append(node)
                    on_stack.add(node)
                    pending = iter(list(self.targets(node)))
                descended = False
                for callee in pending:
                    if callee not in index:
                        work.append((node, pending))
                        work.append((callee, None))
                        descended = True
                        break
                    if callee in on_stack:
                        low[node] = min(low[node], low[callee],
                                        index[callee])
                if descended:
                    continue
                for callee in self.targets(node):
                    if callee in on_stack:
                        low[node] = min(low[node], low[callee])
                if low[node] == index[node]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        number[member] = len(groups)
                        group.append(member)
                        if member == node:
                            break
                    groups.append(group)
        return groups, number

    def depths(self):
        """function -> deepest stack below and with it; and cycles of ours."""
        groups, number = self.components()
        depth, recursive, below = {}, [], {}
        for group in groups:
            members = set(group)
            is_cycle = len(group) > 1 or group[0] in set(
                self.targets(group[0]))
            outside = [c for member in group for c in self.targets(member)
                       if c not in members]
            deepest = max(outside, key=lambda c: depth[c], default=None)
            frame = sum(self.frames.get(m, LIBRARY_FRAME) for m in group)
            if is_cycle:
                if all(NANOPB.search(self.labels.get(m, "")) for m in group):
                    frame *= NESTING
                else:
                    recursive.append(sorted(group))
            for member in group:
                depth[member] = frame + (depth[deepest] if deepest else 0)
                below[member] = deepest
        return depth, recursive, below


def short(name):
    return run("arm-none-eabi-c++filt", name).strip().split("(")[0]


def stack(calls):
    depth, recursive, below = calls.depths()
    main = depth.get("main", 0) + calls.frames.get("begin_program", 0)
    handlers = {name: depth[name] for name in depth
                if name.endswith("_handler") and name != "reset_handler"}
    worst = max(handlers, key=handlers.get, default=None)
    interrupt = handlers.get(worst, 0) + EXCEPTION_FRAME
    path, at = [], "main"
    while at is not None:
        path.append(f"{short(at)} {calls.frames.get(at, LIBRARY_FRAME)}")
        at = below.get(at)
    return main + interrupt, main, interrupt, path, recursive


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("--flash", type=int, default=40 * 1024)
    parser.add_argument("--ram", type=int)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)

    size = sections(options.image)
    flash = sum(size.get(n, 0) for n in
                (".vectors", ".startup", ".text", ".ARM.exidx", ".data"))
    parts = {n: size.get(n, 0) for n in (".data", ".bss", ".noinit", ".stack")}
    ram = sum(parts.values())
    board = options.image.stem
    deepest, loop, interrupt, path, recursive = stack(
        Calls(options.image))
    print(f"{board}: flash {flash}, RAM {ram} ("
          + ", ".join(f"{n[1:]} {v}" for n, v in parts.items())
          + f"); stack at most {deepest} by its calls (loop {loop}, one "
          f"interrupt {interrupt})")
    if not options.check:
        return 0

    print("  deepest: " + " > ".join(path))
    wrong = []
    if flash > options.flash:
        wrong.append(f"flash {flash} is more than {options.flash}")
    if options.ram and ram > options.ram:
        wrong.append(f"RAM {ram} is more than {options.ram}")
    if deepest > parts[".stack"]:
        wrong.append(f"the stack may need {deepest} of {parts['.stack']}")
    for group in recursive:
        wrong.append("recursion: " + ", ".join(short(n) for n in group))
    names = {line.split()[-1] for line in
             run("arm-none-eabi-nm", str(options.image)).splitlines()}
    for name in sorted(n for n in names if FORBIDDEN.match(n)):
        wrong.append(f"the image holds {name}")
    begin, end = (next(int(line.split()[0], 16) for line in
                       run("arm-none-eabi-nm", str(options.image)).splitlines()
                       if line.split()[-1] == symbol)
                  for symbol in ("constructors_begin", "constructors_end"))
    if begin != end:
        wrong.append("the image has constructors that run before main()")
    for line in wrong:
        print(f"  WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
