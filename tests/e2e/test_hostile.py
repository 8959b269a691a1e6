# SPDX-License-Identifier: Apache-2.0
"""Whoever can reach broker and ports sends what he likes: with the certificate
of an enrolled agent, as the broker itself, and as anybody on the machine. It
is refused and counted, nothing ends or grows, and the honest agent goes on.

STRONGROOM_FULL=1 sends ten times as much."""

import os
import random
import socket
import struct
import threading
import time
import unittest

from attacker import (Forger, Party, ask, connect, get, live_message,
                      memory_kib, mutations)
from harness import SiteTest, device, line_tcp, run_verifier, wait_until

TIMES = 10 if os.environ.get("STRONGROOM_FULL") else 1
LEDGER_KIB = 512 * 1024
AGENT_KIB = 64 * 1024
MIB = 1 << 20
HONEST = "edge-1@bj1"
MALLORY = "mallory@bj1"


class Hostile(SiteTest):
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

    # --- the broker -------------------------------------------------------------

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

    # --- ports ------------------------------------------------------------------

    def ports(self):
        return (self.site.http_port, self.site.agent_ports["edge-1"])

    def assert_refused(self, where, request, *statuses):
        status, _ = ask(where, request)
        self.assertIn(status, statuses, request[:200])

    def test_requests_that_are_none(self):
        noise = self.random.randbytes(400).replace(b"\n", b"x")
        for port in self.ports():
            for request, statuses in (
                    (noise + b"\r\n\r\n", (400,)),
                    (b"\r\n\r\n", (400,)),
                    (b"GET\r\n\r\n", (400,)),
                    (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", (400, 505)),
                    (b"GET / HTTP/1.1\r\n\r\n", (421,)),
                    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", (431,)),
                    (get(b"/" + b"a" * 2000), (414,)),
                    (get(b"/", more=b"X: y\r\n" * 3000), (431,)),
                    (get(b"/", more=b"X: " + b"y" * MIB + b"\r\n"), (431,)),
                    (get(b"/", more=b" folded\r\n"), (400,)),
                    (get(b"/", more=b"A\0B: c\r\n"), (400,)),
                    (get(b"/", method=b"POST", body=bytes(70000)), (413,)),
                    (get(b"/", method=b"POST", body=bytes(5 * MIB)), (413,)),
                    (get(b"/", more=b"Content-Length: 10000000000000000000\r\n"),
                     (413,)),
                    (get(b"/", more=b"Content-Length: -1\r\n"), (400,)),
                    (get(b"/", more=b"Content-Length: 1\r\nContent-Length: 2\r\n"),
                     (400,)),
                    (get(b"/", more=b"Transfer-Encoding: chunked\r\n"), (411,)),
                    (get(b"/health", method=b"BREW"), (400, 405)),
                    (get(b"/health", method=b"DELETE"), (405,)),
                    (get(b"/health", method=b"TRACE"), (400, 405)),
                    (get(b"/admin/state"), (404,)),
                    (get(b"/health", host=b"evil.example"), (421,)),
                    (get(b"/health", host=b"127.0.0.1.evil.example"), (421,)),
                    (get(b"/health", host=b"localhost:80:80"), (421,)),
                    (get(b"/health", host=b"localhost\r\nHost: a"), (421,)),
                    (get(b"/health", method=b"POST", body=b"x",
                         more=b"Origin: http://evil.example\r\n"), (403,)),
                    (get(b"/../../etc/passwd"), (400, 404)),
                    (get(b"/%2e%2e/%2e%2e/etc/passwd"), (400, 404)),
                    (get(b"//etc/passwd"), (400, 404)),
                    (get(b"/%00"), (400, 404)),
                    (get(b"/log/../ledger.db"), (400, 404)),
                    (get(b"/console/..%5c..%5cledger.toml"), (400, 404)),
                    (get(b"http://evil.example/health"), (200, 400, 404))):
                self.assert_refused(port, request, *statuses)
        self.assert_unharmed()

    def test_numbers_beyond_all_reason(self):
        numbers = [b"-1", b"18446744073709551615", b"18446744073709551616",
                   b"9223372036854775807", b"9223372036854775808",
                   b"1" + b"0" * 30, b"0x10", b"1e3", b"01", b"", b"%00",
                   b"%EF%BC%91", b"999999999"]
        port = self.site.http_port
        for n in numbers:
            for target in (b"/api/v1/entries/bj1/telemetry/1?from=%s&count=%s",
                           b"/api/v1/consistency/bj1/telemetry/1?from=%s&to=%s",
                           b"/api/v1/pack/bj1/telemetry/1?index=%s&index=%s",
                           b"/api/v1/find?source=edge-1@bj1&stream=record"
                           b"&epoch=%s&seq=%s"):
                status, body = ask(port, get(target % (n, n)))
                # From beyond the end on there are no entries; that is true.
                self.assertIn(status, (200, 400, 404), target % (n, n))
                if status == 200:
                    self.assertEqual(body, b"[]", target % (n, n))
            for target in (b"/api/v1/proof/bj1/telemetry/1/%s",
                           b"/log/bj1/telemetry/%s/checkpoint",
                           b"/log/bj1/telemetry/1/tile/%s/000",
                           b"/log/bj1/telemetry/1/tile/0/%s",
                           b"/log/bj1/telemetry/1/tile/entries/000.p/%s",
                           b"/log/%s/telemetry/1/checkpoint"):
                self.assert_refused(port, get(target % n), 400, 404)
        many = b"&".join(b"index=0" for _ in range(700))
        self.assert_refused(port, get(b"/api/v1/pack/bj1/record/1?" + many),
                            200, 400)
        self.assert_unharmed()

    def test_slow_and_half_open_clients(self):
        began = time.monotonic()
        slow = []
        for port in self.ports():
            for i in range(300):
                client = connect(port)
                client.setblocking(False)
                client.send(b"" if i % 3 == 0 else b"GET /health HTTP/1.1\r\nX:")
                slow.append(client)
        for client in slow[::7]:  # gone without a word
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
            client.close()
        living = [client for client in slow if client.fileno() >= 0]
        dribbling = threading.Event()

        def dribble():
            while not dribbling.wait(0.5):
                for client in living:
                    try:
                        client.send(b"x")
                    except OSError:
                        pass
        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            for port in self.ports():
                wait_until(lambda: self.site.get("/health", port),
                           f"port {port} to serve somebody else", 30, 0.3)
        finally:
            dribbling.set()
            thread.join()
        cut = 0
        for client in living:
            client.settimeout(15)
            try:
                while client.recv(4096):
                    pass
                cut += 1
            except OSError:
                cut += 1
            client.close()
        self.assertEqual(cut, len(living), "every slow client is cut off")
        self.assertLess(time.monotonic() - began, 60)
        self.assert_unharmed()

    def test_clients_that_never_read(self):
        request = get(b"/api/v1/entries/bj1/telemetry/1?count=256")
        request = request.replace(b"close", b"keep-alive")
        clients = [connect(self.site.http_port) for _ in range(240)]
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(request * 20)
        streams = [connect(self.site.http_port) for _ in range(10)]
        for client in streams:
            client.sendall(get(b"/api/v1/stream"))
        time.sleep(2)  # nothing to wait for: nothing may happen
        for client in clients + streams:
            client.close()
        wait_until(lambda: self.site.get("/health"), "the ledger to serve", 30)
        self.assert_unharmed()

    def test_admin_socket(self):
        admin = self.site.admin
        registry = self.site.log_size("central/registry/1")
        deep = b"[" * 30000 + b"]" * 30000
        for path in (b"/admin/enrol", b"/admin/rotate", b"/admin/revoke"):
            for body in (b"{}", b"[]", b"null", b"\xff\xfe", deep, b'{"a":' * 9000,
                         b'{"source":1}', b'{"source":"edge-1@bj1"}',
                         b'{"source":"edge-1@bj1","reason":"x","key":"zz"}',
                         b'{"source":"../../x@y","reason":"lost"}',
                         b'{"source":"console@bj1","reason":"lost"}',
                         b'{"source":"console@central","reason":"lost"}',
                         self.random.randbytes(60000)):
                self.assert_refused(
                    admin, get(path, method=b"POST", body=body), 400, 409)
            self.assert_refused(
                admin, get(path, method=b"POST", body=bytes(100000)), 413)
            self.assert_refused(admin, get(path), 405)
        self.assert_refused(admin, b"\x16\x03\x01" * 50 + b"\r\n\r\n", 400)
        for _ in range(40):
            connect(admin).close()
        self.assertEqual(ask(admin, get(b"/admin/state"))[0], 200)
        self.assertEqual(self.site.log_size("central/registry/1"), registry)
        self.assert_unharmed()


if __name__ == "__main__":
    unittest.main()
