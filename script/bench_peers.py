# SPDX-License-Identifier: Apache-2.0
"""The same job done by another program, in turns with ours.

The job: poll ten Modbus TCP devices, ten holding registers each in one
request; write ten rows a poll to SQLite (WAL, FULL); publish a message a poll
with QoS 1; ask a device again when its rows are committed. Our agent does more:
it signs, and waits for the proof of the ledger, which runs beside it.
"""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

from bench_rows import progress, row
from installation import SiteError, answers, free_port, wait_until

DEVICES = 10
REGISTERS = 10

# Node-RED 5 wants a newer Node than Debian and many machines have. The serial
# library of the Modbus nodes is not in the package registry under its own name.
PACKAGES = {
    "name": "strongroom-peers",
    "private": True,
    "dependencies": {
        "node-red": "4.1.8",
        "node-red-contrib-modbus": "5.45.2",
        "node-red-node-sqlite": "1.1.1",
    },
    "overrides": {"@openp4nr/modbus-serial": "npm:modbus-serial@8.0.25"},
}

SETTINGS = """module.exports = {{
  uiHost: "127.0.0.1",
  uiPort: {port},
  httpAdminRoot: false,
  httpNodeRoot: false,
  disableEditor: true,
  flowFile: "flows.json",
  credentialSecret: false,
  logging: {{ console: {{ level: "warn", metrics: false, audit: false }} }},
}};
"""

TO_ROWS = """
const at = Date.now();
if (!Array.isArray(msg.payload) || msg.payload.length === 0) {
  setTimeout(() => node.send([null, {payload: ""}]), 100);
  return null;
}
const rows = msg.payload.map((value, index) =>
  `(DEVICE,${index},${at},${value})`);
return [{topic: "INSERT INTO readings (device, register, at, value) VALUES "
                + rows.join(","),
         readings: msg.payload, at: at}, null];
"""

TO_MESSAGE = """
return [{topic: "readings/DEVICE",
         payload: JSON.stringify({device: DEVICE, at: msg.at,
                                  values: msg.readings})},
        {payload: ""}];
"""


def node_version():
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    text = subprocess.run([node, "--version"], capture_output=True, text=True,
                          check=False).stdout
    return int(text.lstrip("v").split(".")[0])


def install():
    """Node-RED in the user's cache; returns the folder."""
    version = node_version()
    if version is None or version < 18:
        raise SiteError("--peers needs node 18 or newer, and npm")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME")
                         or pathlib.Path.home() / ".cache")
    folder = cache / "strongroom" / "peers"
    wanted = json.dumps(PACKAGES, indent=2)
    manifest = folder / "package.json"
    done = folder / "installed"
    if (done.exists() and manifest.exists()
            and manifest.read_text() == wanted):
        return folder
    progress(f"installing Node-RED in {folder}, minutes")
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    manifest.write_text(wanted)
    installed = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund"], cwd=folder,
        capture_output=True, text=True, timeout=900, check=False)
    if installed.returncode != 0:
        raise SiteError(f"npm install: {installed.stderr[-2000:]}")
    done.touch()
    return folder


def function(name, body, outputs, wires):
    return {"id": name, "type": "function", "z": "flow", "func": body,
            "outputs": outputs, "initialize": "", "finalize": "", "libs": [],
            "wires": wires}


def flows(ports, database, broker_port):
    """The job as a flow: one chain of five nodes for each device."""
    nodes = [
        {"id": "flow", "type": "tab", "label": "job"},
        {"id": "db", "type": "sqlitedb", "db": str(database), "mode": "RWC"},
        {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1",
         "port": str(broker_port), "clientid": "peer", "autoConnect": True,
         "usetls": False, "protocolVersion": "5", "keepalive": "60",
         "cleansession": True},
        {"id": "start", "type": "inject", "z": "flow", "props": [],
         "repeat": "", "once": True, "onceDelay": "1", "topic": "",
         "wires": [["pragma"]]},
    ]
    previous = "start"
    for name, statement in (
            ("pragma", "PRAGMA journal_mode=WAL"),
            ("full", "PRAGMA synchronous=FULL"),
            ("table", "CREATE TABLE IF NOT EXISTS readings (device INTEGER, "
             "register INTEGER, at INTEGER, value INTEGER)")):
        nodes.append({"id": name, "type": "sqlite", "z": "flow", "mydb": "db",
                      "sqlquery": "fixed", "sql": statement, "wires": [[]]})
        if previous != "start":
            next(n for n in nodes if n["id"] == previous)["wires"] = [[name]]
        previous = name
    nodes[-1]["wires"] = [[f"get-{at}" for at in range(len(ports))]]
    for at, port in enumerate(ports):
        nodes += [
            {"id": f"client-{at}", "type": "modbus-client",
             "clienttype": "tcp", "bufferCommands": True,
             "stateLogEnabled": False, "queueLogEnabled": False,
             "failureLogEnabled": True, "tcpHost": "127.0.0.1",
             "tcpPort": str(port), "tcpType": "DEFAULT", "unit_id": "1",
             "commandDelay": "1", "clientTimeout": "1000",
             "reconnectOnTimeout": True, "reconnectTimeout": "2000",
             "parallelUnitIdsAllowed": True},
            {"id": f"get-{at}", "type": "modbus-getter", "z": "flow",
             "showStatusActivities": False, "showErrors": False,
             "unitid": "1", "dataType": "HoldingRegister", "adr": "0",
             "quantity": str(REGISTERS), "server": f"client-{at}",
             "useIOFile": False, "ioFile": "", "useIOForPayload": False,
             "emptyMsgOnFail": True, "keepMsgProperties": False,
             "wires": [[f"rows-{at}"], []]},
            function(f"rows-{at}", TO_ROWS.replace("DEVICE", str(at)), 2,
                     [[f"write-{at}"], [f"get-{at}"]]),
            {"id": f"write-{at}", "type": "sqlite", "z": "flow", "mydb": "db",
             "sqlquery": "msg.topic", "sql": "",
             "wires": [[f"message-{at}"]]},
            function(f"message-{at}", TO_MESSAGE.replace("DEVICE", str(at)), 2,
                     [[f"publish-{at}"], [f"get-{at}"]]),
            {"id": f"publish-{at}", "type": "mqtt out", "z": "flow",
             "topic": "", "qos": "1", "retain": "", "broker": "broker",
             "wires": []},
        ]
    return nodes


class PeersBench:
    """Mixed into Bench."""

    def peers(self):
        folder = install()
        rounds = 1 if self.short else 3
        theirs, ours = [], []
        for number in range(rounds):
            theirs.append(self.node_red(folder, number))
            ours.append(self.agent_at_the_same(number))
        middle = rounds // 2
        their_rate = sorted(rate for rate, _, _ in theirs)[middle]
        our_rate = sorted(rate for rate, _, _ in ours)[middle]
        yield row("fast poll, Node-RED", their_rate, "readings/s")
        yield row("fast poll, Node-RED, CPU",
                  sorted(cpu for _, cpu, _ in theirs)[middle], "us/reading")
        yield row("fast poll, Node-RED, RSS", theirs[-1][2], "MB")
        yield row("fast poll, agent, signed and proven", our_rate,
                  "readings/s", their_rate, 4, on_ratio=True)
        yield row("fast poll, agent, CPU",
                  sorted(cpu for _, cpu, _ in ours)[middle], "us/reading",
                  None, 8, at_most=True)
        yield row("fast poll, agent, RSS", ours[-1][2], "MB")

    def measured(self, site, name, count):
        """(readings/s, us of CPU a reading, MB) of one program at work."""
        time.sleep(3)
        seconds = 2 if self.short else 10
        before, cpu = count(), self.cpu_seconds(site, name)
        started = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - started
        readings, cpu = count() - before, self.cpu_seconds(site, name) - cpu
        return (readings / took, 1e6 * cpu / max(1, readings),
                self.rss_mb(site, name))

    def node_red(self, folder, number):
        site = self.site(f"node-red-{number}")
        database = site.root / "readings.db"
        broker_port = free_port()
        try:
            config = site.root / "mosquitto.conf"
            config.write_text(
                f"listener {broker_port} 127.0.0.1\nallow_anonymous true\n"
                "persistence false\nset_tcp_nodelay true\n"
                + ("user root\n" if os.geteuid() == 0 else ""))
            mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
            site.start("broker", mosquitto, "-c", config)
            site.wait_for("broker", lambda: answers(broker_port))
            ports = [self.plant(site, f"plant-{at}") for at in range(DEVICES)]
            directory = site.root / "node-red"
            directory.mkdir()
            (directory / "node_modules").symlink_to(folder / "node_modules")
            (directory / "package.json").write_text(json.dumps(PACKAGES))
            (directory / "settings.js").write_text(
                SETTINGS.format(port=free_port()))
            (directory / "flows.json").write_text(
                json.dumps(flows(ports, database, broker_port)))
            site.start("node-red", shutil.which("node"),
                       folder / "node_modules" / "node-red" / "red.js",
                       "--userDir", directory, "--settings",
                       directory / "settings.js")
            count = lambda: self.rows_in(database)
            site.wait_for("node-red", lambda: count() > 0)
            progress(f"Node-RED, round {number + 1}")
            return self.measured(site, "node-red", count)
        finally:
            site.stop_all()

    @staticmethod
    def rows_in(database):
        if not database.exists():
            return 0
        try:
            db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            try:
                return db.execute(
                    "SELECT coalesce(max(rowid), 0) FROM readings"
                ).fetchone()[0]
            finally:
                db.close()
        except sqlite3.OperationalError:
            return 0  # not made yet

    def agent_at_the_same(self, number):
        site = self.site(f"agent-{number}")
        site.create()
        try:
            site.start_ledger()
            site.start_broker()
            lines = "".join(
                self.fast_line(at, self.plant(site, f"plant-{at}"))
                for at in range(DEVICES))
            site.create_agent("edge-1", lines=lines, window_s=0)
            site.start_agent("edge-1")
            wait_until(lambda: site.log_size("bj1/telemetry/1") > 0,
                       "the first poll in the log")
            progress(f"the agent, round {number + 1}")
            return self.measured(
                site, "edge-1",
                lambda: REGISTERS * site.log_size("bj1/telemetry/1"))
        finally:
            site.stop_all()
