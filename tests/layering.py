# SPDX-License-Identifier: Apache-2.0
"""Who may include whom (the table below). Reads every #include of our own
C++ files and prints the table with each offender.

usage: layering.py ROOT | layering.py --self-test
"""

import pathlib
import re
import sys
import tempfile

STD = set(
    """algorithm any array atomic barrier bit bitset cassert cctype cerrno
    cfenv cfloat charconv chrono cinttypes climits clocale cmath compare
    complex concepts condition_variable coroutine csetjmp csignal cstdarg
    cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
    exception execution expected filesystem format forward_list fstream
    functional future initializer_list iomanip ios iosfwd iostream istream
    iterator latch limits list locale map memory memory_resource mutex new
    numbers numeric optional ostream queue random ranges ratio regex
    scoped_allocator semaphore set shared_mutex source_location span
    spanstream sstream stack stacktrace stdexcept stop_token streambuf string
    string_view syncstream system_error thread tuple type_traits typeindex
    typeinfo unordered_map unordered_set utility valarray variant vector
    version""".split()
)
# What a pure core has no business with: clocks, threads, locks, files.
IMPURE = set(
    """atomic barrier condition_variable ctime filesystem fstream future
    iostream latch mutex semaphore shared_mutex stop_token thread csignal
    cstdio""".split()
)
# What a microcontroller without heap and threads has.
FREESTANDING = set(
    """algorithm array bit concepts cstddef cstdint cstring iterator limits
    numeric optional span tuple type_traits utility variant""".split()
)
NANOPB = {"pb.h", "pb_common.h", "pb_decode.h", "pb_encode.h"}
ANY = object()

# (folder, own folders that it may include, library headers that it may
# include, why). The longest matching folder decides; its own folder is always
# allowed. `*_test.cc` may include gtest and the fakes of its own layer.
RULES = [
    ("core", ["core", "proto"], (STD - IMPURE) | NANOPB,
     "the rules are pure: standard library and event types, no I/O, no clock, "
     "no thread"),
    ("core/base/check.cc", ["core"], STD,
     "says where the bug is before it stops the program"),
    ("proto", ["proto", "proto_cpp"], STD | NANOPB,
     "generated codecs and what checks them"),
    ("platform", ["core/base", "core/crypto", "platform/system"], ANY,
     "thin adapters that agent, ledger and tools share; they know no rules"),
    ("platform/profile", ["core/base", "core/crypto", "core/point", "platform"],
     ANY, "reads boards/devices for agent and plant"),
    ("platform/policy", ["core/access", "core/base", "core/crypto",
                         "platform"], ANY,
     "reads the signed policy for agent and tools"),
    ("platform/modbus", ["core/base", "core/bus", "core/crypto", "core/point",
                         "platform"], ANY,
     "the wire of a line, for agent and tools"),
    ("firmware/logic", ["proto"], FREESTANDING | NANOPB,
     "the panel's rules are pure: no heap, no clock, no board"),
    ("firmware/link", ["firmware/logic", "proto"], FREESTANDING | NANOPB,
     "the panel's side of the line: bytes in, bytes out"),
    ("firmware/hal", ["firmware/logic", "proto"], FREESTANDING | NANOPB,
     "what a board does; headers only"),
    ("firmware", ["firmware", "proto"], FREESTANDING | NANOPB,
     "the cooperative loop; knows boards by firmware/hal only"),
    ("boards/panels", ["boards/panels", "firmware/hal", "firmware/logic",
                       "proto"], ANY,
     "a board: implements firmware/hal, decides nothing"),
    ("agent", ["core", "proto", "platform", "web_bundle", "agent/loop",
               "agent/config"], ANY,
     "an adapter knows the loop's inbox and the configuration, no other "
     "adapter, and nothing of the ledger"),
    ("agent/loop", ["core", "proto", "platform", "agent"], ANY,
     "the loop sees roles, never a concrete adapter"),
    ("agent/wiring", ["core", "proto", "platform", "agent"], ANY,
     "keeps the running lines to what the configuration says; main.cc gives it "
     "the concrete ones"),
    ("agent/main.cc", ["core", "proto", "platform", "agent"], ANY,
     "wires the concrete adapters"),
    ("ledger", ["core", "proto", "proto_cpp", "platform", "web_bundle",
                "ledger/loop", "ledger/config"], ANY,
     "an adapter knows the loop's inbox and the configuration, no other "
     "adapter, and nothing of the agent"),
    ("ledger/log", ["core", "proto", "ledger/store"], ANY,
     "the single writer sees its durable steps as roles"),
    ("ledger/ingest", ["core", "proto", "platform", "ledger/store",
                       "ledger/registry", "ledger/loop", "ledger/config"], ANY,
     "judges by what the rows and the registry say; the MQTT adapter fills the "
     "inbox"),
    ("ledger/check", ["core", "proto", "platform", "ledger/store",
                      "ledger/log", "ledger/views"], ANY,
     "reads what is stored, from outside the running program; derives views "
     "again to compare"),
    ("ledger/backup", ["core", "platform", "ledger/store", "ledger/check"],
     ANY, "copies what is stored, and believes a copy only when it was "
     "recomputed"),
    ("ledger/recover", ["core", "proto", "platform", "ledger/store",
                        "ledger/log", "ledger/backup"], ANY,
     "closes logs and begins their successors, outside the running program"),
    ("ledger/http", ["core", "proto", "proto_cpp", "platform", "web_bundle",
                     "ledger/loop", "ledger/config", "ledger/store",
                     "ledger/log", "ledger/views"], ANY,
     "shows what is published, over read-only connections of its own"),
    ("ledger/loop", ["core", "proto", "proto_cpp", "platform", "ledger"], ANY,
     "the loop sees roles, never a concrete adapter"),
    ("ledger/main.cc", ["core", "proto", "proto_cpp", "platform", "ledger"],
     ANY, "wires the concrete adapters"),
    ("tools", ["core", "proto", "proto_cpp", "platform", "web_bundle"], ANY,
     "verifies from outside: knows formats, not the programs that write them"),
    ("tools/strongroom", ["core", "proto", "proto_cpp", "platform",
                          "agent/config", "agent/journal", "ledger/config",
                          "ledger/store", "ledger/check", "ledger/log",
                          "ledger/backup", "ledger/recover"], ANY,
     "as all tools, and creates and checks what agent and ledger store"),
    ("tools/plant", ["core", "proto", "platform", "agent/config"], ANY,
     "as all tools, and builds the twin of an agent's configuration"),
    ("tests", ANY, ANY, "crosses borders on purpose"),
]
FOLDERS = ["core", "proto", "platform", "agent", "ledger", "tools", "tests",
           "firmware", "boards"]

# Concretes are named after their technology. Only main.cc, their own folder,
# tests/ and the files that open databases for a command know them.
OPENERS = {"ledger/backup/guard_file.cc", "tools/strongroom/recover_stores.cc"}
CONCRETE = re.compile(r"/(libmodbus|paho|sqlite|httplib)_[^/]*\.h$")
TEST_LIBRARIES = re.compile(r"^(gtest|gmock|benchmark)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def rule_for(path):
    matching = [r for r in RULES
                if path == r[0] or path.startswith(r[0] + "/")]
    return max(matching, key=lambda r: len(r[0]), default=None)


def below(path, folder):
    return path.startswith(folder + "/")


def fault(path, bracket, target):
    """None, or what is wrong with this include."""
    rule = rule_for(path)
    if rule is None:
        return "no rule for this folder; add a row to the table"
    _, own, libraries, _ = rule
    test = path.endswith("_test.cc") or below(path, "tests")
    if test and (TEST_LIBRARIES.match(target) or
                 below(target, "tests/support")):
        return None
    on_host = test or path.endswith("_fixture.h") or "/fake_" in path
    if on_host and below(path, "firmware") and target in STD:
        return None
    if bracket == "<":
        if libraries is ANY or target in libraries:
            return None
        return "library header outside the row"
    if not any(below(target, f) for f in FOLDERS + ["proto_cpp", "web_bundle"]):
        if libraries is ANY and "/" in target:
            return None  # a library that is included with quotes
        return "own headers are included from the root of the repository"
    folder = str(pathlib.PurePosixPath(path).parent)
    if CONCRETE.search(target) and not below(target, folder) \
            and not path.endswith("/main.cc") and not below(path, "tests") \
            and path not in OPENERS \
            and not below(target, "platform"):
        return "a concrete adapter; include its role, main.cc wires"
    if own is ANY or below(target, folder):
        return None
    if any(below(target, f) for f in own):
        return None
    return "outside the row"


def check(root):
    offenders = []
    files = 0
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cc") or "node_modules" in file.parts:
                continue
            files += 1
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            for number, line in enumerate(text.splitlines(), 1):
                match = INCLUDE.match(line)
                if match is None:
                    continue
                what = fault(path, *match.groups())
                if what:
                    offenders.append(f"{path}:{number}: {line.strip()}\n"
                                     f"    {what}")
    return files, offenders


def print_table():
    print("\nfolder           may include, beside itself")
    for folder, own, libraries, why in RULES:
        names = "everything" if own is ANY else " ".join(own)
        if libraries is not ANY:
            pure = not IMPURE & libraries
            names += " + nanopb + standard library"
            names += f" without {' '.join(sorted(IMPURE))}" if pure else ""
        print(f"{folder:16} {names}\n{'':16}   ({why})")


SELF_TEST = [
    ("core/log/merkle.cc", '"core/base/bytes.h"', True),
    ("core/log/merkle.cc", '"proto/event.pb.h"', True),
    ("core/log/merkle.cc", "<vector>", True),
    ("core/log/merkle.cc", "<thread>", False),
    ("core/log/merkle.cc", "<sodium.h>", False),
    ("core/log/merkle.cc", '"platform/crypto/hash.h"', False),
    ("core/log/merkle.cc", '"merkle.h"', False),
    ("core/log/merkle.cc", "<gtest/gtest.h>", False),
    ("core/log/merkle_test.cc", "<gtest/gtest.h>", True),
    ("firmware/logic/leaf.cc", "<optional>", True),
    ("firmware/logic/leaf.cc", "<string>", False),
    ("firmware/logic/leaf_test.cc", "<string>", True),
    ("firmware/loop/fake_hal.h", "<string>", True),
    ("firmware/logic/leaf_fixture.h", "<string>", True),
    ("platform/mqtt/client.cc", "<mqtt/async_client.h>", True),
    ("platform/mqtt/client.cc", '"agent/loop/inbox.h"', False),
    ("platform/mqtt/client.cc", '"core/log/merkle.h"', False),
    ("agent/bus/line.cc", '"agent/loop/inbox.h"', True),
    ("agent/bus/line.cc", '"agent/uplink/uplink.h"', False),
    ("agent/bus/line.cc", '"ledger/store/store.h"', False),
    ("agent/bus/libmodbus_link.cc", '"agent/bus/libmodbus_link.h"', True),
    ("agent/loop/loop.cc", '"agent/bus/modbus_link.h"', True),
    ("agent/loop/loop.cc", '"agent/bus/libmodbus_link.h"', False),
    ("agent/main.cc", '"agent/bus/libmodbus_link.h"', True),
    ("agent/main.cc", '"ledger/http/server.h"', False),
    ("ledger/http/server.cc", '"agent/loop/inbox.h"', False),
    ("ledger/http/server.cc", '"proto_cpp/event.pb.h"', True),
    ("tools/strongroom/verify.cc", '"core/log/merkle.h"', True),
    ("tools/strongroom/verify.cc", '"ledger/loop/ledger.h"', False),
    ("tools/plant/twin.cc", '"agent/config/config.h"', True),
    ("tools/plant/twin.cc", '"agent/bus/bus.h"', False),
    ("tests/e2e/spine_test.cc", '"ledger/store/sqlite_store.h"', True),
]


def self_test():
    wrong = 0
    for path, include, allowed in SELF_TEST:
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / path
            file.parent.mkdir(parents=True)
            file.write_text(f"#include {include}\n")
            _, offenders = check(pathlib.Path(directory))
        if bool(offenders) == allowed:
            wrong += 1
            print(f"{path}: #include {include}: expected "
                  f"{'allowed' if allowed else 'refused'}")
    return wrong


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if len(arguments) != 1:
        print(__doc__)
        return 2
    files, offenders = check(pathlib.Path(arguments[0]))
    print(f"{files} files")
    for offender in offenders:
        print(offender)
    if offenders:
        print_table()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
