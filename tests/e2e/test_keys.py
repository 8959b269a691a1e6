# SPDX-License-Identifier: Apache-2.0
"""Keys, enrolment, TLS and what is refused: every refusal has a reason, is
counted and shown, and never reaches the log."""

import shutil
import socket
import subprocess
import unittest

from harness import SiteTest, device, line_tcp, run_verifier, wait_until


class Keys(SiteTest):
    @classmethod
    def populate(cls):
        cls.port = cls.site.start_plant_tcp("plant", None, "--set",
                                            "temperature=22.0")
        for name in ("edge-1", "edge-2"):
            cls.site.create_agent(
                name, window_s=1,
                lines=line_tcp("tcp-1", cls.port, device(f"room-{name}")))

    def start(self, name):
        self.site.start_agent(name)
        self.addCleanup(self.site.stop, name)

    def source(self, name):
        sources = self.site.get_json("/api/v1/sources")["sources"]
        return next((s for s in sources if s["source"] == name), None)

    def refusals(self, name, reason):
        source = self.source(name)
        return (source or {}).get("refusals", {}).get(reason, 0)

    def publish(self, identity_dir, topic, payload=b"nonsense"):
        """Publishes with the certificate of an agent; True when accepted."""
        file = self.root / "payload"
        file.write_bytes(payload)
        done = subprocess.run(
            ["mosquitto_pub", "-h", "localhost", "-p",
             str(self.site.broker_port), "-q", "1", "-t", topic, "-f",
             str(file), "--cafile", str(self.site.ca_dir / "ca.crt"),
             *(["--cert", str(identity_dir / "tls.crt"), "--key",
                str(identity_dir / "tls.key")] if identity_dir else [])],
            capture_output=True, timeout=30, check=False)
        return done.returncode == 0

    def test_connection_without_certificate_is_refused(self):
        self.assertFalse(self.publish(None, "strongroom/v1/bj1/edge-1/batch"))

    def test_certificate_of_another_authority_is_refused(self):
        other = self.root / "other-ca"
        self.site.tool("ca", "init", other)
        stranger = self.root / "stranger"
        self.site.tool("ca", "client", other, "--identity", "bj1/edge-1",
                       "--out", stranger)
        shutil.copy(stranger / "edge-1.crt", stranger / "tls.crt")
        shutil.copy(stranger / "edge-1.key", stranger / "tls.key")
        self.assertFalse(self.publish(stranger,
                                      "strongroom/v1/bj1/edge-1/batch"))

    def test_agent_cannot_write_under_another_agents_name(self):
        self.start("edge-2")
        self.await_events("bj1/telemetry/1", "windows", 1, "edge-2@bj1")
        size = self.site.log_size("bj1/record/1")
        # The broker accepts and drops what its list forbids (MQTT 3.1.1 has
        # no refusal of a publish), so the ledger never hears of it.
        self.publish(self.root / "edge-1", "strongroom/v1/bj1/edge-2/batch")
        self.publish(self.root / "edge-1", "strongroom/v1/bj1/edge-1/batch")
        wait_until(lambda: self.refusals("edge-1@bj1", "malformed") == 1,
                   "the agent's own nonsense to be counted")
        self.assertEqual(self.refusals("edge-2@bj1", "malformed"), 0)
        findings = [f for f in self.site.get_json("/api/v1/findings")
                    if f.get("subject") == "edge-2@bj1"]
        self.assertEqual(findings, [])
        self.assertGreaterEqual(self.site.log_size("bj1/record/1"), size)

    def test_unknown_source_is_only_counted(self):
        # A certificate and a place in the broker's list, but no enrolment.
        directory = self.root / "edge-7"
        self.site.tool("keygen", directory, "--site", "bj1", "--agent",
                       "edge-7")
        self.site.tool("ca", "sign", self.site.ca_dir, directory / "tls.csr",
                       "--identity", "bj1/edge-7", "--out",
                       directory / "tls.crt")
        for file in ("agent.toml", "trust.txt", "disclosure.pub", "ca.crt"):
            text = (self.root / "edge-1" / file).read_text()
            (directory / file).write_text(
                text.replace('agent = "edge-1"', 'agent = "edge-7"'))
        with open(self.site.acl, "a") as acl:
            acl.write("\nuser bj1/edge-7\n"
                      "topic write strongroom/v1/bj1/edge-7/#\n"
                      "topic read strongroom/v1/bj1/edge-7/#\n")
        self.site.reload_broker()
        self.site.agent_ports["edge-7"] = self.site.agent_ports["edge-1"]
        registry = self.site.log_size("central/registry/1")

        def unknown():
            return self.site.get_json("/api/v1/sources")["unknown_source"]
        before = unknown()
        self.start("edge-7")
        wait_until(lambda: unknown() > before, "the unknown source counted")
        self.assertEqual(self.events("bj1/record/1", source="edge-7@bj1"), [])
        self.assertEqual(self.site.log_size("central/registry/1"), registry)
        self.assertNotIn("edge-7", str(self.site.get_json("/api/v1/findings")))

    def test_rotation_then_revocation(self):
        site = self.site
        directory = self.root / "edge-1"
        site.start_agent("edge-1")
        before = self.await_events("bj1/telemetry/1", "windows", 2,
                                   "edge-1@bj1")
        site.tool("rotate", "begin", directory)
        site.tool("rotate", "submit", directory / "rotate.json", "--admin",
                  site.admin)
        self.assertTrue(self.events("central/registry/1", "key_rotated"))
        # Repeating what was done already changes nothing.
        size = site.log_size("central/registry/1")
        site.tool("rotate", "submit", directory / "rotate.json", "--admin",
                  site.admin)
        self.assertEqual(site.log_size("central/registry/1"), size)
        self.assertEqual(site.stop("edge-1"), 0)
        site.tool("rotate", "finish", directory)
        site.start_agent("edge-1")
        count = len(self.events("bj1/telemetry/1", "windows", "edge-1@bj1"))
        after = self.await_events("bj1/telemetry/1", "windows", count + 2,
                                  "edge-1@bj1")
        self.assert_gapless("bj1/telemetry/1", "edge-1@bj1")

        # Events before and after stand under their own keys.
        pack = self.root / "rotated.pack"
        site.tool("proof", "bj1/telemetry", before[0]["index"],
                  after[-1]["index"], "--url", site.url, "--out", pack)
        verified = site.tool("verify", pack, "--trust", site.trust, "--json")
        keys = {line.split('"signed_by":"')[1].split('"')[0]
                for line in verified.stdout.splitlines()
                if "bj1/telemetry" in line}
        self.assertEqual(len(keys), 2, verified.stdout)
        code, said = run_verifier("pack", pack, site.trust)
        self.assertEqual(code, 0, said)

        site.tool("revoke", "edge-1@bj1", "--reason", "lost", "--admin",
                  site.admin, "--acl", site.acl)
        # The broker would cut it too; keep its place there, so that the
        # ledger's own refusal is seen.
        wait_until(lambda: self.refusals("edge-1@bj1", "revoked") > 0,
                   "the revoked key to be refused")
        size = len(self.events("bj1/telemetry/1", "windows", "edge-1@bj1"))
        self.assertTrue([f for f in self.site.get_json("/api/v1/findings")
                         if "REVOKED" in str(f).upper()])
        self.assertEqual(
            len(self.events("bj1/telemetry/1", "windows", "edge-1@bj1")), size)
        site.tool("verify", pack, "--trust", site.trust)
        self.assertIn("edge-2", site.acl.read_text())
        self.assertNotIn("bj1/edge-1\n", site.acl.read_text())
        site.stop("edge-1")

    def admin(self, name, request):
        """Raw bytes to an agent's admin socket; the status, None when it is
        cut."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(self.site.agent_admin(name)))
            try:
                connection.sendall(request)
                answer = connection.recv(64)
            except OSError:
                return None
        return int(answer.split()[1]) if answer else None

    def follow_fails(self, *arguments, code, says):
        done = self.site.tool("follow", *arguments, expect=code)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_follow_without_a_proof_changes_nothing(self):
        self.start("edge-2")
        socket_file = self.site.agent_admin("edge-2")
        self.assertEqual(socket_file.stat().st_mode & 0o777, 0o600)
        index = self.await_events("bj1/record/1", "boot", 1,
                                  "edge-2@bj1")[0]["index"]
        pack = self.root / "boot.pack"
        self.site.tool("proof", "bj1/record", index, "--url", self.site.url,
                       "--out", pack)
        noise = self.root / "noise.pack"
        noise.write_bytes(bytes(range(256)))
        persons = ("--person", "anna", "--person", "bo")
        to = ("--admin", socket_file)
        self.follow_fails(pack, *to, *persons, code=2,
                          says="strongroom recover")
        self.follow_fails(noise, *to, *persons, "--dry-run", code=2,
                          says="does not take")
        self.follow_fails(pack, *to, "--person", "anna", code=2,
                          says="two persons")
        self.follow_fails(pack, "--admin", self.root / "no.sock", *persons,
                          code=4, says="[admin] socket")
        self.follow_fails(self.root / "no.pack", *to, *persons, code=2,
                          says="no.pack")
        self.assertEqual(
            self.events("bj1/record/1", "log_followed", "edge-2@bj1"), [])

    def test_admin_socket_survives_strangers_bytes(self):
        self.start("edge-2")
        head = b"POST /admin/follow HTTP/1.1\r\nHost: localhost\r\n"
        json_type = b"Content-Type: application/json\r\n"
        self.assertEqual(self.admin("edge-2", head + json_type +
                                    b"Content-Length: 999999999\r\n\r\n"), 413)
        for body in (b"", b"{", b"[" * 5000, b"\xff" * 100,
                     b'{"pack":"AQID","first_person":1,"second_person":2}'):
            self.assertEqual(
                self.admin("edge-2", head + json_type + b"Connection: close\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body),
                400, body[:20])
        # More half-open connections than it has room for: they are cut, and
        # the next person is served.
        half_open = []
        for _ in range(12):
            connection = socket.socket(socket.AF_UNIX)
            self.addCleanup(connection.close)
            connection.connect(str(self.site.agent_admin("edge-2")))
            connection.sendall(head)
            half_open.append(connection)
        wait_until(lambda: self.admin(
            "edge-2", b"GET /admin/state HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: close\r\n\r\n") == 200, "room for the next", 20)
        self.assertEqual(self.site.health("edge-2")["status"], "ok")

    def test_wrong_order_of_life_is_explained(self):
        again = self.site.tool(
            "enrol", self.root / "edge-2" / "enrol.json", "--admin",
            self.site.admin, "--ca", self.site.ca_dir, "--ledger",
            self.site.ledger_dir, "--out", self.root / "again", expect=None)
        size = self.site.log_size("central/registry/1")
        self.assertEqual(self.site.log_size("central/registry/1"), size)
        self.assertIn(again.returncode, (0, 1))
        for arguments in (
                ("revoke", "edge-99@bj1", "--reason", "lost", "--admin",
                 self.site.admin),
                ("revoke", "not a source", "--reason", "lost", "--admin",
                 self.site.admin),
                ("revoke", "edge-2@bj1", "--reason", "lost", "--admin",
                 self.root / "no.sock")):
            done = self.site.tool(*arguments, expect=1)
            self.assertRegex(done.stderr, "strongroom: .{20,}")


if __name__ == "__main__":
    unittest.main()
