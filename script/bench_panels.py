# SPDX-License-Identifier: Apache-2.0
"""The bench of doors: from a badge at a reader to a lock that is released,
eight panels and four sensors on one line that `plant` paces to 115200 baud.

Badge and lock are seen by the plant, on its one clock: from the last byte that
the reader sent to the output that the panel drives. Between them: the reader's
frame, the poll, the exchange, the decision, the journal's commit, the exchange
that brings the unlock.
"""

import itertools
import os
import random
import time

from bench_bus import DEVICE, TEN, Plant, wire_us
from bench_rows import progress, row
from installation import wait_until

BAUD = 115200
PANELS = 8
SENSORS = 4
TAG = "3C00CE754C"
PULSE_MS = 150
# Eight panels at 40 ms would be 1.5 lines.
POLL_MS = 80

LEAVES = "".join(f'[[leaf]]\nname = "leaf-{at}"\nzone = "room"\n\n'
                 for at in range(1, PANELS + 1))

POLICY = f"""format = 1
version = 1

[[zone]]
name = "room"

{LEAVES}[[person]]
id = "p-1"

[[credential]]
id = "c-1"
person = "p-1"
format = "em4100"
tag = "{TAG}"

[[grant]]
person = "p-1"
zone = "room"
"""

AGENT_PANEL = """[[line.panel]]
name = "door-{at}"
unit_id = {unit}
key = "{key}"
poll_ms = {poll_ms}

[[line.panel.leaf]]
name = "leaf-{at}"
zone = "room"
lock = "strike"
inputs = ["contact"]
pulse_ms = {pulse_ms}

[[line.panel.reader]]
name = "outside"
kind = "rdm6300"
leaves = ["leaf-{at}"]
direction = "in"
repeat_ms = 100

"""

SCENE_PANEL = """[[panel]]
name = "door-{at}"
line = "rtu"
board = "native"
unit_id = {unit}
key = "{key}"

[[panel.leaf]]
name = "leaf-{at}"
lock = "strike"

[[panel.reader]]
kind = "rdm6300"

"""


def least_ms():
    """What the wire alone takes: the badge waits for half a round of polls,
    then two exchanges of about 60 and 80 bytes. The baseline."""
    exchange_us = (2 * 13 + 140) * 1e7 / BAUD + 2 * 1750
    return (PANELS * wire_us(BAUD, 2) / 2 + 2 * exchange_us) / 1e3


class PanelBench:
    """Mixed into Bench."""

    def doors(self):
        for fsync_ms in (0, 20):
            site = self.doors_site(fsync_ms)
            try:
                self.await_doors(site)
                for dead in (None, "room-1", "door-8"):
                    yield from self.doors_case(site, fsync_ms, dead)
            finally:
                site.stop_all()

    def doors_site(self, fsync_ms):
        site = self.site("doors")
        site.create()
        share = site.root / "ledger" / "keys" / "share.key"
        policy = site.root / "policy.toml"
        policy.write_text(POLICY)
        site.tool("policy", "sign", "--key", share, policy)
        public = site.root / "policy.pub"
        public.write_text(site.tool("policy", "key", "--key",
                                    share).stdout)
        keys = [site.root / f"door-{at}.key" for at in range(1, PANELS + 1)]
        for key in keys:
            site.tool("panel", "keygen", key)
        site.start_ledger()
        site.start_broker()
        site.plant = Plant(site, self.doors_scene(site, keys))
        site.create_agent(
            "edge-1", lines=self.doors_lines(site, keys),
            extra=f'[access]\npolicy = "{policy}"\npolicy_key = "{public}"\n')
        slow = site.binaries / "slow_fsync.so"
        with Environment(LD_PRELOAD=str(slow) if fsync_ms else None,
                         STRONGROOM_FSYNC_MS=str(fsync_ms)):
            site.start_agent("edge-1")
        return site

    @staticmethod
    def doors_scene(site, keys):
        return (f'[[line]]\nname = "rtu"\nkind = "rtu"\n'
                f'link = "{site.root}/pty"\nbaud = {BAUD}\n\n'
                + "".join(f'[[line.device]]\nname = "room-{at}"\n'
                          f'profile = "{TEN}"\nunit_id = {at}\n'
                          'turnaround_ms = 5\n\n'
                          for at in range(1, SENSORS + 1))
                + "".join(SCENE_PANEL.format(at=at, unit=10 + at, key=key)
                          for at, key in enumerate(keys, 1)))

    @staticmethod
    def doors_lines(site, keys):
        return (f'[[line]]\nname = "rtu"\nkind = "rtu"\n'
                f'serial = "{site.root}/pty"\nbaud = {BAUD}\n'
                'timeout_ms = 200\n'
                + "".join(DEVICE.format(name=f"room-{at}", profile=TEN,
                                        unit=at, period_ms=1000)
                          for at in range(1, SENSORS + 1))
                + "".join(AGENT_PANEL.format(at=at, unit=10 + at, key=key,
                                             pulse_ms=PULSE_MS,
                                             poll_ms=POLL_MS)
                          for at, key in enumerate(keys, 1)))

    def await_doors(self, site):
        def all_open():
            return all(self.door_ms(site, at) is not None
                       for at in range(1, PANELS + 1))
        wait_until(all_open, "every door to open once", 60, 0.1)

    @staticmethod
    def door_ms(site, at):
        """A badge at that door, and how long its lock took; None: not at all
        within a second."""
        site.plant.tell("badge", f"door-{at}", "1", "em4100", TAG)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            text = site.plant.tell("latency", f"door-{at}")
            if text != "none":
                return float(text)
            time.sleep(0.02)
        return None

    def doors_case(self, site, fsync_ms, dead):
        name = (f"badge to unlock, fsync +{fsync_ms} ms, "
                + (f"{dead} dead" if dead else "all alive"))
        count = self.seconds(400, 40)
        progress(f"{name}, {count} badges")
        doors = [at for at in range(1, PANELS + 1) if f"door-{at}" != dead]
        if dead:
            self.kill(site, dead)
        chance = random.Random(7)
        times, missing = [], 0
        for at in itertools.islice(itertools.cycle(doors), count):
            took = self.door_ms(site, at)
            if took is None:
                missing += 1
            else:
                times.append(took)
            # Any phase of the polls; the lock is secured again by then.
            time.sleep(PULSE_MS / 1e3 / len(doors) + chance.random() * 0.06)
        if dead:
            self.revive(site, dead)
        times.sort()
        yield row(f"{name}, p50", times[len(times) // 2], "ms", least_ms())
        yield row(f"{name}, p99", times[int(len(times) * 0.99)], "ms",
                  least_ms(), 400 if dead else 150, at_most=True)
        yield row(f"{name}, without unlock", missing, "badges", None, 0,
                  at_most=True)

    @staticmethod
    def kill(site, name):
        if name.startswith("door"):
            site.plant.tell("line", name, "unplug")
        else:
            site.plant.tell("fault", name, "dead")
        time.sleep(3)  # noticed, and then only probed

    @staticmethod
    def revive(site, name):
        if name.startswith("door"):
            site.plant.tell("line", name, "plug")
        else:
            site.plant.tell("clear")
        time.sleep(12)


class Environment:
    """Variables of the processes that are started within it."""

    def __init__(self, **values):
        self.values = {name: value for name, value in values.items() if value}

    def __enter__(self):
        os.environ.update(self.values)

    def __exit__(self, *_):
        for name in self.values:
            del os.environ[name]
