// SPDX-License-Identifier: Apache-2.0
// The test's own store(): byte by byte, and before each one a test may look at
// the memory as a reset would find it.
#pragma once

namespace strongroom::panel {

using BeforeByte = void (*)(void* context);

/// nullptr: nobody looks.
void watch_store(BeforeByte before, void* context);

}  // namespace strongroom::panel
