# SPDX-License-Identifier: Apache-2.0
"""A panel that runs, on whatever board, and the world around it.

Environment: STRONGROOM_BIN (programs), STRONGROOM_FIRMWARE (images).
"""

import contextlib
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import tty

SECONDS = 20  # for anything that takes milliseconds on an idle machine


class Stream:
    """One of the panel's byte streams: what came is kept until it is asked."""

    def __init__(self, connection):
        self.connection = connection
        self.bytes = b""

    def send(self, data):
        self.connection.sendall(data)

    def receive(self, seconds):
        """What is there, or comes within the time; b"" else."""
        ready, _, _ = select.select([self.connection], [], [],
                                    max(0, seconds))
        if not ready:
            return b""
        try:
            return self.connection.recv(4096)
        except ConnectionError:
            return b""

    def line(self, seconds=SECONDS):
        end = time.monotonic() + seconds
        while b"\n" not in self.bytes:
            if time.monotonic() > end:
                raise TimeoutError(f"no line; so far {self.bytes!r}")
            self.bytes += self.receive(end - time.monotonic())
        line, _, self.bytes = self.bytes.partition(b"\n")
        return line.decode()

    def drain(self, quiet=0.02):
        while self.receive(quiet):
            pass
        self.bytes = b""


class World(threading.Thread):
    """Answers `up`, keeps the slots of a panel that has none, and what it was
    told (docs/formats/panel-world.md)."""

    def __init__(self, connection, slots):
        super().__init__(daemon=True)
        self.connection = connection
        self.slots = slots
        self.changed = threading.Condition()
        self.starts = []   # reasons
        self.outputs = []  # (locks, green, red, buzzer), all there were
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            file = self.connection.makefile("r", encoding="ascii",
                                            errors="replace")
            for line in file:
                self._take(line.split())

    def _take(self, words):
        with self.changed:
            if words[:1] == ["up"]:
                self.starts.append(words[2])
                # Never twice in the life of a panel.
                self.say(f"seed {os.urandom(8).hex()}")
                for slot, content in self.slots.items():
                    self.say(f"nv {slot} {content}")
                self.say("go")
            elif words[:1] == ["nv"]:
                self.slots[words[1]] = words[2]
            elif words[:1] == ["out"]:
                self.outputs.append(tuple(int(w, 16) for w in words[1:]))
            self.changed.notify_all()

    def say(self, line):
        self.connection.sendall(line.encode() + b"\n")

    def wait_for(self, what, seconds=SECONDS):
        with self.changed:
            if not self.changed.wait_for(lambda: what(self), seconds):
                raise TimeoutError(f"starts {self.starts}, "
                                   f"outputs {self.outputs[-5:]}")


class Machine:
    """board: native, qemu-mps2-an385 or netduinoplus2 (which has no world)."""

    def __init__(self, board):
        self.board = board
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-panel-"))
        self.slots = {}
        self.process = None
        self.streams = []
        names = ["line", "reader1", "local"]
        if board != "netduinoplus2":
            names.append("world")
        self.listeners = {}
        for name in names:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.root / name))
            listener.listen(1)
            listener.settimeout(SECONDS)
            self.listeners[name] = listener

    # --- its life ---------------------------------------------------------------

    def _command(self):
        if self.board == "native":
            command = [os.environ["STRONGROOM_BIN"] + "/strongroom-panel",
                       "--memory", f"{self.root}/memory", "--nv", f"{self.root}/nv"]
            for name in self.listeners:
                command += [f"--{name}", f"unix:{self.root}/{name}"]
            return command
        order = ["line", "reader1", "world", "local"]
        if self.board == "netduinoplus2":
            order = [None, "local", None, "reader1", None, "line"]
        command = ["qemu-system-arm", "-M",
                   {"qemu-mps2-an385": "mps2-an385"}.get(self.board,
                                                         self.board),
                   "-display", "none", "-kernel",
                   f"{os.environ['STRONGROOM_FIRMWARE']}/{self.board}.elf",
                   "-monitor", f"unix:{self.root}/monitor,server=on,wait=off"]
        for name in order:
            if name is None:
                command += ["-serial", "null"]
            else:
                command += ["-chardev",
                            f"socket,id={name},path={self.root}/{name}",
                            "-serial", f"chardev:{name}"]
        return command

    def start(self):
        with open(self.root / "log", "ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        connections = {name: listener.accept()[0]
                       for name, listener in self.listeners.items()}
        self.line = Stream(connections["line"])
        self.reader1 = Stream(connections["reader1"])
        self.local = Stream(connections["local"])
        self.world = None
        if "world" in connections:
            self.world = World(connections["world"], self.slots)
            self.world.wait_for(lambda w: w.outputs and w.starts)
        self.streams = list(connections.values())
        self.ask("id?")
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        for stream in self.streams:
            stream.close()
        self.streams = []

    def remove(self):
        self.stop()
        for listener in self.listeners.values():
            listener.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def cut_power(self):
        """Memory is lost; what is non-volatile stays."""
        self.stop()
        (self.root / "memory").unlink(missing_ok=True)
        self.start()

    def reset(self):
        """As by the pin: memory stays."""
        if self.board == "native":
            self.process.send_signal(signal.SIGKILL)
            self.stop()
            self.start()
            return
        starts = len(self.world.starts) if self.world else 0
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.root / "monitor"))
            monitor.sendall(b"system_reset\n")
            monitor.settimeout(SECONDS)
            while b"system_reset" not in monitor.recv(4096):
                pass
        if self.world:
            self.world.wait_for(lambda w: len(w.starts) > starts)

    # --- its local port -----------------------------------------------------------

    def ask(self, line):
        """The answer on the local port. A question is asked again while the
        panel starts: what comes before its port is open is lost, wholly or in
        part."""
        end = time.monotonic() + SECONDS
        while True:
            self.local.drain()
            self.local.send(line.encode() + b"\n")
            try:
                answer = self.local.line(1)
            except TimeoutError:
                answer = ""
            if answer.startswith("ok") or (answer and not line.endswith("?")):
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"{line}: {answer!r}")

    def status(self):
        words = self.ask("status?").split()
        assert words[0] == "ok", words
        return dict(word.split("=", 1) for word in words[1:])

    def commission(self, unit, baud, key):
        for line in (f"unit {unit}", f"baud {baud}", "parity N",
                     f"key {key.hex()}"):
            answer = self.ask(line)
            assert answer.startswith("ok"), (line, answer)
        before = self.status()["boot"]
        answer = self.ask("save")
        assert answer.startswith("ok"), answer
        self.await_status(lambda s: s["boot"] != before)

    def await_status(self, what, seconds=SECONDS):
        end = time.monotonic() + seconds
        while not what(status := self.status()):
            if time.monotonic() > end:
                raise TimeoutError(str(status))
        return status

    # --- its line as a terminal, for programs that are not ours -------------------

    @contextlib.contextmanager
    def terminal(self):
        master, slave = os.openpty()
        tty.setraw(slave)
        is_over = threading.Event()

        def relay():
            while not is_over.is_set():
                ready, _, _ = select.select(
                    [master, self.line.connection], [], [], 0.05)
                if master in ready:
                    self.line.send(os.read(master, 4096))
                if self.line.connection in ready:
                    os.write(master, self.line.connection.recv(4096))

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        try:
            yield os.ttyname(slave)
        finally:
            is_over.set()
            thread.join()
            os.close(slave)
            os.close(master)
