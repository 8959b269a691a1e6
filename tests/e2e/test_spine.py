# SPDX-License-Identifier: Apache-2.0
"""One real reading becomes an entry that a stranger can verify: devices of
ours and of others -> libmodbus -> agent -> journal -> MQTT -> ledger -> log ->
pack -> a verifier that we did not write."""

import os
import pathlib
import random
import subprocess
import sys
import unittest

from harness import (SiteTest, device, free_port, line_rtu, line_tcp,
                     run_verifier, wait_until)
from installation import answers

PEER = pathlib.Path(__file__).parent / "pymodbus_device.py"


class Spine(SiteTest):
    @classmethod
    def populate(cls):
        site = cls.site
        tcp = site.start_plant_tcp("plant-tcp", None, "--set",
                                   "temperature=23.5", "--set",
                                   "humidity=41.2")
        link = cls.root / "rs485"
        site.start_plant_rtu(link, "plant-rtu", "--set", "temperature=-20.5",
                             "--set", "humidity=55.0")
        peer = free_port()
        site.start("pymodbus", "/usr/bin/python3", PEER, peer, "300", "650")
        site.wait_for("pymodbus", lambda: answers(peer))
        site.create_agent(
            "edge-1", window_s=1,
            lines=line_tcp("tcp-1", tcp, device("room-1"))
            + line_rtu("rs485-1", link, device("vault-1"))
            + line_tcp("tcp-2", peer, device("peer-1")))
        site.start_agent("edge-1")

    def window_of(self, name):
        def newest():
            for event in reversed(self.events("bj1/telemetry/1", "windows")):
                if event["windows"]["device"] == name \
                        and event["windows"].get("last"):
                    return event
            return None
        return wait_until(newest, f"a window of {name}", 30, 0.2)

    def test_values_are_those_of_the_devices(self):
        for name, expected in (("room-1", ["235", "412"]),
                               ("vault-1", ["-205", "550"]),
                               ("peer-1", ["300", "650"])):
            window = self.window_of(name)["windows"]
            self.assertEqual(window["last"], expected, name)
            described = {e["device_described"]["device"]: e for e in
                         self.events("bj1/record/1", "device_described")}[name]
            points = described["device_described"]["points"]
            self.assertEqual([(p["name"], p["unit"], p["exponent"])
                              for p in points],
                             [("temperature", "Cel", -1),
                              ("humidity", "%", -1)])
            self.assertEqual(window["described_seq"], described["seq"])

    def test_streams_are_gapless(self):
        self.window_of("room-1")
        self.await_events("bj1/record/1", "device_described", 3)
        for log in ("bj1/record/1", "bj1/telemetry/1"):
            self.assert_gapless(log, "edge-1@bj1")

    def test_stranger_verifies_log_and_pack(self):
        index = self.window_of("room-1")["index"]
        for log in ("bj1/record/1", "bj1/telemetry/1", "central/registry/1"):
            code, said = run_verifier("log", f"{self.site.url}/log/{log}",
                                      self.site.trust)
            self.assertEqual(code, 0, said)
        pack = self.root / "reading.pack"
        self.site.tool("proof", "bj1/telemetry", index, "--url", self.site.url,
                       "--out", pack)
        self.site.tool("verify", pack, "--trust", self.site.trust)
        code, said = run_verifier("pack", pack, self.site.trust)
        self.assertEqual(code, 0, said)

    def test_any_altered_byte_of_a_pack_is_refused_by_both(self):
        index = self.window_of("room-1")["index"]
        pack = self.root / "whole.pack"
        self.site.tool("proof", "bj1/telemetry", index, "--url", self.site.url,
                       "--out", pack)
        whole = pack.read_bytes()
        altered = self.root / "altered.pack"
        generator = random.Random(1)
        for at in generator.sample(range(len(whole)), 60):
            changed = bytearray(whole)
            changed[at] ^= 1 << generator.randrange(8)
            altered.write_bytes(changed)
            done = self.site.tool("verify", altered, "--trust",
                                  self.site.trust, expect=None)
            self.assertEqual(done.returncode, 1, f"byte {at}: {done.stdout}")
            self.assertIn("REFUSED", done.stderr)
            code, said = run_verifier("pack", altered, self.site.trust)
            self.assertNotEqual(code, 0, f"byte {at}: {said}")

    def test_two_checkpoints_are_consistent(self):
        older = self.site.get("/log/bj1/telemetry/1/checkpoint")
        size = self.site.log_size("bj1/telemetry/1")
        wait_until(lambda: self.site.log_size("bj1/telemetry/1") > size,
                   "the log to grow", 30, 0.2)
        file = self.root / "older.checkpoint"
        file.write_bytes(older)
        code, said = run_verifier(
            "consistency", file, f"{self.site.url}/log/bj1/telemetry/1",
            self.site.trust)
        self.assertEqual(code, 0, said)

    def test_untrusted_pack_proves_nothing(self):
        index = self.window_of("room-1")["index"]
        pack = self.root / "untrusted.pack"
        self.site.tool("proof", "bj1/telemetry", index, "--url", self.site.url,
                       "--out", pack)
        done = self.site.tool("verify", pack, expect=3)
        self.assertIn("UNTRUSTED KEY", done.stderr)

    def test_unplugged_device_is_bad_never_a_number(self):
        site = self.site
        port = site.start_plant_tcp("plant-dying", None, "--set",
                                    "temperature=21.0")
        site.create_agent("edge-9",
                          lines=line_tcp("tcp-9", port, device("dying-1")),
                          window_s=1)
        site.start_agent("edge-9")
        self.window_of("dying-1")
        site.stop("plant-dying")

        def dead_window():
            for event in self.events("bj1/telemetry/1", "windows",
                                     "edge-9@bj1"):
                if not any(event["windows"].get("good", [])):
                    return event["windows"]
            return None
        window = wait_until(dead_window, "a window without a value", 30, 0.2)
        self.assertNotIn("last", window)
        self.assertTrue(all(quality in ("POINT_QUALITY_BAD",
                                        "POINT_QUALITY_STALE")
                            for quality in window["quality"]), window)
        self.assertTrue(all(missed > 0 for missed in window["missed"]))
        site.stop("edge-9")


if __name__ == "__main__":
    unittest.main()
