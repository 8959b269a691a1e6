# SPDX-License-Identifier: Apache-2.0
"""A master of one panel, written from docs/formats/panel-link.md: plain Modbus
RTU and the tagged exchange."""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

from siphash import siphash

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _messages():
    """proto/panel.proto, compiled for this run."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--proto_path={ROOT}/proto",
                        f"--python_out={folder}", "panel.proto"], check=True)
        sys.path.insert(0, folder)
        try:
            import panel_pb2  # pylint: disable=import-outside-toplevel
        finally:
            sys.path.remove(folder)
    return panel_pb2


pb = _messages()


class Refused(Exception):
    """A Modbus exception; its number."""


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Master:
    def __init__(self, machine, unit, key):
        self.machine = machine
        self.unit = unit
        self.tag_key = siphash(key, b"\1") + siphash(key, b"\2")
        self.session = 0
        self.counter = 0
        self.ring = 0

    # --- Modbus -------------------------------------------------------------------

    def ask(self, function, data, tries=4):
        """The answer's bytes after the function. Asked again when nothing
        comes: on a busy machine a frame may be torn by a silence."""
        frame = bytes([self.unit, function]) + data
        frame += crc16(frame)
        for _ in range(tries):
            line = self.machine.line
            line.drain()
            line.send(frame)
            got, end = b"", time.monotonic() + 2
            while time.monotonic() < end:
                got += line.receive(end - time.monotonic())
                if len(got) >= 5 and crc16(got[:-2]) == got[-2:]:
                    if got[1] == function | 0x80:
                        raise Refused(got[2])
                    assert got[:2] == frame[:2], got.hex()
                    return got[2:-2]
        raise TimeoutError(f"no answer to {frame.hex()}")

    def input_registers(self, address, count):
        data = self.ask(4, struct.pack(">HH", address, count))
        return struct.unpack(f">{count}H", data[1:])

    # --- the exchange -------------------------------------------------------------

    def frame(self, kind, session, counter, body):
        head = struct.pack(">BBHQI", 1, kind, len(body), session, counter)
        tag = siphash(self.tag_key, bytes([1, self.unit]) + head + body)
        frame = head + body + tag
        return frame + bytes(len(frame) % 2)

    def send(self, frame, registers=125):
        """One function 17h; (type, session, counter, body) of a verified
        answer."""
        written = len(frame) // 2
        data = self.ask(0x17, struct.pack(
            ">HHHHB", 0x1000, registers, 0x1000, written, len(frame))
            + frame)[1:]
        _, kind, size, session, counter = struct.unpack(">BBHQI", data[:16])
        tagged, tag = data[:16 + size], data[16 + size:24 + size]
        assert tag == siphash(self.tag_key, bytes([2, self.unit]) + tagged)
        return kind, session, counter, data[16:16 + size]

    def hello(self):
        nonce = int.from_bytes(os.urandom(8), "little")
        body = pb.PanelHello(nonce=nonce).SerializeToString()
        kind, session, counter, body = self.send(self.frame(1, 0, 0, body))
        answer = pb.PanelHelloAnswer.FromString(body)
        assert kind == 0x81 and answer.nonce == nonce
        self.session, self.counter = session, counter
        return answer

    def exchange(self, **fields):
        """A new exchange; `ring` is given when the panel has none."""
        self.counter += 1
        fields.setdefault("ring", self.ring)
        body = pb.PanelRequest(**fields).SerializeToString()
        self.last = self.frame(2, self.session, self.counter, body)
        kind, session, counter, body = self.send(self.last)
        assert (kind, session, counter) == (0x82, self.session, self.counter)
        return pb.PanelAnswer.FromString(body)

    def events(self, after=0):
        """All beyond `after`, which frees those up to it."""
        found = []
        while True:
            answer = self.exchange(ack_seq=after, wants_events=True)
            found += answer.events
            if not answer.has_more:
                return found
            after = found[-1].seq

    def await_event(self, kind, after=0, seconds=20):
        end = time.monotonic() + seconds
        while True:
            events = self.events(after)
            for event in events:
                if event.kind == kind:
                    return event
            if time.monotonic() > end:
                raise TimeoutError(f"no event {kind} in {events}")

    def configure(self, version, settings, leaves, readers):
        parts = [pb.ConfigPart(settings=settings)]
        parts += [pb.ConfigPart(leaf=leaf) for leaf in leaves]
        parts += [pb.ConfigPart(reader=reader) for reader in readers]
        for index, part in enumerate(parts):
            part.version, part.index, part.count = version, index, len(parts)
            answer = self.exchange(order_id=0x1000 + index, config=part)
            assert answer.result == pb.ORDER_RESULT_DONE, answer
        return answer
