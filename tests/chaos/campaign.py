# SPDX-License-Identifier: Apache-2.0
"""The real campaign: real programs, a real broker, and everything that a site
does to them. In the end every row that an agent journalled must stand in the
ledger, once, and every checkpoint that was ever published must be of the log.

usage: campaign.py [--crashes N] [--seed N] [--seconds N] [--keep]
Environment: STRONGROOM_BIN, STRONGROOM_VERIFIER.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tally import Tally, false_checkpoints, journal_rows, log_entries
from world import AGENTS, World, backlog, wait_until

LOGS = ("bj1/record/1", "bj1/telemetry/1", "central/registry/1")
CALM_EVERY = 25  # crashes; then faults stop until everything has arrived
CALM_SECONDS = 180


class Campaign:
    def __init__(self, world, seed, report=print):
        self.world = world
        self.random = random.Random(seed)
        self.report = report
        self.done = collections.Counter()
        self.seen = {log: set() for log in LOGS}
        self.until = []  # (when, what to undo)

    # --- faults ---------------------------------------------------------------

    def crash(self):
        name = self.random.choice(("ledger", "broker", *AGENTS, *AGENTS))
        if not self.world.kill(name):
            return
        self.done[f"kill -9 of {'an agent' if name in AGENTS else name}"] += 1
        self.world.retry_at.pop(name, None)
        down = 0.0
        if name == "broker" and self.random.random() < 0.1:
            down = self.random.uniform(4, 12)
            self.done["broker down for long"] += 1
            self.world.retry_at[name] = time.monotonic() + down
        else:
            self.world.launch(name)

    def freeze(self):
        name = self.random.choice(("ledger", "broker", *AGENTS))
        if self.world.running(name):
            process = self.world.processes[name]
            process.send_signal(signal.SIGSTOP)
            self.undo(self.random.uniform(0.2, 3), lambda: (
                process.poll() is None
                and process.send_signal(signal.SIGCONT)))
            self.done["SIGSTOP"] += 1

    def cut_off(self):
        router = self.world.router
        if router and not router.cut_off:
            name = self.random.choice(("broker", "centre", *AGENTS))
            router.cut_off = frozenset((self.world.places[name].address,))
            self.undo(self.random.uniform(0.5, 6),
                      lambda: setattr(router, "cut_off", frozenset()))
            self.done["network in two"] += 1

    def lose_packets(self):
        router = self.world.router
        if router and not router.loss:
            router.loss = self.random.uniform(0.02, 0.25)
            router.doubling = self.random.uniform(0, 0.1)
            def mend():
                router.loss = router.doubling = 0.0
            self.undo(self.random.uniform(1, 6), mend)
            self.done["packets lost and doubled"] += 1

    def fill_disk(self):
        if self.world.disks:
            name = self.random.choice(sorted(self.world.disks))
            disk = self.world.disks[name]
            if not disk.ballast.exists():
                disk.fill()
                self.undo(self.random.uniform(0.5, 4), disk.free)
                self.done[f"disk full ({'agent' if name in AGENTS else name})"
                          ] += 1

    def step_clock(self):
        if self.world.clocks:
            name = self.random.choice(sorted(self.world.clocks))
            self.world.clocks[name].step(
                self.random.choice((-86400, -3600, -1, 1, 60, 3600, 86400)))
            self.done["clock stepped"] += 1

    def reconfigure(self):
        self.world.reconfigure(self.random.choice(AGENTS))
        self.done["reconfigured"] += 1

    def undo(self, seconds, what):
        self.until.append((time.monotonic() + seconds, what))

    # --- the course of it -----------------------------------------------------

    def undo_due(self, everything=False):
        now = time.monotonic()
        due = [u for u in self.until if everything or u[0] <= now]
        self.until = [u for u in self.until if u not in due]
        for _, what in due:
            what()

    def watch(self):
        """What anybody could have seen published."""
        for log in LOGS:
            checkpoint = self.world.checkpoint(log)
            if checkpoint:
                self.seen[log].add(checkpoint)

    def crashes(self):
        return sum(count for what, count in self.done.items()
                   if what.startswith("kill -9"))

    def run(self, crashes, seconds):
        end = time.monotonic() + seconds
        calm_at = CALM_EVERY
        kinds = [(self.crash, 10), (self.freeze, 2), (self.cut_off, 2),
                 (self.lose_packets, 2), (self.fill_disk, 1),
                 (self.step_clock, 1), (self.reconfigure, 4)]
        actions, weights = zip(*kinds)
        while self.crashes() < crashes and time.monotonic() < end:
            self.random.choices(actions, weights)[0]()
            pause = time.monotonic() + self.random.uniform(0.05, 0.8)
            while time.monotonic() < pause:
                self.undo_due()
                self.world.look_after()
                time.sleep(0.02)
            if self.random.random() < 0.2:
                self.watch()
            if self.crashes() >= calm_at:
                calm_at = self.crashes() + CALM_EVERY
                self.calm()
                self.report(f"  {self.crashes()} crashes, logs of "
                            + ", ".join(str(self.world.log_size(log))
                                        for log in LOGS))

    def calm(self):
        """Faults stop; everything that was recorded until now must arrive."""
        self.undo_due(everything=True)
        if self.world.router:
            self.world.router.heal()

        def settled():
            self.world.look_after()
            self.watch()
            states = [self.world.health(name) for name in AGENTS]
            # Readings go on: what is owed is a moment's worth at most.
            return all(state is not None and backlog(state) < 400
                       and not state.get("blocked") for state in states)
        wait_until(settled, "everything to arrive", CALM_SECONDS, 0.2)

    def finish(self):
        """Stops the readings, lets all arrive, stops all, counts."""
        world = self.world
        self.calm()
        for name in AGENTS:
            world.wanted.discard(f"plant-{name}")
            world.stop(f"plant-{name}")
        for name in AGENTS:  # the open windows are recorded at the end
            world.wanted.discard(name)
            world.stop(name, seconds=30)
            world.launch(name)

        def all_held():
            world.look_after()
            states = [world.health(name) for name in AGENTS]
            return all(s is not None and backlog(s) <= 4 for s in states)
        wait_until(all_held, "the last of it", CALM_SECONDS, 0.2)
        verified = [self.verify(log) for log in LOGS]
        self.watch()
        for name in AGENTS:
            world.wanted.discard(name)
            world.stop(name, seconds=30)
        # A moment for what they said last; then nothing moves any more.
        size = None
        while size != (size := [world.log_size(log) for log in LOGS]):
            time.sleep(1)
        world.wanted.clear()
        world.stop("ledger", seconds=30)
        return verified

    def verify(self, log):
        with self.world.inside("ledger"):
            done = subprocess.run(
                [os.environ["STRONGROOM_VERIFIER"], "log",
                 f"{self.world.url}/log/{log}", self.world.trust],
                capture_output=True, text=True, check=False)
        return log, done.returncode, done.stdout + done.stderr

    def tally(self):
        tally = Tally()
        logs = log_entries(self.world.root / "store.disk" / "ledger.db")
        late = 0
        for name in AGENTS:
            rows, delivered = journal_rows(
                self.world.root / f"{name}.disk" / "journal.db")
            # The last words of a program that ends are sent by its next start.
            owed = {key for key in rows if key[1] > delivered[key[0]]}
            late += len(owed)
            tally.count(f"{name}@bj1", rows, owed, logs, "bj1")
        for log, seen in self.seen.items():
            origin = f"{self.world.ledger_name}/{log}"
            tally.false_proofs += [
                (log, *each) for each in false_checkpoints(logs[origin], seen)]
        return tally, late


def journals_and_owed(tally, late):
    return (f"told {tally.told} events, proven {tally.proven}, lost "
            f"{len(tally.lost)}, doubled {len(tally.doubled)}, made up "
            f"{len(tally.made_up)}, owed at the end {late}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int,
                        default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--keep", action="store_true",
                        help="leave the files for a look")
    parser.add_argument("--period-ms", type=int, default=20)
    options = parser.parse_args()
    root = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-chaos-"))
    print(f"seed {options.seed}, in {root}", flush=True)
    world = World(root, os.environ["STRONGROOM_BIN"], options.seed)
    sound = False
    try:
        world.create()
        world.bring_up()
        for name in AGENTS:
            world.add_agent(name, options.period_ms)
            world.launch(f"plant-{name}")
            world.launch(name)
        for what, why in world.missing.items():
            print(f"NOT PLAYED: {what}: {why}")
        campaign = Campaign(world, options.seed,
                            lambda line: print(line, flush=True))
        started = time.monotonic()
        campaign.calm()
        campaign.run(options.crashes, options.seconds)
        verified = campaign.finish()
        tally, late = campaign.tally()
        sound = report(campaign, verified, tally, late,
                       time.monotonic() - started, options.crashes)
    finally:
        world.remove()
        if sound and not options.keep:
            shutil.rmtree(root, ignore_errors=True)
        else:
            print(f"files and logs: {root}")
    return 0 if sound else 1


def report(campaign, verified, tally, late, seconds, wanted):
    for what, count in sorted(campaign.done.items()):
        print(f"  {count:5} {what}")
    print(f"  {campaign.world.ends:5} times a program ended by itself "
          "(its disk was full)")
    if campaign.world.router:
        router = campaign.world.router
        print(f"  {router.lost} packets lost, {router.doubled} doubled of "
              f"{router.carried}")
    for log, code, said in verified:
        if code != 0:
            print(f"  {log}: the independent verifier says: {said}")
    print(journals_and_owed(tally, late))
    checkpoints = sum(len(seen) for seen in campaign.seen.values())
    print(f"{campaign.crashes()} crashes of {wanted} in {seconds:.0f} s; "
          f"{checkpoints} checkpoints seen, {len(tally.false_proofs)} false")
    for kind in ("lost", "doubled", "made_up", "false_proofs"):
        for each in getattr(tally, kind)[:10]:
            print(f"  {kind}: {each}")
    return (tally.sound() and late <= 2 * len(AGENTS)
            and all(code == 0 for _, code, _ in verified)
            and campaign.crashes() >= wanted)


if __name__ == "__main__":
    sys.exit(main())
