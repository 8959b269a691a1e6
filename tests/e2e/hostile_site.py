# SPDX-License-Identifier: Apache-2.0
"""A site under attack, and what must hold after each: nothing ended, nothing
grew, the honest agent goes on, and nobody finds a flaw in the logs."""

import os
import random

from attacker import Party, memory_kib
from harness import SiteTest, device, line_tcp, run_verifier, wait_until

TIMES = 10 if os.environ.get("STRONGROOM_FULL") else 1
LEDGER_KIB = 512 * 1024
AGENT_KIB = 64 * 1024
MIB = 1 << 20
HONEST = "edge-1@bj1"
MALLORY = "mallory@bj1"


class HostileSite(SiteTest):
    """One honest agent, one that is enrolled and means harm, and a broker that
    is not to be trusted."""

    @classmethod
    def populate(cls):
        site = cls.site
        port = site.start_plant_tcp("plant")
        cls.edge = site.create_agent(
            "edge-1", window_s=0,
            lines=line_tcp("tcp-1", port, device("room-1", period_ms=100)))
        cls.mallory = site.create_agent("mallory")
        # The broker is one of the attackers: it limits no message.
        site.stop("broker")
        config = site.broker_dir / "mosquitto.conf"
        limit = "message_size_limit 262144\n"
        assert limit in config.read_text()
        config.write_text(config.read_text().replace(limit, ""))
        site.start_broker()
        # Its own power, as an identity: every topic, both ways.
        site.tool("ca", "client", site.ca_dir, "--identity", "central/mitm",
                  "--out", cls.root / "mitm")
        with open(site.acl, "a", encoding="ascii") as acl:
            acl.write("\nuser central/mitm\ntopic readwrite strongroom/#\n"
                      "\nuser bj1/mallory\n"
                      "topic write strongroom/v1/bj1/mallory/#\n")
        site.reload_broker()
        site.start_agent("edge-1")
        cls.pids = {name: site.processes[name].pid
                    for name in ("ledger", "edge-1", "broker")}
        cls.random = random.Random(20260101)

    def setUp(self):
        self.await_events("bj1/telemetry/1", "windows", 1, HONEST)

    # --- who attacks ----------------------------------------------------------

    def party(self, name, directory, file, listen=()):
        party = Party(name, self.site, directory / f"{file}.crt",
                      directory / f"{file}.key", listen)
        self.addCleanup(party.stop)
        return party

    def insider(self):
        return self.party("mallory", self.mallory, "tls")

    def broker_itself(self, *listen):
        return self.party("mitm", self.root / "mitm", "mitm", listen)

    def captured(self, party, leaf, count=1):
        """Real payloads of the honest agent, as the broker sees them."""
        def found():
            return [payload for topic, payload in list(party.heard)
                    if topic.endswith(leaf)]
        return wait_until(lambda: found() if len(found()) >= count else None,
                          f"{count} real {leaf}", 60)

    # --- what must hold ---------------------------------------------------------

    def refusals(self, source):
        sources = self.site.get_json("/api/v1/sources")["sources"]
        return next(s for s in sources if s["source"] == source)["refusals"]

    def metric(self, name):
        for line in self.site.get("/metrics").decode().splitlines():
            if line.startswith(f"strongroom_ledger_{name} "):
                return int(line.split()[1])
        self.fail(f"no metric {name}")

    def health(self):
        return self.site.get_json("/health", self.site.agent_ports["edge-1"])

    def delivered(self):
        return int(((self.health() or {}).get("delivered") or {})
                   .get("telemetry", 0))

    def assert_unharmed(self):
        for name, pid in self.pids.items():
            process = self.site.processes[name]
            self.assertIsNone(process.poll(), self.site.tail(name))
            self.assertEqual(process.pid, pid)
        for name, limit in (("ledger", LEDGER_KIB), ("edge-1", AGENT_KIB)):
            peak = memory_kib(self.pids[name])
            if peak is not None:
                print(f"  {name} peak {peak // 1024} MiB", end="")
                self.assertLess(peak, limit, name)
        print(flush=True)
        before = self.site.log_size("bj1/telemetry/1")
        wait_until(lambda: self.site.log_size("bj1/telemetry/1") > before,
                   "the honest agent's entries to go on arriving", 60)
        self.assert_gapless("bj1/telemetry/1", HONEST)
        for log in ("bj1/record/1", "bj1/telemetry/1", "central/registry/1"):
            code, said = run_verifier("log", f"{self.site.url}/log/{log}",
                                      self.site.trust)
            self.assertEqual(code, 0, said)
        self.site.tool("fsck", "ledger", self.site.ledger_dir / "ledger.toml")
