# SPDX-License-Identifier: Apache-2.0
"""Builds the three packages from the build tree that the environment names.

Environment: STRONGROOM_BUILD (a built tree), STRONGROOM_CPACK (the program).
"""

import os
import pathlib
import re
import subprocess

BUILD = pathlib.Path(os.environ["STRONGROOM_BUILD"])
CPACK = os.environ.get("STRONGROOM_CPACK", "cpack")
NAMES = ("strongroom-agent", "strongroom-ledger", "strongroom-tools")


def build(directory):
    """Returns {package name: path of its .deb}, written into `directory`."""
    # A builder's strict umask must not reach the packages.
    done = subprocess.run(
        [CPACK, "-G", "DEB", "--config", BUILD / "CPackConfig.cmake",
         "-B", directory, "-D", f"CPACK_OUTPUT_FILE_PREFIX={directory}"],
        capture_output=True, text=True, timeout=200, check=False,
        umask=0o077)
    if done.returncode != 0:
        raise AssertionError(f"cpack failed:\n{done.stdout}{done.stderr}")
    debs = {}
    for deb in pathlib.Path(directory).glob("*.deb"):
        debs[deb.name.split("_")[0]] = deb
    return debs


class Deb:
    """What dpkg-deb says of one package."""

    def __init__(self, path):
        self.path = path
        text = subprocess.run(["dpkg-deb", "--field", path], check=True,
                              capture_output=True, text=True).stdout
        self.fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", text, re.M))
        listing = subprocess.run(["dpkg-deb", "--contents", path], check=True,
                                 capture_output=True, text=True).stdout
        self.files = {}
        for line in listing.splitlines():
            mode, owner, _, _, _, name = line.split(None, 5)
            name, _, target = name.partition(" -> ")
            self.files[name[1:]] = (mode, owner, target)

    def relations(self, field):
        """Names of the packages in Depends, Recommends or Suggests."""
        return {re.match(r"[a-z0-9.+-]+", item.strip()).group()
                for item in self.fields.get(field, "").split(",")
                if item.strip()}

    def control(self, name):
        """A file of the control archive, or None."""
        done = subprocess.run(["dpkg-deb", "--info", self.path, name],
                              capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def unpack(self, directory):
        subprocess.run(["dpkg-deb", "--extract", self.path, directory],
                       check=True)
