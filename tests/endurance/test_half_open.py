# SPDX-License-Identifier: Apache-2.0
"""A thousand connections at every door of both programs at once, half open:
they say a byte a second, or nothing, and come again when they are cut off.
Memory keeps its limits, events go on, and others are served: at the ports all
the while; at the admin sockets, which only the owner of the process may open,
when he stops."""

import os
import pathlib
import resource
import selectors
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from attacker import ask, get, memory_kib  # noqa: E402
from harness import SiteTest, device, line_tcp, wait_until  # noqa: E402

CLIENTS = 1000  # at each door
SECONDS = 60 if os.environ.get("STRONGROOM_FULL") else 15
LEDGER_KIB = 512 * 1024
AGENT_KIB = 64 * 1024
SOURCE = "edge-1@bj1"


class Siege(threading.Thread):
    """Keeps so many half-open connections at one door."""

    def __init__(self, where):
        super().__init__()
        self.where = where
        self.opened = 0
        self.most = 0
        self._end = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._clients = set()

    def stop(self):
        self._end.set()
        self.join()

    def run(self):
        while not self._end.is_set():
            while len(self._clients) < CLIENTS and self._open():
                pass
            self.most = max(self.most, len(self._clients))
            for key, _ in self._selector.select(0):
                self._look(key.fileobj)
            for number, client in enumerate(list(self._clients)):
                if number % 3:  # the others never say a word
                    self._say(client)
            self._end.wait(1)
        for client in list(self._clients):
            self._drop(client)

    def _open(self):
        family = socket.AF_INET if isinstance(self.where, int) \
            else socket.AF_UNIX
        client = socket.socket(family)
        client.setblocking(False)
        try:
            client.connect(("127.0.0.1", self.where)
                           if family == socket.AF_INET else str(self.where))
        except BlockingIOError:
            if family == socket.AF_UNIX:  # its queue is full: not in
                client.close()
                return False
        except OSError:
            client.close()
            return False
        self.opened += 1
        self._clients.add(client)
        self._selector.register(client, selectors.EVENT_READ)
        self._say(client, b"GET /health HTTP/1.1\r\nX: ")
        return True

    def _say(self, client, words=b"x"):
        try:
            client.send(words)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)

    def _look(self, client):
        try:
            if client.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop(client)

    def _drop(self, client):
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client)
            client.close()


class HalfOpen(SiteTest):
    @classmethod
    def populate(cls):
        site = cls.site
        port = site.start_plant_tcp("plant")
        site.create_agent("edge-1", window_s=0, lines=line_tcp(
            "tcp-1", port, device("room-1", period_ms=200)))
        site.start_agent("edge-1")

    def served(self, where, target, *statuses):
        """How long somebody else waits for an answer."""
        began = time.monotonic()
        wait_until(lambda: ask(where, get(target))[0] in statuses,
                   f"an answer at {where}", 45, 0.1)
        return time.monotonic() - began

    def test_a_thousand_at_every_door(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
        site = self.site
        self.await_events("bj1/telemetry/1", "windows", 1, SOURCE)
        pages = {"ledger": site.http_port, "agent": site.agent_ports["edge-1"]}
        sockets = {"ledger socket": site.admin,
                   "agent socket": site.agent_admin("edge-1")}
        sieges = {name: Siege(where)
                  for name, where in (pages | sockets).items()}
        worst = dict.fromkeys(pages, 0.0)
        for siege in sieges.values():
            siege.start()
        try:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                for name, port in pages.items():
                    worst[name] = max(worst[name], self.served(
                        port, b"/health", 200, 503))
        finally:
            for siege in sieges.values():
                siege.stop()
        for name, path in sockets.items():
            worst[name] = self.served(path, b"/none", 404)
        for name, siege in sieges.items():
            print(f"{name}: {siege.opened} connections, {siege.most} at once, "
                  f"an honest one waited {worst[name]:.2f} s at most")
            # The kernel lets no more into the queue of a Unix socket.
            self.assertGreaterEqual(
                siege.opened, CLIENTS if name in pages else 100, name)
        self.unharmed()

    def unharmed(self):
        site = self.site
        for name, limit in (("ledger", LEDGER_KIB), ("edge-1", AGENT_KIB)):
            process = site.processes[name]
            self.assertIsNone(process.poll(), site.tail(name))
            if (peak := memory_kib(process.pid)) is not None:
                print(f"{name} peak {peak // 1024} MiB")
                self.assertLess(peak, limit, name)
        before = site.log_size("bj1/telemetry/1")
        wait_until(lambda: site.log_size("bj1/telemetry/1") > before,
                   "events to go on arriving", 60)
        self.assert_gapless("bj1/telemetry/1", SOURCE)


if __name__ == "__main__":
    unittest.main()
