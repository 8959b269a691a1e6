# SPDX-License-Identifier: Apache-2.0
"""An installation is broken in many ways, one at a time; doctor names each
with what to do about it."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import sqlite3
import threading
import unittest

from harness import SiteTest, device, free_port, line_rtu, line_tcp, wait_until


@contextlib.contextmanager
def played_agent(health):
    """Something that answers every request with `health`; its port."""
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(health).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class Doctor(SiteTest):
    @classmethod
    def populate(cls):
        site = cls.site
        port = site.start_plant_tcp("plant")
        link = cls.root / "rs485"
        site.start_plant_rtu(link, "plant-rtu")
        cls.agent = site.create_agent(
            "edge-1", window_s=1,
            lines=line_tcp("tcp-1", port, device("room-1"))
            + line_rtu("rs485-1", link, device("vault-1")))
        site.start_agent("edge-1")
        cls.agent_toml = cls.agent / "agent.toml"
        cls.ledger_toml = site.ledger_dir / "ledger.toml"

    def ailments(self):
        done = self.site.tool("doctor", "--agent", self.agent_toml, "--ledger",
                              self.ledger_toml, "--json", expect=None)
        found = json.loads(done.stdout)
        self.assertEqual(done.returncode,
                         1 if any(a["urgent"] for a in found) else 0)
        return {a["id"]: a for a in found}

    def assert_names(self, identity, *words):
        found = self.ailments()
        self.assertIn(identity, found, found.keys())
        ailment = found[identity]
        for word in words:
            self.assertIn(str(word), ailment["what"])
        self.assertRegex(ailment["remedy"], r"^[A-Zc].{15,}",
                         "a remedy says what to do")

    # Each breaker changes files below `self.agent` or the ledger's directory
    # and is undone by putting the saved copy back.

    def broken(self, path, change):
        """Applies `change` to a file and puts it back afterwards."""
        path = pathlib.Path(path)
        saved = self.root / "saved"
        existed = path.exists()
        if existed:
            shutil.copy2(path, saved)

        def restore():
            if path.exists():
                path.unlink()
            if existed:
                shutil.copy2(saved, path)
        self.addCleanup(restore)
        change(path)

    def test_healthy_installation_has_no_urgent_ailment(self):
        wait_until(lambda: not any(a["urgent"] for a in
                                   self.ailments().values()),
                   "a healthy installation")
        done = self.site.tool("doctor", "--agent", self.agent_toml, "--ledger",
                              self.ledger_toml)
        self.assertIn("ok", done.stdout)

    def test_01_event_key_missing(self):
        self.broken(self.agent / "event.key", os.unlink)
        self.assert_names("key-missing", "event.key")

    def test_02_event_key_readable_by_others(self):
        self.broken(self.agent / "event.key", lambda p: p.chmod(0o644))
        self.assert_names("key-mode", "event.key")

    def test_03_key_of_another_kind(self):
        self.broken(self.agent / "event.key", lambda p: shutil.copy2(
            self.agent / "sealing.key", p))
        self.assert_names("key-damaged", "event.key")

    def test_04_trust_file_missing(self):
        self.broken(self.agent / "trust.txt", os.unlink)
        self.assert_names("trust-missing", "trust.txt")

    def test_05_trust_file_damaged(self):
        self.broken(self.agent / "trust.txt", lambda p: p.write_text(
            p.read_text().replace("+", "-", 1)))
        self.assert_names("trust-damaged", "trust.txt")

    def test_06_certificate_missing(self):
        self.broken(self.agent / "tls.crt", os.unlink)
        self.assert_names("tls-missing", "tls.crt")

    def test_07_certificate_of_another_key(self):
        self.broken(self.agent / "tls.key", lambda p: shutil.copy2(
            self.site.ledger_dir / "tls" / "ledger.key", p))
        self.assert_names("tls-mismatch", "tls.key")

    def test_08_certificate_of_another_identity(self):
        tls = self.site.ledger_dir / "tls"
        for name, other in (("tls.key", "ledger.key"),
                            ("tls.crt", "ledger.crt")):
            path = self.agent / name
            saved = self.root / ("saved-" + name)
            shutil.copy2(path, saved)
            self.addCleanup(shutil.copy2, saved, path)
            shutil.copy2(tls / other, path)
        self.assert_names("tls-identity", "central/ledger", "bj1/edge-1")

    def test_09_certificate_of_another_authority(self):
        other = self.root / "other-ca"
        self.site.tool("ca", "init", other)
        self.broken(self.agent / "ca.crt", lambda p: shutil.copy2(
            other / "ca.crt", p))
        self.assert_names("tls-mismatch", "not signed by")

    def test_10_tls_key_readable_by_others(self):
        self.broken(self.agent / "tls.key", lambda p: p.chmod(0o640))
        self.assert_names("tls-key-mode", "tls.key")

    def test_11_disclosure_key_damaged(self):
        self.broken(self.agent / "disclosure.pub",
                    lambda p: p.write_text("AAAA\n"))
        self.assert_names("disclosure-key", "disclosure.pub")

    def test_12_rotation_left_half_done(self):
        self.broken(self.agent / "event.key.next",
                    lambda p: shutil.copy2(self.agent / "event.key", p))
        self.assert_names("rotation-unfinished", "event.key.next")

    def test_13_configuration_with_a_typing_error(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace("period_ms", "periode_ms", 1)))
        self.assert_names("config", "agent.toml:", "periode_ms")

    def test_14_unknown_profile(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace("xy-md02", "xy-md99", 1)))
        self.assert_names("config", "xy-md99")

    def test_15_device_unreachable(self):
        dead = free_port()
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace('host = "127.0.0.1"\nport = ',
                                  f'host = "127.0.0.1"\nport = {dead} # ', 1)))
        self.assert_names("line-unreachable", dead)

    def test_16_serial_adapter_unplugged(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace(str(self.root / "rs485"),
                                  "/dev/serial/by-path/none")))
        self.assert_names("line-missing", "/dev/serial/by-path/none")

    def test_17_broker_unreachable(self):
        dead = free_port()
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace(f"localhost:{self.site.broker_port}",
                                  f"localhost:{dead}")))
        self.assert_names("broker-unreachable", dead)

    def test_18_agent_down(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace(
                f"127.0.0.1:{self.site.agent_ports['edge-1']}",
                f"127.0.0.1:{free_port()}")))
        self.assert_names("program-down", "strongroom-agent")

    def test_19_journal_directory_missing(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace('path = "journal.db"',
                                  'path = "gone/journal.db"')))
        self.assert_names("disk-missing", "gone")

    def test_20_journal_damaged(self):
        copy = self.agent / "damaged.db"
        with sqlite3.connect(f"file:{self.agent}/journal.db?mode=ro",
                             uri=True) as live, \
                sqlite3.connect(copy) as into:
            live.backup(into)
            into.execute("UPDATE record_events SET event = "
                         "replace(event, 'edge-1', 'edge-7') "
                         "WHERE position = 2")
        into.close()
        live.close()
        self.addCleanup(copy.unlink)
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace('path = "journal.db"',
                                  'path = "damaged.db"')))
        self.assert_names("journal-damaged", "damaged.db", "record")

    def test_21_journal_set_aside(self):
        self.broken(self.agent / "journal.db.set-aside-20261120T000000Z",
                    lambda p: p.write_text("torn"))
        self.assert_names("journal-set-aside", "set-aside")

    def test_22_ledger_guard_missing(self):
        self.broken(self.ledger_toml, lambda p: p.write_text(
            p.read_text().replace("guard/guard.db", "guard/none.db")))
        self.assert_names("guard-missing", "none.db")

    def test_23_ledger_database_missing(self):
        self.broken(self.ledger_toml, lambda p: p.write_text(
            p.read_text().replace("store/ledger.db", "store/none.db")))
        self.assert_names("store-missing", "none.db")

    def test_24_ledger_database_is_something_else(self):
        other = self.site.ledger_dir / "store" / "other.db"
        other.write_bytes(b"no database at all" * 400)
        self.addCleanup(other.unlink)
        self.broken(self.ledger_toml, lambda p: p.write_text(
            p.read_text().replace("store/ledger.db", "store/other.db")))
        self.assert_names("store-unreadable")

    def test_25_ledger_database_was_restored(self):
        older = self.site.ledger_dir / "store" / "older.db"
        with sqlite3.connect(
                f"file:{self.site.ledger_dir}/store/ledger.db?mode=ro",
                uri=True) as live, sqlite3.connect(older) as into:
            live.backup(into)
        into.close()
        live.close()
        self.addCleanup(older.unlink)
        size = self.site.log_size("bj1/telemetry/1")
        wait_until(lambda: self.site.log_size("bj1/telemetry/1") > size + 2,
                   "the ledger to sign more")
        self.broken(self.ledger_toml, lambda p: p.write_text(
            p.read_text().replace("store/ledger.db", "store/older.db")))
        self.assert_names("store-behind-guard", "bj1/telemetry/1")

    def test_26_ledger_log_key_of_another_ledger(self):
        other = self.root / "other-ledger"
        self.site.tool("init", other, "--ledger", "other.example")
        self.broken(self.site.ledger_dir / "keys" / "log.key",
                    lambda p: shutil.copy2(other / "keys" / "log.key", p))
        self.assert_names("trust-other-key", "log.key")

    def test_27_admin_socket_open_to_others(self):
        self.site.admin.chmod(0o666)
        self.addCleanup(self.site.admin.chmod, 0o600)
        self.assert_names("admin-socket-mode", "admin.sock")

    def test_28_port_named_by_the_order_of_plugging(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace(f"{self.root}/rs485", "/dev/ttyUSB7")))
        self.assert_names("line-name", "rs485-1", "/dev/ttyUSB7")
        self.assertNotIn("config-warning", self.ailments(), "named once")

    def test_29_profile_that_nobody_tried(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace('"vault-1"\nprofile = "xy-md02"',
                                  '"vault-1"\nprofile = "generic-di8"')))
        self.assert_names("profile-untried", "generic-di8", "vault-1")

    def test_30_line_without_room(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace("period_ms = 200", "period_ms = 20")))
        self.assert_names("config-warning", "agent.toml:", "period_ms")

    def test_31_running_agent_refused_a_changed_configuration(self):
        def spoil(path):
            path.write_text("nonsense")
            self.site.reload_agent("edge-1")
            wait_until(lambda: self.site.health("edge-1")["reasons"],
                       "the agent to refuse it")
        # The agent reads its own file, doctor a right copy of it.
        copy = self.agent / "right.toml"
        shutil.copy2(self.agent_toml, copy)
        self.addCleanup(copy.unlink)
        self.broken(self.agent_toml, spoil)
        done = self.site.tool("doctor", "--agent", copy, "--json", expect=None)
        found = {a["id"]: a for a in json.loads(done.stdout)}
        self.assertIn("refused", found["program-degraded"]["what"])
        self.assertFalse(found["program-degraded"]["urgent"])
        shutil.copy2(copy, self.agent_toml)
        self.site.reload_agent("edge-1")
        wait_until(lambda: not self.site.health("edge-1")["reasons"],
                   "the agent to take it again")

    def test_32_quota_that_the_disk_does_not_have(self):
        self.broken(self.agent_toml, lambda p: p.write_text(
            p.read_text().replace('path = "journal.db"\n',
                                  'path = "journal.db"\n'
                                  'quota_mib = 1048576\n')))
        self.assert_names("quota-beyond-disk", "1048576 MiB")

    def test_33_agent_admin_socket_open_to_others(self):
        socket = self.site.agent_admin("edge-1")
        socket.chmod(0o660)
        self.addCleanup(socket.chmod, 0o600)
        self.assert_names("admin-socket-mode", socket)

    def test_34_what_only_the_running_agent_knows(self):
        health = {"status": "degraded", "reasons": [], "journal": {
            "pressure": 1, "window_ms": 300000, "configured_window_ms": 60000,
            "losses_ahead": 1, "lost_events": 71}, "streams": {
                "record": {"salvage_pending": 12, "blocked_by": ""},
                "telemetry": {"salvage_pending": 0,
                              "blocked_by": "succeeded"}}}
        with played_agent(health) as port:
            self.broken(self.agent_toml, lambda p: p.write_text(
                p.read_text().replace(
                    f"127.0.0.1:{self.site.agent_ports['edge-1']}",
                    f"127.0.0.1:{port}")))
            self.assert_names("journal-pressure", "300 s", "60 s")
            self.assert_names("telemetry-lost", "71 events")
            self.assert_names("salvage-unfinished", "12 events of record")
            self.assert_names("succession-waiting", "telemetry")
            self.assertIn(str(self.site.agent_admin("edge-1")),
                          self.ailments()["succession-waiting"]["remedy"])

    def test_35_answers_of_something_else_are_no_ailments(self):
        strange = [1, "x", None, {"journal": [], "streams": []},
                   {"journal": {"pressure": "x", "losses_ahead": -1},
                    "streams": {"record": 7, "x": {"salvage_pending": "y"}}}]
        for answer in strange:
            with self.subTest(answer=answer), played_agent(answer) as port:
                self.broken(self.agent_toml, lambda p, port=port: p.write_text(
                    p.read_text().replace(
                        f"127.0.0.1:{self.site.agent_ports['edge-1']}",
                        f"127.0.0.1:{port}")))
                found = self.ailments()
                for one in ("journal-pressure", "telemetry-lost",
                            "salvage-unfinished", "succession-waiting"):
                    self.assertNotIn(one, found)
                self.doCleanups()

    def test_36_nothing_installed(self):
        done = self.site.tool("doctor", expect=2)
        self.assertIn("--agent", done.stderr)


if __name__ == "__main__":
    unittest.main()
