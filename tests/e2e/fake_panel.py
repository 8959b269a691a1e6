#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A panel that only shows what the plant does with panels: takes the options of
strongroom-panel. On the line it answers every whole frame of its unit with the
bytes 0x55; `out` follows what it hears at reader 1 ("unlock" or anything else);
what the world says it writes to the file `heard` beside --memory. It does not
end by itself when its streams do: the plant has to end it."""

import os
import select
import socket
import sys


def connect(where):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(where.removeprefix("unix:"))
    return peer


def main():
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    ways = {name: connect(options[f"--{name}"])
            for name in ("line", "reader1", "world", "local")}
    memory = options["--memory"]
    nv = os.path.join(options["--nv"], "slot-0")
    reason = "reset" if os.path.exists(memory) else "power-on"
    open(memory, "a").close()
    heard = open(os.path.join(os.path.dirname(memory), "heard"), "a",
                 buffering=1)
    heard.write(f"start {reason}\n")
    ways["world"].sendall(f"up fake {reason}\nout 00 00 00 00\n".encode())
    wanted, rest = {}, {"world": b"", "local": b""}

    def local(line):
        if line == "id?":
            key = open(nv).read() if os.path.exists(nv) else "none"
            return f"ok board=fake key={key}"
        if line == "save":
            with open(nv, "w") as file:
                file.write("12345678")
            heard.write(f"saved {sorted(wanted.items())}\n")
            return "ok saved"
        verb, _, value = line.partition(" ")
        wanted[verb] = value
        return "ok not saved yet"

    while True:
        for way in select.select(list(ways.values()), [], [], 60)[0]:
            name = next(n for n, one in ways.items() if one is way)
            data = way.recv(4096)
            if not data:
                del ways[name]
                break
            if name == "line":
                heard.write(f"line {data.hex()}\n")
                if data[0] == int(wanted.get("unit", "0")):
                    way.sendall(b"\x55" * 20)
            elif name == "reader1":
                heard.write(f"reader1 {data.hex()}\n")
                ways["world"].sendall(b"out 01 01 00 00\n")
            else:
                rest[name] += data
                *lines, rest[name] = rest[name].split(b"\n")
                for line in lines:
                    text = line.decode()
                    if name == "local":
                        way.sendall(local(text).encode() + b"\n")
                        continue
                    heard.write(f"world {text}\n")
                    if text.startswith("wg"):
                        ways["world"].sendall(b"out 00 00 01 00\n")
                    if text == "stall link":
                        os._exit(3)


if __name__ == "__main__":
    main()
