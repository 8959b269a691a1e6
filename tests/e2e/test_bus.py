# SPDX-License-Identifier: Apache-2.0
"""Lines break, devices lie and answer late, disk and broker fail, and the
configuration changes under a running agent: no false value reaches the ledger,
qualities tell the truth, and nothing blocks another line."""

import os
import random
import resource
import signal
import unittest

from harness import SiteTest, device, free_port, wait_until

ROUNDS = 12 if os.environ.get("STRONGROOM_FULL") else 4
EDGE = "edge-1@bj1"
TELEMETRY = "bj1/telemetry/1"
RECORD = "bj1/record/1"

# No two registers of the building hold the same number, so that a value at the
# wrong point shows: device -> (temperature, humidity), as mantissas.
TRUTH = {"a-1": (201, 401), "a-2": (202, 402), "b-1": (203, 403),
         "b-2": (204, 404), "b-3": (205, 405), "c-1": (206, 406)}
LINE_OF = {"a-1": "tcp-a", "a-2": "tcp-a", "b-1": "rtu-b", "b-2": "rtu-b",
           "b-3": "rtu-b", "c-1": "tcp-c"}
UNIT_OF = {"a-1": 1, "a-2": 2, "b-1": 1, "b-2": 2, "b-3": 3, "c-1": 1}


def scene(ports):
    text = ""
    for line in ("tcp-a", "rtu-b", "tcp-c", "tcp-u"):
        text += f'[[line]]\nname = "{line}"\n'
        text += (f'kind = "tcp"\nport = {ports[line]}\n' if line in ports else
                 'kind = "rtu"\nlink = "rtu-b"\nbaud = 19200\n')
        for name, own in LINE_OF.items():
            if own == line:
                text += (f'[[line.device]]\nname = "{name}"\n'
                         f'profile = "xy-md02"\nunit_id = {UNIT_OF[name]}\n')
        if line == "tcp-u":
            text += ('[[line.device]]\nname = "ups-1"\n'
                     'profile = "apc-smart-ups"\n')
    return text


class Building(SiteTest):
    """Three lines with climate sensors, and a UPS on a fourth."""

    @classmethod
    def populate(cls):
        site = cls.site
        cls.ports = {line: free_port() for line in ("tcp-a", "tcp-c", "tcp-u")}
        site.start_plant(scene(cls.ports))
        for name, (temperature, humidity) in TRUTH.items():
            site.plant("set", f"{name}.temperature={temperature / 10}",
                       f"{name}.humidity={humidity / 10}")
        site.plant("set", "ups-1.serial_number=AS0001")
        site.create_agent("edge-1", lines=cls.lines(), window_s=1)
        cls.config = cls.root / "edge-1" / "agent.toml"
        cls.head = cls.config.read_text()[:-len(cls.lines())]
        site.start_agent("edge-1")

    @classmethod
    def lines(cls, devices=("a-1", "a-2", "b-1", "b-2", "c-1"), periods=None):
        """The configuration's part that says what is polled."""
        text = ""
        for line in ("tcp-a", "rtu-b", "tcp-c"):
            text += f'\n[[line]]\nname = "{line}"\ntimeout_ms = 200\n'
            text += (f'kind = "tcp"\nhost = "127.0.0.1"\n'
                     f"port = {cls.ports[line]}\n" if line in cls.ports else
                     f'kind = "rtu"\nserial = "{cls.root}/rtu-b"\n'
                     "baud = 19200\n")
            text += "".join(
                device(name, (periods or {}).get(name, 300), UNIT_OF[name])
                for name in devices if LINE_OF[name] == line)
        return text + (f'\n[[line]]\nname = "tcp-u"\nkind = "tcp"\n'
                       f'host = "127.0.0.1"\nport = {cls.ports["tcp-u"]}\n'
                       + device("ups-1", 1000, 1, "apc-smart-ups")
                       + "slow_period_ms = 300\n")

    # --- what tests ask -------------------------------------------------------

    def devices(self):
        lines = self.site.bus("edge-1") or {}
        return {name: dict(one, line=line) for line, page in lines.items()
                for name, one in page["devices"].items()}

    def polls(self, name):
        one = self.devices().get(name)
        return one["polls"] - one["failed_polls"] if one else 0

    def await_polls(self, *names, seconds=60):
        """Each of them answers anew."""
        before = {name: self.polls(name) for name in names}
        for name in names:
            wait_until(lambda: self.polls(name) > before[name] + 2,
                       f"answers of {name}", seconds)

    def windows(self, name):
        return [event["windows"] for event in
                self.events(TELEMETRY, "windows", EDGE)
                if event["windows"]["device"] == name]

    def await_good_window(self, name, after=0, seconds=60):
        """A window of `name`, not among the first `after`, all good."""
        return wait_until(
            lambda: next((window for window in self.windows(name)[after:]
                          if self.is_good(window)), None),
            f"a good window of {name}", seconds, 0.2)

    @staticmethod
    def is_good(window):
        return all(count > 0 for count in window["good"]) \
            and set(window["quality"]) == {"POINT_QUALITY_GOOD"} \
            and not any(window.get("missed", []))

    def assert_no_false_value(self):
        """Every value of every window is what that register held."""
        seen = 0
        for name, truth in TRUTH.items():
            for window in self.windows(name):
                values = iter(zip(window.get("last", []),
                                  window.get("last_minus_min", []),
                                  window.get("max_minus_last", [])))
                for point, good in enumerate(window["good"]):
                    if not good:
                        continue
                    last, below, above = map(int, next(values))
                    self.assertEqual((last, below, above),
                                     (truth[point], 0, 0), (name, window))
                    seen += 1
                self.assertIsNone(next(values, None), window)
        self.assertGreater(seen, 0)

    def await_drained(self):
        def is_drained():
            health = self.site.health("edge-1")
            return health is not None and int(health["backlog"]) <= 20
        wait_until(is_drained, "the backlog to drain", 90)

    def assert_one_gapless_epoch(self):
        for log in (RECORD, TELEMETRY):
            self.assert_gapless(log, EDGE)
        epochs = {event["epoch"] for event in self.events(RECORD, source=EDGE)}
        self.assertEqual(len(epochs), 1, "no fault may cost the epoch")


class Storm(Building):
    """Lines, devices, broker and disk fail, all at once."""

    def fill_disk(self, full):
        limit = 64 * 1024 if full else resource.RLIM_INFINITY
        resource.prlimit(self.site.processes["edge-1"].pid,
                         resource.RLIMIT_FSIZE,
                         (limit, resource.RLIM_INFINITY))

    def failing_seconds(self):
        return self.site.metric("edge-1", "journal_failing_seconds") or 0

    def test_no_false_value_and_nobody_waits(self):
        site = self.site
        seed = int.from_bytes(os.urandom(4), "big")
        print(f"seed {seed}")
        generator = random.Random(seed)
        for name in ("a-1", "b-1", "c-1"):
            self.await_good_window(name)
        self.addCleanup(self.fill_disk, False)
        for number in range(ROUNDS):
            line = generator.choice(["tcp-a", "rtu-b"])
            other = "b-1" if line == "tcp-a" else "a-1"
            site.plant("fault", other, "late", "100-900", "p=0.1")
            site.plant("fault", line, "unplug")
            if number % 2 == 0:
                site.stop("broker", signal.SIGKILL)
                self.fill_disk(True)
                wait_until(self.failing_seconds, "a commit to fail", 60)
            wait_until(lambda: not site.bus("edge-1")[line]["connected"],
                       f"{line} to be lost", 60)
            # Neither the dead line nor the disk nor the broker holds them up.
            self.await_polls(other, "c-1")
            self.fill_disk(False)
            site.plant("fault", line, "replug")
            site.plant("clear", other)
            if number % 2 == 0:
                site.start_broker()
            self.await_polls(*(name for name, own in LINE_OF.items()
                               if own == line and name != "b-3"))
        site.stop("plant", signal.SIGKILL)
        wait_until(lambda: all(one["state"] == "silent" or
                               not site.bus("edge-1")[one["line"]]["connected"]
                               for one in self.devices().values()),
                   "every device to be missed", 60)
        self.await_drained()
        self.assert_no_false_value()
        self.assert_one_gapless_epoch()
        self.assertEqual(site.metric("edge-1", "dropped_polls_total"), 0)
        for name in ("a-1", "b-1", "c-1"):
            self.assert_says_that_it_is_gone(name)

    def assert_says_that_it_is_gone(self, name):
        """After the plant's end: no value, and a quality that says so."""
        def gone():
            last = self.windows(name)[-1]
            return last if not any(last["good"]) else None
        window = wait_until(gone, f"a window of {name} without a value", 60,
                            0.2)
        self.assertNotIn("last", window)
        self.assertTrue(set(window["quality"]) <= {"POINT_QUALITY_BAD",
                                                   "POINT_QUALITY_STALE"},
                        window)
        self.assertTrue(all(count > 0 for count in window["missed"]), window)


class Reload(Building):
    """The configuration changes under the running agent."""

    def write(self, lines, head=None):
        self.config.write_text((head or self.head) + lines)

    def reload(self, lines, head=None):
        """Writes, signals, and awaits that the agent has read it."""
        before = self.site.health("edge-1")["configuration"]["reloads"]
        self.write(lines, head)
        self.site.reload_agent("edge-1")
        return wait_until(
            lambda: (lambda one: one if one["reloads"] > before else None)(
                self.site.health("edge-1")["configuration"]),
            "the configuration to be read")

    def setUp(self):
        self.reload(self.lines())
        self.await_polls("a-1", "a-2", "b-1", "b-2", "c-1")

    def tearDown(self):
        self.assertIsNone(self.site.processes["edge-1"].poll())
        self.assert_no_false_value()
        self.assert_one_gapless_epoch()

    def test_device_added_leaves_other_lines_alone(self):
        before = self.site.bus("edge-1")
        polls = {name: one["polls"] for name, one in self.devices().items()}
        self.reload(self.lines(("a-1", "a-2", "b-1", "b-2", "b-3", "c-1")))
        self.await_polls("b-3")
        after = self.site.bus("edge-1")
        for line in ("tcp-a", "tcp-c", "tcp-u"):
            self.assertEqual(after[line]["opens"], before[line]["opens"])
        self.assertEqual(after["rtu-b"]["opens"], before["rtu-b"]["opens"] + 1)
        for name, one in self.devices().items():
            self.assertGreaterEqual(one["polls"], polls.get(name, 0), name)
        described = [event["device_described"]["device"] for event in
                     self.await_events(RECORD, "device_described", 7)]
        for name in described:
            if name != "ups-1":
                self.assertEqual(described.count(name), 1, "described once")
        self.await_good_window("b-3")

    def test_device_removed_is_forgotten_with_its_last_window(self):
        self.await_good_window("a-2")
        self.reload(self.lines(("a-1", "b-1", "b-2", "c-1")))
        self.assertNotIn("a-2", self.devices())
        wait_until(lambda: "a-2" not in
                   [one["device"] for one in
                    self.site.health("edge-1")["devices"]],
                   "the loop to forget a-2")
        windows = len(self.windows("a-1"))
        wait_until(lambda: len(self.windows("a-1")) > windows + 3,
                   "windows of a-1", 30, 0.2)
        count = len(self.windows("a-2"))
        windows = len(self.windows("a-1"))
        wait_until(lambda: len(self.windows("a-1")) > windows + 2,
                   "windows of a-1", 30, 0.2)
        self.assertEqual(len(self.windows("a-2")), count)

    def test_period_changed_keeps_quality_and_counters(self):
        self.await_good_window("a-1")
        known = len(self.windows("a-1"))
        before = self.devices()["a-1"]["polls"]
        self.reload(self.lines(periods={"a-1": 100}))
        self.await_polls("a-1")
        self.assertGreater(self.devices()["a-1"]["polls"], before)
        window = wait_until(
            lambda: next((one for one in self.windows("a-1")[known:]
                          if one["good"][0] >= 8), None),
            "a window of ten polls", 60, 0.2)
        self.assertTrue(self.is_good(window), window)
        for window in self.windows("a-1")[known:]:
            self.assertTrue(self.is_good(window),
                            f"a reload is no missed poll: {window}")

    def test_nonsense_changes_nothing(self):
        for nonsense in ("[[line]\nname =", self.lines().replace(
                "xy-md02", "no-such-profile"), self.lines() + self.lines(),
                "\x00\xff"):
            refused = self.reload(nonsense)
            self.assertTrue(refused["refused"])
            self.assertIn("agent.toml", refused["refused"][0])
            health = self.site.health("edge-1")
            self.assertEqual(health["status"], "degraded")
            self.assertIn("configuration refused", health["reasons"][0])
            self.assertEqual(
                self.site.metric("edge-1", "config_reload_failed"), 1)
            self.await_polls("a-1", "b-1", "c-1")
        self.config.unlink()
        self.site.reload_agent("edge-1")
        self.await_polls("a-1")
        self.assertEqual(self.reload(self.lines())["refused"], [])
        self.assertEqual(self.site.metric("edge-1", "config_reload_failed"), 0)

    def test_what_needs_a_restart_is_named(self):
        head = self.head.replace("length_s = 1", "length_s = 2").replace(
            str(self.site.agent_ports["edge-1"]), str(free_port()))
        status = self.reload(self.lines(), head)
        self.assertEqual(status["needs_restart"], ["http.listen"])
        self.await_polls("a-1")
        wait_until(lambda: self.windows("a-1")[-1]["duration_ms"] == 2000,
                   "a window of the new length", 30, 0.2)
        self.assertEqual(self.reload(self.lines())["needs_restart"], [])

    def test_storm_of_signals(self):
        fewer = self.lines(("a-1", "b-1", "c-1"))
        more = self.lines(("a-1", "a-2", "b-1", "b-2", "b-3", "c-1"))
        for number in range(200):
            # In one step, as editors do it: half a file is nonsense.
            beside = self.config.with_suffix(".new")
            beside.write_text(self.head + (fewer if number % 2 else more))
            beside.rename(self.config)
            self.site.reload_agent("edge-1")
        self.reload(more)
        self.await_polls("a-2", "b-3", "c-1")
        self.assertEqual(sorted(self.devices()), [*sorted(TRUTH), "ups-1"])
        self.assertEqual(self.site.health("edge-1")["status"], "ok")

    def test_device_exchanged_is_identified(self):
        def serials():
            return [event["device_identified"] for event in
                    self.events(RECORD, "device_identified", EDGE)
                    if event["device_identified"]["name"] == "serial_number"]
        first = wait_until(serials, "the UPS to say who it is", 30, 0.2)[0]
        self.assertEqual((first["device"], first["text"]),
                         ("ups-1", "AS0001"))
        self.assertEqual(first.get("previous", ""), "")
        # What a badly read device says differently each time must not fill the
        # record: the exchange is held back, and recorded later, or, as the
        # agent cannot know how long it was away, after a restart.
        self.site.plant("set", "ups-1.serial_number=AS0002")
        wait_until(lambda: self.site.metric(
            "edge-1", "identities_held_back_total"), "a reading held back", 60)
        self.assertEqual(len(serials()), 1)
        self.assertEqual(self.site.stop("edge-1"), 0)
        self.site.start_agent("edge-1")
        second = wait_until(lambda: serials()[1:], "the exchange", 60, 0.2)[0]
        self.assertEqual((second["text"], second["previous"]),
                         ("AS0002", "AS0001"))


del Building  # no tests of its own


if __name__ == "__main__":
    unittest.main()
