# SPDX-License-Identifier: Apache-2.0
"""What the packages hold, for whom, and what they ask for."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import packages

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Set only by systemd; a unit that loses one of them loses a wall.
REQUIRED = """ProtectSystem=strict ProtectHome=yes PrivateTmp=yes
    NoNewPrivileges=yes CapabilityBoundingSet= SystemCallFilter=@system-service
    MemoryDenyWriteExecute=yes Type=notify Restart=always UMask=0077""".split()


def command_lines(parent):
    """Words that the children of a process were called with."""
    words = set()
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children")
    for child in children.read_text(encoding="ascii").split():
        with contextlib.suppress(OSError):
            words.update(pathlib.Path(f"/proc/{child}/cmdline")
                         .read_text(encoding="utf-8").split("\0"))
    return words


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="strongroom-debs-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.debs = {name: packages.Deb(path)
                    for name, path in packages.build(cls.directory).items()}
        cls.tree = pathlib.Path(cls.directory) / "tree"
        for deb in cls.debs.values():
            deb.unpack(cls.tree)

    def paths(self, name):
        return {path for path, (mode, _, _) in self.debs[name].files.items()
                if not mode.startswith("d")}

    def test_there_are_three_packages(self):
        self.assertEqual(set(self.debs), set(packages.NAMES))

    def test_agent_holds_what_an_edge_controller_needs(self):
        profiles = {f"/usr/share/strongroom/devices/{path.name}"
                    for path in (ROOT / "boards/devices").glob("*.toml")}
        self.assertTrue(profiles)
        self.assertEqual(self.paths("strongroom-agent"), profiles | {
            "/etc/default/strongroom-agent",
            "/etc/strongroom/agent.toml",
            "/lib/systemd/system/strongroom-agent.service",
            "/usr/bin/strongroom-agent",
            "/usr/share/doc/strongroom-agent/copyright",
            "/usr/share/doc/strongroom-agent/examples/agent.toml",
            "/usr/share/doc/strongroom-agent/operations.md",
        })

    def test_ledger_holds_what_the_centre_needs(self):
        self.assertEqual(self.paths("strongroom-ledger"), {
            "/etc/default/strongroom-ledger",
            "/etc/strongroom/ledger.toml",
            "/lib/systemd/system/strongroom-ledger.service",
            "/usr/bin/strongroom-ledger",
            "/usr/share/doc/strongroom-ledger/console.md",
            "/usr/share/doc/strongroom-ledger/copyright",
            "/usr/share/doc/strongroom-ledger/examples/ledger.toml",
            "/usr/share/doc/strongroom-ledger/examples/mosquitto.conf",
            "/usr/share/doc/strongroom-ledger/operations.md",
        })

    def test_tools_hold_programs_completions_and_formats(self):
        formats = {f"/usr/share/doc/strongroom-tools/formats/{path.name}"
                   for path in (ROOT / "docs/formats").glob("*.md")}
        self.assertTrue(formats)
        self.assertEqual(self.paths("strongroom-tools"), formats | {
            "/usr/bin/strongroom",
            "/usr/bin/strongroom-panel",
            "/usr/bin/strongroom-plant",
            "/usr/share/bash-completion/completions/strongroom",
            "/usr/share/doc/strongroom-tools/console.md",
            "/usr/share/doc/strongroom-tools/copyright",
            "/usr/share/doc/strongroom-tools/operations.md",
            "/usr/share/doc/strongroom-tools/panel-netduinoplus2.md",
            "/usr/share/doc/strongroom-tools/panel-qemu-mps2-an385.md",
            "/usr/share/doc/strongroom-tools/plant.md",
            "/usr/share/doc/strongroom-tools/threat-model.md",
            "/usr/share/fish/vendor_completions.d/strongroom.fish",
            "/usr/share/strongroom/firmware/netduinoplus2.bin",
            "/usr/share/strongroom/firmware/qemu-mps2-an385.bin",
            "/usr/share/strongroom/scenes/building.toml",
            "/usr/share/zsh/vendor-completions/_strongroom",
        })

    def test_plant_finds_the_panels_it_plays(self):
        boards = ["native"]
        wanted = {str(self.tree / "usr/bin/strongroom-panel")}
        if shutil.which("qemu-system-arm"):
            boards.append("qemu-mps2-an385")
            wanted.add(str(self.tree / "usr/share/strongroom/firmware"
                           / "qemu-mps2-an385.bin"))
        self.assertIn("qemu-system-arm",
                      self.debs["strongroom-tools"].relations("Suggests"))
        scene = pathlib.Path(self.directory) / "scene.toml"
        scene.write_text(
            '[[line]]\nname = "bus"\nkind = "rtu"\nlink = "bus"\n' + "".join(
                f'[[panel]]\nname = "{board}"\nline = "bus"\nunit_id = {unit}\n'
                f'board = "{board}"\n[[panel.leaf]]\n[[panel.reader]]\n'
                'kind = "rdm6300"\n' for unit, board in enumerate(boards, 1)))
        with subprocess.Popen(
                [self.tree / "usr/bin/strongroom-plant", "run", scene],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                text=True) as plant:
            self.addCleanup(plant.kill)
            for line in plant.stdout:
                if "ready" in line:
                    break
            # Forked by then, not yet those programs.
            end = time.monotonic() + 20
            while not wanted <= (said := command_lines(plant.pid)) and \
                    time.monotonic() < end:
                time.sleep(0.05)
            plant.terminate()
            plant.stdout.read()
        self.assertEqual(0, plant.returncode)
        self.assertLessEqual(wanted, said)

    def test_everything_is_roots_and_nobody_else_writes(self):
        for name, deb in self.debs.items():
            for path, (mode, owner, _) in deb.files.items():
                with self.subTest(package=name, path=path):
                    self.assertEqual(owner, "root/root")
                    executable = path.startswith("/usr/bin/") and path[9:]
                    expected = {"d": "drwxr-xr-x", "l": "lrwxrwxrwx"}.get(
                        mode[0], "-rwxr-xr-x" if executable else "-rw-r--r--")
                    self.assertEqual(mode, expected)

    def test_configuration_is_found_in_etc(self):
        for part in ("agent", "ledger"):
            files = self.debs[f"strongroom-{part}"].files
            self.assertEqual(files[f"/etc/strongroom/{part}.toml"][2],
                             f"/var/lib/strongroom-{part}/{part}.toml")

    def test_dependencies_come_from_the_programs(self):
        wanted = {
            "strongroom-agent": {"libmodbus5", "libpaho-mqttpp3-1", "passwd"},
            "strongroom-ledger": {"libpaho-mqttpp3-1", "passwd"},
            "strongroom-tools": {"libssl3"},
        }
        for name, deb in self.debs.items():
            with self.subTest(package=name):
                depends = deb.relations("Depends")
                self.assertLessEqual(
                    wanted[name] | {"libc6", "libsodium23", "libsqlite3-0"},
                    depends)
                self.assertFalse({item for item in depends
                                  if item.endswith("-dev")})
        self.assertNotIn("libmodbus5",
                         self.debs["strongroom-ledger"].relations("Depends"))

    def test_versions_agree_with_the_program(self):
        said = subprocess.run([self.tree / "usr/bin/strongroom", "--version"],
                              capture_output=True, text=True, check=True)
        for deb in self.debs.values():
            self.assertEqual(deb.fields["Version"], said.stdout.strip() + "-1")

    def test_scripts_are_shell_and_stop_at_the_first_fault(self):
        for part in ("agent", "ledger"):
            deb = self.debs[f"strongroom-{part}"]
            for script in ("postinst", "prerm", "postrm"):
                with self.subTest(package=part, script=script):
                    text = deb.control(script)
                    self.assertIn("\nset -e\n", text)
                    self.assertNotIn("@", text)
                    subprocess.run(["sh", "-n"], input=text, text=True,
                                   check=True)
            self.assertEqual(deb.control("conffiles"),
                             f"/etc/default/strongroom-{part}\n")
        self.assertIsNone(self.debs["strongroom-tools"].control("postinst"))

    def test_programs_know_nothing_of_the_machine_that_built_them(self):
        for program in (self.tree / "usr/bin").iterdir():
            with self.subTest(program=program.name):
                dynamic = subprocess.run(
                    ["readelf", "--dynamic", program], check=True,
                    capture_output=True, text=True).stdout
                self.assertNotRegex(dynamic, "R(UN)?PATH")
                sections = subprocess.run(
                    ["readelf", "--sections", "--wide", program], check=True,
                    capture_output=True, text=True).stdout
                self.assertNotIn(".debug_info", sections)

    def test_completions_know_the_commands(self):
        bash = self.tree / "usr/share/bash-completion/completions/strongroom"
        subprocess.run(["bash", "-n", bash], check=True)
        for file in (bash, self.tree / "usr/share/zsh/vendor-completions"
                     / "_strongroom", self.tree / "usr/share/fish"
                     / "vendor_completions.d/strongroom.fish"):
            for command in ("init", "keygen", "verify", "doctor"):
                with self.subTest(file=file.name):
                    self.assertRegex(file.read_text(), rf"\b{command}\b")

    def test_licences_of_what_is_compiled_in_are_there(self):
        for name in packages.NAMES:
            text = (self.tree / "usr/share/doc" / name
                    / "copyright").read_text()
            used = set(re.findall(r"^License: (\S+)$", text, re.M))
            given = set(re.findall(r"^License: (\S+)\n ", text, re.M))
            self.assertTrue(used)
            self.assertEqual(used, given)

    def test_units_keep_their_walls(self):
        limits = {"agent": "64M", "ledger": "512M"}
        for part, memory in limits.items():
            unit = (self.tree / "lib/systemd/system"
                    / f"strongroom-{part}.service").read_text().splitlines()
            for setting in REQUIRED + [f"User=strongroom-{part}",
                                       f"MemoryMax={memory}"]:
                with self.subTest(unit=part, setting=setting):
                    self.assertIn(setting, unit)
            self.assertTrue(any(line.startswith("WatchdogSec=")
                                for line in unit))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_systemd_understands_the_units(self):
        units = sorted((self.tree / "lib/systemd/system").iterdir())
        # The programs are looked for where the unit says; here they are in
        # the unpacked tree.
        done = subprocess.run(
            ["systemd-analyze", "verify", "--recursive-errors=no",
             f"--root={self.tree}", *[f"/lib/systemd/system/{unit.name}"
                                      for unit in units]],
            capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        # Units that a minimal tree does not have are not ours to judge.
        # Nor is the shell, which every Debian has.
        ours = [line for line in said.splitlines() if "strongroom-" in line
                and "Command /bin/sh is not executable" not in line]
        self.assertEqual(ours, [], said)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_units_stay_as_closed_as_they_are(self):
        for unit in (self.tree / "lib/systemd/system").iterdir():
            done = subprocess.run(
                ["systemd-analyze", "security", "--offline=yes",
                 "--threshold=20", unit],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-400:])


if __name__ == "__main__":
    unittest.main()
