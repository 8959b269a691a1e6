# SPDX-License-Identifier: Apache-2.0
"""The campaign's own judge must see what it is there to see."""

import base64
import hashlib
import unittest

from tally import (Tally, Tree, false_checkpoints, salvaged_hash, source_of,
                   unbundle)


def field(number, value):
    return bytes([number << 3 | 2, len(value)]) + value


def event(source, text, salvaged=None):
    again = field(12, field(3, salvaged)) if salvaged else b""
    return field(1, source.encode()) + field(6, text.encode()) + again


def entry(message):
    return b"\x01" + message


ORIGIN = "ledger.example/bj1/record/1"
A, B, C = (event("edge-1@bj1", text) for text in "abc")
ROWS = {(1, 1): A, (1, 2): B}


class TallyTest(unittest.TestCase):
    def count(self, entries, owed=(), rows=None):
        tally = Tally()
        tally.count("edge-1@bj1", rows or ROWS, set(owed),
                    {ORIGIN: [entry(e) for e in entries]}, "bj1")
        return tally

    def test_all_there_is_sound(self):
        tally = self.count([A, B])
        self.assertTrue(tally.sound())
        self.assertEqual((tally.told, tally.proven), (2, 2))

    def test_missing_is_lost_unless_it_is_owed(self):
        self.assertEqual(self.count([A]).lost, [("edge-1@bj1", 1, 2)])
        self.assertTrue(self.count([A], owed={(1, 2)}).sound())

    def test_twice_is_doubled(self):
        self.assertEqual(self.count([A, B, A]).doubled, [("edge-1@bj1", 1, 1)])

    def test_what_no_journal_has_is_made_up(self):
        self.assertEqual(len(self.count([A, B, C]).made_up), 1)
        other = event("edge-2@bj1", "c")
        self.assertTrue(self.count([A, B, other]).sound())

    def test_salvaged_counts_for_what_it_tells_again(self):
        again = event("edge-1@bj1", "z", hashlib.sha256(B).digest())
        rows = dict(ROWS) | {(1, 3): again}
        self.assertTrue(self.count([A, again], rows=rows).sound())
        self.assertEqual(len(self.count([A, B, again], rows=rows).doubled), 1)

    def test_checkpoint_of_another_history_is_false(self):
        entries = [entry(A), entry(B), entry(C)]
        tree = Tree()
        for each in entries[:2]:
            tree.append(each)
        right = base64.b64encode(tree.root()).decode()
        wrong = base64.b64encode(bytes(32)).decode()
        self.assertEqual(false_checkpoints(entries, {(2, right)}), [])
        self.assertEqual(false_checkpoints(entries, {(2, wrong)}),
                         [(2, wrong)])
        self.assertEqual(false_checkpoints(entries, {(4, right)}),
                         [(4, right)])

    def test_tree_is_the_one_of_rfc_6962(self):
        # Root of the entries "", 00, 10 (published with RFC 6962's vectors).
        tree = Tree()
        for leaf in (b"", b"\x00", b"\x10"):
            tree.append(leaf)
        self.assertEqual(
            tree.root().hex(),
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")

    def test_envelope_is_read(self):
        self.assertEqual(source_of(A), "edge-1@bj1")
        self.assertIsNone(salvaged_hash(A))
        self.assertEqual(unbundle(b"\x00\x02ab\x00\x01c"), [b"ab", b"c"])


if __name__ == "__main__":
    unittest.main()
