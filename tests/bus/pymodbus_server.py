# SPDX-License-Identifier: Apache-2.0
"""Devices played by Debian's python3-pymodbus, which we did not write.

usage: pymodbus_server.py tcp DEVICE...
       pymodbus_server.py rtu LINK DEVICE...

DEVICE is `TEMPERATURE HUMIDITY` (raw registers of an XY-MD02), or `types`: a
value of every type in every order that pymodbus knows, each announced by a line
that says how it is to be read and what it is (pymodbus_types.py).

Prints `ready 127.0.0.1:PORT` or `ready LINK`. RTU runs over a pair of
pseudo-terminals, because both sides want a port with a name.
"""

import asyncio
import os
import sys
import tty

from pymodbus.datastore import (ModbusSequentialDataBlock, ModbusServerContext,
                                ModbusSlaveContext)
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer

import pymodbus_types


def xy_md02(temperature, humidity):
    return {"ir": ModbusSequentialDataBlock(0, [0, temperature, humidity])}


def all_types():
    blocks, lines = pymodbus_types.make()
    for line in lines:
        print(line)
    return {name: ModbusSequentialDataBlock(0, values)
            for name, values in blocks.items()}


def device(arguments):
    """Unit 1; any other unit stays silent."""
    blocks = (all_types() if arguments == ["types"]
              else xy_md02(*(int(word, 0) for word in arguments)))
    # zero_mode: register addresses as on the wire.
    store = ModbusSlaveContext(zero_mode=True, **blocks)
    return ModbusServerContext(slaves={1: store}, single=False)


def say_ready(where):
    print("ready", where, flush=True)


def pty_pair(loop):
    """Two port names; what enters one comes out of the other."""
    ends = [os.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)  # and left open, so that no end ever hangs up
    masters = [master for master, _ in ends]
    for source, sink in (masters, masters[::-1]):
        loop.add_reader(
            source, lambda s=source, k=sink: os.write(k, os.read(s, 4096)))
    return [os.ttyname(slave) for _, slave in ends]


async def serve_tcp(context):
    server = await StartAsyncTcpServer(
        context=context, address=("127.0.0.1", 0), ignore_missing_slaves=True,
        defer_start=True)
    task = asyncio.create_task(server.serve_forever())
    await server.serving
    say_ready("127.0.0.1:%d" % server.server.sockets[0].getsockname()[1])
    await task


async def serve_rtu(link, context):
    ours, theirs = pty_pair(asyncio.get_running_loop())
    server = await StartAsyncSerialServer(
        context=context, framer=ModbusRtuFramer, port=ours, baudrate=9600,
        ignore_missing_slaves=True, defer_start=True)
    await server.start()
    os.symlink(theirs, link)
    say_ready(link)
    await server.serve_forever()


def main(arguments):
    kind, *rest = arguments
    if kind == "tcp":
        asyncio.run(serve_tcp(device(rest)))
    else:
        asyncio.run(serve_rtu(rest[0], device(rest[1:])))


main(sys.argv[1:])
