# SPDX-License-Identifier: Apache-2.0
"""Network namespaces that a router of our own joins: packets are lost,
doubled or held back as it is told. (Queueing disciplines that lose packets are
a kernel module that few machines have; a TUN device is everywhere.)

Needs root. Addresses are of a documentation range and leave no namespace.
"""

import contextlib
import ctypes
import fcntl
import os
import random
import selectors
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
LIBC = ctypes.CDLL(None, use_errno=True)


def set_namespace(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def possible():
    """Whether this machine lets us make namespaces; else why not."""
    if os.geteuid() != 0:
        return "not root"
    name = f"srprobe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True,
                          check=False)
    if made.returncode != 0:
        return "no network namespaces here"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None if os.path.exists("/dev/net/tun") else "no TUN device here"


class Place:
    """One namespace with one address; `inside()` for sockets of this thread."""

    def __init__(self, name, address):
        self.name = f"sr{os.getpid()}{name}"
        self.address = address
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.tun = self._tun()
        self._ip("link", "set", "lo", "up")
        self._ip("addr", "add", f"{address}/24", "dev", "sr0")
        self._ip("link", "set", "sr0", "mtu", "1400", "up")

    def _ip(self, *words):
        subprocess.run(["ip", "-n", self.name, *words], check=True)

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile are of the namespace."""
        with open("/proc/thread-self/ns/net") as home, \
                open(f"/run/netns/{self.name}") as there:
            set_namespace(there.fileno())
            try:
                yield
            finally:
                set_namespace(home.fileno())

    def _tun(self):
        with self.inside():
            tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(tun, TUNSETIFF,
                        struct.pack("16sH", b"sr0", IFF_TUN | IFF_NO_PI))
            return tun

    def remove(self):
        os.close(self.tun)
        subprocess.run(["ip", "netns", "del", self.name], check=False)


class Router:
    """Carries packets between places, badly when told to. Its thread owns the
    devices; the settings are plain values that the campaign replaces."""

    def __init__(self, places, seed):
        self.places = {self._packed(p.address): p for p in places}
        self.random = random.Random(seed)
        self.loss = 0.0       # share of packets
        self.doubling = 0.0
        self.cut_off = frozenset()  # addresses that hear and say nothing
        self.carried = self.lost = self.doubled = 0
        self._stop_read, self._stop_write = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def _packed(address):
        return bytes(int(part) for part in address.split("."))

    def heal(self):
        self.loss = self.doubling = 0.0
        self.cut_off = frozenset()

    def _run(self):
        selector = selectors.DefaultSelector()
        selector.register(self._stop_read, selectors.EVENT_READ)
        for place in self.places.values():
            selector.register(place.tun, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == self._stop_read:
                    return
                self._drain(key.fd)

    def _drain(self, tun):
        for _ in range(64):
            try:
                packet = os.read(tun, 65536)
            except (BlockingIOError, OSError):
                return
            self._carry(packet)

    def _carry(self, packet):
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return
        target = self.places.get(packet[16:20])
        ends = {".".join(map(str, packet[i:i + 4])) for i in (12, 16)}
        if target is None or ends & self.cut_off \
                or self.random.random() < self.loss:
            self.lost += 1
            return
        copies = 1 + (self.random.random() < self.doubling)
        self.doubled += copies - 1
        for _ in range(copies):
            with contextlib.suppress(OSError):
                os.write(target.tun, packet)
                self.carried += 1

    def stop(self):
        os.write(self._stop_write, b"x")
        self.thread.join()
