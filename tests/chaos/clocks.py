# SPDX-License-Identifier: Apache-2.0
"""A wall clock that can be stepped, for one program: libfaketime, which is
Debian's. The monotonic clock goes on, as it does when somebody sets a clock."""

import pathlib

LIBRARY = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def possible():
    return None if LIBRARY.exists() else "libfaketime is not installed"


class SteppedClock:
    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.seconds = 0
        self.step(0)

    def step(self, seconds):
        """Never before the true time: certificates begin now."""
        self.seconds = max(self.seconds + seconds, 0)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"+{self.seconds}\n")
        fresh.rename(self.file)

    def environment(self):
        return {"LD_PRELOAD": str(LIBRARY),
                "FAKETIME_TIMESTAMP_FILE": str(self.file),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DONT_RESET": "1",
                "NO_FAKE_STAT": "1"}
