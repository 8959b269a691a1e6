# SPDX-License-Identifier: Apache-2.0
"""Counts what was told against what is proven: every row of every journal,
every entry of every log, every checkpoint that was seen on the way."""

import base64
import collections
import hashlib
import sqlite3

STREAMS = {1: "record_events", 2: "telemetry_events"}


def journal_rows(path):
    """{(stream, position): bytes} and delivered marks, read only."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        rows = {}
        for stream, table in STREAMS.items():
            for position, event in db.execute(
                    f"SELECT position, event FROM {table}"):
                rows[stream, position] = bytes(event)
        marks = dict(db.execute("SELECT stream, delivered FROM streams"))
    return rows, marks


def log_entries(store):
    """{origin: [entry bytes]} of a ledger's database, in order."""
    logs = {}
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        for log_id, origin in db.execute("SELECT log_id, origin FROM logs"):
            entries = logs[origin] = []
            for first, header, bundle in db.execute(
                    "SELECT first_index, header, entries FROM batches WHERE "
                    "log_id = ? ORDER BY first_index", (log_id,)):
                assert first == len(entries), f"{origin}: hole at {first}"
                entries += unbundle(bytes(bundle))
                entries.append(bytes(header))
    return logs


def unbundle(bundle):
    found, at = [], 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at:at + 2], "big")
        found.append(bundle[at + 2:at + 2 + length])
        at += 2 + length
    return found


def fields(message):
    """(number, value) of a protobuf message; enough of it for our envelope."""
    def varint(at):
        value = shift = 0
        while True:
            byte = message[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at
    at = 0
    while at < len(message):
        key, at = varint(at)
        kind = key & 7
        if kind == 0:
            value, at = varint(at)
        elif kind == 1:
            value, at = message[at:at + 8], at + 8
        else:
            length, at = varint(at)
            value, at = message[at:at + length], at + length
        yield key >> 3, value


def salvaged_hash(event):
    """Of the event that this one tells again, or None."""
    for number, value in fields(event):
        if number == 12:
            return dict(fields(value)).get(3)
    return None


def source_of(event):
    return next((value.decode() for number, value in fields(event)
                 if number == 1), "")


class Tree:
    """RFC 6962, leaf by leaf: the roots of every size that is asked for."""

    def __init__(self):
        self.size, self.stack = 0, []  # (height, hash)

    def append(self, entry):
        node = (0, hashlib.sha256(b"\0" + entry).digest())
        while self.stack and self.stack[-1][0] == node[0]:
            left = self.stack.pop()
            node = (node[0] + 1,
                    hashlib.sha256(b"\1" + left[1] + node[1]).digest())
        self.stack.append(node)
        self.size += 1

    def root(self):
        if not self.stack:
            return hashlib.sha256(b"").digest()
        root = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        return root


def false_checkpoints(entries, seen):
    """Of the (size, root) that were seen, those that the log does not have."""
    wanted = collections.defaultdict(set)
    for size, root in seen:
        wanted[size].add(root)
    tree, false = Tree(), []
    for size in range(len(entries) + 1):
        if size:
            tree.append(entries[size - 1])
        mine = base64.b64encode(tree.root()).decode()
        false += [(size, root) for root in wanted.pop(size, ()) if root != mine]
    # What is left was signed and is beyond the log.
    return false + [(size, root) for size, roots in wanted.items()
                    for root in roots]


class Tally:
    def __init__(self):
        self.told = self.proven = 0
        self.lost, self.doubled, self.made_up = [], [], []
        self.false_proofs = []

    def count(self, source, rows, owed, logs, site):
        """One agent's journal against the logs of its site. `owed`: rows that
        it has not been told to be held; they may be there, once."""
        held = collections.Counter()
        for origin, entries in logs.items():
            if f"/{site}/" not in origin:
                continue
            for entry in entries:
                if entry[0] == 1 and source_of(entry[1:]) == source:
                    held[hashlib.sha256(entry[1:]).digest()] += 1
                    again = salvaged_hash(entry[1:])
                    if again:
                        held[again] += 1
        mine = {hashlib.sha256(event).digest(): place
                for place, event in rows.items()}
        self.told += len(rows) - len(owed)
        for digest, place in mine.items():
            if held[digest] == 0 and place in owed:
                continue
            if held[digest] == 0:
                self.lost.append((source, *place))
            elif held[digest] > 1:
                self.doubled.append((source, *place))
            else:
                self.proven += 1
        again = {salvaged_hash(event) for event in rows.values()}
        self.made_up += [(source, digest.hex()) for digest in held
                         if digest not in mine and digest not in again]

    def sound(self):
        return not (self.lost or self.doubled or self.made_up
                    or self.false_proofs)
