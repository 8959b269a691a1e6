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


class Quota(SiteTest):
    """More is owed than the journal may hold: what is given up is named, and
    it is exactly what is missing."""

    @classmethod
    def populate(cls):
        lines = ""
        for i in range(2):
            port = cls.site.start_plant_tcp(f"plant-{i}")
            lines += line_tcp(f"tcp-{i}", port,
                              device(f"room-{i}", period_ms=0))
        cls.site.create_agent("edge-1", window_s=0, lines=lines)
        cls.config = cls.root / "edge-1" / "agent.toml"

    def journal(self):
        """What /health says of it; zeros while the agent starts."""
        health = self.site.health("edge-1") or {}
        return health.get("journal") or {
            "owed_bytes": {"telemetry": 0}, "losses": 0, "losses_ahead": 1}

    def assert_only_the_lost_is_missing(self, lost):
        held = {int(event["seq"]) for event in self.events(
            "bj1/telemetry/1", source="edge-1@bj1")}
        given_up = set()
        for event in lost:
            body = event["telemetry_lost"]
            span = range(int(body["from_seq"]), int(body["to_seq"]) + 1)
            self.assertTrue(given_up.isdisjoint(span), "told once")
            given_up |= set(span)
        self.assertTrue(held.isdisjoint(given_up), "nothing lost is held")
        self.assertEqual(held | given_up,
                         set(range(1, max(held | given_up) + 1)))

    def test_small_quota_gives_up_telemetry_and_says_which(self):
        site = self.site
        site.start_agent("edge-1")
        self.await_events("bj1/telemetry/1", "windows", 5)
        site.stop_ledger()
        # With room for all of it at first, so that it comes fast.
        wait_until(lambda: self.journal()["owed_bytes"]["telemetry"] > 3 << 20,
                   "more to be owed than the small quota holds", 30)
        self.assertEqual(self.journal()["losses"], 0)
        self.assertEqual(site.stop_agent("edge-1"), 0)
        self.config.write_text(self.config.read_text().replace(
            'path = "journal.db"\n', 'path = "journal.db"\nquota_mib = 4\n'))
        site.start_agent("edge-1")
        wait_until(lambda: self.journal()["losses"],
                   "telemetry to be given up", 20)
        pressed = self.journal()
        self.assertGreater(pressed["pressure"], 0)
        self.assertGreater(pressed["window_ms"], 1000)
        self.assertEqual(site.metric("edge-1", "journal_quota_bytes"), 4 << 20)
        health = site.health("edge-1")
        self.assertEqual(health["status"], "degraded")
        self.assertIn("given up", " ".join(health["reasons"]))
        for i in range(2):
            site.stop(f"plant-{i}")

        site.start_ledger()
        wait_until(lambda: self.journal()["losses_ahead"] == 0
                   and site.health("edge-1")["backlog"] <= 2,
                   "the rest to be delivered", 60)
        lost = self.await_events("bj1/record/1", "telemetry_lost")
        self.assert_only_the_lost_is_missing(lost)
        self.assert_gapless("bj1/record/1", "edge-1@bj1")
        changes = [event["windows_lengthened"] for event in
                   self.await_events("bj1/record/1", "windows_lengthened", 2)]
        self.assertGreater(int(changes[0]["duration_ms"]), 1000)
        self.assertEqual(int(changes[-1].get("duration_ms", 0)), 0,
                         "as configured, when nothing is owed")
        kinds = {event["finding"]["kind"] for event in
                 self.events("bj1/record/1", "finding", "edge-1@bj1")}
        self.assertLessEqual({"FINDING_KIND_TELEMETRY_LOST",
                              "FINDING_KIND_JOURNAL_PRESSURE"}, kinds)
        for log in ("bj1/record/1", "bj1/telemetry/1"):
            code, said = run_verifier("log", f"{site.url}/log/{log}",
                                      site.trust)
            self.assertEqual(code, 0, said)
        self.assertEqual(site.stop_agent("edge-1"), 0)
        self.assertEqual(site.stop_ledger(), 0)
        site.tool("fsck", "journal", self.config)
        site.tool("fsck", "ledger", site.ledger_dir / "ledger.toml")


class Copies(SiteTest):
    """A controller is copied, or put back as it was: noticed, named, and
    everything that any copy tells stands in the log."""

    @classmethod
    def populate(cls):
        cls.port = cls.site.start_plant_tcp("plant")

    def create(self, name):
        self.site.create_agent(
            name, window_s=1,
            lines=line_tcp("tcp-1", self.port, device(f"room-{name}")))
        self.site.start_agent(name)
        self.addCleanup(self.site.stop, name)
        self.await_events("bj1/telemetry/1", "windows", 3, f"{name}@bj1")

    def await_finding(self, kind, subject, seconds=40):
        def found():
            return [event for event in self.events("bj1/record/1", "finding")
                    if event["finding"]["kind"] == f"FINDING_KIND_{kind}"
                    and event["finding"].get("subject") == subject]
        return wait_until(found, f"finding {kind}", seconds, 0.3)

    def epochs(self, name):
        """Reason by epoch, oldest first."""
        return {event["epoch"]: event["epoch_opened"]["reason"] for event in
                self.events("bj1/record/1", "epoch_opened", f"{name}@bj1")}

    def has_said(self, name):
        """Whether the ledger has answered to more than its start: proven, or
        refused."""
        health = self.site.health(name) or {}
        record = health.get("streams", {}).get("record", {})
        return record.get("blocked_by") or (
            record.get("tail") and record["delivered"] == record["tail"])

    def assert_logs_hold(self):
        for log in ("bj1/record/1", "bj1/telemetry/1"):
            code, said = run_verifier("log", f"{self.site.url}/log/{log}",
                                      self.site.trust)
            self.assertEqual(code, 0, said)

    def test_disk_image_put_back_is_told_again_and_named(self):
        site, source = self.site, "edge-1@bj1"
        self.create("edge-1")
        self.assertEqual(site.stop_agent("edge-1"), 0)
        site.save_agent("edge-1", "image")
        site.start_agent("edge-1")
        size = len(self.events("bj1/telemetry/1", "windows", source))
        self.await_events("bj1/telemetry/1", "windows", size + 3, source)
        self.assertEqual(site.stop_agent("edge-1"), 0)
        site.restore_agent("edge-1", "image")
        site.start_agent("edge-1")
        self.await_finding("SOURCE_ROLLED_BACK", source)
        self.assertEqual(list(self.epochs("edge-1").values()),
                         ["EPOCH_REASON_FIRST_START",
                          "EPOCH_REASON_ROLLED_BACK"])
        self.await_events("bj1/record/1", "salvage_ended", 1, source)
        wait_until(lambda: all(
            stream["salvage_pending"] == 0 for stream in
            site.health("edge-1")["streams"].values()), "salvage to end", 30)
        # Each salvaged event names the place where it first stood, once.
        places = [(log, event["salvaged"]["epoch"], event["salvaged"]["seq"])
                  for log in ("bj1/record/1", "bj1/telemetry/1")
                  for event in self.events(log, source=source)
                  if "salvaged" in event]
        self.assertEqual(len(places), len(set(places)))
        self.assertTrue(places)
        size = len(self.events("bj1/telemetry/1", "windows", source))
        self.await_events("bj1/telemetry/1", "windows", size + 2, source)
        wait_until(lambda: site.health("edge-1")["status"] == "ok",
                   "the agent to be well again")
        self.assert_gapless("bj1/record/1", source)
        self.assert_gapless("bj1/telemetry/1", source)
        self.assert_logs_hold()

    def test_clone_is_named_and_both_are_kept_apart(self):
        site, source = self.site, "edge-2@bj1"
        self.create("edge-2")
        self.assertEqual(site.stop_agent("edge-2"), 0)
        site.copy_agent("edge-2", "edge-2-copy")
        # The broker lets one connect at a time; here they take turns, so that
        # it does not depend on the moment. Both say something of their own,
        # the second is refused and begins an epoch, the first goes on in the
        # one that this closed and begins another: two that follow one.
        for name in ("edge-2-copy", "edge-2"):
            site.start_agent(name)
            wait_until(lambda name=name: self.has_said(name),
                       f"{name} to be heard", 30)
            self.assertEqual(site.stop_agent(name), 0)
        self.await_finding("SOURCE_ROLLED_BACK", source)
        site.start_agent("edge-2-copy")
        self.await_finding("SOURCE_CLONED", source)
        self.assertEqual(site.stop_agent("edge-2-copy"), 0)
        # Each copy has an epoch of its own by now.
        wait_until(lambda: len(self.epochs("edge-2")) == 3, "three epochs")
        self.await_finding("NEW_EPOCH", source)
        self.assert_gapless("bj1/record/1", source)
        self.assert_gapless("bj1/telemetry/1", source)
        self.assert_logs_hold()


if __name__ == "__main__":
    unittest.main()
