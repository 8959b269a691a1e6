# SPDX-License-Identifier: Apache-2.0
"""An XY-MD02 played by Debian's python3-pymodbus, which we did not write.

usage: pymodbus_device.py PORT TEMPERATURE HUMIDITY (raw register values)
"""

import sys

from pymodbus.datastore import (ModbusSequentialDataBlock, ModbusServerContext,
                                ModbusSlaveContext)
from pymodbus.server import StartTcpServer

port, temperature, humidity = map(int, sys.argv[1:4])
# zero_mode: register addresses as on the wire.
store = ModbusSlaveContext(
    ir=ModbusSequentialDataBlock(0, [0, temperature & 0xFFFF, humidity]),
    hr=ModbusSequentialDataBlock(0x0101, [1, 9600, 0, 0]), zero_mode=True)
StartTcpServer(context=ModbusServerContext(slaves={1: store}, single=False),
               address=("127.0.0.1", port))
