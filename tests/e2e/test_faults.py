# SPDX-License-Identifier: Apache-2.0
"""Programs die at random points; nothing is lost, doubled or reordered."""

import os
import random
import signal
import unittest

from harness import SiteTest, device, line_tcp, run_verifier, wait_until

ROUNDS = 40 if os.environ.get("STRONGROOM_FULL") else 8


class Faults(SiteTest):
    @classmethod
    def populate(cls):
        port = cls.site.start_plant_tcp("plant")
        # A window per poll: as many events as the line gives.
        cls.site.create_agent(
            "edge-1", window_s=0,
            lines=line_tcp("tcp-1", port, device("room-1", period_ms=10)))
        cls.site.start_agent("edge-1")

    def restart(self, name):
        self.site.stop(name, signal.SIGKILL)
        {"edge-1": lambda: self.site.start_agent("edge-1"),
         "ledger": self.site.start_ledger,
         "broker": self.site.start_broker}[name]()

    def backlog(self):
        health = self.site.health("edge-1")
        return None if health is None else int(health["backlog"])

    def test_kill_9_of_anyone_loses_and_doubles_nothing(self):
        seed = int.from_bytes(os.urandom(4), "big")
        print(f"seed {seed}")
        generator = random.Random(seed)
        self.await_events("bj1/telemetry/1", "windows", 5)
        for _ in range(ROUNDS):
            size = self.site.log_size("bj1/telemetry/1")
            self.restart(generator.choice(["edge-1", "ledger", "broker"]))
            wait_until(lambda: self.site.log_size("bj1/telemetry/1")
                       > size + generator.randrange(40),
                       "entries to go on arriving", 60)
        # Stop the readings, let everything drain, compare with the journal.
        self.site.stop("plant")
        self.assertEqual(self.site.stop("edge-1"), 0)
        self.site.start_agent("edge-1")
        wait_until(lambda: self.backlog() is not None
                   and self.backlog() <= 2, "the backlog to drain", 60)
        for log in ("bj1/record/1", "bj1/telemetry/1"):
            self.assert_gapless(log, "edge-1@bj1")
            code, said = run_verifier("log", f"{self.site.url}/log/{log}",
                                      self.site.trust)
            self.assertEqual(code, 0, said)
        epochs = {e["epoch"] for e in
                  self.events("bj1/record/1", source="edge-1@bj1")}
        self.assertEqual(len(epochs), 1, "a kill must not cost the epoch")
        self.assertEqual(self.site.stop("edge-1"), 0)
        self.assertEqual(self.site.stop("ledger"), 0)
        self.site.tool("fsck", "ledger", self.site.ledger_dir / "ledger.toml")
        self.site.tool("fsck", "journal", self.root / "edge-1" / "agent.toml")


if __name__ == "__main__":
    unittest.main()
