# SPDX-License-Identifier: Apache-2.0
"""Links, power, disks and agents fail at a door: what the panel does by itself,
and what the ledger knows afterwards."""

import os
import random
import resource
import socket
import struct
import time
import unittest

from harness import wait_until
from panels import DENIED, LEAF, LISTED, PANEL, UNKNOWN, Door
from test_plant import Serial, framed, read_until_silence

SETTLED = 0.07  # longer than an input is debounced
REBOUND = 1.0  # a leaf that opens sooner after it shut has rebounded


class Faults(Door):
    board = "native"
    offline_after_ms = 1500

    def await_decided(self):
        """The agent decides: the panel is not alone."""
        before = self.count("access_granted")
        self.badge(LISTED)
        self.await_count("access_granted", before + 1, 90)
        self.await_lock(released=True)
        self.come_and_go()

    def await_away(self):
        """The panel, asked at its own port, has no master."""
        def says_away():
            with Serial(self.root / f"{PANEL}.local") as port:
                os.write(port.descriptor, b"status?\n")
                return b"master=away" in read_until_silence(
                    port.descriptor, 1)
        wait_until(says_away, "the panel to be alone", 60, 0.2)

    def await_alone(self, count):
        self.await_count("panel_changed", count, 90,
                         change="PANEL_CHANGE_MASTER_LOST")

    def door_stays_shut(self, seconds):
        """Asks all the time, instead of once at the end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertNotIn("released", self.lock())

    def rattle(self, times):
        """The leaf is forced open and shut: an alarm and a routine event each
        time."""
        time.sleep(REBOUND)
        control = socket.socket(socket.AF_UNIX)
        control.connect(str(self.site.controls["plant"]))
        with control:
            for _ in range(times):
                for word in ("force", "close"):
                    control.sendall(f"{word} {PANEL} {LEAF}\n".encode())
                    control.recv(4096)
                    time.sleep(SETTLED)
        time.sleep(REBOUND)

    def test_1_link_gone_for_a_while(self):
        self.await_decided()
        forced = self.changes("FORCED")
        self.site.plant("line", PANEL, "unplug")
        self.rattle(10)
        self.site.plant("line", PANEL, "plug")
        self.await_changes("FORCED", forced + 10)
        self.assertEqual(self.losses(), [])
        self.await_decided()
        self.assert_once_and_in_order()

    def test_2_link_gone_longer_than_the_ring_holds(self):
        self.await_decided()
        # What the passage leaves behind is told before the plug is pulled.
        wait_until(lambda: self.changes("LOCKED") == self.changes("UNLOCKED"),
                   "the passage to be told", 30, 0.2)
        capacity = self.events("bj1/record/1", "panel_described")[-1][
            "panel_described"]["ring_capacity"]
        forced, closed = self.changes("FORCED"), self.changes("CLOSED")
        rounds = capacity // 2 + 22
        self.site.plant("line", PANEL, "unplug")
        self.rattle(rounds)
        self.site.plant("line", PANEL, "plug")
        self.await_changes("FORCED", forced + 1)
        wait_until(self.losses, "the loss to be told", 90, 0.2)
        self.await_decided()
        self.assert_once_and_in_order()
        lost = sum(one["to_seq"] - one["from_seq"] + 1
                   for one in self.losses())
        self.assertGreater(lost, 0)
        # Routine first: no alarm is missing.
        self.assertEqual(self.changes("FORCED"), forced + rounds)
        self.assertLess(self.changes("CLOSED"), closed + rounds)

    def test_3_power_cut(self):
        self.await_decided()
        known = {ring for ring, _ in self.numbers()}
        self.site.plant("power", PANEL, "cycle")
        wait_until(lambda: [one for one in self.losses()
                            if one.get("is_unknown")],
                   "the lost ring to be told", 60, 0.2)
        unknown = [one for one in self.losses() if one.get("is_unknown")][-1]
        self.assertIn(unknown["ring"], known)
        self.assertNotIn(unknown["next_ring"], known)
        self.assertEqual(unknown["from_seq"],
                         max(number for ring, number in self.numbers()
                             if ring == unknown["ring"]))
        self.await_decided()
        self.assertIn((unknown["next_ring"], 1), self.numbers())
        self.assert_once_and_in_order()

    def test_4_agent_gone_and_the_panel_decides(self):
        self.await_decided()
        lost = self.count("panel_changed", change="PANEL_CHANGE_MASTER_LOST")
        granted = self.count("access_granted", decided_by="DECIDED_BY_PANEL")
        denied = self.count("access_denied", decided_by="DECIDED_BY_PANEL")
        self.site.kill_agent("edge-1")
        self.await_away()
        self.badge(LISTED)
        self.await_lock(released=True)
        self.come_and_go()
        for badge in (DENIED, UNKNOWN):
            self.badge(badge)
            self.door_stays_shut(0.5)
        self.site.start_agent("edge-1")
        self.await_alone(lost + 1)
        self.await_count("access_granted", granted + 1,
                         decided_by="DECIDED_BY_PANEL",
                         reason="ACCESS_REASON_OFFLINE_LIST",
                         credential="badge-anna")
        self.await_count("access_denied", denied + 2,
                         decided_by="DECIDED_BY_PANEL",
                         reason="ACCESS_REASON_PANEL_DENIED")
        self.await_decided()
        self.assert_once_and_in_order()

    def test_5_journal_dead_and_the_panel_is_left_alone(self):
        self.await_decided()
        site = self.site
        lost = self.count("panel_changed", change="PANEL_CHANGE_MASTER_LOST")
        granted = self.count("access_granted", decided_by="DECIDED_BY_PANEL")

        def fill_disk(full):
            limit = 64 * 1024 if full else resource.RLIM_INFINITY
            resource.prlimit(site.processes["edge-1"].pid,
                             resource.RLIMIT_FSIZE,
                             (limit, resource.RLIM_INFINITY))
        self.addCleanup(fill_disk, False)
        fill_disk(True)
        wait_until(lambda: site.metric("edge-1", "journal_failing_seconds"),
                   "a commit to fail", 60)
        # Alive and well on the line, for the sensor's sake, and silent here.
        self.await_away()
        self.badge(LISTED)
        self.await_lock(released=True)
        self.come_and_go()
        self.badge(DENIED)
        self.door_stays_shut(0.5)
        fill_disk(False)
        self.await_alone(lost + 1)
        self.await_count("access_granted", granted + 1,
                         decided_by="DECIDED_BY_PANEL")
        self.await_decided()
        self.assert_once_and_in_order()

    def test_6_no_stranger_on_the_line_opens_the_lock(self):
        """Plain writes, and frames without the key, from whoever has the
        line."""
        self.await_decided()
        self.stop_agent()
        seed = int.from_bytes(os.urandom(4), "big")
        print(f"seed {seed}")
        chance = random.Random(seed)
        taken = 0
        with Serial(self.root / "doors") as bus:
            def ask(*body, wait=0.15):
                os.write(bus.descriptor, framed(bytes(body)))
                return read_until_silence(bus.descriptor, wait, 0.01)
            answer = ask(11, 4, 0, 0, 0, 2)
            self.assertEqual(answer[:3], bytes([11, 4, 4]))
            addresses = [*range(0, 0x40), *range(0x0EFE, 0x0F12),
                         *range(0x0FFE, 0x1004),
                         *chance.sample(range(0x10000), 40)]
            for address in addresses:
                place = struct.pack(">H", address)
                for body in (b"\x05" + place + b"\xff\x00",
                             b"\x06" + place + b"\xff\xff",
                             b"\x10" + place + b"\x00\x01\x02\xff\xff",
                             b"\x0f" + place + b"\x00\x08\x01\xff"):
                    reply = ask(11, *body)
                    is_scratch = 0x0F00 <= address <= 0x0F0F
                    if reply[1:2] == body[:1]:
                        self.assertTrue(is_scratch, (address, body))
                        taken += 1
                    self.assertNotIn("released", self.lock())
            self.assertGreater(taken, 0, "the scratch register answers")
            for _ in range(20):
                frame = (b"\x17\x10\x00\x00\x40\x10\x00\x00\x10\x20\x01"
                         + bytes([2]) + chance.randbytes(30))
                reply = ask(11, *frame)
                self.assertEqual(reply[1:3], b"\x97\x03")
                ask(0, 6, 0x0F, 0, 0xFF, 0xFF, wait=0.02)  # to everybody
            self.door_stays_shut(0.5)
        self.site.start_agent("edge-1")
        self.await_count("panel_changed", 1, 60,
                         change="PANEL_CHANGE_FRAMES_REFUSED")
        self.await_decided()


del Door


if __name__ == "__main__":
    unittest.main()
