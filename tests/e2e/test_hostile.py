# SPDX-License-Identifier: Apache-2.0
"""Whoever reaches the broker sends what he likes: with the certificate of an
enrolled agent, or as the broker itself. STRONGROOM_FULL=1 sends ten times as
much."""

import unittest

from attacker import Forger, live_message, mutations, refusal
from harness import wait_until
from hostile_site import HONEST, MALLORY, MIB, TIMES, HostileSite


class Hostile(HostileSite):
    def test_insider_sends_rubbish_on_its_topics(self):
        party = self.insider()
        topic = "strongroom/v1/bj1/mallory/"
        honest_before = self.refusals(HONEST)
        rubbish = [b"", b"\x00", b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f",
                   self.random.randbytes(3000), bytes(131072),
                   self.random.randbytes(131073), self.random.randbytes(10 * MIB)]
        for _ in range(TIMES):
            for payload in rubbish:
                for leaf in ("batch", "status", "live", "ack", "reply",
                             "batch/x", "", "BATCH", "command"):
                    if len(payload) < MIB or leaf in ("batch", "status", "live"):
                        party.publish(topic + leaf, payload,
                                      retain=leaf != "batch/x")
        for leaf in ("batch", "status", "live"):
            party.publish(topic + leaf, b"\xff" * 40, retain=True)
        party.flush()
        wait_until(lambda: self.refusals(MALLORY).get("malformed", 0) >= 5,
                   "rubbish to be counted")
        wait_until(lambda: self.metric("oversized_messages_total") >= 3,
                   "oversized messages to be counted")
        wait_until(lambda: self.metric("unreadable_messages_total") >= 3,
                   "unreadable hints to be counted")
        self.assertEqual(self.refusals(HONEST), honest_before)
        # What was retained greets a ledger that starts, and does it no harm.
        self.assertEqual(self.site.stop("ledger"), 0)
        self.site.start_ledger()
        self.pids["ledger"] = self.site.processes["ledger"].pid
        wait_until(lambda: self.refusals(MALLORY).get("malformed", 0) >= 1,
                   "what was retained to arrive again")
        self.assert_unharmed()

    def test_insider_takes_the_names_of_others(self):
        before = self.metric("broker_connects_total")
        for name in ("central/ledger", "bj1/edge-1"):
            party = self.party(name, self.mallory, "tls")
            party.publish("strongroom/v1/bj1/mallory/live", b"x")
            party.flush()
            party.stop()
        self.assertEqual(self.metric("broker_connects_total"), before)
        self.assertTrue(self.health()["connected"])
        self.assert_unharmed()

    def test_insider_sends_thousands_of_tiny_messages(self):
        party = self.insider()
        before = self.metric("messages_in_total")
        count = 6000 * TIMES
        for i in range(count):
            leaf = ("batch", "status", "live")[i % 3]
            party.publish(f"strongroom/v1/bj1/mallory/{leaf}",
                          self.random.randbytes(i % 20))
        party.flush(120)
        wait_until(lambda: self.metric("messages_in_total") >= before + count,
                   "all of them to be read", 60)
        self.assert_unharmed()

    def test_insider_claims_thousands_of_points(self):
        party = self.insider()
        for i in range(1500 * TIMES):
            party.publish("strongroom/v1/bj1/mallory/live",
                          live_message(b"d%d" % i, 1024, 1023))
        party.flush()
        wait_until(lambda: b'"d0"' in self.site.get("/api/v1/live"),
                   "a live value to be shown")
        self.assertLess(len(self.site.get("/api/v1/live")), 8 * MIB)
        self.assert_unharmed()

    def test_insider_opens_epochs_without_end(self):
        party = self.insider()
        forger = Forger(self.mallory, MALLORY)
        for epoch in range(1, 81):
            party.publish("strongroom/v1/bj1/mallory/batch",
                          forger.batch(stream=1, epoch=epoch))
        party.flush()
        wait_until(lambda: self.refusals(MALLORY).get("busy", 0) > 0,
                   "epochs to be refused", 60)
        findings = [f for f in self.site.get_json("/api/v1/findings")
                    if f["kind"].endswith("NEW_EPOCH")]
        self.assertLessEqual(len(findings), 60)
        self.assertGreater(len(findings), 10)
        self.assert_unharmed()

    def test_broker_alters_repeats_and_crosses_batches(self):
        party = self.broker_itself("strongroom/v1/bj1/edge-1/batch")
        real = self.captured(party, "/batch", 3)
        for payload in real[:3]:
            for altered in mutations(self.random, payload, 60 * TIMES):
                for agent in ("edge-1", "mallory", "nobody", "console"):
                    party.publish(f"strongroom/v1/bj1/{agent}/batch", altered)
            for agent in ("edge-1", "mallory", "nobody"):
                party.publish(f"strongroom/v1/bj1/{agent}/batch", payload,
                              retain=True)
                party.publish(f"strongroom/v1/sh1/{agent}/batch", payload)
            party.publish("strongroom/v1/central/ledger/batch", payload)
        party.flush()
        for agent in (HONEST, MALLORY):
            wait_until(lambda: self.refusals(agent).get("malformed", 0) > 5,
                       f"altered batches of {agent} to be counted", 60)
        wait_until(lambda: self.refusals(MALLORY).get("stream", 0) > 0,
                   "crossed batches to be counted", 60)
        for log in ("bj1/record/1", "bj1/telemetry/1"):
            for event in self.events(log):
                self.assertIn(event["source"],
                              (HONEST, MALLORY, "console@bj1"))
        self.assert_unharmed()

    def test_broker_forges_acks(self):
        party = self.broker_itself("strongroom/v1/bj1/edge-1/ack")
        real = self.captured(party, "/ack", 3)
        ack = "strongroom/v1/bj1/edge-1/ack"
        refuted = int(self.health()["acks_refuted"])
        for payload in real[:3]:
            for altered in mutations(self.random, payload, 100 * TIMES):
                party.publish(ack, altered)
            party.publish(ack, payload, retain=True)
        for size in (0, 1, 9000, 200000, 262144, MIB, 10 * MIB):
            for _ in range(3 if size > MIB else 100):
                party.publish(ack, self.random.randbytes(size))
        for leaf in ("share/x", "command", "status", "batch/ack"):
            party.publish(f"strongroom/v1/bj1/edge-1/{leaf}",
                          self.random.randbytes(5000), retain=True)
        party.flush()
        wait_until(lambda: int(self.health()["acks_refuted"]) > refuted,
                   "forged acks to be counted")
        before = self.delivered()
        wait_until(lambda: self.delivered() > before, "real acks to count", 90)
        self.assert_unharmed()

    def test_broker_refuses_in_the_ledgers_name(self):
        """Each batch is refused before the ledger can answer it: for every
        reason, and as gaps to places without end. It costs time, an epoch
        perhaps, and nothing that was journalled."""
        ack = "strongroom/v1/bj1/edge-1/ack"
        party = self.broker_itself("strongroom/v1/bj1/edge-1/batch")
        answered = 0

        def refuse():
            nonlocal answered
            batches = [payload for _, payload in list(party.heard)]
            for batch in batches[answered:]:
                answered += 1
                for forged in range(200 * TIMES):
                    party.publish(ack, refusal(batch, 1, forged * 1000 + 7))
                party.publish(ack, refusal(batch, answered % 14 + 1, answered))
            return answered >= 30
        wait_until(refuse, "batches to be refused", 60, 0.01)
        party.flush()
        epochs = {event["epoch"] for event in
                  self.events("bj1/record/1", source=HONEST)}
        self.assertLessEqual(len(epochs), 2, "an epoch for each refusal")
        before = self.delivered()
        wait_until(lambda: self.delivered() > before, "real acks to count", 90)
        self.assert_unharmed()


if __name__ == "__main__":
    unittest.main()
