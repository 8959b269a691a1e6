# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a fresh site per test class.

Environment: STRONGROOM_BIN (programs), STRONGROOM_VERIFIER (the Go program).
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))

from installation import Site, SiteError, free_port, wait_until  # noqa: E402

__all__ = ["ROOT", "Site", "SiteError", "SiteTest", "device", "free_port",
           "line_rtu", "line_tcp", "run_verifier", "wait_until"]

BINARIES = pathlib.Path(os.environ["STRONGROOM_BIN"])


def device(name, period_ms=200, unit_id=1, profile="xy-md02"):
    return (f'\n[[line.device]]\nname = "{name}"\nprofile = "{profile}"\n'
            f"unit_id = {unit_id}\nperiod_ms = {period_ms}\n")


def line_tcp(name, port, *devices):
    return (f'\n[[line]]\nname = "{name}"\nkind = "tcp"\nhost = "127.0.0.1"\n'
            f"port = {port}\ntimeout_ms = 500\n" + "".join(devices))


def line_rtu(name, path, *devices):
    return (f'\n[[line]]\nname = "{name}"\nkind = "rtu"\nserial = "{path}"\n'
            'baud = 9600\nparity = "none"\ntimeout_ms = 500\n'
            + "".join(devices))


def run_verifier(*arguments):
    """The independent verifier; returns (exit code, output)."""
    done = subprocess.run(
        [os.environ["STRONGROOM_VERIFIER"], *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


class SiteTest(unittest.TestCase):
    """Broker and ledger are up; the class adds agents. Logs of a failed test
    stay where the message says."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-e2e-"))
        cls.site = Site(cls.root, BINARIES, ROOT / "boards" / "devices")
        cls.failed = False
        try:
            cls.site.create()
            cls.site.start_ledger()
            cls.site.start_broker()
            cls.populate()
        except BaseException:
            cls.site.stop_all()
            print(f"logs: {cls.root}/log")
            raise

    @classmethod
    def populate(cls):
        """Adds what the tests of the class need."""

    @classmethod
    def tearDownClass(cls):
        cls.site.stop_all()
        if cls.failed:
            print(f"logs: {cls.root}/log")
        else:
            shutil.rmtree(cls.root, ignore_errors=True)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        outcome = super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            type(self).failed = True
        return outcome

    # --- what tests ask -------------------------------------------------------

    def events(self, log, body=None, source=None):
        """Decoded events of a log, optionally of one kind and one source."""
        found = []
        for entry in self.site.entries(log):
            decoded = entry.get("decoded") or {}
            if entry["type"] != "event":
                continue
            if body and body not in decoded:
                continue
            if source and decoded.get("source") != source:
                continue
            found.append(dict(decoded, index=entry["index"]))
        return found

    def await_events(self, log, body, count=1, source=None, seconds=30):
        return wait_until(
            lambda: (lambda found: found if len(found) >= count else None)(
                self.events(log, body, source)),
            f"{count} {body} in {log}", seconds, 0.2)

    def assert_gapless(self, log, source):
        """Every sequence number of a source once, in order, per epoch."""
        by_epoch = {}
        for event in self.events(log, source=source):
            by_epoch.setdefault(event["epoch"], []).append(int(event["seq"]))
        self.assertTrue(by_epoch, f"nothing of {source} in {log}")
        for epoch, seqs in by_epoch.items():
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)),
                             f"{log} {source} epoch {epoch}")
