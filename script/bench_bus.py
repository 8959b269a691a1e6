# SPDX-License-Identifier: Apache-2.0
"""The benches of the bus: many points, one line, dead devices.

The devices are `plant`'s, on loopback ports and on pseudo-terminals that are
paced to their baud rate; what the lines did is what the agent's GET /bus says.
"""

import re
import sqlite3
import statistics
import subprocess
import time

from bench_rows import progress, row
from installation import SiteError, wait_until

HUNDRED = "hundred-points"
TEN = "ten-registers"
POINTS = 100  # of HUNDRED

TCP_LINE = """[[line]]
name = "{name}"
kind = "tcp"
host = "127.0.0.1"
port = {port}
timeout_ms = 500
"""

RTU_LINE = """[[line]]
name = "{name}"
kind = "rtu"
serial = "{serial}"
baud = {baud}
timeout_ms = 500
"""

DEVICE = """
[[line.device]]
name = "{name}"
profile = "{profile}"
unit_id = {unit}
period_ms = {period_ms}

"""


def wire_us(baud, registers):
    """A read of so many registers and its answer, 8N1: 8 + 5 characters and
    two for each register, and two frame gaps."""
    character = 1e7 / baud
    gap = 1750 if baud > 19200 else 3.5 * character
    return (13 + 2 * registers) * character + 2 * gap


class Plant:
    """A running scene, and the words that change it."""

    def __init__(self, site, scene):
        self.site = site
        self.control = site.root / "plant.sock"
        path = site.root / "scene.toml"
        path.write_text(scene)
        site.start("plant", site.binaries / "plant", "run", path, "--profiles",
                   site.profiles, "--control", self.control,
                   stdin=subprocess.DEVNULL)
        ready = site.root / "log" / "plant.log"
        site.wait_for("plant", lambda: "\nready " in ready.read_text())

    def ports(self):
        """Of its TCP lines, by name, as it said when it began."""
        log = (self.site.root / "log" / "plant.log").read_text()
        return {name: int(port) for name, port in re.findall(
            r"^line (\S+) tcp \S+:(\d+)$", log, re.MULTILINE)}

    def tell(self, *words):
        done = subprocess.run(
            [str(self.site.binaries / "plant"), *words[:1], "--control",
             str(self.control), *words[1:]],
            capture_output=True, text=True, timeout=10, check=False)
        if done.returncode != 0:
            raise SiteError(f"plant {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()


def hundred_points_profile():
    """Floats in three clusters and integers in a fourth, as meters have them:
    more than one request, and holes to judge."""
    points = [(at, "f32") for start in (0, 60, 300)
              for at in range(start, start + 40, 2)]
    points += [(at, "u16") for at in range(400, 440)]
    text = ('format = 2\ntitle = "Hundred points"\nsource = "the bench"\n'
            'trust = "documented"\n\n')
    for number, (address, kind) in enumerate(points):
        text += (f'[[point]]\nname = "point_{number}"\nunit = "Cel"\n'
                 f'function = 3\naddress = {address}\ntype = "{kind}"\n'
                 'exponent = -1\nmin = "0.0"\nmax = "6000.0"\n\n')
    return text


class BusBench:
    """Mixed into Bench, which has site(), cpu_seconds(), rss_mb(), short."""

    def seconds(self, long, short):
        return short if self.short else long

    def bus(self, site, name="edge-1"):
        return site.get_json("/bus", site.agent_ports[name])

    def bus_devices(self, site):
        return {device["name"]: device
                for line in self.bus(site)["lines"]
                for device in line["devices"]}

    def start_site(self, name, scene, lines):
        """Broker, ledger, plant and an agent with these lines."""
        site = self.site(name)
        (site.profiles / f"{HUNDRED}.toml").write_text(hundred_points_profile())
        site.create()
        site.start_ledger()
        site.start_broker()
        site.plant = Plant(site, scene(site))
        site.create_agent("edge-1", lines=lines(site))
        site.start_agent("edge-1")
        return site

    def points_site(self, name, devices):
        """So many devices of 100 points at 1 s, each on a port of its own."""
        def scene(_):
            return "".join(
                f'[[line]]\nname = "tcp-{at}"\nkind = "tcp"\nport = 0\n\n'
                f'[[line.device]]\nname = "meter-{at}"\n'
                f'profile = "{HUNDRED}"\n\n' for at in range(devices))

        def lines(site):
            ports = site.plant.ports()
            return "".join(
                TCP_LINE.format(name=f"tcp-{at}", port=ports[f"tcp-{at}"])
                + DEVICE.format(name=f"meter-{at}", profile=HUNDRED, unit=1,
                                period_ms=1000)
                for at in range(devices))

        return self.start_site(name, scene, lines)

    def await_answers(self, site):
        def all_answer():
            devices = self.bus_devices(site)
            return devices and all(device["state"] == "answering"
                                   for device in devices.values())
        wait_until(all_answer, "every device to answer", 60, 0.2)

    # --- many points --------------------------------------------------------

    def points(self):
        """10 000 points of 100 devices at 1 s over Modbus TCP, over a minute's
        end, when their windows are journalled and sent."""
        site = self.points_site("points", 100)
        try:
            self.await_answers(site)
            seconds = self.seconds(60, 5)
            progress(f"10 000 points at 1 s, {seconds} s")
            time.sleep(self.seconds(10, 1))
            before = self.bus_devices(site)
            cpu = self.cpu_seconds(site, "edge-1")
            started = time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - started
            cpu = self.cpu_seconds(site, "edge-1") - cpu
            after = self.bus_devices(site)
            polls = sum(after[name]["polls"] - before[name]["polls"]
                        for name in before)
            failed = sum(after[name]["failed_polls"]
                         - before[name]["failed_polls"] for name in before)
            yield row("10 000 points, polls", polls / took, "polls/s", 100,
                      0.99, on_ratio=True)
            yield row("10 000 points, polls without an answer", failed,
                      "polls", None, 0, at_most=True)
            yield row("10 000 points, agent RSS",
                      self.rss_mb(site, "edge-1"), "MB", None, 25,
                      at_most=True)
            yield row("10 000 points, agent CPU", 100 * cpu / took,
                      "% of a core", None, 25, at_most=True)
        finally:
            site.stop_all()

    def telemetry(self):
        """What a point costs in the journal per minute, of ten devices with
        100 points each; windows of a minute, values that vary."""
        site = self.points_site("telemetry", 10)
        minutes = self.seconds(3, 1)
        try:
            self.await_answers(site)
            self.sleep_past_minute()
            bytes_before, disk_before = self.telemetry_bytes(site)
            progress(f"windows of 1 000 points, {minutes} minutes")
            for _ in range(minutes):
                self.sleep_past_minute()
            encoded, disk = self.telemetry_bytes(site)
            point_minutes = minutes * 10 * POINTS
            yield row("telemetry, encoded",
                      (encoded - bytes_before) / point_minutes,
                      "bytes/point-minute")
            yield row("telemetry, journal on disk",
                      (disk - disk_before) / point_minutes,
                      "bytes/point-minute", None, 25, at_most=True)
        finally:
            site.stop_all()

    @staticmethod
    def sleep_past_minute():
        """Until the windows of this minute are closed, sent and proven."""
        time.sleep(60 - time.time() % 60 + 3)

    @staticmethod
    def telemetry_bytes(site):
        """Of all telemetry events, and of the whole journal's pages."""
        path = site.root / "edge-1" / "journal.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as journal:
            encoded = journal.execute(
                "SELECT total(length(event)) FROM telemetry_events"
            ).fetchone()[0]
            pages, free, size = (
                journal.execute(f"PRAGMA {what}").fetchone()[0]
                for what in ("page_count", "freelist_count", "page_size"))
        journal.close()
        return encoded, (pages - free) * size

    # --- one line -----------------------------------------------------------

    def wire(self):
        """Requests of one device as fast as the line goes, on a paced
        pseudo-terminal; the baseline is what the wire could carry."""
        for baud in (9600, 115200):
            site = self.rtu_site("wire", baud, devices=1, turnaround_ms=0,
                                 period_ms=0)
            try:
                self.await_answers(site)
                seconds = self.seconds(20, 3)
                progress(f"one line at {baud} baud, {seconds} s")
                time.sleep(2)
                before = self.bus_devices(site)["room-1"]["requests"]
                started = time.monotonic()
                time.sleep(seconds)
                took = time.monotonic() - started
                requests = (self.bus_devices(site)["room-1"]["requests"]
                            - before)
                yield row(f"one line at {baud} baud, 10 registers",
                          requests / took, "requests/s",
                          1e6 / wire_us(baud, 10))
            finally:
                site.stop_all()

    def rtu_site(self, name, baud, devices, turnaround_ms, period_ms):
        numbers = range(1, devices + 1)

        def scene(site):
            return (f'[[line]]\nname = "rtu"\nkind = "rtu"\n'
                    f'link = "{site.root}/pty"\nbaud = {baud}\n\n'
                    + "".join(f'[[line.device]]\nname = "room-{at}"\n'
                              f'profile = "{TEN}"\nunit_id = {at}\n'
                              f'turnaround_ms = {turnaround_ms}\n\n'
                              for at in numbers))

        def lines(site):
            return (RTU_LINE.format(name="rtu", serial=f"{site.root}/pty",
                                    baud=baud)
                    + "".join(DEVICE.format(name=f"room-{at}", profile=TEN,
                                            unit=at, period_ms=period_ms)
                              for at in numbers))

        return self.start_site(name, scene, lines)

    # --- dead devices -------------------------------------------------------

    def dead(self):
        """Ten devices on one paced line at 9600 baud, busy for two thirds;
        none, 1, 3 and 9 of them dead. The baseline is the cycle with none."""
        turnaround_ms = 5
        load = 10 * (wire_us(9600, 10) / 1e3 + turnaround_ms)
        period_ms = int(load / 0.67)
        site = self.rtu_site("dead", 9600, 10, turnaround_ms, period_ms)
        try:
            self.await_answers(site)
            alive = self.cycles(site, dead=0)
            yield row("10 devices, none dead, longest cycle", max(alive), "ms",
                      period_ms)
            for count in (1, 3, 9):
                names = [f"room-{at}" for at in range(1, count + 1)]
                for name in names:
                    site.plant.tell("fault", name, "dead")
                wait_until(lambda gone=names: all(
                    self.bus_devices(site)[name]["state"] == "silent"
                    for name in gone), "the dead to be noticed", 120, 0.2)
                cycles = self.cycles(site, count)
                yield row(f"10 devices, {count} dead, longest cycle",
                          max(cycles), "ms", max(alive), 1.05, at_most=True,
                          on_ratio=True)
                site.plant.tell("clear")
                back = time.monotonic()
                self.await_answers(site)
                yield row(f"10 devices, {count} dead, all noticed again",
                          time.monotonic() - back, "s", None, 10,
                          at_most=True)
        finally:
            site.stop_all()

    def cycles(self, site, dead):
        """Mean time in ms between answered polls of each healthy device: the
        slope of its count, which is shown once a second."""
        seconds = self.seconds(40, 6)
        progress(f"10 devices, {dead} dead, {seconds} s")
        time.sleep(self.seconds(10, 5))  # what was late has been caught up
        times, counts = [], []
        started = time.monotonic()
        while time.monotonic() < started + seconds:
            times.append(time.monotonic() - started)
            counts.append({name: device["polls"] - device["failed_polls"]
                           for name, device in self.bus_devices(site).items()})
            time.sleep(0.1)
        return [1e3 / statistics.linear_regression(
            times, [count[f"room-{at}"] for count in counts]).slope
            for at in range(dead + 1, 11)]
