# SPDX-License-Identifier: Apache-2.0
"""The doors of the demonstration: scene, configuration, policy, and a passage."""

from installation import wait_until

# Two doors on a line of their own, with the sensor of the room behind one.
DOORS_SCENE = """
[[line]]
name = "rs485-doors"
kind = "rtu"
link = "rs485-doors"
baud = 115200

[[line.device]]
name = "cage-climate"
profile = "xy-md02"
unit_id = 1
turnaround_ms = 8
"""

PANEL_SCENE = """
[[panel]]
name = "{name}"
board = "{board}"
line = "rs485-doors"
unit_id = {unit}
key = "{key}"

[[panel.leaf]]
name = "{leaf}"
lock = "strike"
auto_close_s = 4

[[panel.reader]]
kind = "{reader}"
"""

DOORS = """
[[line]]
name = "rs485-doors"
kind = "rtu"
serial = "{root}/rs485-doors"
baud = 115200

[[line.device]]
name = "cage-climate"
profile = "xy-md02"
unit_id = 1
"""

PANEL = """
[[line.panel]]
name = "{name}"
unit_id = {unit}
key = "{key}"

[[line.panel.leaf]]
name = "{leaf}"
zone = "{leaf}-room"
lock = "strike"
exit = "release"
offline = "list"
inputs = ["contact", "lock", "exit"]

[[line.panel.reader]]
name = "in"
kind = "{reader}"
leaves = ["{leaf}"]
direction = "in"
"""

ACCESS = """
[access]
policy = "policy.toml"
policy_key = "policy.pub"
"""

# Anna's badge in the two formats of the two readers.
POLICY = """format = 1
version = 1

[[person]]
id = "anna"

[[credential]]
id = "anna-tag"
person = "anna"
format = "em4100"
tag = "3C00CE754C"

[[credential]]
id = "anna-card"
person = "anna"
format = "h10301"
facility = 118
card = 1603
"""

POLICY_LEAF = """
[[zone]]
name = "{leaf}-room"

[[leaf]]
name = "{leaf}"
zone = "{leaf}-room"

[[grant]]
person = "anna"
zone = "{leaf}-room"
"""

BADGES = {"rdm6300": ("em4100", "3C00CE754C"), "h10301": ("h10301", "118/1603")}


def panels(demo):
    """Of the demonstration's doors: one runs in QEMU where QEMU is."""
    board = "qemu-mps2-an385"
    if demo.qemu_image is None:
        board = "native"
    return [{"name": name, "board": board, "unit": unit, "leaf": leaf,
             "reader": reader, "key": demo.panel_key(name)}
            for name, board, unit, leaf, reader in (
                ("door-vault", board, 11, "vault", "rdm6300"),
                ("door-cage", "native", 12, "cage", "h10301"))]


def each(text, doors):
    return "".join(text.format(**door) for door in doors)


def scene(doors):
    """What the plant plays besides the building."""
    return DOORS_SCENE + each(PANEL_SCENE, doors)


def agent(root, doors):
    """What the agent's configuration says of it."""
    return DOORS.format(root=root) + each(PANEL, doors) + ACCESS


def policy(doors):
    return POLICY + each(POLICY_LEAF, doors)


def words(door):
    """Of `plant`: a badge, and a push."""
    badge = BADGES[door["reader"]]
    return (f"badge {door['name']} 1 {badge[0]} {badge[1]}",
            f"open {door['name']} {door['leaf']}")


def record(demo, body, **wanted):
    """The first event of a kind in bj1/record that says all this."""
    for entry in demo.entries("bj1/record/1"):
        content = (entry.get("decoded") or {}).get(body, {})
        if content and all(content.get(key) == value
                           for key, value in wanted.items()):
            return entry
    return None


def pass_door(demo, door):
    """A badge is read, the lock lets go, somebody passes: all of it stands in
    the ledger, and the grant can be proven. Its entry in bj1/record."""
    name, leaf = door["name"], door["leaf"]
    for change in ("CONFIGURED", "LIST_APPLIED"):
        wait_until(lambda: [
            entry for entry in demo.entries("bj1/record/1")
            for told in [(entry.get("decoded") or {}).get("panel_changed", {})]
            if told.get("change") == f"PANEL_CHANGE_{change}"
            and told["origin"]["panel"] == name],
            f"{name} to be {change.lower()}", 60, 0.2)
    demo.plant("badge", name, 1, *BADGES[door["reader"]])
    wait_until(lambda: "it stays shut" not in demo.plant("open", name, leaf),
               f"{leaf} to open", 30, 0.05)
    granted = wait_until(lambda: record(demo, "access_granted", leaf=leaf),
                         f"the grant of {leaf} to reach the ledger", 60, 0.2)
    wait_until(lambda: record(demo, "leaf_changed", leaf=leaf,
                              change="LEAF_CHANGE_OPENED"),
               f"{leaf} to be told as opened", 60, 0.2)
    pack = demo.root / f"{leaf}.pack"
    demo.tool("proof", "bj1/record", granted["index"], "--url", demo.url,
              "--out", pack)
    demo.tool("verify", pack, "--trust", demo.trust)
    return granted["index"]
