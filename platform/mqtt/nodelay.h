// SPDX-License-Identifier: Apache-2.0
// Paho neither sets TCP_NODELAY nor shows its socket. Without it a lone event's
// ack takes 85 ms instead of 1 (docs/decisions/0030).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace strongroom {

/// Our own descriptors that are TCP sockets connected to this port of any host.
std::vector<int> sockets_to_port(std::uint16_t port);

/// Sets it on all of them; how many there were. Also on a socket of another
/// client to the same port, which loses nothing by it.
std::size_t set_nodelay_to_port(std::uint16_t port);

}  // namespace strongroom
