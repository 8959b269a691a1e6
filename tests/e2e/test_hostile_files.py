# SPDX-License-Identifier: Apache-2.0
"""Files and answers that nobody sane would write, given to the programs that
people type: each says what is wrong and ends with a documented code."""

import base64
import http.server
import json
import os
import random
import subprocess
import threading
import unittest

from attacker import Forger, boot_event, mutations
from harness import BINARIES, SiteTest, device, line_tcp

TIMES = 10 if os.environ.get("STRONGROOM_FULL") else 1
MIB = 1 << 20
MEMORY_KIB = 256 * 1024


class Answers(http.server.BaseHTTPRequestHandler):
    """A ledger that answers everything with one text, or checkpoints with
    another one."""

    status = 200
    text = b""
    note = None

    def do_GET(self):
        text = self.text
        if self.note and self.path.endswith("/checkpoint"):
            text = self.note
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class HostileFiles(SiteTest):
    @classmethod
    def populate(cls):
        site = cls.site
        port = site.start_plant_tcp("plant")
        cls.edge = site.create_agent(
            "edge-1", window_s=0, lines=line_tcp("tcp-1", port, device("r-1")))
        cls.newcomer = cls.root / "edge-9"
        site.tool("keygen", cls.newcomer, "--site", "bj1", "--agent", "edge-9")
        site.start_agent("edge-1")
        cls.random = random.Random(20260102)

    def run_program(self, name, *arguments):
        """Exit code and what it said; it was not killed and took no more
        memory than it may."""
        process = subprocess.Popen(
            [str(BINARIES / name), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = process.stdout.read().decode(errors="replace")
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        what = f"{name} {arguments}: {said[:300]}"
        self.assertIn(process.returncode, range(5), what)
        self.assertLess(usage.ru_maxrss, MEMORY_KIB, what)
        return process.returncode, said

    def file(self, content, name="hostile"):
        path = self.root / name
        path.write_bytes(content)
        return path

    def test_configurations(self):
        right = (self.edge / "agent.toml").read_bytes()
        wrong = {
            "empty": b"", "zeros": bytes(5000), "noise": self.random.randbytes(9000),
            "program": (BINARIES / "plant").read_bytes()[:MIB],
            "huge": right * (20 * MIB // len(right)),
            "long line": b'agent = "' + b"a" * (2 * MIB) + b'"\n',
            "deep array": right + b"\nx = " + b"[" * 100000 + b"]" * 100000,
            "deep table": b"x = " + b"{a = " * 50000,
            "deep key": b"a." * 50000 + b"b = 1\n" + right,
            "deep header": b"[" + b"a." * 50000 + b"b]\n",
            "many tables": right + b"".join(b"[t%d]\n" % i for i in range(5000)),
            "many lines": right + b"[[line]]\n" * 3000,
            "zero inside": right.replace(b"edge-1", b"edge\0-1"),
            "escape": right.replace(b"edge-1", b"edge\\u0000-1"),
            "latin": right.replace(b"edge-1", b"\xe9dge-1"),
            "doubled": right + right, "cut": right[:len(right) // 2] + b'"',
            "number": right.replace(b"window", b"w") + b"\nx = " + b"9" * 400,
            "controls": right + b"\x1b[2J\x07",
            "marks": right + b"\xe2\x80\xae\n",
        }
        for name, content in wrong.items():
            for program in ("strongroom-agent", "strongroom-ledger"):
                with self.subTest(name, program=program):
                    code, said = self.run_program(
                        program, "--check-config", "--config",
                        self.file(content))
                    self.assertEqual(code, 2, said[:500])
                    self.assertIn("hostile", said[:500])
                    self.assertNotIn("\x1b", said)
        for place in ("/dev/zero", "/dev/null", "/", self.root / "nothing"):
            for program in ("strongroom-agent", "strongroom-ledger"):
                code, said = self.run_program(program, "--check-config",
                                              "--config", place)
                self.assertEqual(code, 2, said[:500])

    def test_packs_and_trust_files(self):
        self.await_events("bj1/telemetry/1", "windows", 3)
        pack = self.root / "real.pack"
        self.site.tool("proof", "bj1/telemetry", 0, 1, "--url", self.site.url,
                       "--out", pack)
        trust = self.site.trust
        self.assertEqual(self.run_program("strongroom", "verify", pack,
                                          "--trust", trust)[0], 0)
        real = pack.read_bytes()
        packs = [b"", bytes(1000), self.random.randbytes(MIB), bytes(80 * MIB),
                 b"\x08\x01" + b"\x12\x00" * MIB, b"\x08\x01\x12" + b"\xff" * 9,
                 real + real, *mutations(self.random, real, 40 * TIMES)]
        for content in packs:
            if content == real:
                continue
            code, said = self.run_program("strongroom", "verify",
                                          self.file(content), "--trust", trust)
            self.assertIn(code, (1, 2), said)
        lines = trust.read_bytes()
        trusts = [b"", lines[:20], lines * 3000, self.random.randbytes(3000),
                  b"strongroom-trust/v1\n" + b"#\n" * 40000,
                  lines.replace(b"+", b"+\0"), lines.upper()]
        for content in trusts:
            code, said = self.run_program("strongroom", "verify", pack,
                                          "--trust", self.file(content))
            self.assertIn(code, (1, 2), said)
        for at in range(0, len(lines) - 1, max(1, len(lines) // (40 * TIMES))):
            altered = bytearray(lines)
            altered[at] ^= 1
            if lines[:at].rpartition(b"\n")[2].startswith(b"#"):
                continue  # a comment
            code, said = self.run_program("strongroom", "verify", pack,
                                          "--trust", self.file(altered))
            self.assertIn(code, (1, 2), said)

    def test_enrolments_and_rotations(self):
        site = self.site
        site.tool("rotate", "begin", self.edge)
        size = site.log_size("central/registry/1")
        enrol = (self.newcomer / "enrol.json").read_bytes()
        rotate = (self.edge / "rotate.json").read_bytes()
        deep = b"[" * 30000 + b"]" * 30000

        def altered(real):
            """The same request with one character of one value changed."""
            for key, value in json.loads(real).items():
                for _ in range(3 * TIMES):
                    at = self.random.randrange(len(value))
                    other = "B" if value[at] != "B" else "C"
                    yield json.dumps(
                        dict(json.loads(real),
                             **{key: value[:at] + other + value[at + 1:]})
                    ).encode()
        for content in (b"", b"{}", b"null", deep, bytes(MIB),
                        *mutations(self.random, enrol, 10 * TIMES),
                        *altered(enrol)):
            if content == enrol:
                continue
            self.run_program(
                "strongroom", "enrol", self.file(content), "--admin",
                site.admin, "--ca", site.ca_dir, "--ledger", site.ledger_dir,
                "--out", self.root / "out")
            self.assertEqual(site.log_size("central/registry/1"), size, content)
        for content in (b"", b"{}", b"[1]", deep, bytes(MIB),
                        *mutations(self.random, rotate, 10 * TIMES),
                        *altered(rotate)):
            if content == rotate:
                continue
            self.run_program("strongroom", "rotate", "submit",
                             self.file(content), "--admin", site.admin)
            self.assertEqual(site.log_size("central/registry/1"), size, content)

    def request_for(self, source, subject):
        """An enrolment request, well made by somebody who wants to be
        `source`, with a certificate request for `subject`."""
        directory = self.root / "impostor"
        if not directory.exists():
            self.site.tool("keygen", directory, "--site", "bj1", "--agent",
                           "edge-8")
        forger = Forger(directory, source)
        subprocess.run(
            ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout",
             directory / "impostor.key", "-out", directory / "impostor.csr"],
            check=True, capture_output=True, timeout=30)
        request = json.loads((directory / "enrol.json").read_text())
        message = (b"strongroom/enrol/v1\n" + source.encode() + b"\n"
                   + base64.b64decode(request["event_key"])
                   + base64.b64decode(request["sealing_key"]))
        request.update(
            source=source,
            possession=base64.b64encode(forger.sign(message)).decode(),
            certificate_request=(directory / "impostor.csr").read_text())
        return self.file(json.dumps(request).encode(), "impostor.json")

    def test_impostor_gets_no_certificate(self):
        site = self.site
        size = site.log_size("central/registry/1")
        for source, subject in (("ledger@central", r"/CN=central\/ledger"),
                                ("console@bj1", r"/CN=bj1\/console"),
                                ("edge-1@bj1", r"/CN=bj1\/edge-1")):
            out = self.root / "impostor-out"
            code, said = self.run_program(
                "strongroom", "enrol", self.request_for(source, subject),
                "--admin", site.admin, "--ca", site.ca_dir, "--ledger",
                site.ledger_dir, "--out", out)
            self.assertNotEqual(code, 0, said)
            self.assertFalse((out / "tls.crt").exists(),
                             f"{source} was refused, and certified")
            self.assertEqual(site.log_size("central/registry/1"), size)

    def test_certificate_speaks_of_one_name_alone(self):
        self.request_for("edge-8@bj1", r"/CN=bj1\/edge-8/CN=central\/ledger")
        certificate = self.root / "impostor" / "two.crt"
        code, said = self.run_program(
            "strongroom", "ca", "sign", self.site.ca_dir,
            self.root / "impostor" / "impostor.csr", "--identity",
            "bj1/edge-8", "--out", certificate)
        if code == 0:
            said = subprocess.run(
                ["openssl", "x509", "-noout", "-subject", "-in", certificate],
                check=True, capture_output=True, timeout=30).stdout.decode()
            self.assertIn("bj1/edge-8", said)
        self.assertNotIn("central/ledger", said)

    def test_ledger_that_lies_to_the_command_line(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        self.await_events("bj1/telemetry/1", "windows")
        note = self.site.get("/log/bj1/telemetry/1/checkpoint")
        escape = boot_event(b"\x1b[2J@\xc2\x9bx", 1, 1, 1, bytes(32))
        entry = base64.b64encode(b"\x01" + escape)
        texts = (b"", b"[1]", b'[{"index":"x","entry":1}]', b"{}" * 9,
                 b"[" * MIB, b"\xff" * 9000, bytes(70 * MIB), note,
                 b'[{"index":18446744073709551615,"entry":"AQ=="}]',
                 b'{"error":"\\u001b]0;owned\\u0007"}',
                 b'[{"index":0,"entry":"' + entry + b'"}]')
        for Answers.text, Answers.note, Answers.status in (
                *((text, None, 200) for text in texts),
                *((text, note, 200) for text in texts),
                (texts[-2], None, 500)):
            for arguments in (("tail", "bj1/record", "--once"),
                              ("proof", "bj1/record", 0, "--out",
                               self.root / "lies.pack")):
                code, said = self.run_program("strongroom", *arguments, "--url",
                                              url)
                self.assertNotIn("\x1b", said)
                self.assertNotIn("\x9b", said)
                if arguments[0] == "tail" and Answers.note is None:
                    self.assertNotEqual(code, 0, said)
            pack = self.root / "lies.pack"
            if pack.exists():
                self.assertIn(self.run_program(
                    "strongroom", "verify", pack, "--trust",
                    self.site.trust)[0], (1, 2))


if __name__ == "__main__":
    unittest.main()
