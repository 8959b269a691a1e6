// SPDX-License-Identifier: Apache-2.0
// What a serial line needs that libmodbus does not do.
#pragma once

#include <linux/serial.h>
#include <string>

#include "core/base/result.h"
#include "platform/modbus/file_descriptor.h"
#include "platform/modbus/modbus_link.h"

namespace strongroom {

/// Opens the port for nobody else: as long as the descriptor lives, other
/// programs of ours are refused, and are told who holds it. Two masters on one
/// line would take each other's answers.
Result<FileDescriptor> claim_serial_port(const std::string& device);
/// Tells the kernel too: a program that asks nobody gets EBUSY (root gets the
/// port all the same). Ends with release_serial_port or the last close.
void make_exclusive(int port);
void release_serial_port(int port);

/// Whether the port runs at another speed than it was opened with: libmodbus
/// takes 9600 for a baud that it does not know, and says nothing.
bool fell_back(int port, int baud);

/// TIOCGSERIAL and TIOCSSERIAL; a test has its own.
using SerialControl = int (*)(int fd, unsigned long request, serial_struct*);
int kernel_serial_control(int fd, unsigned long request, serial_struct* state);

/// Asks the driver to hand over bytes at once, and looks whether it took it.
LowLatency set_low_latency(int port,
                           SerialControl control = kernel_serial_control);

}  // namespace strongroom
