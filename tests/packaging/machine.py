# SPDX-License-Identifier: Apache-2.0
"""A throw-away copy of this machine's file system, to install packages in.

The root file system is the lower layer of an overlay whose upper layer lies
in memory: everything can be changed there, nothing is changed here, and the
upper layer afterwards *is* the list of what was changed.
"""

import os
import pathlib
import subprocess
import sys
import tempfile


def possible():
    """None, or why this machine cannot do it."""
    if os.geteuid() != 0:
        return "needs root: packages are installed in a copy of the system"
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", sys.executable,
         "-B", __file__], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return "no overlay file system here: " + done.stderr.strip()[-200:]
    return None


def enter_namespace():
    """Runs the calling program again where its mounts are its own and end
    with it. Returns once it is there."""
    if os.environ.get("STRONGROOM_IN_NAMESPACE") != "1":
        os.environ["STRONGROOM_IN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private",
                              sys.executable, "-B", *sys.argv])


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


class Machine:
    def __init__(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="strongroom-machine-"))
        mount("-t", "tmpfs", "-o", "mode=0755", "strongroom", self.base)
        self.upper = self.base / "upper"
        self.root = self.base / "root"
        for path in (self.upper, self.base / "work", self.root):
            path.mkdir()
        mount("-t", "overlay", "overlay", "-o",
              f"lowerdir=/,upperdir={self.upper},workdir={self.base}/work",
              self.root)
        mount("-t", "proc", "proc", self.root / "proc")
        mount("--bind", "/dev", self.root / "dev")
        # Empty: the host's service manager must not be talked to from here.
        mount("-t", "tmpfs", "-o", "mode=0755", "run", self.root / "run")
        mount("-t", "tmpfs", "-o", "mode=1777", "tmp", self.root / "tmp")

    def close(self):
        subprocess.run(["umount", "--recursive", self.base], check=False)
        self.base.rmdir()

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    def run(self, *command, user=None, expect=0, timeout=60):
        """Runs a command inside, as root or as `user`; returns its output."""
        words = ["chroot", str(self.root)]
        if user:
            words += ["setpriv", f"--reuid={user}", f"--regid={user}",
                      "--init-groups", "--reset-env"]
        done = subprocess.run(words + [str(word) for word in command],
                              capture_output=True, text=True, check=False,
                              timeout=timeout)
        if expect is not None and done.returncode != expect:
            raise AssertionError(
                f"{' '.join(map(str, command))}: exit code {done.returncode}, "
                f"expected {expect}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def changed(self):
        """Every path that differs from the machine outside: files written,
        directories created, and (with a leading "-") what was removed."""
        found = set()
        for path in self.upper.rglob("*"):
            inside = "/" + str(path.relative_to(self.upper))
            status = path.lstat()
            if not path.is_symlink() and path.is_char_device() \
                    and status.st_rdev == 0:
                found.add("-" + inside)
            elif not path.is_dir() or path.is_symlink():
                found.add(inside)
            elif not os.path.lexists(inside):
                found.add(inside)
        return found


if __name__ == "__main__":
    Machine().close()
