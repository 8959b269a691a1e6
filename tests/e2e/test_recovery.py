# SPDX-License-Identifier: Apache-2.0
"""What was lost comes back: every event of every journal stands in the ledger,
provable, and once. Real programs, one site per way of losing."""

import base64
import hashlib
import json
import shutil
import sqlite3
import unittest

from harness import SiteTest, device, line_tcp, run_verifier, wait_until

PERSONS = ("--person", "li.wei", "--person", "zhang.min")


class RecoveryTest(SiteTest):
    """One agent whose every poll is an event of its own."""

    @classmethod
    def populate(cls):
        cls.port = cls.site.start_plant_tcp("plant")
        cls.line = line_tcp("tcp-1", cls.port, device("room-1", period_ms=50))
        cls.site.create_agent("edge-1", window_s=0, lines=cls.line)
        cls.site.start_agent("edge-1")

    @property
    def config(self):
        return self.site.ledger_dir / "ledger.toml"

    @property
    def databases(self):
        return [self.site.ledger_dir / "store" / name
                for name in ("ledger.db", "disclosures.db")]

    # --- steps that the scenarios share ---------------------------------------

    def grow(self, log="bj1/telemetry/1", by=20):
        size = self.site.log_size(log)
        wait_until(lambda: self.site.log_size(log) >= size + by,
                   f"{log} to grow", 60)

    def restart_agent(self, name="edge-1"):
        """A start is an event in `record`."""
        self.assertEqual(self.site.stop(name), 0)
        self.site.start_agent(name)

    def backlog(self, name="edge-1"):
        health = self.site.health(name)
        return None if not health or "backlog" not in health \
            else int(health["backlog"])

    def drain(self, name="edge-1"):
        """No more readings, and everything at the ledger."""
        if "plant" in self.site.processes:
            self.site.stop("plant")
        self.restart_agent(name)
        wait_until(lambda: self.backlog(name) is not None
                   and self.backlog(name) <= 2, "the backlog to drain", 60)

    def lose_ledger(self):
        for path in self.databases:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)

    def backup(self, name="backup"):
        directory = self.root / name
        self.site.tool("backup", self.config, directory)
        return directory

    def recover(self, *options):
        """Stopped ledger in, running ledger and the report out."""
        out = self.root / "recovered"
        said = self.site.tool("recover", self.config, *PERSONS, "--out", out,
                              "--json", *options)
        self.site.start_ledger()
        return out, json.loads(said.stdout)

    def follow(self, out, name="edge-1", file=None):
        for stream in ("record", "telemetry"):
            for pack in sorted(out.glob(
                    f"{file or name + '@bj1'}.{stream}.*.follow")):
                self.site.tool("verify", pack, "--trust", self.site.trust)
                self.site.follow(name, pack)

    def logs(self):
        return [page for page in (
            f"bj1/{stream}/{generation}"
            for stream in ("record", "telemetry") for generation in (1, 2, 3))
            if self.site.log_size(page) > 0]

    # --- what must hold in the end -------------------------------------------

    def journal_events(self, directory):
        """Hashes of everything that an agent's journal holds."""
        with sqlite3.connect(f"file:{directory}/journal.db?mode=ro",
                             uri=True) as journal:
            return [hashlib.sha256(row[0]).hexdigest()
                    for table in ("record_events", "telemetry_events")
                    for row in journal.execute(f"SELECT event FROM {table}")]

    def assert_everything_is_there_once(self, *agents):
        held, salvaged = {}, {}
        for log in self.logs():
            code, said = run_verifier("log", f"{self.site.url}/log/{log}",
                                      self.site.trust)
            self.assertEqual(code, 0, said)
            for entry in self.site.entries(log):
                if entry["type"] != "event":
                    continue
                event = base64.b64decode(entry["entry"])[1:]
                place = hashlib.sha256(event).hexdigest()
                held[place] = held.get(place, 0) + 1
                first = (entry.get("decoded") or {}).get("salvaged")
                if first and "console@" not in entry["decoded"]["source"]:
                    first = base64.b64decode(first["hash"]).hex()
                    salvaged[first] = salvaged.get(first, 0) + 1
        for place, times in (*held.items(), *salvaged.items()):
            self.assertEqual(times, 1, place)
        for first in salvaged:
            self.assertNotIn(first, held, "told again, and was there")
        for name in agents or ("edge-1",):
            missing = [each for each in
                       self.journal_events(self.site.agent_dir(name))
                       if each not in held and each not in salvaged]
            # What the last stop wrote was never sent.
            self.assertLessEqual(len(missing), self.unsent, missing[:3])

    def finish(self, *agents):
        """Ends the agents and compares; then every stored byte is checked."""
        self.unsent = 0
        for name in agents or ("edge-1",):
            self.unsent = max(self.unsent, self.backlog(name))
            self.assertEqual(self.site.stop(name), 0)
        self.unsent += 4
        self.assert_everything_is_there_once(*agents)
        self.assertEqual(self.site.stop("ledger"), 0)
        self.site.tool("fsck", "ledger", self.config)

    def findings(self, kind, log=None):
        wanted = f"FINDING_KIND_{kind.upper()}"
        return [event for each in ([log] if log else self.logs())
                for event in self.events(each, "finding")
                if event["finding"]["kind"] == wanted]

    def await_finding(self, kind):
        return wait_until(lambda: self.findings(kind), f"finding {kind}", 60,
                          0.5)


class OlderBackup(RecoveryTest):
    def test_restored_ledger_is_recovered_behind_its_guard(self):
        self.grow()
        copy = self.backup()
        self.restart_agent()
        self.grow()
        self.assertEqual(self.site.stop("ledger"), 0)
        self.lose_ledger()
        said = self.site.tool("restore", copy, self.config)
        self.assertIn("BEHIND ITS GUARD", said.stdout)
        # The daemon sees it too, and signs nothing.
        self.site.start_ledger()
        self.assertIsNone(self.site.get("/health"))
        self.assertEqual(self.site.stop("ledger"), 0)
        dry = self.site.tool("recover", self.config, *PERSONS, "--out",
                             self.root / "dry", "--dry-run")
        self.assertIn("nothing was changed", dry.stdout)
        out, report = self.recover()
        self.assertEqual([log["successor"].rsplit("example/", 1)[1]
                          for log in report["logs"]],
                         ["bj1/record/2", "bj1/telemetry/2"])
        for log in report["logs"]:
            self.assertEqual(log["entries_kept"], log["provable_size"])
            self.assertGreater(log["entries_lost"], 0)
        self.follow(out)
        self.grow("bj1/telemetry/2")
        self.drain()
        self.await_finding("log_succeeded")
        self.assert_closed_logs_are_told_from_lost_ones()
        self.finish()
        self.site.tool("recover", self.config, *PERSONS, "--out", out)
        said = self.site.tool("fsck", "ledger", self.config)
        self.assertRegex(said.stdout, r"closed at \d+; \S+bj1/record/2 goes on")

    def assert_closed_logs_are_told_from_lost_ones(self):
        doctor = self.site.tool("doctor", "--ledger", self.config, "--json",
                                expect=None)
        self.assertNotIn("store-behind-guard", doctor.stdout)
        tail = self.site.tool("tail", "bj1/record", "--once", "--json", "--url",
                              self.site.url)
        self.assertIn("bj1/record/2, the newest", tail.stderr)
        first = json.loads(tail.stdout.splitlines()[0])
        self.assertEqual(first["index"], 0)
        self.assertIn("epoch_opened", first["event"])
        self.site.tool("proof", "bj1/record", 1, "--url", self.site.url,
                       "--out", self.root / "newest.pack")
        self.site.tool("verify", self.root / "newest.pack", "--trust",
                       self.site.trust)
        pack = next((self.root / "recovered").glob("*.follow"))
        said = self.site.tool("follow", pack, "--admin", self.site.admin,
                              *PERSONS, expect=2)
        self.assertIn("is not an agent's admin socket", said.stderr)

    def test_recover_refuses_what_it_must(self):
        for persons in (("--person", "li.wei"),
                        ("--person", "li.wei", "--person", "Li.Wei"),
                        ("--person", "li wei", "--person", "bo")):
            self.site.tool("recover", self.config, *persons, "--out",
                           self.root / "none", expect=2)
        if "ledger" in self.site.processes:
            said = self.site.tool("recover", self.config, *PERSONS, "--out",
                                  self.root / "none", expect=4)
            self.assertIn("held by process", said.stderr)
            self.assertIn("stop that program first", said.stderr)
        self.assertFalse((self.root / "none").exists())


class NothingLost(RecoveryTest):
    def test_healthy_ledger_is_refused(self):
        self.grow()
        self.assertEqual(self.site.stop("ledger"), 0)
        said = self.site.tool("recover", self.config, *PERSONS, "--out",
                              self.root / "none", expect=1)
        self.assertIn("nothing to recover", said.stderr)
        self.site.tool("fsck", "ledger", self.config)


class Damaged(RecoveryTest):
    def test_a_damaged_entry_is_put_back_from_a_backup(self):
        self.grow()
        copy = self.backup()
        self.assertEqual(self.site.stop("ledger"), 0)
        # Zeros in the place of the second batch of telemetry.
        with sqlite3.connect(self.databases[0]) as store:
            changed = store.execute(
                "UPDATE batches SET entries = zeroblob(length(entries)) WHERE"
                " (log_id, first_index) = (SELECT log_id, first_index FROM"
                " batches NATURAL JOIN logs WHERE origin LIKE"
                " '%/telemetry/1' ORDER BY first_index LIMIT 1 OFFSET 1)"
            ).rowcount
        store.close()
        self.assertEqual(changed, 1)
        self.site.tool("fsck", "ledger", self.config, expect=1)
        said = self.site.tool("repair", self.config, "--from", copy)
        self.assertIn("1 batches were put back. The ledger is sound.",
                      said.stdout)
        self.site.tool("fsck", "ledger", self.config)
        self.site.start_ledger()
        self.drain()
        self.finish()


class LedgerAndGuardRolledBack(RecoveryTest):
    def test_an_agent_shows_what_was_signed(self):
        self.grow()
        self.assertEqual(self.site.stop("ledger"), 0)
        files = [*self.databases, self.site.ledger_dir / "guard" / "guard.db"]
        for path in files:
            shutil.copy2(path, path.with_suffix(".old"))
        self.site.start_ledger()
        self.restart_agent()
        self.grow()
        self.assertEqual(self.site.stop("ledger"), 0)
        self.lose_ledger()
        for path in files:
            shutil.copy2(path.with_suffix(".old"), path)
        self.site.start_ledger()
        self.await_finding("log_rolled_back")
        wait_until(lambda: self.site.get("/health") is None, "the freeze", 60)
        self.assertEqual(self.site.stop("ledger"), 0)
        out, report = self.recover()
        self.assertTrue(any(log["signed_size"] > log["entries_kept"]
                            for log in report["logs"]), report)
        self.follow(out)
        self.drain()
        self.finish()


class DatabaseLost(RecoveryTest):
    def test_it_begins_from_nothing(self):
        self.grow()
        self.restart_agent()
        self.grow()
        self.assertEqual(self.site.stop("ledger"), 0)
        self.lose_ledger()
        said = self.site.tool("recover", self.config, *PERSONS, "--out",
                              self.root / "none", expect=2)
        self.assertIn("--from-nothing", said.stderr)
        out, _ = self.recover("--from-nothing")
        self.site.tool("enrol", self.site.agent_dir("edge-1") / "enrol.json",
                       "--admin", self.site.admin, "--ca", self.site.ca_dir,
                       "--ledger", self.site.ledger_dir, "--out",
                       self.root / "again", "--acl", self.site.acl)
        self.site.reload_broker()
        self.follow(out, file="_others@bj1")
        self.grow("bj1/telemetry/2", 40)
        self.drain()
        self.finish()


class AgentRolledBack(RecoveryTest):
    def test_a_disk_image_is_salvaged(self):
        self.grow()
        self.assertEqual(self.site.stop("edge-1"), 0)
        self.site.save_agent("edge-1", "image")
        self.site.start_agent("edge-1")
        self.grow()
        self.assertEqual(self.site.stop("edge-1"), 0)
        self.site.restore_agent("edge-1", "image")
        self.site.start_agent("edge-1")
        self.await_finding("source_rolled_back")
        wait_until(lambda: self.findings("salvaged"), "the salvage", 90, 0.5)
        sides = {event["source"].split("@")[0]
                 for event in self.findings("source_rolled_back")}
        self.assertEqual(sides, {"edge-1", "console"})
        self.drain()
        self.finish()


class Cloned(RecoveryTest):
    def is_heard(self, name):
        """The ledger has answered to what it said: proven, or refused."""
        record = (self.site.health(name) or {}).get(
            "streams", {}).get("record", {})
        return record.get("blocked_by") or (
            record.get("tail") and record["delivered"] == record["tail"])

    def take_turn(self, name):
        """The broker lets one of them connect; so they do it in turns."""
        self.site.start_agent(name)
        wait_until(lambda: self.is_heard(name), f"{name} to be heard", 30)
        self.assertEqual(self.site.stop(name), 0)

    def test_two_with_one_key_are_told_apart_and_one_gets_another(self):
        self.grow()
        self.assertEqual(self.site.stop("edge-1"), 0)
        self.site.copy_agent("edge-1", "clone")
        self.take_turn("clone")
        self.take_turn("edge-1")
        self.await_finding("source_rolled_back")
        self.site.start_agent("clone")
        self.await_finding("source_cloned")
        self.assertEqual(self.site.stop("clone"), 0)
        # The way out: whoever has a copy has the key.
        self.site.tool("revoke", "edge-1@bj1", "--reason", "compromised",
                       "--admin", self.site.admin)
        self.issue_new_keys()
        self.site.start_agent("edge-1")
        self.grow()
        self.drain()
        self.finish()

    def issue_new_keys(self):
        """As on a new controller of the same name."""
        directory = self.site.agent_dir("edge-1")
        config = (directory / "agent.toml").read_text()
        directory.rename(self.root / "edge-1-revoked")
        self.site.tool("keygen", directory, "--site", "bj1", "--agent",
                       "edge-1")
        self.site.tool("enrol", directory / "enrol.json", "--admin",
                       self.site.admin, "--ca", self.site.ca_dir, "--ledger",
                       self.site.ledger_dir, "--out", directory, "--acl",
                       self.site.acl)
        (directory / "agent.toml").write_text(config)
        self.site.reload_broker()


if __name__ == "__main__":
    unittest.main()
