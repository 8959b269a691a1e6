// SPDX-License-Identifier: Apache-2.0
// The device side of Modbus, over libmodbus's server half.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "tools/plant/plant.h"
#include "tools/plant/service.h"

namespace strongroom::plant {

class ModbusServer : public Service {
 public:
  /// Where clients find it: "127.0.0.1:1502", or the path of the link.
  virtual std::string address() const = 0;
};

/// Any number of clients. Port 0: one that is free. `plant` outlives it.
Result<std::unique_ptr<ModbusServer>> listen_tcp(const std::string& host,
                                                 int port,
                                                 Plant& plant);

/// A pseudo-terminal with a symbolic link to it, which goes with the server. An
/// existing link is replaced, any other file is a fault. Answers as `unit`.
Result<std::unique_ptr<ModbusServer>> open_rtu(const std::string& link,
                                               int unit,
                                               Plant& plant);

}  // namespace strongroom::plant
