# SPDX-License-Identifier: Apache-2.0
"""Whoever has an account on the machine sends the ports and the admin socket
what he likes, or nothing, slowly."""

import socket
import struct
import threading
import time
import unittest

from attacker import ask, connect, get
from harness import wait_until
from hostile_site import MIB, HostileSite


class HostilePorts(HostileSite):
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
