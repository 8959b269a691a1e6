# SPDX-License-Identifier: Apache-2.0
"""The firmware as it is built, on one board, from outside: nothing of the agent.

usage: test_panel.py BOARD
"""

import functools
import os
import pathlib
import re
import subprocess
import sys
import unittest

from machine import Machine
from master import Master, Refused, pb

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARD = "native"
KEY = bytes(range(16))
FINGERPRINT = "3ab78680"  # also in firmware/local/local_port_test.cc
UNIT = 7
# Nothing paces bytes here, and a busy machine pauses within a frame: the longer
# the silence that ends one the better.
BAUD = 2400
RING = 0x51A6

# EM4100 0A 00 12 34 56 as an RDM6300 sends it: hexadecimal, XOR of the bytes.
BADGE = b"\x020A00123456" + b"%02X" % (0x0A ^ 0x12 ^ 0x34 ^ 0x56) + b"\x03"


def has_world(test):
    @functools.wraps(test)
    def run(self):
        if self.machine.world is None:
            self.skipTest("in QEMU this board has no pins")
        test(self)
    return run


class PanelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine(BOARD)
        cls.addClassCleanup(cls.machine.remove)
        cls.machine.start()
        cls.machine.commission(UNIT, BAUD, KEY)
        cls.master = Master(cls.machine, UNIT, KEY)

    def begin(self):
        """The session that there is now; the ring gets an id if it has none."""
        hello = self.master.hello()
        self.master.ring = hello.ring or RING
        self.newest = hello.newest_seq
        return hello

    def configure(self):
        self.begin()
        leaf = dict(lock=pb.LOCK_KIND_STRIKE, exit=pb.EXIT_KIND_RELEASE,
                    offline=pb.OFFLINE_POLICY_DENY, has_inputs=15,
                    pulse_ms=60000, held_after_ms=60000,
                    not_opened_after_ms=50000, debounce_ms=20)
        self.master.configure(
            0xC0F16, pb.PanelSettings(leaf_count=2, reader_count=2,
                                      offline_after_ms=60000),
            [pb.LeafSettings(leaf=1, **leaf), pb.LeafSettings(leaf=2, **leaf)],
            [pb.ReaderSettings(reader=1, kind=pb.READER_KIND_RDM6300,
                               keypad=pb.KEYPAD_KIND_NONE, leaves=1,
                               repeat_ms=100),
             pb.ReaderSettings(reader=2, kind=pb.READER_KIND_H10301,
                               keypad=pb.KEYPAD_KIND_WIEGAND4, leaves=2,
                               repeat_ms=100)])
        self.newest = self.begin().newest_seq

    def restart(self):
        boot = self.machine.status()["boot"]
        self.machine.reset()
        self.machine.await_status(lambda s: s["boot"] != boot)

    # --- commissioning --------------------------------------------------------------

    def test_commissioned(self):
        identity = self.machine.ask("id?")
        for part in (f"board={BOARD}", f"unit={UNIT}", f"baud={BAUD}",
                     "parity=N", f"key={FINGERPRINT}", "tests-only"):
            self.assertIn(part, identity)
        self.assertNotIn("unsaved", identity)
        self.assertNotIn(KEY.hex(), identity)
        self.assertTrue(self.machine.ask("unit 300").startswith("error "))
        self.assertTrue(self.machine.ask("open 1").startswith("error "))

    def test_settings_wait_for_save(self):
        self.assertTrue(self.machine.ask("unit 9").startswith("ok"))
        self.assertIn("unsaved", self.machine.ask("id?"))
        self.begin()  # still answers under its number
        self.restart()
        self.assertIn(f"unit={UNIT}", self.machine.ask("id?"))

    def test_slots_are_for_their_owner_or_it_does_not_start(self):
        if BOARD != "native":
            self.skipTest("slots are files of the process only")
        nv = self.machine.root / "nv"
        self.assertEqual(0o700, nv.stat().st_mode & 0o777)
        self.assertTrue(list(nv.glob("slot-*")))
        for folder in (nv / "none/deeper", self.machine.root / "memory"):
            done = subprocess.run(
                [os.environ["STRONGROOM_BIN"] + "/strongroom-panel",
                 "--nv", folder], capture_output=True, text=True, timeout=20,
                check=False)
            self.assertEqual(1, done.returncode)
            self.assertIn(f"--nv {folder}: No", done.stderr)

    # --- registers ------------------------------------------------------------------

    def test_mbpoll_reads_every_register(self):
        self.restart()  # counters count from here
        self.configure()
        if self.machine.world:
            self.machine.world.say("in 77777775 06 11870")
            self.master.await_event(pb.PANEL_EVENT_KIND_TAMPER, self.newest)
        hello = self.begin()
        read = {}
        for table, address, size, kind, name in documented_registers():
            read[table, name] = self.mbpoll(table, address, size, kind)
        expected = {
            "map_version": 1, "protocol": 1, "board_flags": 1,
            "boot": hello.boot, "session": self.master.session,
            "board": BOARD, "firmware": hello.firmware,
            "serial": hello.serial.ljust(12, b"\0"), "ring": hello.ring,
            "config_version": 0xC0F16, "list_version": 0, "alone": 0,
            "leaf_count": 2, "locks": 0, "unlocks": 0, "exceptions": 0,
            "lost": 0, "badges": 0}
        if self.machine.world:
            # Leaf 1's lock sense is open, the case too; leaves that are not
            # configured are not looked at.
            expected.update(leaf_inputs=0x75, panel_inputs=6,
                            supply_mv=11870, flags=1, leaf_1=0)
        for name, value in expected.items():
            self.assertEqual(value, read["input", name], name)
        for name in ("leaf_inputs", "panel_inputs"):
            self.assertEqual(read["input", name], read["discrete", name])
        self.assertEqual(0, read["coil", "locks"])
        self.assertEqual(0, read["holding", "scratch"])
        self.assertGreaterEqual(len(read), 50)
        if self.machine.world:
            self.machine.world.say("in 77777777 07 12000")

    def mbpoll(self, table, address, size, kind):
        """One row of the table, read by mbpoll."""
        code = {"coil": "0", "discrete": "1", "input": "3:hex",
                "holding": "4:hex"}[table]
        with self.machine.terminal() as path:
            done = subprocess.run(
                ["mbpoll", "-m", "rtu", "-a", str(UNIT), "-b", str(BAUD), "-P",
                 "none", "-o", "3", "-0", "-r", str(address), "-c", str(size),
                 "-t", code, "-1", path],
                capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        values = [int(value, 0) for value in
                  re.findall(r"^\[\d+\]:\s+(\S+)", done.stdout, re.MULTILINE)]
        self.assertEqual(size, len(values), done.stdout)
        if kind == "bits":
            return sum(bit << i for i, bit in enumerate(values))
        data = b"".join(value.to_bytes(2, "big") for value in values)
        if kind == "text":
            return data.rstrip(b"\0").decode()
        if kind == "bytes":
            return data
        return int.from_bytes(data, "big", signed=kind == "i32")

    def test_plain_writes_move_nothing(self):
        self.configure()
        for function, data in ((5, "0000ff00"), (6, "10000001"),
                               (15, "000000080101ff"[:12]),
                               (16, "020200010200ff")):
            with self.assertRaises(Refused):
                self.master.ask(function, bytes.fromhex(data))
        self.assertEqual((0,), self.master.input_registers(0x303, 1))

    # --- readers, inputs, locks ---------------------------------------------------

    def test_badge_on_the_reader_s_uart(self):
        self.configure()
        self.machine.reader1.send(BADGE)
        event = self.master.await_event(pb.PANEL_EVENT_KIND_BADGE_READ,
                                        self.newest)
        self.assertEqual((1, 40, "0a00123456"),
                         (event.reader, event.credential[0],
                          event.credential[1:].hex()))
        pending, newest = self.master.input_registers(0, 2)
        self.assertTrue(pending & 1)
        self.assertEqual(event.seq & 0xFFFF, newest)
        self.master.exchange(ack_seq=event.seq)
        self.assertFalse(self.master.input_registers(0, 1)[0] & 1)

    @has_world
    def test_badge_by_pulses(self):
        self.configure()
        bits = wiegand26(0x0F, 0x5BCD)
        self.machine.world.say(f"wg 2 26 {bits:x}")
        event = self.master.await_event(pb.PANEL_EVENT_KIND_BADGE_READ,
                                        self.newest)
        self.assertEqual((2, 26), (event.reader, event.credential[0]))
        self.assertEqual(bits << 6, int.from_bytes(event.credential[1:], "big"))

    @has_world
    def test_inputs_become_events(self):
        self.configure()
        self.machine.world.say("in 77777776 07 12000")  # leaf 1 stands open
        self.master.await_event(pb.PANEL_EVENT_KIND_FORCED, self.newest)
        self.machine.world.say("in 77777777 07 12000")
        self.master.await_event(pb.PANEL_EVENT_KIND_CLOSED, self.newest)

    @has_world
    def test_unlock_drives_the_output(self):
        self.configure()
        before = len(self.machine.world.outputs)
        uptime = self.master.exchange().uptime_ms
        unlock = pb.Unlock(leaf=2, pulse_ms=1000,
                           not_after_uptime_ms=uptime + 20000)
        answer = self.master.exchange(order_id=77, unlock=unlock)
        self.assertEqual(pb.ORDER_RESULT_DONE, answer.result)
        self.machine.world.wait_for(
            lambda w: any(o[0] == 2 for o in w.outputs[before:]))
        # The same frame again: the same answer, and nothing happens twice.
        again = pb.PanelAnswer.FromString(self.master.send(self.master.last)[3])
        self.assertEqual(answer, again)
        repeated = self.master.exchange(order_id=77, unlock=unlock)
        self.assertEqual(pb.ORDER_RESULT_REPEATED, repeated.result)
        self.machine.world.wait_for(lambda w: w.outputs[-1][0] == 0)
        self.assertEqual(1, sum(
            a[0] != b[0] and b[0] == 2 for a, b in
            zip(self.machine.world.outputs[before - 1:],
                self.machine.world.outputs[before:])))

    # --- starts -----------------------------------------------------------------------

    def test_reset_keeps_events_and_begins_a_session(self):
        self.configure()
        self.machine.reader1.send(BADGE)
        badge = self.master.await_event(pb.PANEL_EVENT_KIND_BADGE_READ,
                                        self.newest)
        session, old = self.master.session, self.master.last
        self.restart()
        hello = self.begin()
        self.assertEqual(RING, hello.ring)
        self.assertNotEqual(session, self.master.session)
        self.assertEqual(0xC0F16, hello.config_version)
        events = self.master.events(badge.seq - 1)
        self.assertEqual(badge, events[0])
        started = next(e for e in events
                       if e.kind == pb.PANEL_EVENT_KIND_STARTED)
        self.assertEqual(pb.PANEL_START_RESET, started.value)
        with self.assertRaises(Refused):
            self.master.send(old)

    @has_world
    def test_watchdog_bites_a_stuck_task(self):
        for task in ("link", "panel", "readers"):
            with self.subTest(task=task):
                self.configure()
                self.machine.reader1.send(BADGE)
                badge = self.master.await_event(
                    pb.PANEL_EVENT_KIND_BADGE_READ, self.newest)
                starts = len(self.machine.world.starts)
                self.machine.world.say(f"stall {task}")
                self.machine.world.wait_for(lambda w: len(w.starts) > starts)
                self.assertEqual("watchdog", self.machine.world.starts[-1])
                self.machine.await_status(lambda s: s["start"] == "watchdog")
                self.begin()
                started = self.master.await_event(
                    pb.PANEL_EVENT_KIND_STARTED, badge.seq - 1)
                self.assertEqual(pb.PANEL_START_WATCHDOG, started.value)
                self.assertEqual(badge, self.master.events(badge.seq - 1)[0])

    def test_power_cut_loses_the_ring_and_keeps_who_it_is(self):
        if BOARD == "netduinoplus2":
            self.skipTest("in QEMU this board has no flash either")
        self.configure()
        session = self.master.session
        self.machine.cut_power()
        self.assertIn(f"key={FINGERPRINT}", self.machine.ask("id?"))
        self.assertEqual("power-on", self.machine.status()["start"])
        hello = self.begin()
        self.assertEqual(0, hello.ring)
        self.assertNotEqual(session, self.master.session)
        self.assertEqual(0xC0F16 if BOARD == "native" else 0,
                         hello.config_version, "only some have a copy")
        started = self.master.await_event(pb.PANEL_EVENT_KIND_STARTED)
        self.assertEqual((1, pb.PANEL_START_POWER_ON),
                         (started.seq, started.value))

    def test_zz_stack(self):
        """After everything else: how deep it went."""
        used, reserved = map(int, self.machine.status()["stack"].split("/"))
        if BOARD == "native":
            self.assertEqual(0, reserved)
            return
        self.configure()
        for _ in range(3):
            self.machine.reader1.send(BADGE)
            self.master.events(0)
        used, reserved = map(int, self.machine.status()["stack"].split("/"))
        print(f"\n{BOARD}: stack {used} of {reserved} used, measured")
        self.assertGreater(used, 500)
        self.assertLess(used, reserved - 256)


def wiegand26(facility, number):
    body = facility << 16 | number
    even = bin(body >> 12).count("1") % 2
    odd = 1 - bin(body & 0xFFF).count("1") % 2
    return even << 25 | body << 1 | odd


def documented_registers():
    """Rows of docs/formats/panel-registers.md."""
    text = (ROOT / "docs/formats/panel-registers.md").read_text("utf-8")
    rows = re.findall(r"^\| (input|discrete|coil|holding) \| (0x\w+) \| (\d+) "
                      r"\| (\w+) \| (\w+) \|", text, re.MULTILINE)
    return [(table, int(address, 16), int(size), kind, name)
            for table, address, size, kind, name in rows]


if __name__ == "__main__":
    BOARD = sys.argv.pop(1)
    unittest.main()
