# SPDX-License-Identifier: Apache-2.0
"""Starts a program the way its unit file says, without a service manager.

What the kernel enforces is enforced here too: account and groups, umask, no
new privileges, no capabilities, a read-only system with the exceptions of the
unit, private /tmp and /home, hidden processes, the system calls allowed, the
address families, no writable code. A system call that is refused kills the
program, where the unit would only return an error: a test should hear of it.
Readiness and watchdog go to a socket that the test reads.

Not imitated: control groups (memory limit, devices) and the restart.
"""

import collections
import ctypes
import errno
import grp
import json
import os
import pathlib
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

WATCHDOG_SECONDS = 4


def read_unit(path):
    """{setting: [values]} of a unit file; an empty value stays."""
    settings = collections.defaultdict(list)
    for line in pathlib.Path(path).read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            settings[key].append(value)
    return settings


def allowed_calls(filters):
    """Names of the system calls that SystemCallFilter= lines leave."""
    allowed = set(expand("@default"))
    for line in filters:
        names = {call for word in line.lstrip("~").split()
                 for call in expand(word)}
        allowed = allowed - names if line[0] == "~" else allowed | names
    return sorted(allowed | set(expand("@default")))


def expand(word):
    if not word.startswith("@"):
        return [word]
    said = subprocess.run(["systemd-analyze", "syscall-filter", word],
                          check=True, capture_output=True, text=True).stdout
    lines = [line.strip() for line in said.splitlines()[1:]]
    return [call for line in lines if line and line[0] != "#"
            for call in expand(line)]


class Service:
    """One running program and what it told its service manager."""

    def __init__(self, machine, unit, log):
        settings = read_unit(machine.path(f"/lib/systemd/system/{unit}"))
        self.log = pathlib.Path(log)
        self.messages = []
        self.arrived = threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"strongroom-test-{os.getpid()}-{unit}"
        self.socket.bind("\0" + name)
        self.socket.settimeout(0.2)
        order = {
            "root": str(machine.root),
            "command": [word for word in shlex.split(settings["ExecStart"][0])
                        if not word.startswith("$")],
            "user": settings["User"][0],
            "groups": " ".join(settings["SupplementaryGroups"]).split(),
            "umask": int(settings["UMask"][0], 8),
            "writable": ["/var/lib/" + settings["StateDirectory"][0]],
            "readonly": settings["ReadOnlyPaths"],
            "calls": allowed_calls(settings["SystemCallFilter"]),
            "families": " ".join(settings["RestrictAddressFamilies"]).split(),
            "environment": {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "NOTIFY_SOCKET": "@" + name,
                "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1_000_000),
                "USER": settings["User"][0],
                "HOME": "/var/lib/" + settings["StateDirectory"][0],
            },
        }
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private",
                 sys.executable, "-B", __file__, json.dumps(order)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while self.socket.fileno() >= 0:
            try:
                message = self.socket.recv(4096).decode(errors="replace")
            except socket.timeout:
                continue
            except OSError:
                return
            with self.arrived:
                self.messages += message.splitlines()
                self.arrived.notify_all()

    def wait_for(self, line, count=1, seconds=30):
        """Until the program has said `line` that often; fails when it ends
        or does not."""
        deadline = time.monotonic() + seconds
        with self.arrived:
            while self.messages.count(line) < count:
                if self.process.poll() is not None \
                        or time.monotonic() > deadline:
                    raise AssertionError(
                        f"{line} did not come; the program "
                        f"{self.fate()}\n{self.log.read_text()[-3000:]}")
                self.arrived.wait(0.2)

    def fate(self):
        code = self.process.poll()
        if code is None:
            return "runs"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 \
            else f"ended with {code}"

    def peak_memory(self):
        """VmHWM in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines()
                    if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def stop(self, seconds=20):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        finally:
            self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()


# --- the other side: becomes the program -------------------------------------

PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
SCMP_ACT_ALLOW, SCMP_ACT_KILL_PROCESS = 0x7FFF0000, 0x80000000
SCMP_ACT_ERRNO, HIGHEST_FAMILY = 0x00050000, 64
SCMP_CMP_EQ, SCMP_CMP_MASKED_EQ = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def close_file_system(order):
    root = order["root"]
    for path in order["writable"]:
        mount("--bind", root + path, root + path)
    for entry in order["readonly"]:
        path = root + entry.lstrip("-")
        if not entry.startswith("-") or os.path.exists(path):
            mount("--bind", path, path)
            mount("-o", "bind,remount,ro", path)
    for path in ("/tmp", "/var/tmp", "/home", "/root"):
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root + path)
    mount("-t", "proc", "-o", "subset=pid,hidepid=invisible", "proc",
          root + "/proc")
    mount("-o", "bind,remount,ro", root)


def close_system_calls(order, library):
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(SCMP_ACT_KILL_PROCESS))

    def allow(name, *comparisons, action=SCMP_ACT_ALLOW):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # not a call of this machine's kind
        array = (Comparison * len(comparisons))(*comparisons)
        if library.seccomp_rule_add_array(
                context, ctypes.c_uint(action), number,
                len(comparisons), array) != 0:
            raise OSError(f"seccomp refuses a rule for {name}")

    never_executable = [("mmap", PROT_WRITE), ("mprotect", 0),
                        ("pkey_mprotect", 0)]
    for name in order["calls"]:
        if name not in ("socket", "mmap", "mprotect", "pkey_mprotect"):
            allow(name)
    # Refused with an error as the unit does it: resolving a name asks netlink
    # for the machine's addresses and does without.
    families = {getattr(socket, name) for name in order["families"]}
    for family in range(HIGHEST_FAMILY + 1):
        allow("socket", Comparison(0, SCMP_CMP_EQ, family),
              action=SCMP_ACT_ALLOW if family in families
              else SCMP_ACT_ERRNO | errno.EAFNOSUPPORT)
    for name, other in never_executable:
        # mmap: not both; mprotect: nothing becomes executable later.
        allow(name, Comparison(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0))
        if other:
            allow(name, Comparison(2, SCMP_CMP_MASKED_EQ,
                                   PROT_EXEC | other, PROT_EXEC))
    if library.seccomp_load(context) != 0:
        raise OSError("seccomp does not load")


def become(order):
    close_file_system(order)
    libc = ctypes.CDLL(None, use_errno=True)
    seccomp = ctypes.CDLL("libseccomp.so.2")
    os.chroot(order["root"])
    os.chdir("/")
    account = pwd.getpwnam(order["user"])
    groups = os.getgrouplist(order["user"], account.pw_gid)
    groups += [grp.getgrnam(name).gr_gid for name in order["groups"]]
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    os.setgroups(groups)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.umask(order["umask"])
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("no_new_privs")
    close_system_calls(order, seccomp)
    os.execve(order["command"][0], order["command"], order["environment"])


if __name__ == "__main__":
    become(json.loads(sys.argv[1]))
