# SPDX-License-Identifier: Apache-2.0
"""`strongroom bus`: finds devices, reads them, watches an agent. Devices are
`strongroom-plant`'s; the agent of the watch tests is a canned one."""

import fcntl
import http.server
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import struct
import tempfile
import termios
import threading
import time
import tomllib
import unittest

from harness import BINARIES, ROOT, free_port, wait_until

TOOL = BINARIES / "strongroom"
PROFILES = ROOT / "boards" / "devices"


def bus(*arguments, expect=0, env=None, timeout=60):
    done = subprocess.run(
        [TOOL, "bus", *map(str, arguments)], capture_output=True, text=True,
        timeout=timeout, check=False, env={**os.environ, **(env or {})})
    if done.returncode != expect:
        raise AssertionError(f"bus {arguments}: exit {done.returncode}, not "
                             f"{expect}\n{done.stdout}{done.stderr}")
    return done


class Plant:
    """A device of `plant`, until the test ends."""

    def __init__(self, test, *arguments):
        self.process = subprocess.Popen(
            [BINARIES / "plant", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.stop)
        for line in self.process.stdout:
            if line.startswith("ready"):
                return
        test.fail(f"plant {arguments} does not get ready")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class BusTest(unittest.TestCase):

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-bus-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def tcp_plant(self, device, unit, *more):
        port = free_port()
        Plant(self, "tcp", "--port", port, "--device", device, "--unit", unit,
              "--profiles", PROFILES, *more)
        return f"127.0.0.1:{port}"

    def rtu_plant(self, device, unit, *more):
        link = self.root / "rs485"
        Plant(self, "rtu", "--link", link, "--device", device, "--unit", unit,
              "--profiles", PROFILES, *more)
        return link


def proposed(output):
    """The configuration that `bus scan` proposes, read as TOML."""
    return tomllib.loads(output[output.index("[[line]]"):])


class Scan(BusTest):

    def test_tcp_finds_the_device_and_proposes_it(self):
        line = self.tcp_plant("rle-ld", 7, "--set", "leak_distance=61")
        done = bus("scan", "--tcp", line, "--units", "5-9", "--profiles",
                   PROFILES)
        self.assertIn("1 of 5 units answer", done.stdout)
        self.assertRegex(done.stdout, r"7\s+rle-ld\s+certain\s+documented")
        config = proposed(done.stdout)["line"][0]
        self.assertEqual(config["kind"], "tcp")
        self.assertEqual(f"{config['host']}:{config['port']}", line)
        self.assertEqual(config["device"], [
            {"name": "rle-ld-7", "profile": "rle-ld", "unit_id": 7}])

    def test_rtu_finds_the_device_among_silent_units(self):
        link = self.rtu_plant("renke-rs-ws-n01", 3)
        done = bus("scan", "--serial", link, "--baud", 9600, "--units", "1-4",
                   "--timeout-ms", 100, "--thorough", "--profiles", PROFILES)
        found = re.search(r"3\s+renke-rs-ws-n01\s+(\w+)", done.stdout)
        self.assertIsNotNone(found, done.stdout)
        self.assertEqual(proposed(done.stdout)["line"][0]["kind"], "rtu")

    def test_every_profile_is_found_by_its_probe(self):
        for profile in ("xy-md02", "apc-smart-ups", "eastron-sdm120",
                        "schneider-iem3000", "huawei-ups2000"):
            with self.subTest(profile=profile):
                line = self.tcp_plant(profile, 1)
                done = bus("scan", "--tcp", line, "--units", 1, "--profiles",
                           PROFILES)
                self.assertIn(profile, done.stdout)

    def test_nobody_says_what_to_check(self):
        line = self.tcp_plant("rle-ld", 7)
        done = bus("scan", "--tcp", line, "--units", "1-2", "--timeout-ms", 50,
                   expect=4)
        self.assertIn("--thorough", done.stderr)

    def test_wrong_orders_are_named(self):
        for arguments, word in (
                ([], "--serial"),
                (["--tcp", "h:0"], "HOST:PORT"),
                (["--tcp", "127.0.0.1", "--units", "9-1"], "1-247"),
                (["--serial", "/dev/null", "--baud", "fast"], "--baud"),
                (["--tcp", "127.0.0.1", "--profiles", self.root], "profiles")):
            done = bus("scan", *arguments, expect=2)
            self.assertIn(word, done.stderr)


SCENE = """
[[line]]
name = "rs485"
kind = "rtu"
link = "rs485"
baud = 115200
"""
ON_THE_LINE = {1: "xy-md02", 2: "renke-rs-ws-n01", 3: "rle-ld",
               5: "eastron-sdm630", 6: "generic-di8"}


class ScanOfALine(BusTest):
    """Five devices on one RTU line, well and then with answers that come too
    late: what is proposed ready to use is right, always."""

    def setUp(self):
        super().setUp()
        scene = self.root / "scene.toml"
        scene.write_text(SCENE + "".join(
            f'[[line.device]]\nname = "d{unit}"\nprofile = "{profile}"\n'
            f"unit_id = {unit}\nturnaround_ms = 2\n"
            for unit, profile in ON_THE_LINE.items()))
        self.control = self.root / "control"
        self.plant = Plant(self, "run", scene, "--profiles", PROFILES,
                           "--control", self.control)

    def scan(self):
        done = bus("scan", "--serial", self.root / "rs485", "--baud", 115200,
                   "--units", "1-7", "--timeout-ms", 100, "--profiles",
                   PROFILES, timeout=120)
        config = proposed(done.stdout)["line"][0]
        return {device["unit_id"]: device["profile"]
                for device in config.get("device", [])}

    def fault(self, *words):
        subprocess.run([BINARIES / "plant", *words, "--control", self.control],
                       check=True, capture_output=True, timeout=10)

    def test_well_line_is_found_whole(self):
        self.assertEqual(self.scan(), ON_THE_LINE)

    def test_late_answers_are_never_taken_for_another_device(self):
        self.fault("fault", "rs485", "late", "110-350", "parallel", "p=0.2")
        for _ in range(3):
            for unit, profile in self.scan().items():
                self.assertEqual(profile, ON_THE_LINE[unit], unit)


class Read(BusTest):

    def test_profile_shows_values_units_and_qualities(self):
        line = self.tcp_plant("xy-md02", 1, "--set", "temperature=-20.5",
                              "--set", "humidity=41.0")
        done = bus("read", "--tcp", line, "--unit", 1, "--profile", "xy-md02",
                   "--profiles", PROFILES, "--raw")
        self.assertRegex(done.stdout, r"temperature\s+-20\.5\s+Cel\s+good")
        self.assertRegex(done.stdout, r"humidity\s+41\.0\s+%\s+good")
        self.assertIn("ff33", done.stdout)

    def test_named_codes_are_shown_by_name(self):
        line = self.tcp_plant("rle-ld", 1, "--set", "leak=1", "--set",
                              "distance_unit=0")
        done = bus("read", "--tcp", line, "--unit", 1, "--profile", "rle-ld",
                   "--profiles", PROFILES)
        self.assertRegex(done.stdout, r"leak\s+leak\s+good")
        self.assertRegex(done.stdout, r"distance_unit\s+m\s+good")

    def test_bare_read_finds_out_an_order(self):
        line = self.tcp_plant("eastron-sdm630", 1, "--set",
                              "voltage_l1=230.2")
        both = ["read", "--tcp", line, "--unit", 1, "--function", 4,
                "--address", 0, "--count", 2]
        table = bus(*both).stdout
        self.assertRegex(table, r"f32\s+230\.2 ")
        done = bus(*both, "--type", "f32", "--order", "ABCD")
        self.assertEqual(done.stdout, "0 f32 ABCD 230.2\n")
        self.assertIn("CDAB", bus(*both, "--type", "f32", "--order", "ABC",
                                  expect=2).stderr)

    def test_what_is_refused_and_what_is_silent_differ(self):
        line = self.tcp_plant("xy-md02", 1)
        refused = bus("read", "--tcp", line, "--unit", 1, "--function", 3,
                      "--address", 9, expect=1)
        self.assertIn("exception", refused.stderr)
        silent = bus("read", "--tcp", line, "--unit", 2, "--function", 3,
                     "--address", 9, "--timeout-ms", 50, expect=4)
        self.assertIn("unit 2", silent.stderr)
        nothing = bus("read", "--tcp", line, "--unit", 2, "--profile",
                      "xy-md02", "--profiles", PROFILES, "--timeout-ms", 50,
                      expect=4)
        self.assertIn("bus scan", nothing.stderr)

    def test_line_that_is_held_says_by_whom_and_what_to_do(self):
        link = self.rtu_plant("xy-md02", 1)
        with open(link, "rb", buffering=0) as port:
            fcntl.flock(port, fcntl.LOCK_EX)
            done = bus("read", "--serial", link, "--unit", 1, "--profile",
                       "xy-md02", "--profiles", PROFILES, expect=4)
        self.assertIn(str(os.getpid()), done.stderr)
        self.assertIn("systemctl reload strongroom-agent", done.stderr)

    def test_wrong_orders_are_named(self):
        for arguments, word in (
                (["--tcp", "h"], "--profile"),
                (["--tcp", "h", "--profile", "xy-md02"], "--unit"),
                (["--tcp", "h", "--unit", 1, "--function", 3], "--address"),
                (["--tcp", "h", "--unit", 1, "--profile", "none"], "none.toml"),
                (["--tcp", "h", "--unit", 1, "--function", 4, "--address",
                  65535, "--count", 2], "--count")):
            self.assertIn(word, bus("read", *arguments, expect=2).stderr)


class CheckProfile(BusTest):

    def test_ours_hold(self):
        files = sorted(PROFILES.glob("*.toml"))
        done = bus("check-profile", *files)
        self.assertEqual(len(done.stdout.splitlines()), len(files))

    def test_fault_is_named_with_file_and_line(self):
        good = (PROFILES / "xy-md02.toml").read_text()
        bad = self.root / "mine.toml"
        bad.write_text(good.replace('"i16"', '"i17"'))
        line = 1 + next(i for i, text in enumerate(good.splitlines())
                        if '"i16"' in text)
        done = bus("check-profile", bad, expect=1)
        self.assertIn(f"{bad}:{line}:", done.stderr)

    def test_absent_file_is_wrong_usage(self):
        bus("check-profile", self.root / "none.toml", expect=2)


def device_json(name, **more):
    return {"name": name, "unit_id": 1, "profile": "xy-md02",
            "state": "answering", "polls": 0, "failed_polls": 0, "requests": 0,
            "timeouts": 0, "exceptions": 0, "garbled": 0, "late_bytes": 0,
            "varied": 0, "missed_cycles": 0, "round_trip_p50_us": 31000,
            "round_trip_p99_us": 42000, "timeout_us": 100000,
            "requests_per_poll": [0, 1, 0], "refused": [], "error": "", **more}


class CannedAgent(http.server.BaseHTTPRequestHandler):
    looks = 0

    def do_GET(self):  # noqa: N802
        cls = type(self)
        cls.looks += 1
        body = json.dumps({"lines": [{
            "name": "rs485-0", "kind": "rtu", "endpoint": "/dev/ttyS9",
            "connected": True, "error": "", "low_latency": "set",
            "busy_us": 200_000 * cls.looks, "lost": 0, "opens": 1,
            "failed_opens": 0, "devices": [
                device_json("room-1", polls=10 * cls.looks),
                device_json("room-2", state="silent", unit_id=2,
                            error="no answer")]}]}).encode()
        self.send_response(200 if self.path == "/bus" else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Watch(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                     CannedAgent)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def test_once_shows_rates_and_trouble(self):
        text = bus("watch", "--agent", self.url, "--once").stdout
        self.assertRegex(text, r"rs485-0  /dev/ttyS9  open  \d+ % busy")
        self.assertRegex(text, r"room-1 .*answering +(8|9|10)\.\d +31\.0 ms")
        self.assertRegex(text, r"room-2 .*\bsilent\b.*no answer")
        self.assertNotIn("\x1b", text)

    def test_json_is_what_the_agent_says(self):
        text = bus("watch", "--agent", self.url, "--once", "--json").stdout
        self.assertEqual(json.loads(text)["lines"][0]["name"], "rs485-0")

    def screen(self, columns, env):
        """What a terminal of so many columns shows."""
        process, terminal = pty.fork()
        if process == 0:
            os.environ.update(env)
            time.sleep(0.2)  # until the size is set
            try:
                os.execv(TOOL, [str(TOOL), "bus", "watch", "--agent",
                                self.url, "--once"])
            finally:
                os._exit(127)  # or the tests would run on in the child
        fcntl.ioctl(terminal, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        text = b""
        try:
            while chunk := os.read(terminal, 4096):
                text += chunk
        except OSError:
            pass  # the program ended
        os.waitpid(process, 0)
        os.close(terminal)
        return text.decode()

    def test_terminal_has_colour_and_a_word_for_it(self):
        env = {"NO_COLOR": ""}
        text = self.screen(120, env)
        self.assertRegex(text, "\x1b\\[31mroom-2.*silent")
        self.assertNotIn("\x1b[31m", self.screen(120, {"NO_COLOR": "1"}))

    def test_narrow_terminal_is_not_wrapped(self):
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.screen(40, {}))
        self.assertIn("silent", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 40, line)

    def test_no_agent_says_what_to_do(self):
        done = bus("watch", "--agent", f"http://127.0.0.1:{free_port()}",
                   "--once", expect=4)
        self.assertIn("systemctl status strongroom-agent", done.stderr)

    def test_live_table_goes_on(self):
        process = subprocess.Popen(
            [TOOL, "bus", "watch", "--agent", self.url],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        shown = []
        reader = threading.Thread(
            target=lambda: shown.extend(iter(process.stdout.readline, "")),
            daemon=True)
        reader.start()
        wait_until(lambda: sum("room-1" in line for line in shown) >= 2,
                   "two tables")


class Completion(unittest.TestCase):

    def test_every_shell_knows_the_commands(self):
        for shell in ("bash", "zsh", "fish"):
            text = subprocess.run([TOOL, "completion", shell], check=True,
                                  capture_output=True, text=True).stdout
            for word in ("check-profile", "scan", "thorough", "timeout-ms"):
                self.assertIn(word, text)


if __name__ == "__main__":
    unittest.main()
