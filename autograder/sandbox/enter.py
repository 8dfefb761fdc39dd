"""Build the wall without bubblewrap, then become the program: run as ``python -m autograder.sandbox.enter PLAN``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from . import namespaces as ns

ROOT = "/tmp"
DEVICES = ("null", "zero", "full", "random", "urandom")


def main(plan: dict) -> None:
    """Leave all namespaces, build a root folder of what `plan` shows, and execute its command there."""
    uid, gid = os.getuid(), os.getgid()
    apart = ns.NEWPID | ns.NEWNS | ns.NEWIPC | ns.NEWNET | ns.NEWUTS
    if uid == 0:
        ns.unshare(apart)
    else:
        ns.unshare(apart | ns.NEWUSER)
        ns.map_user(uid, gid, uid, gid)
    ns.die_with_parent()
    if pid := os.fork():
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    ns.die_with_parent()
    _build(plan)
    if uid != 0:
        ns.drop_capabilities()
    os.execv(plan["command"][0], plan["command"])


def _build(plan: dict) -> None:
    ns.mount("", "/", None, ns.REC | ns.PRIVATE)
    ns.tmpfs(ROOT, 64)
    for path in plan["shown"]:
        if os.path.islink(path) and os.path.dirname(path) == "/":
            os.symlink(os.readlink(path), ROOT + path)
        else:
            ns.bind(path, _place(path))
    for path in plan["masked"]:
        ns.tmpfs(ROOT + path, 1, ns.NOSUID | ns.NODEV | ns.RDONLY)
    for device in DEVICES:
        ns.bind(f"/dev/{device}", _place(f"/dev/{device}"), read_only=False)
    os.symlink("/proc/self/fd", ROOT + "/dev/fd")
    for folder in ("/proc", "/tmp", "/dev/shm"):
        os.makedirs(ROOT + folder, exist_ok=True)
    ns.mount("proc", ROOT + "/proc", "proc", ns.NOSUID | ns.NODEV | ns.NOEXEC)
    ns.tmpfs(ROOT + "/tmp", 64, mode="1777")
    ns.tmpfs(ROOT + "/dev/shm", 64, mode="1777")
    ns.pivot(ROOT)
    ns.mount("", "/", None, ns.REMOUNT | ns.BIND | ns.RDONLY | ns.NOSUID | ns.NODEV)


def _place(path: str) -> str:
    """An empty file or folder at `path` below the new root, to bind on."""
    target = Path(ROOT + path)
    if os.path.isdir(path):
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    return str(target)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
