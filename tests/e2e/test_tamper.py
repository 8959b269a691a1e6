# SPDX-License-Identifier: Apache-2.0
"""Somebody between agent and ledger, or a ledger with two histories: the
agent believes proofs only."""

import random
import shutil
import unittest

from harness import SiteTest, device, line_tcp, wait_until
from installation import answers, free_port
from relay import Relay


def is_record(batch):
    """Whether a batch is of the stream `record` (docs/formats/batch.md)."""
    header = batch[2:2 + batch[1]] if batch[1] < 0x80 \
        else batch[3:3 + (batch[1] & 0x7f | batch[2] << 7)]
    source = 6 + header[5]  # after format, algorithm, and the source's length
    return header[source:source + 2] == b"\x20\x01"


class Tamper(SiteTest):
    @classmethod
    def populate(cls):
        site = cls.site
        cls.port = site.start_plant_tcp("plant")
        cls.agent = site.create_agent(
            "edge-1", window_s=0,
            lines=line_tcp("tcp-1", cls.port, device("room-1", period_ms=200)))
        # A second broker for the agent's side of the relay.
        cls.second = free_port()
        config = (site.broker_dir / "mosquitto.conf").read_text()
        other = site.broker_dir / "second.conf"
        other.write_text(config.replace(f"listener {site.broker_port} ",
                                        f"listener {cls.second} "))
        site.start("second-broker", shutil.which("mosquitto")
                   or "/usr/sbin/mosquitto", "-c", other)
        site.wait_for("second-broker", lambda: answers(cls.second))
        toml = cls.agent / "agent.toml"
        toml.write_text(toml.read_text().replace(
            f"localhost:{site.broker_port}", f"localhost:{cls.second}"))

    def setUp(self):
        site = self.site
        self.relay = Relay(
            "strongroom/v1/bj1/edge-1",
            {"ca": self.agent / "ca.crt", "certificate": self.agent / "tls.crt",
             "key": self.agent / "tls.key", "port": site.broker_port},
            {"ca": site.ca_dir / "ca.crt",
             "certificate": site.ledger_dir / "tls" / "ledger.crt",
             "key": site.ledger_dir / "tls" / "ledger.key",
             "port": self.second})
        self.addCleanup(self.relay.stop)

    def health(self):
        return self.site.health("edge-1")

    def delivered(self):
        return int((self.health() or {}).get("delivered", {})
                   .get("telemetry", 0))

    def settled(self):
        """Delivered, once no ack is under way any more: with the ledger gone
        the count stops."""
        seen = []

        def unchanged():
            seen.append(self.delivered())
            return len(seen) > 3 and len(set(seen[-4:])) == 1
        wait_until(unchanged, "the last acks to arrive", 30, 0.3)
        return seen[-1]

    def test_altered_acks_prove_nothing(self):
        generator = random.Random(7)

        def flip(payload):
            changed = bytearray(payload)
            changed[generator.randrange(len(changed))] ^= \
                1 << generator.randrange(8)
            return bytes(changed)
        self.relay.alter_ack = flip
        self.site.start_agent("edge-1")
        self.addCleanup(self.site.stop, "edge-1")
        wait_until(lambda: self.relay.acks >= 12, "acks to be altered", 120)
        self.assertEqual(self.delivered(), 0,
                         "an altered ack was taken for a proof")
        findings = self.health()
        self.assertGreater(int(findings["acks_refuted"]), 0, findings)
        self.relay.alter_ack = lambda payload: payload
        wait_until(lambda: self.delivered() > 0, "honest acks to heal it", 120)
        self.assert_gapless("bj1/telemetry/1", "edge-1@bj1")

    def test_forked_ledger_is_refused_and_named(self):
        site = self.site
        site.start_agent("edge-1")
        wait_until(lambda: self.delivered() > 3, "some delivered", 60)
        # A copy of the ledger as it is now, with its keys: a second history.
        self.assertEqual(site.stop("ledger"), 0)
        copy = self.root / "forked"
        shutil.copytree(site.ledger_dir, copy,
                        ignore=shutil.ignore_patterns("admin.sock", "*.lock"))
        site.start_ledger()
        size = site.log_size("bj1/telemetry/1")
        wait_until(lambda: site.log_size("bj1/telemetry/1") > size + 5,
                   "the true history to go on", 60)
        wait_until(lambda: self.delivered() > 0
                   and self.health()["backlog"] <= 3, "the agent to follow", 60)
        # Now the copy takes the ledger's place. It is shorter than what the
        # agent holds, so it must notice that it was rolled back.
        self.assertEqual(site.stop("ledger"), 0)
        # It must hear nothing in `record`: what it proved to hold there the
        # agent would not send again, and the true log would lack it.
        self.relay.alter_batch = \
            lambda payload: None if is_record(payload) else payload
        true_dir, site.ledger_dir = site.ledger_dir, copy
        site.admin = copy / "admin.sock"
        try:
            held = self.settled()
            site.start_ledger()
            log = wait_until(
                lambda: next((l for l in site.get_json("/api/v1/logs")
                              if l["origin"].endswith("bj1/telemetry/1")
                              and l.get("frozen")), None),
                "the rolled back copy to notice", 60)
            self.assertIn("recover", str(log["frozen"]))
            self.assertEqual(self.delivered(), held,
                             "nothing may count as delivered by the copy")
            self.assertEqual(site.stop("ledger"), 0)
        finally:
            site.ledger_dir, site.admin = true_dir, true_dir / "admin.sock"
        # The true ledger comes back and everything goes on.
        self.relay.alter_batch = lambda payload: payload
        site.start_ledger()
        wait_until(lambda: self.delivered() > held, "delivery to go on", 120)
        self.assertEqual(site.stop("edge-1"), 0)

    def test_longer_second_history_is_refused_and_named(self):
        """A copy of the ledger that grew on its own beyond what the agent
        holds: its own signature on another tree gives it away."""
        site = self.site
        other = site.create_agent(
            "edge-2", window_s=0,
            lines=line_tcp("tcp-2", self.port, device("room-2", period_ms=50)))
        self.assertTrue(other.exists())
        site.start_agent("edge-1")
        wait_until(lambda: self.delivered() > 3, "some delivered", 60)
        self.assertEqual(site.stop("ledger"), 0)
        copy = self.root / "second-history"
        shutil.copytree(site.ledger_dir, copy,
                        ignore=shutil.ignore_patterns("admin.sock", "*.lock"))
        site.start_ledger()
        size = site.log_size("bj1/telemetry/1")
        wait_until(lambda: site.log_size("bj1/telemetry/1") > size + 5,
                   "the true history to go on", 60)
        self.settle_without_ledger()
        held, true_size = self.delivered(), size + 6
        self.assertEqual(site.stop("edge-1"), 0)
        true_dir, site.ledger_dir = site.ledger_dir, copy
        site.admin = copy / "admin.sock"
        try:
            site.start_ledger()
            site.start_agent("edge-2")
            wait_until(lambda: site.log_size("bj1/telemetry/1")
                       > true_size + 200, "the copy to outgrow it", 60)
            site.start_agent("edge-1")
            frozen = wait_until(
                lambda: next((l for l in site.get_json("/api/v1/logs")
                              if l["origin"].endswith("bj1/telemetry/1")
                              and l.get("frozen")), None),
                "the copy to be contradicted", 60)
            self.assertIn("another root", str(frozen["frozen"]))
            self.assertEqual(self.delivered(), held)
            self.assertEqual(site.stop("edge-1"), 0)
            self.assertEqual(site.stop("edge-2"), 0)
            self.assertEqual(site.stop("ledger"), 0)
        finally:
            site.ledger_dir, site.admin = true_dir, true_dir / "admin.sock"
        site.start_ledger()

    def settle_without_ledger(self):
        self.assertEqual(self.site.stop("ledger"), 0)
        return self.settled()


if __name__ == "__main__":
    unittest.main()
