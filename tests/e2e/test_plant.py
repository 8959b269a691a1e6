# SPDX-License-Identifier: Apache-2.0
"""The simulated building over real ports and pseudo-terminals, asked by a
client of a dozen lines; and the twin of a configuration, asked by the agent."""

import os
import pathlib
import random
import select
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
import tty
import unittest

from harness import BINARIES, ROOT, SiteTest, device, free_port, line_rtu, \
    line_tcp, wait_until

PLANT = BINARIES / "plant"

SCENE = """
[[room]]
name = "vault"
temperature = 20.0
capacity_kj_per_k = 50

[[line]]
name = "bus"
kind = "rtu"
link = "bus"
baud = 9600
[[line.device]]
name = "one"
profile = "xy-md02"
unit_id = 1
set = { temperature = "1.0", humidity = "50.0" }
[[line.device]]
name = "two"
profile = "xy-md02"
unit_id = 2
set = { temperature = "-2.0" }

[[line]]
name = "fast"
kind = "rtu"
link = "fast"
paced = false
[[line.device]]
name = "three"
profile = "xy-md02"
set = { temperature = "3.0" }

[[line]]
name = "gateway"
kind = "tcp"
port = 0
[[line.device]]
name = "four"
profile = "xy-md02"
unit_id = 4
set = { temperature = "4.0", humidity = "40.0" }
[[line.device]]
name = "five"
profile = "xy-md02"
unit_id = 5
[line.device.bind]
temperature = "room:vault.temperature"
"""


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def framed(body):
    return body + crc(body)


def read_until_silence(descriptor, first, silence=0.05):
    """Everything that comes; waits `first` seconds for its beginning."""
    data, wait = b"", first
    while select.select([descriptor], [], [], wait)[0]:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:  # the terminal is gone
            break
        if not piece:
            break
        data, wait = data + piece, silence
    return data


class Serial:
    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def ask(self, unit, address=1, count=1, wait=1.0):
        os.write(self.descriptor,
                 framed(struct.pack(">BBHH", unit, 4, address, count)))
        return read_until_silence(self.descriptor, wait)


class Tcp:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, unit, address=1, count=1, wait=1.0):
        self.number += 1
        self.socket.sendall(struct.pack(">HHHBBHH", self.number, 0, 6, unit, 4,
                                        address, count))
        return read_until_silence(self.socket.fileno(), wait)


class Building(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="plant-")
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)
        self.process = None
        self.ports = {}
        self.start()
        self.addCleanup(self.stop)

    def start(self, scene=SCENE, *options):
        (self.root / "scene.toml").write_text(scene)
        self.process = subprocess.Popen(
            [PLANT, "run", self.root / "scene.toml", "--profiles",
             ROOT / "boards/devices", "--control", self.root / "control",
             *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "ready":
                return
            if words[2] == "tcp":
                self.ports[words[1]] = int(words[3].rsplit(":", 1)[1])
        self.fail("the plant is not ready")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.process.wait(10), 0)
            self.process.stdout.close()
            self.process = None

    def say(self, *words, expect=0):
        done = subprocess.run(
            [PLANT, words[0], "--control", self.root / "control", *words[1:]],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout if expect == 0 else done.stderr

    def tcp(self):
        return Tcp(self.ports["gateway"])

    def serial(self, name):
        return Serial(self.root / name)

    def test_every_unit_of_every_line_answers_as_itself(self):
        with self.serial("bus") as bus:
            self.assertEqual(bus.ask(1), framed(bytes([1, 4, 2, 0, 10])))
            self.assertEqual(bus.ask(2), framed(b"\x02\x04\x02\xff\xec"))
            self.assertEqual(bus.ask(3, wait=0.2), b"")
        with self.serial("fast") as fast:
            self.assertEqual(fast.ask(1), framed(bytes([1, 4, 2, 0, 30])))
        with self.tcp() as tcp, self.tcp() as other:
            self.assertEqual(tcp.ask(4, count=2),
                             bytes([0, 1, 0, 0, 0, 7, 4, 4, 4, 0, 40, 1, 144]))
            self.assertEqual(other.ask(5)[6:], bytes([5, 4, 2, 0, 200]))
            self.assertEqual(other.ask(9, wait=0.2), b"")
            self.assertEqual(tcp.ask(4, address=0)[6:], bytes([4, 0x84, 2]))
            self.assertEqual(tcp.ask(4, count=3)[6:], bytes([4, 0x84, 3]))

    def test_a_paced_line_takes_its_time_and_no_more(self):
        # 8 characters, a gap of 3.5, 7 characters: 19.3 ms at 9600 8N1.
        with self.serial("bus") as bus:
            taken = []
            for _ in range(10):
                begin = time.monotonic()
                os.write(bus.descriptor,
                         framed(struct.pack(">BBHH", 1, 4, 1, 1)))
                answer = b""
                while len(answer) < 7:
                    answer += os.read(bus.descriptor, 16)
                taken.append(time.monotonic() - begin)
                time.sleep(0.005)
        self.assertGreater(min(taken), 0.0192)
        self.assertLess(sorted(taken)[5], 0.060)
        self.assertIn("collisions 0 hasty 0 garbled 0", self.say("status"))

    def test_answers_that_go_wrong_on_the_wire(self):
        right = framed(bytes([1, 4, 2, 0, 30]))
        with self.serial("fast") as line:
            def spoiled(*fault):
                self.say("fault", "three", *fault)
                answer = line.ask(1, wait=0.5)
                self.say("clear", "three")
                return answer
            self.assertEqual(spoiled("dead"), b"")
            self.assertEqual(spoiled("wrong-unit"),
                             framed(bytes([2, 4, 2, 0, 30])))
            self.assertEqual(spoiled("exception", "6"),
                             framed(bytes([1, 0x84, 6])))
            self.assertEqual(spoiled("truncated", "4"), right[:-4])
            noisy = spoiled("noise")
            self.assertEqual(len(noisy), len(right))
            self.assertEqual(sum((a ^ b).bit_count()
                                 for a, b in zip(noisy, right)), 1)
            self.assertEqual(spoiled("duplicate"), right + right)
            long = spoiled("garbage", "5")
            self.assertTrue(long.startswith(right))
            self.assertEqual(len(long), len(right) + 5)
            self.assertEqual(line.ask(1), right)

    def test_late_answers_in_line_and_in_parallel(self):
        with self.serial("fast") as line:
            # Three answers: 0.9 s one after another, 0.4 s side by side.
            for mode, least, most in (("serial", 0.89, 5),
                                      ("parallel", 0.29, 0.85)):
                self.say("fault", "three", "late", "300-300", mode)
                begin = time.monotonic()
                self.assertEqual(line.ask(1, count=1, wait=0.05), b"")
                line.ask(1, count=2, wait=0.05)
                os.write(line.descriptor,
                         framed(struct.pack(">BBHH", 1, 4, 2, 1)))
                answers = read_until_silence(line.descriptor, 1, 0.5)
                self.assertEqual(len(answers), 7 + 9 + 7)
                taken = time.monotonic() - begin - 0.5  # without the silence
                self.assertGreater(taken, least)
                self.assertLess(taken, most)
                self.say("clear", "three")

    def test_a_port_is_unplugged_and_comes_back(self):
        with self.serial("bus") as bus, self.tcp() as tcp:
            self.assertTrue(bus.ask(1))
            self.assertTrue(tcp.ask(4))
            self.say("fault", "bus", "unplug")
            self.say("fault", "gateway", "unplug")
            wait_until(lambda: not os.path.lexists(self.root / "bus"),
                       "the link to go")
            with self.assertRaises(OSError):
                bus.ask(1)
            self.assertEqual(tcp.ask(4), b"")
            with self.assertRaises(OSError):
                self.tcp()
            with self.serial("fast") as fast:
                self.assertTrue(fast.ask(1), "another line is not concerned")
        self.say("fault", "bus", "replug")
        self.say("fault", "gateway", "replug")
        wait_until(lambda: os.path.exists(self.root / "bus"), "the link")
        with self.serial("bus") as bus:
            self.assertEqual(bus.ask(1), framed(bytes([1, 4, 2, 0, 10])))
        with self.tcp() as tcp:
            self.assertTrue(tcp.ask(4))

    def test_values_are_set_stuck_and_bound_to_the_building(self):
        def value(tcp, unit):
            return struct.unpack(">h", tcp.ask(unit)[-2:])[0]
        with self.tcp() as tcp:
            self.say("set", "four.temperature=44.0", "five.humidity=55.0")
            self.assertEqual(value(tcp, 4), 440)
            self.say("fault", "four", "stuck")
            self.say("set", "four.temperature=50.0")
            self.assertEqual(value(tcp, 4), 440)
            self.say("fault", "four", "clear")
            self.assertEqual(value(tcp, 4), 500)
            self.say("set", "room:vault.temperature=30")
            self.assertEqual(value(tcp, 5), 300)
            # 25 kW into 50 kJ/K: half a kelvin a second.
            self.say("set", "room:vault.load_kw=25")
            begin = time.monotonic()
            wait_until(lambda: value(tcp, 5) >= 310, "the room to warm")
            self.assertAlmostEqual(time.monotonic() - begin, 2, delta=0.8)
            self.assertIn("[stuck temperature]\n",
                          self.say("fault", "four", "stuck", "temperature")
                          + self.say("list"))

    def test_what_a_scene_states_happens_by_itself_and_faster(self):
        self.stop()
        self.start(SCENE + '[[at]]\nafter_s = 60\n'
                   'do = "set four.temperature=60.0"\n', "--speed", "60")
        with self.tcp() as tcp:
            self.assertEqual(tcp.ask(4)[-2:], struct.pack(">h", 40))
            wait_until(lambda: tcp.ask(4)[-2:] == struct.pack(">h", 600),
                       "what is stated")

    def test_bytes_that_are_no_request_harm_nobody(self):
        chance = random.Random(5)
        with self.serial("fast") as fast:
            for _ in range(30):
                os.write(fast.descriptor, chance.randbytes(40))
                read_until_silence(fast.descriptor, 0.02, 0.02)
            time.sleep(0.05)
            self.assertEqual(fast.ask(1), framed(bytes([1, 4, 2, 0, 30])))
        for _ in range(30):
            with self.tcp() as tcp:
                tcp.socket.sendall(chance.randbytes(60))
        with self.tcp() as tcp:
            self.assertTrue(tcp.ask(4))

    def test_only_its_owner_controls_it_and_nothing_stays_behind(self):
        control = self.root / "control"
        self.assertEqual(stat.S_IMODE(control.stat().st_mode), 0o600)
        other = subprocess.run(
            [PLANT, "run", self.root / "scene.toml", "--profiles",
             ROOT / "boards/devices", "--control", control, "--link-dir",
             tempfile.gettempdir()],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=30, check=False)
        self.assertEqual(other.returncode, 1)
        self.assertIn("another program serves", other.stderr)
        self.stop()
        self.assertEqual(os.listdir(self.root), ["scene.toml"])
        self.assertIn("no plant answers at", self.say("list", expect=1))

    def test_what_is_wrong_is_said(self):
        self.assertIn("no device", self.say("set", "nine.a=1", expect=1))
        self.assertIn("late takes",
                      self.say("fault", "one", "late", "x", expect=1))
        self.assertIn("is no fault; they are dead,",
                      self.say("fault", "one", "drunk", expect=1))
        self.say("fault", expect=2)
        (self.root / "wrong.toml").write_text(SCENE.replace(
            'unit_id = 2', 'unit_id = 1'))
        done = subprocess.run(
            [PLANT, "run", "--check", self.root / "wrong.toml", "--profiles",
             ROOT / "boards/devices"],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("wrong.toml:20: \"line.device.unit_id\"", done.stderr)


class Twin(SiteTest):
    """A configuration for hardware that is not there."""

    @classmethod
    def populate(cls):
        lines = (line_tcp("gateway", 502, device("room-1"),
                          device("room-2", unit_id=7))
                 + line_rtu("rs485-1", "/dev/serial/by-id/none",
                            device("vault-1"),
                            device("vault-2", unit_id=2)))
        cls.agent = cls.site.create_agent(
            "edge-1", lines=lines.replace("127.0.0.1", "192.0.2.10"))

    def test_an_agent_asks_its_twin(self):
        original = (self.agent / "agent.toml").read_text()
        done = subprocess.run(
            [PLANT, "from-config", self.agent / "agent.toml", "--out",
             self.root / "twin.toml", "--agent-out", self.agent / "twin.toml",
             "--port-base", str(free_port())],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("was 192.0.2.10:502", done.stdout)
        self.assertIn("was /dev/serial/by-id/none", done.stdout)
        self.assertEqual((self.agent / "agent.toml").read_text(), original)

        self.site.start_plant((self.root / "twin.toml").read_text(), "plant")
        (self.agent / "agent.toml").write_text(
            (self.agent / "twin.toml").read_text())
        self.site.start_agent("edge-1")

        def answering():
            bus = self.site.bus("edge-1") or {}
            return [name for line in bus.values()
                    for name, one in line["devices"].items()
                    if one["state"] == "answering"]
        wait_until(lambda: sorted(answering()) ==
                   ["room-1", "room-2", "vault-1", "vault-2"],
                   "all devices to answer")


if __name__ == "__main__":
    unittest.main()
