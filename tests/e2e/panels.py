# SPDX-License-Identifier: Apache-2.0
"""What the tests of doors share: a line with panels and a sensor, an agent that
asks it, a policy, and questions to the ledger."""

import signal
import time

from harness import SiteTest, run_verifier, wait_until

RECORD = "bj1/record/1"
EDGE = "edge-1@bj1"

#: Of anna, who may; of bo, who may not; of nobody.
LISTED = ("em4100", "3C00CE754C")
DENIED = ("em4100", "1F00644BB6")
UNKNOWN = ("em4100", "0D00319CD0")

POLICY = """
format = 1
version = 1

[[zone]]
name = "vault-room"

[[leaf]]
name = "{leaf}"
zone = "vault-room"

[[person]]
id = "anna"

[[person]]
id = "bo"

[[credential]]
id = "badge-anna"
person = "anna"
format = "em4100"
tag = "3C00CE754C"

[[credential]]
id = "badge-bo"
person = "bo"
format = "em4100"
tag = "1F00644BB6"

[[grant]]
person = "anna"
zone = "vault-room"
"""

LEAF = "vault"
PANEL = "door-1"

PASSING = 0.15  # s that a leaf is open: an input is debounced for 30 ms


def scene(board, key, state):
    return f"""
[[line]]
name = "doors"
kind = "rtu"
link = "doors"
baud = 115200

[[line.device]]
name = "climate"
profile = "xy-md02"
unit_id = 1
turnaround_ms = 2

[[panel]]
name = "{PANEL}"
board = "{board}"
line = "doors"
unit_id = 11
key = "{key}"
state = "{state}"

[[panel.leaf]]
name = "{LEAF}"

[[panel.reader]]
kind = "rdm6300"
"""


def agent_lines(link, key, offline_after_ms=3000):
    return f"""
[[line]]
name = "doors"
kind = "rtu"
serial = "{link}"
baud = 115200
timeout_ms = 200

[[line.device]]
name = "climate"
profile = "xy-md02"
unit_id = 1
period_ms = 200

[[line.panel]]
name = "{PANEL}"
unit_id = 11
key = "{key}"
offline_after_ms = {offline_after_ms}

[[line.panel.leaf]]
name = "{LEAF}"
zone = "vault-room"
lock = "strike"
exit = "release"
offline = "list"
inputs = ["contact", "lock", "exit"]
pulse_ms = 4000
held_after_ms = 20000
not_opened_after_ms = 8000

[[line.panel.reader]]
name = "in"
kind = "rdm6300"
leaves = ["{LEAF}"]
direction = "in"
repeat_ms = 300

[access]
policy = "policy.toml"
policy_key = "policy.pub"
"""


class Door(SiteTest):
    """An agent, a line with a sensor and one panel. A class says its board."""

    board = "native"
    offline_after_ms = 3000

    @classmethod
    def populate(cls):
        site = cls.site
        key = site.panel_key(PANEL)
        site.start_plant(scene(cls.board, key, cls.root / "panel-state"))
        site.create_agent(
            "edge-1", window_s=1,
            lines=agent_lines(cls.root / "doors", key, cls.offline_after_ms))
        site.write_policy("edge-1", POLICY.format(leaf=LEAF))
        site.start_agent("edge-1")

    def setUp(self):
        """Commissioned, configured, and with its list."""
        for change in ("CONFIGURED", "LIST_APPLIED"):
            self.await_count("panel_changed", 1,
                             change=f"PANEL_CHANGE_{change}")

    # --- the ledger ---------------------------------------------------------------

    def of_panel(self, body=None):
        """Events that the panel told, in order of the log."""
        found = []
        for event in self.events(RECORD, source=EDGE):
            for name, content in event.items():
                if isinstance(content, dict) and "origin" in content \
                        and (body is None or name == body):
                    found.append(dict(content, body=name, at=event["index"]))
        return found

    def numbers(self):
        """(ring, number) of every event of the panel, in order of the log. A
        decision of the agent names the badge that it decides."""
        return [(one["origin"]["ring"], one["origin"].get("seq", 0))
                for one in self.of_panel()
                if one["origin"].get("seq", 0)
                and not (one["body"].startswith("access_")
                         and one.get("decided_by") == "DECIDED_BY_AGENT")]

    def losses(self):
        return [event["panel_events_lost"]
                for event in self.events(RECORD, "panel_events_lost", EDGE)]

    def assert_once_and_in_order(self):
        """Of every ring each number once, ascending; what is missing is told
        as lost, and nothing that is there."""
        by_ring = {}
        for ring, number in self.numbers():
            by_ring.setdefault(ring, []).append(number)
        lost = {}
        for loss in self.losses():
            if not loss.get("is_unknown"):
                lost.setdefault(loss["ring"], set()).update(
                    range(loss["from_seq"], loss["to_seq"] + 1))
        for ring, numbers in by_ring.items():
            self.assertEqual(numbers, sorted(set(numbers)), f"ring {ring}")
            missing = set(range(1, numbers[-1] + 1)) - set(numbers)
            self.assertEqual(missing, lost.get(ring, set()) - {
                number for number in lost.get(ring, set())
                if number > numbers[-1]}, f"ring {ring}")
        self.assert_gapless(RECORD, EDGE)

    def count(self, body, **wanted):
        return len([one for one in self.of_panel(body)
                    if all(one.get(key) == value
                           for key, value in wanted.items())])

    def await_count(self, body, count, seconds=60, **wanted):
        wait_until(lambda: self.count(body, **wanted) >= count,
                   f"{count} {body} {wanted}", seconds, 0.2)

    def await_changes(self, change, count, seconds=60):
        self.await_count("leaf_changed", count, seconds,
                         change=f"LEAF_CHANGE_{change}")

    def changes(self, change):
        return self.count("leaf_changed", change=f"LEAF_CHANGE_{change}")

    # --- the world ----------------------------------------------------------------

    def badge(self, badge):
        self.site.plant("badge", PANEL, "1", *badge)

    def lock(self):
        return self.site.plant("lock", PANEL, LEAF)

    def await_lock(self, released, seconds=30):
        word = ", released" if released else ", held by"
        wait_until(lambda: word in self.lock(),
                   "the lock to be " + ("released" if released else "locked"),
                   seconds, 0.02)

    def come_and_go(self):
        """Through the released door, which shuts behind."""
        self.assertIn("vault: open", self.site.plant("open", PANEL, LEAF))
        time.sleep(PASSING)
        self.site.plant("close", PANEL, LEAF)
        self.await_lock(False)

    def panel_restarts(self):
        for line in self.site.plant("status").splitlines():
            if line.startswith(f"  panel {PANEL}:"):
                return int(line.split(" starts ")[1].split()[0])
        return 0

    def silence_agent(self):
        self.site.kill_agent("edge-1")

    def stop_agent(self):
        self.assertEqual(self.site.stop_agent("edge-1", signal.SIGTERM), 0)

    # --- proofs -------------------------------------------------------------------

    def assert_proven(self, index):
        """Entry of the record: for ours and for an independent verifier."""
        pack = self.root / f"entry-{index}.pack"
        self.site.tool("proof", "bj1/record", index, "--url", self.site.url,
                       "--out", pack)
        self.site.tool("verify", pack, "--trust", self.site.trust)
        code, said = run_verifier("pack", pack, self.site.trust)
        self.assertEqual(code, 0, said)
