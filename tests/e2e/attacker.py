# SPDX-License-Identifier: Apache-2.0
"""What the hostile tests attack with: any bytes on any topic and any port,
and batches that are well signed and mean harm."""

import base64
import hashlib
import os
import socket
import struct
import subprocess
import threading

import paho.mqtt.client as mqtt


class Party:
    """A connection to the broker that publishes what it is told to and keeps
    what it hears."""

    def __init__(self, name, site, certificate, key, listen=()):
        self.heard = []
        self._changed = threading.Condition()
        self._acknowledged = 0
        self._sent = 0
        self.client = mqtt.Client(client_id=name)
        self.client.max_inflight_messages_set(200)
        self.client.tls_set(str(site.ca_dir / "ca.crt"), str(certificate),
                            str(key))
        granted = threading.Event()

        def connected(client, *_):
            for topic in listen:
                client.subscribe(topic, qos=1)
            if not listen:
                granted.set()
        self.client.on_connect = connected
        self.client.on_subscribe = lambda *_: granted.set()
        self.client.on_publish = self._on_publish
        self.client.on_message = lambda _c, _u, message: self.heard.append(
            (message.topic, message.payload))
        self.client.connect("localhost", site.broker_port)
        self.client.loop_start()
        if not granted.wait(20):
            raise OSError(f"{name} was not let in by the broker")

    def _on_publish(self, *_):
        with self._changed:
            self._acknowledged += 1
            self._changed.notify_all()

    def publish(self, topic, payload, retain=False):
        self._sent += 1
        self.client.publish(topic, payload, qos=1, retain=retain)

    def flush(self, seconds=60):
        """Waits until the broker has taken everything."""
        with self._changed:
            if not self._changed.wait_for(
                    lambda: self._acknowledged >= self._sent, seconds):
                raise OSError(f"the broker took {self._acknowledged} of "
                              f"{self._sent} messages")

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


# --- the wire format, as far as a liar needs it --------------------------------

def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def fixed64(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value) if value else b""


def text(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def fields(message):
    """(number, value) of each field; values are numbers or bytes."""
    at = 0

    def take_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7f) << shift
            if byte < 0x80:
                return value
            shift += 7
    while at < len(message):
        tag = take_varint()
        if tag & 7 == 0:
            yield tag >> 3, take_varint()
            continue
        size = 8 if tag & 7 == 1 else take_varint()
        yield tag >> 3, message[at:at + size]
        at += size


def refusal(batch, reason, expected):
    """What nobody signs: an ack that refuses a real batch."""
    header = dict(fields(dict(fields(batch))[1]))
    return (number(1, 1) + text(2, header[3]) + number(3, header[4])
            + varint(4 << 3 | 1) + header[5] + number(5, header[6])
            + number(6, header[7])
            + text(8, number(1, reason) + number(2, expected)))


def boot_event(source, stream, epoch, seq, before):
    return (text(1, source) + number(2, stream) + fixed64(3, epoch)
            + number(4, seq) + text(5, before) + text(6, os.urandom(16))
            + text(21, text(1, os.urandom(16)) + text(2, b"0.1.0")))


def live_message(device, point_count, first_point=0):
    value = text(1, b"temperature") + text(2, b"Cel") + number(6, 1)
    return (number(1, 1) + text(2, device) + number(3, 1)
            + number(4, first_point) + number(5, point_count) + text(6, value))


class Forger:
    """Cuts and signs batches with an agent's own event key."""

    def __init__(self, directory, source):
        self.source = source.encode()
        seed = base64.b64decode(
            (directory / "event.key").read_text().splitlines()[1])
        # PKCS#8 of an Ed25519 seed (RFC 8410).
        self.key = directory / "forger.der"
        self.key.write_bytes(
            bytes.fromhex("302e020100300506032b657004220420") + seed)
        self.message = directory / "forger.message"

    def sign(self, message):
        self.message.write_bytes(message)
        return subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER",
             "-inkey", str(self.key), "-in", str(self.message)],
            capture_output=True, check=True, timeout=30).stdout

    def batch(self, stream, epoch, seq=1, before=bytes(32)):
        """One boot event at that place, asking for proofs from nothing."""
        event = boot_event(self.source, stream, epoch, seq, before)
        root = hashlib.sha256(b"\x00\x01" + event).digest()
        header = (number(1, 1) + number(2, 1) + text(3, self.source)
                  + number(4, stream) + fixed64(5, epoch) + number(6, seq)
                  + number(7, 1) + text(8, before) + text(9, root))
        signature = self.sign(b"strongroom/batch/v1\n" + header)
        return (text(1, header) + text(2, signature) + text(3, event)
                + number(6, 1))


def mutations(generator, payload, count):
    """Payloads that differ from a real one a little, or a lot."""
    for _ in range(count):
        at = generator.randrange(len(payload))
        kind = generator.randrange(5)
        if kind == 0:
            yield payload[:at]
        elif kind == 1:
            yield (payload[:at] + bytes([payload[at] ^ 1 << generator.randrange(8)])
                   + payload[at + 1:])
        elif kind == 2:
            yield payload[:at] + generator.randbytes(9) + payload[at:]
        elif kind == 3:
            yield payload[at:] + payload[:at]
        else:
            yield payload + payload[:at]


# --- sockets ----------------------------------------------------------------------

def connect(where):
    """A port of this machine, or the path of a Unix socket."""
    if isinstance(where, int):
        return socket.create_connection(("127.0.0.1", where), timeout=15)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(15)
    connection.connect(str(where))
    return connection


def ask(where, request):
    """Status and body of what comes back; (0, b"") when only the end does."""
    with connect(where) as connection:
        try:
            connection.sendall(request)
        except OSError:
            pass  # refused before all of it was read
        answer = b""
        try:
            while block := connection.recv(65536):
                answer += block
        except OSError:
            pass
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return (int(words[1]) if len(words) > 1 else 0), body


def get(target, method=b"GET", host=b"localhost", more=b"", body=b""):
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return (method + b" " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n"
            + length + more + b"Connection: close\r\n\r\n" + body)


# --- what a process takes -----------------------------------------------------------

def memory_kib(pid, what="VmHWM"):
    """Peak resident memory; nothing under a sanitizer, whose shadow counts."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    sanitized = int(fields["VmSize"].split()[0]) > 1 << 30
    return None if sanitized else int(fields[what].split()[0])
