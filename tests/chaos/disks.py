# SPDX-License-Identifier: Apache-2.0
"""A small file system of its own, in a file: it can really be full."""

import contextlib
import os
import pathlib
import subprocess


def possible():
    """Whether this machine lets us mount one; else why not."""
    if os.geteuid() != 0:
        return "not root"
    return None if os.path.exists("/dev/loop-control") else "no loop devices"


class LoopDisk:
    def __init__(self, root, name, mebibytes):
        self.image = pathlib.Path(root) / f"{name}.img"
        self.path = pathlib.Path(root) / f"{name}.disk"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(mebibytes * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.path],
                       check=True)
        self.ballast = self.path / "ballast"

    def fill(self):
        """Takes every free block."""
        with open(self.ballast, "wb") as ballast, \
                contextlib.suppress(OSError):
            while True:
                ballast.write(b"\0" * 65536)
                ballast.flush()

    def free(self):
        with contextlib.suppress(FileNotFoundError):
            self.ballast.unlink()

    def remove(self):
        subprocess.run(["umount", "-l", self.path], check=False)
        self.image.unlink()
