# SPDX-License-Identifier: Apache-2.0
"""A whole small site on this machine: broker, ledger, plant, agents.

The demonstration and the end-to-end tests start the real programs through
this file, in a directory of their own, on free loopback ports.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

READY_SECONDS = 20


class SiteError(Exception):
    """Something did not come up; the message says what and where to look."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_or_free(wanted):
    """The wanted port when nobody has it, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
            return wanted
        except OSError:
            return free_port()


def wait_until(condition, what, seconds=READY_SECONDS, every=0.05):
    """Returns the first true value of `condition`, or says what never came."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SiteError(f"waited {seconds} s for {what}")
        time.sleep(every)


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Site:
    """Paths, ports and processes of one installation."""

    def __init__(self, root, binaries, profiles, http_port=None,
                 broker_port=None):
        self.root = pathlib.Path(root)
        self.binaries = pathlib.Path(binaries)
        self.profiles = pathlib.Path(profiles)
        self.ledger_name = "demo.strongroom.example"
        self.http_port = http_port or free_port()
        self.broker_port = broker_port or free_port()
        self.agent_ports = {}
        self.processes = {}
        self.controls = {}  # sockets of plants
        self.ledger_dir = self.root / "ledger"
        self.ca_dir = self.root / "ca"
        self.broker_dir = self.root / "broker"
        self.trust = self.ledger_dir / "trust.txt"
        self.admin = self.ledger_dir / "admin.sock"
        self.acl = self.broker_dir / "acl"
        (self.root / "log").mkdir(parents=True, exist_ok=True)

    # --- commands ---------------------------------------------------------

    def tool(self, *arguments, expect=0):
        """Runs `strongroom`; returns its output."""
        done = subprocess.run(
            [str(self.binaries / "strongroom"), *map(str, arguments)],
            capture_output=True, text=True, timeout=60, check=False)
        if expect is not None and done.returncode != expect:
            raise SiteError(
                f"strongroom {' '.join(map(str, arguments))} exited with "
                f"{done.returncode}, expected {expect}:\n"
                f"{done.stdout}{done.stderr}")
        return done

    # --- what is made once --------------------------------------------------

    def create(self):
        """Keys, certificates and configurations of broker and ledger."""
        self.tool("init", self.ledger_dir, "--ledger", self.ledger_name)
        self.tool("ca", "init", self.ca_dir)
        self.tool("ca", "server", self.ca_dir, "--host", "localhost",
                  "--host", "127.0.0.1", "--out", self.broker_dir)
        self.tool("ca", "client", self.ca_dir, "--identity", "central/ledger",
                  "--out", self.ledger_dir / "tls")
        config = self.ledger_dir / "ledger.toml"
        text = config.read_text()
        text = text.replace("localhost:8883", f"localhost:{self.broker_port}")
        text = text.replace("127.0.0.1:9480", f"127.0.0.1:{self.http_port}")
        config.write_text(text)
        self.write_broker_config()

    def write_broker_config(self):
        """mosquitto with TLS, one identity per connection, our ACL."""
        if not self.acl.exists():
            self.acl.write_text("user central/ledger\n")
        (self.broker_dir / "mosquitto.conf").write_text(
            f"listener {self.broker_port} 127.0.0.1\n"
            f"cafile {self.broker_dir}/ca.crt\n"
            f"certfile {self.broker_dir}/broker.crt\n"
            f"keyfile {self.broker_dir}/broker.key\n"
            "require_certificate true\n"
            "use_identity_as_username true\n"
            "use_username_as_clientid true\n"
            "message_size_limit 262144\n"
            "allow_anonymous false\n"
            f"acl_file {self.acl}\n"
            "persistence false\n"
            "set_tcp_nodelay true\n"
            "max_queued_messages 0\n")
        if os.geteuid() == 0:
            with open(self.broker_dir / "mosquitto.conf", "a") as config:
                config.write("user root\n")

    def create_agent(self, name, site="bj1", lines="", window_s=60, extra="",
                     quota_mib=None, reserve_mib=None):
        """Keys, enrolment (the ledger must run) and agent.toml. Without a
        quota, the program's own."""
        directory = self.root / name
        self.tool("keygen", directory, "--site", site, "--agent", name)
        self.tool("enrol", directory / "enrol.json", "--admin", self.admin,
                  "--ca", self.ca_dir, "--ledger", self.ledger_dir,
                  "--out", directory, "--acl", self.acl)
        self.reload_broker()
        self.agent_ports[name] = free_port()
        quota = "".join(
            f"{key} = {value}\n"
            for key, value in (("quota_mib", quota_mib),
                               ("record_reserve_mib", reserve_mib))
            if value is not None)
        (directory / "agent.toml").write_text(
            f'agent = "{name}"\nsite = "{site}"\n'
            f'profiles = "{self.profiles}"\n{extra}\n'
            '[keys]\nevent = "event.key"\nsealing = "sealing.key"\n'
            'trust = "trust.txt"\ndisclosure_public = "disclosure.pub"\n\n'
            f'[journal]\npath = "journal.db"\n{quota}\n'
            '[admin]\nsocket = "admin.sock"\n\n'
            f'[mqtt]\nuri = "ssl://localhost:{self.broker_port}"\n'
            'ca = "ca.crt"\ncertificate = "tls.crt"\nkey = "tls.key"\n\n'
            f'[http]\nlisten = "127.0.0.1:{self.agent_ports[name]}"\n\n'
            f'[windows]\nlength_s = {window_s}\n\n{lines}')
        return directory

    # --- doors ----------------------------------------------------------------

    def panel_key(self, name):
        """A fresh key of a panel; its file, where agent and plant read it."""
        file = self.root / "panels" / f"{name}.key"
        file.parent.mkdir(exist_ok=True)
        self.tool("panel", "keygen", file)
        return file

    def write_policy(self, name, text):
        """Signs a static policy for an agent; `[access]` in its agent.toml
        names policy.toml and policy.pub."""
        file = self.agent_dir(name) / "policy.toml"
        file.write_text(text)
        share = self.ledger_dir / "keys" / "share.key"
        self.tool("policy", "sign", "--key", share, file)
        (file.parent / "policy.pub").write_text(
            self.tool("policy", "key", "--key", share).stdout)

    @property
    def qemu_image(self):
        """The panel's image for QEMU, or None when this machine cannot run
        it."""
        image = self.binaries.parent / "firmware" / "qemu-mps2-an385.elf"
        return image if shutil.which("qemu-system-arm") and image.exists() \
            else None

    # --- processes ----------------------------------------------------------

    def start(self, name, *command, stdin=None):
        log = open(self.root / "log" / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(
            list(map(str, command)), stdout=log, stderr=log, stdin=stdin,
            start_new_session=True)
        log.close()
        return self.processes[name]

    def start_broker(self):
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.start("broker", mosquitto, "-c",
                   self.broker_dir / "mosquitto.conf")
        self.wait_for("broker", lambda: answers(self.broker_port))

    def reload_broker(self):
        if "broker" in self.processes:
            self.processes["broker"].send_signal(signal.SIGHUP)

    def start_ledger(self):
        self.start("ledger", self.binaries / "strongroom-ledger", "--config",
                   self.ledger_dir / "ledger.toml")
        self.wait_for("ledger", lambda: answers(self.http_port)
                      and self.admin.exists())

    def start_plant_tcp(self, name="plant", port=None, *options,
                        device="xy-md02"):
        port = port or free_port()
        self.start(name, self.binaries / "plant", "tcp", "--port", port,
                   "--unit", 1, "--device", device, "--profiles",
                   self.profiles, *options,
                   stdin=subprocess.PIPE)
        self.wait_for(name, lambda: answers(port))
        return port

    def start_plant_rtu(self, link, name="plant-rtu", *options):
        self.start(name, self.binaries / "plant", "rtu", "--link", link,
                   "--unit", 1, "--device", "xy-md02", "--profiles",
                   self.profiles, *options, stdin=subprocess.PIPE)
        self.wait_for(name, lambda: os.path.exists(link))

    def start_plant(self, scene, name="plant"):
        """A whole building, from the text of a scene; `plant()` changes it."""
        file = self.root / f"{name}.toml"
        file.write_text(scene)
        self.controls[name] = self.root / f"{name}.sock"
        self.start(name, self.binaries / "plant", "run", file, "--profiles",
                   self.profiles, "--control", self.controls[name])
        self.wait_for(name, self.controls[name].exists)

    def plant(self, *words, name="plant"):
        """`plant set|fault|clear|list ...` to a running building."""
        done = subprocess.run(
            [str(self.binaries / "plant"), words[0], "--control",
             str(self.controls[name]), "--", *map(str, words[1:])],
            capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise SiteError(f"plant {' '.join(words)}: {done.stderr}")
        return done.stdout

    def stop_ledger(self, how=signal.SIGTERM):
        return self.stop("ledger", how)

    def kill_ledger(self):
        """As a power cut leaves it, but for the disk's cache."""
        return self.stop("ledger", signal.SIGKILL)

    def stop_broker(self, how=signal.SIGTERM):
        return self.stop("broker", how)

    def kill_broker(self):
        """mosquitto keeps nothing: whatever was in it is gone."""
        return self.stop("broker", signal.SIGKILL)

    def stop_agent(self, name, how=signal.SIGTERM):
        return self.stop(name, how)

    def kill_agent(self, name):
        return self.stop(name, signal.SIGKILL)

    def start_agent(self, name):
        # A full disk is played by a limit on the size of files; the signal
        # that comes with it would end the program, which a full disk does not.
        self.start(name, "/bin/sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh",
                   self.binaries / "strongroom-agent", "--config",
                   self.agent_dir(name) / "agent.toml")
        # The pages are the last to listen, behind the admin socket.
        self.wait_for(name, lambda: answers(self.agent_ports[name]))

    def agent_dir(self, name):
        return self.root / name

    def agent_admin(self, name):
        return self.agent_dir(name) / "admin.sock"

    def copy_agent(self, name, clone):
        """The whole directory of an agent, keys and journal, as a disk image
        takes it; the agent should not run. The copy has a port of its own and
        is started, stopped and asked under its name, `clone`; both are the
        same source. Its directory is returned."""
        self.save_agent(name, clone)
        directory = self.agent_dir(clone)
        self.agent_ports[clone] = free_port()
        config = directory / "agent.toml"
        config.write_text(config.read_text().replace(
            f"127.0.0.1:{self.agent_ports[name]}",
            f"127.0.0.1:{self.agent_ports[clone]}"))
        return directory

    def save_agent(self, name, image):
        """A disk image of a stopped agent, for restore_agent()."""
        shutil.copytree(self.agent_dir(name), self.root / image,
                        ignore=shutil.ignore_patterns("*.sock"))

    def restore_agent(self, name, image):
        """Puts an image back over a stopped agent, as it was then."""
        shutil.rmtree(self.agent_dir(name))
        shutil.copytree(self.root / image, self.agent_dir(name))

    def follow(self, name, pack, persons=("anna", "bo"), *options, expect=0):
        """`strongroom follow` at a running agent; returns its output."""
        return self.tool("follow", pack, "--admin", self.agent_admin(name),
                         "--person", persons[0], "--person", persons[1],
                         *options, expect=expect)

    def reload_agent(self, name):
        """As `systemctl reload` does it; returns at once."""
        self.processes[name].send_signal(signal.SIGHUP)

    def wait_for(self, name, ready):
        """Waits until a program is ready; says why when it ended instead."""
        def ready_or_dead():
            code = self.processes[name].poll()
            if code is not None:
                raise SiteError(f"{name} ended with {code}:\n{self.tail(name)}")
            return ready()
        try:
            wait_until(ready_or_dead, f"{name} to be ready")
        except SiteError as error:
            raise SiteError(f"{error}\n{self.tail(name)}") from None

    def tail(self, name, lines=20):
        log = self.root / "log" / f"{name}.log"
        if not log.exists():
            return ""
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, name, how=signal.SIGTERM, seconds=10):
        """Ends one program; returns its exit code (None when it had none)."""
        process = self.processes.pop(name, None)
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(how)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise SiteError(f"{name} did not end within {seconds} s:\n"
                            f"{self.tail(name)}") from None
        finally:
            if process.stdin:
                process.stdin.close()
        return code

    def stop_all(self):
        for name in list(self.processes)[::-1]:
            try:
                self.stop(name)
            except SiteError as error:
                print(error)

    # --- what can be seen from outside -----------------------------------------

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    def get(self, path, port=None):
        """Body of a GET, or None when nothing answers or it is not 200."""
        base = f"http://127.0.0.1:{port}" if port else self.url
        try:
            with urllib.request.urlopen(base + path, timeout=5) as reply:
                return reply.read()
        except (OSError, urllib.error.HTTPError):
            return None

    def get_json(self, path, port=None):
        body = self.get(path, port)
        return json.loads(body) if body is not None else None

    def health(self, name):
        """What an agent says of itself, well or unwell; None when it is not
        there."""
        url = f"http://127.0.0.1:{self.agent_ports[name]}/health"
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return json.loads(reply.read())
        except urllib.error.HTTPError as unwell:
            return json.loads(unwell.read())
        except OSError:
            return None

    def bus(self, name):
        """An agent's lines by name, each with its devices by name; None when
        it is not there."""
        page = self.get_json("/bus", self.agent_ports[name])
        if page is None:
            return None
        return {line["name"]:
                dict(line, devices={one["name"]: one
                                    for one in line["devices"]})
                for line in page["lines"]}

    def metric(self, name, metric):
        """One sample of an agent, `strongroom_agent_` left out, or None."""
        text = self.get("/metrics", self.agent_ports[name]) or b""
        for line in text.decode().splitlines():
            if line.startswith(f"strongroom_agent_{metric} "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def log_size(self, log):
        """Tree size of `<site>/<stream>/<generation>`; 0 when not there."""
        note = self.get(f"/log/{log}/checkpoint")
        return int(note.split(b"\n")[1]) if note else 0

    def entries(self, log, first=0):
        """All entries of a log from `first` on, as the API shows them."""
        found = []
        size = self.log_size(log)
        while first < size:
            page = self.get_json(
                f"/api/v1/entries/{log}?from={first}&count=256")
            if not page:
                break
            found += page
            first = page[-1]["index"] + 1
        return found
