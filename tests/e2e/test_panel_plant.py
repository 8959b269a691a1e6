# SPDX-License-Identifier: Apache-2.0
"""What the simulated building does with panels: starts, feeds, paces and ends
them. The panel itself is a fake, so that nothing else is tested here."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from harness import BINARIES, ROOT, wait_until
from test_plant import Serial, framed, read_until_silence

PLANT = BINARIES / "plant"
FAKE = pathlib.Path(__file__).parent / "fake_panel.py"
KEY = "00112233445566778899aabbccddeeff"

SCENE = f"""
[[line]]
name = "doors"
kind = "rtu"
link = "doors"
baud = 9600
[[line.device]]
name = "climate"
profile = "xy-md02"
unit_id = 1
set = {{ temperature = "1.0" }}

[[panel]]
name = "door-1"
line = "doors"
unit_id = 7
key = "door.key"
program = "{FAKE}"
state = "state-1"
[[panel.leaf]]
name = "vault"
lock = "strike"
[[panel.leaf]]
name = "cage"
lock = "magnet"
auto_close_s = 0.2
[[panel.reader]]
kind = "rdm6300"
[[panel.reader]]
kind = "h10301"
keypad = "wiegand4"

[[panel]]
name = "door-2"
line = "doors"
unit_id = 8
program = "{FAKE}"
state = "state-2"
[[panel.leaf]]
lock = "none"
"""


def is_alive(number):
    try:
        with open(f"/proc/{number}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Panels(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="plant-")
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)
        key = self.root / "door.key"
        key.write_text(f"strongroom-panel-key/v1\n{KEY}\n")
        key.chmod(0o600)
        (self.root / "scene.toml").write_text(SCENE)
        self.errors = open(self.root / "errors", "w+")
        self.addCleanup(self.errors.close)
        self.process = None
        self.start()
        self.addCleanup(self.stop)

    def start(self):
        self.process = subprocess.Popen(
            [PLANT, "run", self.root / "scene.toml", "--profiles",
             ROOT / "boards/devices", "--control", self.root / "control"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            stderr=self.errors, env=dict(os.environ, TMPDIR=str(self.root)))
        for line in self.process.stdout:
            if line.startswith("ready"):
                return
        self.fail((self.root / "errors").read_text())

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

    def heard(self, panel=1):
        path = self.root / f"state-{panel}" / "heard"
        return path.read_text().splitlines() if path.exists() else []

    def await_heard(self, text, panel=1, after=0):
        wait_until(lambda: any(text in line
                               for line in self.heard(panel)[after:]),
                   f"panel {panel} to hear {text}")

    def await_list(self, text):
        wait_until(lambda: text in self.say("list"), f"list to say {text}")

    def children(self):
        path = pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in path.read_text().split()]

    # --- start and end ----------------------------------------------------------

    def test_preamble_then_commissioned_once(self):
        self.await_heard("saved")
        lines = self.heard()
        self.assertEqual(lines[0], "start power-on")
        words = [line.split()[1] for line in lines if line.startswith("world")]
        self.assertEqual(words[:3], ["seed", "in", "go"])
        self.assertIn("world in 00000057 07 13800", lines)
        self.assertIn(f"saved {sorted({'unit': '7', 'baud': '9600', 'parity': 'N', 'key': KEY, 'leaves': '2', 'readers': '2'}.items())}", lines)
        self.await_list("commissioned with")
        self.say("power", "door-1", "cycle")
        wait_until(lambda: self.heard().count("start power-on") == 2,
                   "a second start")
        self.await_list("up fake power-on")
        self.say("badge", "door-1", "2", "h10301", "118/1603")
        self.await_heard("wg 2 26 2ec0c86")
        self.assertEqual(sum("saved" in line for line in self.heard()), 1)
        self.assertFalse(any("saved" in line for line in self.heard(2)),
                         "without a key in the scene nobody commissions it")

    def test_reset_keeps_memory_power_cut_loses_it(self):
        self.await_heard("saved")
        self.say("reset", "door-1")
        self.await_heard("start reset")
        self.say("power", "door-1", "off")
        self.await_list("door-1 native unit 7: off")
        self.assertIn("nobody reads it",
                      self.say("badge", "door-1", "1", "em4100", "13530444"))
        before = len(self.heard())
        self.say("power", "door-1", "on")
        self.await_heard("start power-on", after=before)

    def test_death_is_told_and_stays_until_somebody_acts(self):
        self.await_heard("saved")
        self.say("stall", "door-1", "link")
        self.await_list("door-1 native unit 7: ended with 3; `power door-1 on`")
        self.assertIn("panel door-1: it ended with 3",
                      (self.root / "errors").read_text())
        with Serial(self.root / "doors") as bus:
            self.assertEqual(bus.ask(7, wait=0.3), b"")
            self.assertTrue(bus.ask(1))
            self.assertEqual(bus.ask(8)[:1], b"")  # not commissioned
        self.say("power", "door-1", "on")
        self.await_list("up fake reset")

    def test_no_panel_outlives_the_plant(self):
        self.await_heard("saved")
        children = self.children()
        self.assertEqual(len(children), 2)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None
        wait_until(lambda: not any(map(is_alive, children)),
                   "the panels to end with a killed plant")
        self.start()
        self.await_heard("start reset")
        children = self.children()
        self.stop()
        self.assertFalse(any(map(is_alive, children)))
        self.assertFalse(os.path.lexists(self.root / "door-1.local"))

    # --- the line ---------------------------------------------------------------

    def test_line_is_as_slow_as_its_baud_both_ways(self):
        self.await_heard("saved")
        request = framed(bytes([7, 4, 0, 0, 0, 2]))
        taken = []
        with Serial(self.root / "doors") as bus:
            for _ in range(8):
                begin = time.monotonic()
                os.write(bus.descriptor, request)
                answer = b""
                while len(answer) < 20:
                    answer += os.read(bus.descriptor, 64)
                taken.append(time.monotonic() - begin)
                self.assertEqual(answer, b"\x55" * 20)
                time.sleep(0.01)
            self.assertTrue(bus.ask(1), "the sensor on the same line")
        # 28 characters of 10 bits at 9600 baud.
        self.assertGreater(min(taken), 28 * 10 / 9600)
        self.assertLess(sorted(taken)[4], 28 * 10 / 9600 + 0.05)
        self.assertIn("collisions 0", self.say("status"))
        # Everybody hears everybody but itself.
        wait_until(lambda: "line " + request.hex() in self.heard(2),
                   "the other panel to hear the request")
        self.await_heard("55" * 20, panel=2)
        self.assertFalse(any("55" * 20 in line for line in self.heard(1)))

    def test_who_speaks_into_an_answer_spoils_it(self):
        self.await_heard("saved")
        with Serial(self.root / "doors") as bus:
            os.write(bus.descriptor, framed(bytes([7, 4, 0, 0, 0, 2])))
            first = os.read(bus.descriptor, 1)
            self.assertEqual(first, b"\x55")
            os.write(bus.descriptor, framed(bytes([1, 4, 0, 1, 0, 1])))
            rest = read_until_silence(bus.descriptor, 0.5)
        self.assertNotEqual(first + rest, b"\x55" * 20)
        self.assertIn("collisions 1", self.say("status"))

    def test_plug_pulled_at_the_panel(self):
        self.await_heard("saved")
        self.say("line", "door-1", "unplug")
        with Serial(self.root / "doors") as bus:
            self.assertEqual(bus.ask(7, wait=0.3), b"")
            self.assertTrue(bus.ask(1))
            self.say("line", "door-1", "plug")
            self.assertEqual(bus.ask(7), b"\x55" * 20)

    # --- doors ------------------------------------------------------------------

    def test_door_opens_when_the_panel_releases_it(self):
        self.await_heard("saved")
        self.assertIn("it stays shut", self.say("open", "door-1", "vault"))
        self.say("badge", "door-1", "1", "em4100", "3C00CE754C")
        self.await_heard(
            "reader1 02334330304345373534434342" + "03")
        self.await_list("leaf 1 vault: shut, released; lock has current")
        self.assertIn("vault: open", self.say("open", "door-1", "1"))
        self.await_heard("world in 00000054 07 13800")
        # A magnet without current holds nothing; its closer shuts it.
        self.assertIn("cage: open", self.say("open", "door-1", "cage"))
        self.await_list("leaf 2 cage: shut")
        self.say("cut", "door-1", "vault", "handle")
        self.say("tamper", "door-1", "on")
        self.say("supply", "door-1", "10500")
        self.await_heard(" 06 10500")

    def test_what_is_wrong_is_said(self):
        for words, text in (
                (("open", "door-9", "1"), "no panel \"door-9\""),
                (("open", "door-1", "9"), "has no leaf \"9\"; it has 2"),
                (("badge", "door-1", "1", "h10301", "1/2"),
                 "a reader rdm6300 reads badges em4100"),
                (("badge", "door-1", "2", "h10301", "256/1"),
                 "FACILITY/NUMBER, up to 255/65535"),
                (("keys", "door-1", "1", "12"), "has no keypad"),
                (("cut", "door-1", "1", "nose"),
                 "it is: cut PANEL LEAF contact|lock|handle|exit")):
            self.assertIn(text, self.say(*words, expect=1))

    def test_local_port_is_a_terminal_beside_the_lines(self):
        self.await_heard("saved")
        self.await_list("commissioned with")
        with Serial(self.root / "door-1.local") as local:
            os.write(local.descriptor, b"id?\n")
            self.assertEqual(read_until_silence(local.descriptor, 2),
                             b"ok board=fake key=12345678\n")


if __name__ == "__main__":
    unittest.main()
