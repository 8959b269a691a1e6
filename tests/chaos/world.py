# SPDX-License-Identifier: Apache-2.0
"""The site that the campaign torments: a broker in its default configuration,
a ledger, two agents with a plant each; each in a network namespace, each
database on a file system, each agent under a clock of its own, as far as the
machine allows it. What ends is started again, as a service manager would."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))

from installation import Site, answers, free_port, wait_until  # noqa: E402

import clocks  # noqa: E402
import disks  # noqa: E402
import namespaces  # noqa: E402

AGENTS = ("edge-1", "edge-2")
LEDGER_DISK_MIB = 1024
AGENT_DISK_MIB = 128


class World(Site):
    def __init__(self, root, binaries, seed):
        super().__init__(root, binaries, ROOT / "boards" / "devices")
        self.missing = {}  # what this machine does not let us do, and why
        self.places = {}
        self.router = None
        self.disks = {}
        self.clocks = {}
        self.ends = 0  # programs that ended by themselves
        self.retry_at = {}
        self.wanted = set()
        self.generation = dict.fromkeys(AGENTS, 0)
        self._make_places(seed)

    # --- what the machine gives -------------------------------------------------

    def _make_places(self, seed):
        why = namespaces.possible()
        if why:
            self.missing["network"] = why
            return
        for number, name in enumerate(("centre", "broker", *AGENTS), 1):
            self.places[name] = namespaces.Place(name, f"198.51.100.{number}")
        self.router = namespaces.Router(self.places.values(), seed)

    def place_of(self, name):
        if name == "ledger":
            return self.places.get("centre")
        for agent in AGENTS:
            if name.endswith(agent):
                return self.places.get(agent)
        return self.places.get(name)

    @contextlib.contextmanager
    def inside(self, name):
        place = self.place_of(name)
        if place is None:
            yield
        else:
            with place.inside():
                yield

    def disk(self, name, mebibytes):
        """A directory on a file system of its own, else a plain one."""
        why = disks.possible()
        if why:
            self.missing["disk full"] = why
            plain = self.root / f"{name}.disk"
            plain.mkdir(exist_ok=True)
            return plain
        self.disks[name] = disks.LoopDisk(self.root, name, mebibytes)
        return self.disks[name].path

    # --- what is made once --------------------------------------------------------

    def create(self):
        super().create()
        broker = self.place_of("broker")
        self.broker_host = broker.address if broker else "localhost"
        for file in ("broker.crt", "broker.key", "ca.crt"):
            (self.broker_dir / file).unlink(missing_ok=True)
        self.tool("ca", "server", self.ca_dir, "--host", self.broker_host,
                  "--out", self.broker_dir)
        self.write_broker_config()
        config = self.ledger_dir / "ledger.toml"
        text = self._to_broker(config.read_text())
        for name, file in (("store", "ledger.db"), ("guard", "guard.db")):
            there = self.disk(name, LEDGER_DISK_MIB if name == "store" else 16)
            for made in self.ledger_dir.rglob(file + "*"):
                shutil.move(made, there / made.name)
            text = self._with_path(text, file, there / file)
        config.write_text(text)

    @staticmethod
    def _with_path(text, file, path):
        lines = [line.split("=")[0] + f'= "{path}"' if file in line else line
                 for line in text.splitlines()]
        return "\n".join(lines) + "\n"

    def _to_broker(self, text):
        return text.replace(f"localhost:{self.broker_port}",
                            f"{self.broker_host}:{self.broker_port}")

    def write_broker_config(self):
        """As Debian ships mosquitto but for listener, TLS, identities: no
        persistence, and what is queued beyond its default is dropped."""
        super().write_broker_config()
        file = self.broker_dir / "mosquitto.conf"
        ours = ("max_queued_messages", "set_tcp_nodelay", "persistence",
                "listener")
        kept = [line for line in file.read_text().splitlines()
                if not line.startswith(ours)]
        place = self.place_of("broker")
        bind = place.address if place else "127.0.0.1"
        file.write_text(f"listener {self.broker_port} {bind}\n"
                        + "\n".join(kept) + "\n")

    def add_agent(self, name, period_ms):
        port = free_port()
        self.create_agent(name, window_s=0)
        config = self.root / name / "agent.toml"
        journal = self.disk(name, AGENT_DISK_MIB) / "journal.db"
        text = self._to_broker(config.read_text())
        text = text.replace('path = "journal.db"', f'path = "{journal}"')
        self.agent_text = getattr(self, "agent_text", {})
        self.agent_text[name] = (text, port, period_ms)
        self.rewrite_agent(name)
        if not clocks.possible():
            self.clocks[name] = clocks.SteppedClock(self.root / f"{name}.clock")
        else:
            self.missing["clock"] = clocks.possible()

    def rewrite_agent(self, name):
        """A device under another name at each call: events in `record`."""
        text, port, period_ms = self.agent_text[name]
        self.generation[name] += 1
        fresh = self.root / name / "agent.toml.new"
        fresh.write_text(
            text + '\n[[line]]\nname = "tcp-1"\nkind = "tcp"\n'
            f'host = "127.0.0.1"\nport = {port}\n'
            '[[line.device]]\nname = "room-1"\nprofile = "xy-md02"\n'
            f"unit_id = 1\nperiod_ms = {period_ms}\n"
            f'[[line.device]]\nname = "cart-{self.generation[name]}"\n'
            'profile = "xy-md02"\nunit_id = 2\nperiod_ms = 60000\n')
        fresh.rename(self.root / name / "agent.toml")

    def reconfigure(self, name):
        self.rewrite_agent(name)
        if self.running(name):
            self.reload_agent(name)

    # --- processes ------------------------------------------------------------------

    def start(self, name, *command, stdin=None):
        place = self.place_of(name)
        prefix = ["ip", "netns", "exec", place.name] if place else []
        clock = self.clocks.get(name)
        with open(self.root / "log" / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [*prefix, *map(str, command)], stdout=log, stderr=log,
                stdin=stdin, start_new_session=True,
                env={**os.environ, **(clock.environment() if clock else {})})
        return self.processes[name]

    def launch(self, name):
        """Starts a program and does not wait for it."""
        self.wanted.add(name)
        if name == "broker":
            self.start(name, "/usr/sbin/mosquitto", "-c",
                       self.broker_dir / "mosquitto.conf")
        elif name == "ledger":
            self.start(name, self.binaries / "strongroom-ledger", "--config",
                       self.ledger_dir / "ledger.toml")
        elif name in AGENTS:
            self.start(name, self.binaries / "strongroom-agent", "--config",
                       self.root / name / "agent.toml")
        else:
            agent = name.removeprefix("plant-")
            port = self.agent_text[agent][1]
            self.start(name, self.binaries / "plant", "tcp", "--port", port,
                       "--unit", 1, "--device", "xy-md02", "--profiles",
                       self.profiles, stdin=subprocess.PIPE)

    def running(self, name):
        process = self.processes.get(name)
        return process is not None and process.poll() is None

    def look_after(self):
        """What ended is started again, a second later at the earliest."""
        now = time.monotonic()
        for name in sorted(self.wanted):
            if self.running(name):
                continue
            if name not in self.retry_at:
                self.retry_at[name] = now + 1
                self.ends += 1
            elif now >= self.retry_at[name]:
                del self.retry_at[name]
                self.launch(name)

    def kill(self, name):
        """kill -9; False when it was not running."""
        if not self.running(name):
            return False
        self.processes[name].kill()
        self.processes[name].wait()
        return True

    def bring_up(self):
        self.launch("broker")
        with self.inside("broker"):
            wait_until(lambda: self._broker_answers(), "the broker")
        self.launch("ledger")
        self.await_ledger()

    def _broker_answers(self):
        if self.place_of("broker") is None:
            return answers(self.broker_port)
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.broker_host, self.broker_port)) == 0

    def await_ledger(self):
        wait_until(lambda: self.get("/health") is not None
                   and self.admin.exists(), "the ledger", 60)

    # --- what can be seen ---------------------------------------------------------

    def get(self, path, port=None):
        with self.inside("ledger"):
            return super().get(path, port)

    def health(self, name):
        with self.inside(name):
            return super().health(name)

    def checkpoint(self, log):
        """(size, root) that the ledger publishes now, or None."""
        note = self.get(f"/log/{log}/checkpoint")
        if not note:
            return None
        lines = note.decode().split("\n")
        return int(lines[1]), lines[2]

    def remove(self):
        self.wanted.clear()
        for name in list(self.processes)[::-1]:
            with contextlib.suppress(Exception):
                self.stop(name)
        for disk in self.disks.values():
            disk.remove()
        if self.router:
            self.router.stop()
        for place in self.places.values():
            place.remove()


def backlog(health):
    return None if health is None else int(health.get("backlog", 0))


__all__ = ["AGENTS", "World", "backlog", "json", "wait_until"]
