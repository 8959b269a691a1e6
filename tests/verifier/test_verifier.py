# SPDX-License-Identifier: Apache-2.0
"""The independent verifier takes what our code writes, and refuses it once a
single byte is altered.

usage: test_verifier.py VERIFIER FIXTURE-PROGRAM
"""

import functools
import http.server
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import unittest

VERIFIER, FIXTURE = "", ""


class AlteringHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files; one byte of one of them may be altered on its way."""

    altered = None  # (path, offset, mask)

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = pathlib.Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = bytearray(path.read_bytes())
        if self.altered and self.path == self.altered[0]:
            data[self.altered[1]] ^= self.altered[2]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class VerifierTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="strongroom-")
        cls.root = pathlib.Path(cls.directory.name)
        subprocess.run([FIXTURE, cls.root], check=True)
        cls.www = cls.root / "www"
        handler = functools.partial(AlteringHandler, directory=str(cls.www))
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.log = "/log/bj1/record/1"
        cls.url = f"http://127.0.0.1:{cls.server.server_port}{cls.log}"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.directory.cleanup()

    def setUp(self):
        AlteringHandler.altered = None

    def run_verifier(self, *arguments):
        done = subprocess.run([VERIFIER, *map(str, arguments)],
                              capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    def assert_verified(self, *arguments):
        code, said = self.run_verifier(*arguments)
        self.assertEqual(code, 0, said)
        return said

    def assert_refused(self, reason, *arguments):
        code, said = self.run_verifier(*arguments)
        self.assertEqual(code, 1, said)
        self.assertIn(reason, said)

    @property
    def trust(self):
        return self.root / "trust"

    def test_log(self):
        said = self.assert_verified("log", self.url, self.trust)
        self.assertIn("700 entries", said)
        self.assertIn("4 tiles", said)  # 3 at level 0, 1 at level 1

    def test_log_with_a_verification_key(self):
        vkey = self.trust.read_text().splitlines()[1]
        self.assert_verified("log", self.url + "/", vkey)

    def test_log_of_another_key(self):
        self.assert_refused("checkpoint", "log", self.url,
                            self.root / "other-trust")

    def test_log_full_tile_instead_of_the_partial_one(self):
        partial = self.www / self.log[1:] / "tile/1/000.p/2"
        full = self.www / self.log[1:] / "tile/1/000"
        data = partial.read_bytes()
        partial.rename(full)
        try:
            full.write_bytes(data + bytes(254 * 32))
            self.assert_verified("log", self.url, self.trust)
        finally:
            full.unlink()
            partial.write_bytes(data)

    def test_log_with_any_file_altered(self):
        generator = random.Random(1)
        files = sorted(p for p in self.www.rglob("*") if p.is_file())
        self.assertEqual(len(files), 8)
        for file in files:
            size = file.stat().st_size
            offsets = {0, 1, size // 2, size - 1,
                       *(generator.randrange(size) for _ in range(6))}
            if file.name == "checkpoint":
                offsets = range(size)
            for offset in offsets:
                path = "/" + file.relative_to(self.www).as_posix()
                AlteringHandler.altered = (path, offset, 1)
                with self.subTest(path=path, offset=offset):
                    code, said = self.run_verifier("log", self.url, self.trust)
                    self.assertEqual(code, 1, said)
                    self.assertIn("REFUSED", said)

    def test_log_with_a_file_missing(self):
        path = self.www / self.log[1:] / "tile/0/001"
        data = path.read_bytes()
        path.unlink()
        try:
            self.assert_refused("404", "log", self.url, self.trust)
        finally:
            path.write_bytes(data)

    def test_consistency(self):
        said = self.assert_verified("consistency",
                                    self.root / "older.checkpoint", self.url,
                                    self.trust)
        self.assertIn("size 700 extends size 333", said)

    def test_consistency_with_itself(self):
        self.assert_verified("consistency",
                             self.www / self.log[1:] / "checkpoint", self.url,
                             self.trust)

    def test_consistency_of_a_fork(self):
        self.assert_refused("does not extend", "consistency",
                            self.root / "forked.checkpoint", self.url,
                            self.trust)

    def test_consistency_with_an_altered_checkpoint(self):
        older = bytearray((self.root / "older.checkpoint").read_bytes())
        altered = self.root / "altered.checkpoint"
        for offset in range(len(older)):
            older[offset] ^= 1
            altered.write_bytes(older)
            with self.subTest(offset=offset):
                self.assert_refused("older checkpoint", "consistency", altered,
                                    self.url, self.trust)
            older[offset] ^= 1

    def test_consistency_with_altered_tiles(self):
        # What the proof from 333 to 700 is made of.
        for path, offset in (("tile/0/001", 77 * 32), ("tile/0/001", 255 * 32),
                             ("tile/0/002.p/188", 0), ("tile/1/000.p/2", 0)):
            AlteringHandler.altered = (f"{self.log}/{path}", offset, 1)
            with self.subTest(path=path, offset=offset):
                code, said = self.run_verifier(
                    "consistency", self.root / "older.checkpoint", self.url,
                    self.trust)
                self.assertEqual(code, 1, said)

    def test_pack(self):
        said = self.assert_verified("pack", self.root / "good.pack",
                                    self.trust)
        self.assertEqual(len(said.splitlines()), 7)

    def test_pack_with_any_bit_altered(self):
        said = self.assert_verified("pack-flips", self.root / "good.pack",
                                    self.trust)
        self.assertIn("all refused", said)

    def test_pack_altered_on_disk_cut_or_longer(self):
        whole = (self.root / "good.pack").read_bytes()
        altered = self.root / "altered.pack"
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 0x10
        for data in (bytes(changed), whole[:-1], whole[1:], whole + b"\0", b""):
            altered.write_bytes(data)
            self.assert_refused("REFUSED", "pack", altered, self.trust)

    def test_pack_of_another_key(self):
        self.assert_refused("checkpoint", "pack", self.root / "good.pack",
                            self.root / "other-trust")

    def test_pack_without_enrolment(self):
        self.assert_refused("signed by no key", "pack",
                            self.root / "unenrolled.pack", self.trust)

    def test_pack_signed_with_a_revoked_key(self):
        self.assert_refused("revoked", "pack", self.root / "revoked.pack",
                            self.trust)

    def test_wrong_usage(self):
        for arguments in ((), ("log",), ("pack", "x"), ("unpack", "x", "y")):
            self.assertEqual(self.run_verifier(*arguments)[0], 2)


if __name__ == "__main__":
    VERIFIER, FIXTURE = sys.argv[1], sys.argv[2]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
