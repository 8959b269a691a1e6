# SPDX-License-Identifier: Apache-2.0
"""Measures against the budgets of the design. Called by script/bench.

Each row is {name, value, unit, baseline, ratio, target, met}: `baseline` is
measured in the same run, `ratio` is value / baseline, `met` compares with the
target (null where there is none).
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from bench_bus import BusBench
from bench_fairness import FairnessBench
from bench_panels import PanelBench
from bench_peers import PeersBench
from bench_rows import progress, row
from installation import Site, SiteError, wait_until

TEN = "ten-registers"  # the device of the fast-poll budget

HERE = pathlib.Path(__file__).resolve().parent

LINE = """[[line]]
name = "{name}"
kind = "tcp"
host = "127.0.0.1"
port = {port}
timeout_ms = 500

[[line.device]]
name = "{device}"
profile = "ten-registers"
unit_id = 1
period_ms = {period_ms}

"""


class Bench(BusBench, FairnessBench, PanelBench, PeersBench):
    def __init__(self, binaries, work, short=False):
        self.short = short
        self.binaries = pathlib.Path(binaries)
        self.work = pathlib.Path(work)

    def directory(self, name):
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def program(self, name, *arguments):
        done = subprocess.run([str(self.binaries / name),
                               *map(str, arguments)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SiteError(f"{name}: {done.stderr}")
        return json.loads(done.stdout)

    def site(self, name):
        """A site whose devices have ten registers, read in one request."""
        root = self.directory(name)
        profiles = root / "profiles"
        profiles.mkdir()
        points = "".join(
            f'[[point]]\nname = "point_{at}"\nunit = "Cel"\nfunction = 3\n'
            f'address = {at}\ntype = "u16"\nexponent = -1\nmin = "0.0"\n'
            'max = "6000.0"\n\n' for at in range(10))
        (profiles / f"{TEN}.toml").write_text(
            'format = 1\ntitle = "Ten registers"\nsource = "the bench"\n'
            'trust = "documented"\nmax_registers = 10\n\n' + points)
        return Site(root, self.binaries, profiles)

    # --- journal ----------------------------------------------------------------

    def journal(self):
        """The agent's journal against bare SQLite, turn about."""
        shm = pathlib.Path("/dev/shm")
        places = [("disk", self.directory("journal"))]
        if shm.is_dir():
            places.append(("memory", pathlib.Path(tempfile.mkdtemp(dir=shm))))
        for place, directory in places:
            for batch in (1, 16, 64, 256):
                progress(f"journal on {place}, {batch} events a commit")
                for file in directory.iterdir():
                    file.unlink()
                found = self.program("journal_bench", "--batch", batch,
                                     "--dir", directory)
                yield row(f"journal {place} batch {batch}",
                          found["journal_events_per_s"], "events/s",
                          found["raw_events_per_s"],
                          0.6 if place == "disk" else None, on_ratio=True)
                yield row(f"encode and journal {place} batch {batch}",
                          found["recorded_events_per_s"], "events/s",
                          found["raw_events_per_s"])
            shutil.rmtree(directory, ignore_errors=True)

    # --- end to end -------------------------------------------------------------

    def end_to_end(self):
        """Pre-signed batches of many agents: broker and ledger alone; the
        baseline is the broker alone, same payloads, a bare subscriber."""
        for per_batch in (64, 256):
            site = self.site("end-to-end")
            site.create()
            self.plain_broker(site)
            try:
                site.start_ledger()
                site.start_broker()
                agents = self.enrol(site, 8)
                batches = 40_000 // per_batch
                arguments = [f"--broker=tcp://127.0.0.1:{site.broker_port}",
                             f"--events-per-batch={per_batch}",
                             f"--batches={batches}"]
                for agent in agents:
                    arguments += ["--agent", agent]
                progress(f"broker alone, {per_batch} events a batch")
                alone = self.program("load_generator", *arguments,
                                     "--transport-only")
                progress(f"end to end, {per_batch} events a batch")
                found = self.program("load_generator", *arguments)
                yield row(f"end to end batch {per_batch}",
                          found["events_per_s"], "events/s",
                          alone["events_per_s"],
                          150_000 if per_batch == 256 else None)
                yield row(f"batch to ack p99 batch {per_batch}",
                          found["p99_ms"], "ms")
            finally:
                site.stop_all()

    def plain_broker(self, site):
        """No TLS and nobody to keep out: the generator plays all agents on one
        connection."""
        (site.broker_dir / "mosquitto.conf").write_text(
            f"listener {site.broker_port} 127.0.0.1\nallow_anonymous true\n"
            "persistence false\nset_tcp_nodelay true\n"
            "max_queued_messages 0\n"
            + ("user root\n" if os.geteuid() == 0 else ""))
        config = site.ledger_dir / "ledger.toml"
        text = config.read_text().replace("ssl://", "tcp://")
        for key in ("ca", "certificate", "key"):
            text = text.replace(f'\n{key} = "tls/', f'\n# {key} = "tls/')
        config.write_text(text)

    def enrol(self, site, count):
        agents = []
        for number in range(count):
            directory = site.root / f"edge-{number}"
            site.tool("keygen", directory, "--site", "bj1", "--agent",
                      f"edge-{number}")
            site.tool("enrol", directory / "enrol.json", "--admin", site.admin,
                      "--ca", site.ca_dir, "--ledger", site.ledger_dir,
                      "--out", directory)
            agents.append(directory)
        return agents

    # --- real agents ------------------------------------------------------------

    def agents(self):
        """Real agents polling as fast as the lines go, every poll journalled
        and proven; the baseline is what the same lines give without them."""
        for agents, devices in ((1, 10), (2, 5)):
            site = self.site("agents")
            site.create()
            try:
                site.start_ledger()
                site.start_broker()
                for number in range(agents):
                    lines = ""
                    for at in range(devices):
                        port = self.plant(site, f"plant-{number}-{at}")
                        lines += LINE.format(name=f"tcp-{at}", port=port,
                                             device=f"room-{number}-{at}",
                                             period_ms=0)
                    site.create_agent(f"edge-{number}", lines=lines,
                                      window_s=0)
                for number in range(agents):
                    site.start_agent(f"edge-{number}")
                progress(f"{agents} agents, {devices} devices each, 10 s")
                time.sleep(3)
                names = [f"edge-{n}" for n in range(agents)]
                before = site.log_size("bj1/telemetry/1")
                cpu = sum(self.cpu_seconds(site, n) for n in names)
                started = time.monotonic()
                time.sleep(10)
                seconds = time.monotonic() - started
                cpu = sum(self.cpu_seconds(site, n) for n in names) - cpu
                polls = site.log_size("bj1/telemetry/1") - before
                readings = 10 * polls / seconds
                yield row(f"{agents} agents x {devices} devices, proven",
                          readings, "readings/s", None,
                          100_000 if agents == 1 else None)
                yield row(f"{agents} agents x {devices} devices, agent CPU",
                          cpu * 1e6 / (10 * polls), "us/reading", None,
                          8 if agents == 1 else None, at_most=True)
            finally:
                site.stop_all()

    @staticmethod
    def fast_line(at, port):
        """One device on a line of its own, polled as fast as it answers."""
        return LINE.format(name=f"tcp-{at}", port=port, device=f"room-{at}",
                           period_ms=0)

    @staticmethod
    def plant(site, name):
        return site.start_plant_tcp(name, device=TEN)

    @staticmethod
    def cpu_seconds(site, name):
        fields = pathlib.Path(
            f"/proc/{site.processes[name].pid}/stat").read_text()
        user, system = fields.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    # --- latency ----------------------------------------------------------------

    def latency(self):
        """From the moment of the reading to the ledger's word that it is
        committed and signed, as a listener on its event stream sees it."""
        site = self.site("latency")
        site.create()
        try:
            site.start_ledger()
            site.start_broker()
            port = self.plant(site, "plant")
            site.create_agent("edge-1", window_s=0, lines=LINE.format(
                name="tcp-1", port=port, device="room-1", period_ms=100))
            seen = []
            threading.Thread(target=self.listen, args=(site, seen),
                             daemon=True).start()
            site.start_agent("edge-1")
            progress("latency of 300 readings at 10/s")
            wait_until(lambda: len(seen) >= 320, "320 readings", 120, 0.5)
            millis = []
            for arrived, index in seen[20:320]:
                entry = site.get_json(
                    f"/api/v1/entries/bj1/telemetry/1?from={index}&count=1")[0]
                if "windows" in entry.get("decoded", {}):
                    occurred = int(entry["decoded"]["recorded_us"]) / 1e6
                    millis.append((arrived - occurred) * 1e3)
            millis.sort()
            yield row("reading to committed p50", millis[len(millis) // 2],
                      "ms")
            yield row("reading to committed p99",
                      millis[len(millis) * 99 // 100], "ms", None, 300,
                      at_most=True)
        finally:
            site.stop_all()

    @staticmethod
    def listen(site, seen):
        try:
            stream = urllib.request.urlopen(site.url + "/api/v1/stream",
                                            timeout=60)
            event = ""
            for raw in stream:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: ") and event == "entry":
                    data = json.loads(line[6:])
                    if data["origin"].endswith("/telemetry/1"):
                        seen.append((time.time(), int(data["first_index"])))
        except OSError:
            pass  # the site is going down

    # --- proofs and memory ------------------------------------------------------

    def proof(self):
        """Inclusion proofs from tiles; the baseline has an empty cache."""
        for size in (10**4, 10**5, 10**6, 10**7):
            progress(f"proofs in a log of {size} entries")
            found = self.program("proof_bench", "--entries", size, "--dir",
                                 self.directory("proof"))
            yield row(f"proof of 10^{len(str(size)) - 1} p99",
                      found["p99_us"], "us", found["cold_p99_us"],
                      200 if size == 10**7 else None, at_most=True)
            yield row(f"proof of 10^{len(str(size)) - 1} size",
                      found["proof_bytes"], "bytes")

    def memory(self):
        """Idle programs with TLS, 100 readings a second; CPU over 10 s."""
        site = self.site("memory")
        site.create()
        try:
            site.start_ledger()
            site.start_broker()
            lines = ""
            for at in range(10):
                port = self.plant(site, f"plant-{at}")
                lines += LINE.format(name=f"tcp-{at}", port=port,
                                     device=f"room-{at}", period_ms=1000)
            site.create_agent("edge-1", lines=lines)
            site.start_agent("edge-1")
            progress("idle agent and ledger, 15 s")
            time.sleep(5)
            cpu = self.cpu_seconds(site, "edge-1")
            time.sleep(10)
            cpu = self.cpu_seconds(site, "edge-1") - cpu
            yield row("agent RSS", self.rss_mb(site, "edge-1"), "MB", None, 14,
                      at_most=True)
            yield row("ledger RSS", self.rss_mb(site, "ledger"), "MB")
            yield row("agent CPU, 100 readings/s", cpu * 10, "% of a core",
                      None, 0.2, at_most=True)
        finally:
            site.stop_all()

    @staticmethod
    def rss_mb(site, name):
        status = pathlib.Path(
            f"/proc/{site.processes[name].pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines()
                         if line.startswith("VmRSS"))
        return int(kilobytes) / 1024


BENCHES = ["journal", "end-to-end", "fairness", "agents", "latency", "proof", "memory",
           "points", "telemetry", "wire", "dead", "doors"]


def print_table(rows):
    head = ("name", "value", "unit", "baseline", "ratio", "target", "met")
    table = [head] + [tuple("-" if r[c] is None else
                            f"{r[c]:,}" if isinstance(r[c], (int, float))
                            and not isinstance(r[c], bool) else
                            {True: "yes", False: "NO"}.get(r[c], str(r[c]))
                            if isinstance(r[c], bool) else str(r[c])
                            for c in head) for r in rows]
    widths = [max(len(line[at]) for line in table) for at in range(len(head))]
    for line in table:
        print("  ".join(
            text.ljust(width) if at in (0, 2) else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths))).rstrip())


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measures against the budgets of the design.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="one or more of: " + ", ".join(BENCHES)
                        + " (default: all)")
    parser.add_argument("--peers", action="store_true",
                        help="measure Node-RED at the same job too, alone or "
                        "after NAME...; installs it from the package registry "
                        "into the user's cache, needs Node 18 or newer")
    parser.add_argument("--short", action="store_true",
                        help="bus benches: seconds instead of minutes, to see "
                        "that they work; figures mean little")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    parser.add_argument("--binaries", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench is called {unknown[0]!r}; there are: "
                     + ", ".join(BENCHES))
    names = options.names or ([] if options.peers else BENCHES)
    rows = []
    work = tempfile.mkdtemp(prefix="strongroom-bench-")
    try:
        bench = Bench(options.binaries, work, options.short)
        for name in names + (["peers"] if options.peers else []):
            rows += getattr(bench, name.replace("-", "_"))()
    except SiteError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if rows:
            print_table(rows)
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(rows, indent=2)
                                                  + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
