# SPDX-License-Identifier: Apache-2.0
"""Installs the packages, lives with them as docs/operations.md says, removes
and purges them. In a copy of this machine's file system (machine.py)."""

import hashlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import machine
import packages
import service

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEDGER = "/var/lib/strongroom-ledger"
AGENT = "/var/lib/strongroom-agent"
BROKER = "/etc/mosquitto/strongroom"
AUTHORITY = "/var/lib/site-ca"
ACCOUNTS = ("strongroom-agent", "strongroom-ledger")
# What a package manager and account tools keep for themselves.
BOOKKEEPING = re.compile(
    r"-?/var/(lib/dpkg|log|cache|lib/systemd/deb-systemd-helper-[a-z-]+)(/|$)"
    r"|-?/etc/(\.pwd\.lock|(passwd|shadow|group|gshadow|subuid|subgid)-?)$")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}",
                                timeout=5) as reply:
        return reply.read().decode()


class Install(unittest.TestCase):
    """The tests are one life and run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.debs = packages.build(cls.directory / "debs")
        cls.machine = machine.Machine()
        cls.addClassCleanup(cls.machine.close)
        cls.running = {}
        cls.addClassCleanup(cls.stop_all)
        cls.accounts_before = cls.accounts()
        for deb in cls.debs.values():
            shutil.copy(deb, cls.machine.path("/tmp"))

    @classmethod
    def stop_all(cls):
        for program in list(cls.running.values()):
            program.close() if isinstance(program, service.Service) \
                else (program.kill(), program.wait())

    @classmethod
    def accounts(cls):
        """Lines of the account files, without those that come and go."""
        return {name: cls.machine.path(f"/etc/{name}").read_text()
                for name in ("passwd", "group")}

    def dpkg(self, *arguments):
        return self.machine.run("env", "DEBIAN_FRONTEND=noninteractive",
                                "dpkg", *arguments, timeout=120)

    def install(self):
        return self.dpkg("--install", *[f"/tmp/{deb.name}"
                                        for deb in self.debs.values()])

    def digest(self, *directories):
        """{path: (mode, hash)} of everything in directories of the machine."""
        return {str(path.relative_to(self.machine.root)):
                (oct(path.lstat().st_mode),
                 hashlib.sha256(path.read_bytes()).hexdigest()
                 if path.is_file() and not path.is_symlink() else "")
                for directory in directories
                for path in self.machine.path(directory).rglob("*")}

    def start(self, part):
        log = self.directory / f"{part}.log"
        self.running[part] = service.Service(
            self.machine, f"strongroom-{part}.service", log)
        self.running[part].wait_for("READY=1")
        return self.running[part]

    def stop(self, part):
        self.assertEqual(self.running.pop(part).stop(), 0)

    # --- 1: installed ------------------------------------------------------

    def test_10_dpkg_installs_them(self):
        self.install()
        for name in self.debs:
            self.assertIn("Status: install ok installed",
                          self.dpkg("--status", name))

    def test_11_accounts_own_nothing_but_their_state(self):
        for name in ACCOUNTS:
            line = self.machine.run("getent", "passwd", name).strip()
            self.assertEqual(line.split(":")[5:],
                             [f"/var/lib/{name}", "/usr/sbin/nologin"])
            self.assertIn(self.machine.run("getent", "shadow", name)
                          .split(":")[1][:1], "!*")
            self.assertEqual(self.machine.run(
                "stat", "--format=%U:%G %a", f"/var/lib/{name}"),
                f"{name}:{name} 750\n")
        self.assertEqual(self.machine.run("id", "-nG", "strongroom-agent"),
                         "strongroom-agent dialout\n")
        self.assertEqual(self.machine.run("id", "-nG", "strongroom-ledger"),
                         "strongroom-ledger\n")

    def test_12_units_are_enabled_and_wait_for_a_configuration(self):
        for name in ACCOUNTS:
            self.assertTrue(self.machine.path(
                "/etc/systemd/system/multi-user.target.wants/"
                f"{name}.service").is_symlink())
            unit = service.read_unit(self.machine.path(
                f"/lib/systemd/system/{name}.service"))
            self.assertEqual(unit["ConditionPathExists"],
                             [f"/var/lib/{name}/{name[11:]}.toml"])
            self.assertFalse(self.machine.path(
                unit["ConditionPathExists"][0]).exists())

    # --- 2: in use, as docs/operations.md says ------------------------------

    def test_20_a_ledger_is_created_and_serves(self):
        as_ledger = {"user": "strongroom-ledger"}
        self.machine.run("strongroom", "init", LEDGER, "--ledger",
                         "packages.example", **as_ledger)
        self.machine.run("strongroom", "ca", "init", AUTHORITY)
        self.machine.run("strongroom", "ca", "client", AUTHORITY,
                         "--identity", "central/ledger", "--out",
                         f"{LEDGER}/tls")
        self.machine.run("chown", "-R", "strongroom-ledger:", f"{LEDGER}/tls")
        type(self).ports = {name: free_port()
                            for name in ("broker", "ledger", "agent", "plant")}
        config = self.machine.path("/etc/strongroom/ledger.toml")
        self.assertTrue(config.is_symlink())
        self.edit(f"{LEDGER}/ledger.toml", ("8883", self.ports["broker"]),
                  ("9480", self.ports["ledger"]))
        ledger = self.start("ledger")
        get(self.ports["ledger"], "/health")
        ledger.wait_for("WATCHDOG=1", count=2)

    def edit(self, path, *changes):
        file = self.machine.path(path)
        text = file.read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, str(new))
        file.write_text(text)

    def test_21_a_broker_runs_from_the_example(self):
        self.machine.run("strongroom", "ca", "server", AUTHORITY,
                         "--host", "localhost", "--out", BROKER)
        self.machine.run("strongroom", "acl", "--admin",
                         f"{LEDGER}/admin.sock", "--out", f"{BROKER}/acl")
        self.machine.run("chown", "-R", "mosquitto:", BROKER)
        example = "/usr/share/doc/strongroom-ledger/examples/mosquitto.conf"
        config = "/etc/mosquitto/conf.d/strongroom.conf"
        self.machine.run("cp", example, config)
        self.edit(config, ("listener 8883",
                           f"listener {self.ports['broker']} 127.0.0.1"))
        self.running["broker"] = subprocess.Popen(
            ["chroot", self.machine.root, "mosquitto", "-c", config],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def test_22_an_agent_is_enrolled_and_delivers(self):
        as_agent = {"user": "strongroom-agent"}
        self.machine.run("strongroom", "keygen", AGENT, "--site", "bj1",
                         "--agent", "edge-1", **as_agent)
        self.machine.run("strongroom", "enrol", f"{AGENT}/enrol.json",
                         "--admin", f"{LEDGER}/admin.sock", "--ca", AUTHORITY,
                         "--ledger", LEDGER, "--out", AGENT, "--acl",
                         f"{BROKER}/acl")
        self.running["broker"].send_signal(1)
        self.machine.run("chown", "-R", "strongroom-agent:", AGENT)
        self.start_plant()
        self.write_agent_configuration()
        agent = self.start("agent")
        agent.wait_for("WATCHDOG=1", count=2)
        # The ledger looked for a broker before there was one: it may wait up
        # to 30 s before it tries again, and the agent's resend 10 s more.
        deadline = service.time.monotonic() + 90
        while self.telemetry_entries() == 0:
            self.assertLess(service.time.monotonic(), deadline,
                            "no reading reached the ledger\n"
                            + agent.log.read_text()[-3000:])
            service.time.sleep(0.1)

    def telemetry_entries(self):
        try:
            note = get(self.ports["ledger"], "/log/bj1/telemetry/1/checkpoint")
        except OSError:
            return 0
        return int(note.splitlines()[1])

    def start_plant(self):
        self.running["plant"] = subprocess.Popen(
            ["chroot", self.machine.root, "strongroom-plant", "tcp", "--port",
             str(self.ports["plant"]), "--unit", "1", "--device", "xy-md02"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def write_agent_configuration(self):
        self.machine.path(f"{AGENT}/agent.toml").write_text(
            'agent = "edge-1"\nsite = "bj1"\n'
            '[keys]\nevent = "event.key"\nsealing = "sealing.key"\n'
            'trust = "trust.txt"\ndisclosure_public = "disclosure.pub"\n'
            '[journal]\npath = "journal.db"\n'
            f'[mqtt]\nuri = "ssl://localhost:{self.ports["broker"]}"\n'
            'ca = "ca.crt"\ncertificate = "tls.crt"\nkey = "tls.key"\n'
            f'[http]\nlisten = "127.0.0.1:{self.ports["agent"]}"\n'
            "[windows]\nlength_s = 1\n"
            '[[line]]\nname = "tcp-1"\nkind = "tcp"\nhost = "127.0.0.1"\n'
            f'port = {self.ports["plant"]}\ntimeout_ms = 500\n'
            # No `profiles`: the installed ones.
            '[[line.device]]\nname = "room-1"\nprofile = "xy-md02"\n'
            "unit_id = 1\nperiod_ms = 200\n")

    def test_23_they_stay_within_half_of_their_memory_limits(self):
        for part, limit in (("agent", 64), ("ledger", 512)):
            self.assertLess(self.running[part].peak_memory(),
                            limit * 1024 * 1024 / 2)

    def test_24_every_metric_that_they_serve_is_explained(self):
        page = (ROOT / "docs/operations.md").read_text()
        for part in ("agent", "ledger"):
            # By their headers: a histogram serves three names for one.
            served = set(re.findall(r"^# TYPE (strongroom_\w+)",
                                    get(self.ports[part], "/metrics"), re.M))
            self.assertGreater(len(served), 5)
            self.assertEqual([name for name in sorted(served)
                              if f"`{name}`" not in page], [])

    def test_25_the_link_in_etc_leads_to_the_installation(self):
        for kind, part, account in (("journal", "agent", "strongroom-agent"),
                                    ("ledger", "ledger", "strongroom-ledger")):
            self.machine.run("strongroom", "fsck", kind,
                             f"/etc/strongroom/{part}.toml", user=account)

    def test_26_doctor_finds_them_well(self):
        for account in ACCOUNTS:
            self.machine.run("strongroom", "doctor", f"--{account[11:]}",
                             f"/etc/strongroom/{account[11:]}.toml",
                             user=account)

    def test_27_they_end_when_asked(self):
        agent, ledger = self.running["agent"], self.running["ledger"]
        self.stop("agent")
        self.stop("ledger")
        for program in (agent, ledger):
            self.assertIn("STOPPING=1", program.messages)

    # --- 3: upgraded, removed, purged ---------------------------------------

    def test_30_an_upgrade_keeps_state_and_options(self):
        options = self.machine.path("/etc/default/strongroom-agent")
        options.write_text('OPTIONS="--log-level debug"\n')
        before = self.digest(LEDGER, AGENT, "/etc/default")
        self.install()
        self.assertEqual(self.digest(LEDGER, AGENT, "/etc/default"), before)

    def test_31_removal_keeps_everything_but_the_programs(self):
        before = self.digest(LEDGER, AGENT)
        self.dpkg("--remove", *self.debs)
        self.assertEqual(self.digest(LEDGER, AGENT), before)
        for name in ACCOUNTS:
            self.machine.run("getent", "passwd", name)
            self.assertTrue(self.machine.path(f"/etc/default/{name}").exists())
        for program in ("strongroom", "strongroom-agent", "strongroom-ledger"):
            self.assertFalse(self.machine.path(f"/usr/bin/{program}").exists())

    def test_32_a_purge_keeps_the_evidence_and_nothing_else(self):
        before = self.digest(LEDGER, AGENT)
        said = self.dpkg("--purge", *self.debs)
        for directory in (LEDGER, AGENT):
            self.assertIn(f"kept {directory}", said)
            self.assertEqual(
                self.machine.run("stat", "--format=%U:%G %a", directory),
                "root:root 700\n")
            # The next account may get the same number.
            self.assertEqual(self.machine.run(
                "find", directory, "!", "-user", "root", "-o", "!", "-group",
                "root"), "")
        self.assertEqual(self.digest(LEDGER, AGENT), before)
        self.assertEqual(self.accounts(), self.accounts_before)
        ours = re.compile(
            rf"({LEDGER}|{AGENT}|{AUTHORITY}|/etc/mosquitto)(/|$)")
        self.assertEqual([path for path in sorted(self.machine.changed())
                          if not ours.match(path)
                          and not BOOKKEEPING.match(path)], [])
        self.assertEqual([path for path in self.machine.changed()
                          if "deb-systemd-helper" in path
                          and "strongroom" in path], [])

    def test_33_installed_again_it_finds_its_evidence(self):
        before = self.digest(LEDGER, AGENT)
        self.install()
        self.assertEqual(self.digest(LEDGER, AGENT), before)
        for name in ACCOUNTS:
            self.assertEqual(self.machine.run(
                "find", f"/var/lib/{name}", "!", "-user", name), "")
        self.start("ledger")
        self.assertGreater(self.telemetry_entries(), 0)
        self.stop("ledger")


if __name__ == "__main__":
    why = machine.possible()
    if not shutil.which("systemd-analyze"):
        why = "no systemd-analyze: it knows which system calls a unit allows"
    if why:
        print(f"skipped: {why}")
        sys.exit(77)
    machine.enter_namespace()
    unittest.main(failfast=True)
