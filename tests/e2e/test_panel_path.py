# SPDX-License-Identifier: Apache-2.0
"""A badge held before a reader becomes an unlocked door and an entry that a
stranger can verify: reader -> panel's firmware -> exchange over a line that a
sensor shares -> agent -> journal -> MQTT -> ledger -> log -> pack. Once with the
firmware as a process, once in QEMU."""

import random
import time
import unittest

from harness import wait_until
from panels import DENIED, LEAF, LISTED, PANEL, UNKNOWN, Door

ROUNDS = 6


class Path:
    def test_1_badge_opens_the_door_and_its_entry_is_proven(self):
        self.badge(LISTED)
        self.await_lock(released=True)
        self.come_and_go()
        self.await_count("access_granted", 1, credential="badge-anna",
                         person="anna", leaf=LEAF)
        self.await_changes("OPENED", 1)
        granted = self.of_panel("access_granted")[0]
        read = self.of_panel("badge_read")[0]
        self.assertEqual(read["credential"], "badge-anna")
        self.assertEqual(read["origin"]["seq"], granted["origin"]["seq"])
        self.assertEqual(granted["decided_by"], "DECIDED_BY_AGENT")
        opened = next(one for one in self.of_panel("leaf_changed")
                      if one["change"] == "LEAF_CHANGE_OPENED")
        for one in (read, granted, opened):
            self.assert_proven(one["at"])
        self.assertLess(read["at"], granted["at"])
        self.assertLess(granted["at"], opened["at"])
        # The sensor on the same line was not forgotten.
        self.assertEqual(self.site.bus("edge-1")["doors"]["devices"]["climate"]
                         ["state"], "answering")

    def test_2_who_may_not_stays_outside(self):
        self.badge(DENIED)
        self.await_count("access_denied", 1, credential="badge-bo",
                         reason="ACCESS_REASON_NO_GRANT")
        self.badge(UNKNOWN)
        self.await_count("access_denied", 1,
                         reason="ACCESS_REASON_UNKNOWN_CREDENTIAL")
        unknown = next(one for one in self.of_panel("badge_read")
                       if one.get("commitment"))
        self.assertNotIn("credential", unknown)
        self.assertIn("stays shut", self.site.plant("open", PANEL, LEAF))
        self.site.plant("force", PANEL, LEAF)
        self.await_changes("FORCED", 1)
        self.site.plant("close", PANEL, LEAF)

    def test_3_resets_and_kills_in_the_middle(self):
        """Whatever restarts, what was told is told once, and nothing that the
        panel kept is missing."""
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        starts = self.panel_restarts()
        for number in range(ROUNDS):
            self.badge(LISTED)
            self.site.plant("force", PANEL, LEAF)
            time.sleep(chance.uniform(0, 0.2))
            what = ("reset", "stall", "agent")[number % 3]
            if what == "reset":
                self.site.plant("reset", PANEL)
            elif what == "stall":
                self.site.plant("stall", PANEL, "link")
            else:
                self.site.kill_agent("edge-1")
                time.sleep(chance.uniform(0, 0.3))
                self.site.plant("close", PANEL, LEAF)
                self.site.start_agent("edge-1")
            if what != "agent":
                starts += 1
                wait_until(lambda: self.panel_restarts() >= starts,
                           f"the panel to start after {what}", 30)
            time.sleep(0.3)
            self.site.plant("close", PANEL, LEAF)
            time.sleep(0.2)
        before = self.count("access_granted")
        self.badge(LISTED)
        self.await_count("access_granted", before + 1, 90)
        self.await_lock(released=True)
        self.come_and_go()
        closed = self.changes("CLOSED")
        self.await_changes("CLOSED", closed)
        self.assertEqual(self.losses(), [], "a reset loses nothing")
        self.assertEqual(len({ring for ring, _ in self.numbers()}), 1)
        self.assert_once_and_in_order()
        wait_until(lambda: self.count(
            "panel_changed", change="PANEL_CHANGE_STARTED") >= ROUNDS // 3 * 2,
            "the restarts to be told", 60, 0.2)
        self.assert_once_and_in_order()


class Native(Path, Door):
    board = "native"


class Qemu(Path, Door):
    board = "qemu-mps2-an385"

    @classmethod
    def populate(cls):
        if cls.site.qemu_image is None:
            raise unittest.SkipTest("qemu-system-arm or the image is not there")
        super().populate()


del Door


if __name__ == "__main__":
    unittest.main()
