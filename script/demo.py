# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a whole site on this machine. Called by script/demo."""

import argparse
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile
import threading

import demo_doors as doors
from installation import Site, SiteError, port_or_free, wait_until

HERE = pathlib.Path(__file__).resolve().parent

SCENE = HERE.parent / "tools/plant/scenes/building.toml"
SCENE_PORT = 15020  # of the scene's only line over TCP

# The agent of that building: the devices under the names of the scene.
LINES = """[[line]]
name = "rs485-climate"
kind = "rtu"
serial = "{root}/rs485-climate"

[[line.device]]
name = "hall-front"
profile = "xy-md02"
unit_id = 1

[[line.device]]
name = "vault-climate"
profile = "xy-md02"
unit_id = 2

[[line]]
name = "rs485-power"
kind = "rtu"
serial = "{root}/rs485-power"

[[line.device]]
name = "ups-a"
profile = "apc-smart-ups"
unit_id = 1
period_ms = 2000

[[line.device]]
name = "lights-meter"
profile = "eastron-sdm120"
unit_id = 2
period_ms = 2000

[[line]]
name = "rs485-safety"
kind = "rtu"
serial = "{root}/rs485-safety"
baud = 19200

[[line.device]]
name = "leak-rope"
profile = "rle-ld"
unit_id = 1

[[line.device]]
name = "contacts"
profile = "generic-di8"
unit_id = 2

[[line]]
name = "rack-pdu"
kind = "tcp"
host = "127.0.0.1"
port = {port}

[[line.device]]
name = "pdu-1"
profile = "xerus-pdu"
unit_id = 1

[[computed]]
name = "derived"

[[computed.point]]
name = "vault_dew_point"
kind = "dew_point"
of = ["vault-climate.temperature", "vault-climate.humidity"]

[[computed.point]]
name = "hall_over_vault"
kind = "difference"
of = ["hall-front.temperature", "vault-climate.temperature"]

[[computed.point]]
name = "smoke_hall"
kind = "antivalent"
of = ["contacts.in1", "contacts.in2"]
"""


def say(text):
    print(text, flush=True)


def start(root, binaries, window_s):
    """Everything up, in the order in which it must come up."""
    demo = Site(root, binaries, HERE.parent / "boards" / "devices",
                     port_or_free(9480), port_or_free(8883))
    try:
        say("demo: creating keys, certificates and a ledger in " + str(root))
        demo.create()
        demo.start_ledger()
        port = port_or_free(SCENE_PORT)
        demo.doors = doors.panels(demo)
        if demo.qemu_image is None:
            say("demo: there is no qemu-system-arm, or no image of a panel: "
                "both panels run as processes (script/bootstrap installs what "
                "is needed)")
        demo.start_plant(
            SCENE.read_text().replace(f"port = {SCENE_PORT}", f"port = {port}")
            + doors.scene(demo.doors))
        say("demo: enrolling the agent edge-1 of site bj1")
        demo.create_agent(
            "edge-1", window_s=window_s,
            lines=LINES.format(port=port, root=root)
            + doors.agent(root, demo.doors))
        demo.write_policy("edge-1", doors.policy(demo.doors))
        # After the enrolment, so that its first list of rights is the right
        # one.
        demo.start_broker()
        demo.start_agent("edge-1")
    except BaseException:
        demo.stop_all()
        raise
    return demo


def devices(demo):
    lines = demo.bus("edge-1") or {}
    return [one for line in lines.values() for one in line["devices"].values()]


def await_every_device(demo):
    """The whole building answers."""
    wait_until(lambda: devices(demo) and
               all(one["state"] == "answering"
                   and one["polls"] > one["failed_polls"]
                   for one in devices(demo)),
               "every device to answer", 60, 0.2)
    say(f"check: {len(devices(demo))} devices on {len(demo.bus('edge-1'))} "
        "lines answer")


def newest_windows(demo):
    """Index of a telemetry entry that holds a reading, or None."""
    for entry in reversed(demo.entries("bj1/telemetry/1")):
        if entry["type"] == "event" and "windows" in entry.get("decoded", {}):
            return entry["index"]
    return None


def check(demo):
    """Opens every door, proves one entry, verifies it, alters a byte and sees
    it refused."""
    await_every_device(demo)
    for door in demo.doors:
        granted = doors.pass_door(demo, door)
        say(f"check: a badge opened {door['leaf']} ({door['board']}); entry "
            f"{granted} of bj1/record proves who was let in")
    index = wait_until(lambda: newest_windows(demo),
                            "a reading to reach the ledger", 60, 0.2)
    say(f"check: a reading stands in bj1/telemetry as entry {index}")
    pack = demo.root / "reading.pack"
    demo.tool("proof", "bj1/telemetry", index, "--url", demo.url,
              "--out", pack)
    verified = demo.tool("verify", pack, "--trust", demo.trust)
    say("check: " + next(line for line in verified.stdout.splitlines()
                          if "telemetry" in line))
    demo.tool("verify", pack, expect=3)
    say("check: without a trust file nothing is believed")
    altered = bytearray(pack.read_bytes())
    altered[len(altered) // 2] ^= 1
    pack.write_bytes(altered)
    refused = demo.tool("verify", pack, "--trust", demo.trust, expect=1)
    say("check: one byte altered: " + refused.stderr.strip())
    for name in ("edge-1", "ledger"):
        if demo.processes[name].poll() is not None:
            raise SiteError(f"{name} died:\n{demo.tail(name)}")


def wait_for_end(demo):
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    gone = set()
    while not ended.wait(0.5):
        for name, process in demo.processes.items():
            if process.poll() is not None and name not in gone:
                # A plug that somebody pulled: the others must live with it.
                gone.add(name)
                say(f"demo: {name} ended with {process.returncode}; the others "
                    "go on. Start it again with\n      "
                    + shlex.join(map(str, process.args)))


def main():
    parser = argparse.ArgumentParser(prog="script/demo")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--keep", metavar="DIR", help="keep the site in DIR")
    options = parser.parse_args()
    root = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="strongroom-"))
    root = root.resolve()
    demo = None
    try:
        # Short windows, so that something is there to see within seconds.
        demo = start(root, options.binaries, 2 if options.check else 10)
        if options.check:
            check(demo)
            say("check: passed")
            return 0
        say(f"\n  The ledger's page:  {demo.url}/\n"
            f"  Its trust file:     {demo.trust}\n"
            "  (load it once in the page: the key never comes from the "
            "server)\n\n"
            f"  Try: {options.binaries}/strongroom tail bj1/record "
            f"--url {demo.url}\n"
            f"       {options.binaries}/strongroom proof bj1/telemetry 3 "
            f"--url {demo.url} -o reading.pack\n"
            f"       {options.binaries}/strongroom verify reading.pack "
            f"--trust {demo.trust}\n"
            f"       {options.binaries}/strongroom bus watch --config "
            f"{root}/edge-1/agent.toml\n"
            "  Let something happen:\n"
            + "".join(
                f"       {options.binaries}/plant {words} --control "
                f"{demo.controls['plant']}\n"
                for words in ("set cooling:crac-1.running=0",
                              "fault rs485-climate unplug",
                              "fault hall-front late 200-1500 p=0.2",
                              "clear")) +
            "  Let somebody in: a badge is held before a reader, and within a "
            "second the page\n  shows it read, granted and the lock released; "
            "then the leaf can be pushed open:\n"
            + "".join(
                f"       {options.binaries}/plant {words} --control "
                f"{demo.controls['plant']}\n"
                for door in demo.doors for words in doors.words(door)) +
            f"  Logs: {root}/log\n\n"
            "  Pull a plug, and watch the page: "
            + ", ".join(f"{name} is {process.pid}" for name, process
                        in demo.processes.items())
            + "\n\n  Ctrl-C ends it.")
        wait_for_end(demo)
        return 0
    except SiteError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if demo:
            demo.stop_all()
        if not options.keep:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
