# SPDX-License-Identifier: Apache-2.0
"""A master that we did not write (Debian's python3-pymodbus) asks a panel.

usage: pymodbus_peer.py PORT UNIT

Prints what it read, a line each; exits 1 at the first thing that is not so.
"""

import sys

from pymodbus.client import ModbusSerialClient
from pymodbus.file_message import ReadFifoQueueRequest
from pymodbus.mei_message import ReadDeviceInformationRequest
from pymodbus.register_read_message import ReadWriteMultipleRegistersRequest
from pymodbus.register_write_message import MaskWriteRegisterRequest


def expect(what, got, wanted):
    print(f"{what}: {got!r}", flush=True)
    if got != wanted:
        sys.exit(f"{what}: wanted {wanted!r}")


def identification(client, unit, code, first):
    answer = client.execute(
        ReadDeviceInformationRequest(read_code=code, object_id=first,
                                     unit=unit))
    if answer.isError():
        return answer.exception_code
    return {key: value.decode() for key, value in answer.information.items()}


def main(port, unit):
    client = ModbusSerialClient(port, baudrate=115200, parity="N", timeout=2)
    if not client.connect():
        sys.exit(f"cannot open {port}")
    basic = {0: "Strongroom", 1: "panel", 2: "1.0"}
    regular = basic | {4: "Strongroom panel", 5: "example"}
    expect("basic", identification(client, unit, 1, 0), basic)
    expect("regular", identification(client, unit, 2, 0), regular)
    expect("extended", identification(client, unit, 3, 0), regular)
    expect("one", identification(client, unit, 4, 5), {5: "example"})
    expect("no such object", identification(client, unit, 4, 9), 2)

    def registers(answer):
        return answer.exception_code if answer.isError() else answer.registers

    expect("map, protocol, flags, boot",
           registers(client.read_input_registers(0x100, 4, slave=unit)),
           [1, 1, 1, 3])
    expect("a hole", registers(client.read_input_registers(2, 1, slave=unit)),
           2)
    expect("write a register",
           client.write_register(0x0F00, 0x1234, slave=unit).isError(), False)
    expect("scratch",
           registers(client.read_holding_registers(0x0F00, 1, slave=unit)),
           [0x1234])
    expect("write registers",
           client.write_registers(0x0F00, [0x4321], slave=unit).isError(),
           False)
    expect("write a coil",
           client.write_coil(0x0F0F, True, slave=unit).isError(), False)
    expect("write coils",
           client.write_coils(0x0F00, [False] * 4, slave=unit).isError(),
           False)
    expect("scratch's bits",
           client.read_coils(0x0F00, 16, slave=unit).bits,
           [bool(0xC320 >> i & 1) for i in range(16)])
    expect("inputs",
           client.read_discrete_inputs(0x20, 3, slave=unit).bits[:3],
           [True, True, True])
    expect("a lock", client.write_coil(0, True, slave=unit).exception_code, 2)
    expect("no frame",
           client.execute(ReadWriteMultipleRegistersRequest(
               read_address=0x1000, read_count=125, write_address=0x1000,
               write_registers=[0] * 12, unit=unit)).exception_code, 3)
    expect("a mask",
           client.execute(MaskWriteRegisterRequest(0x0F00, 0, 0, unit=unit))
           .exception_code, 1)
    expect("a queue",
           client.execute(ReadFifoQueueRequest(0x0F00, unit=unit))
           .exception_code, 1)
    client.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
