"""Build the wall without bubblewrap, then become the program: run as ``python -m autograder.sandbox.enter PLAN``."""

from __future__ import annotations

import json
import os
import sys

from . import namespaces as ns

#: Folders of which one becomes the new root: the first with nothing below it that is to be shown.
ROOTS = ("/tmp", "/mnt", "/media", "/srv")
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
    root = next(root for root in ROOTS if os.path.isdir(root) and not any(path.startswith(root + "/") for path in plan["shown"]))
    ns.tmpfs(root, 64)
    for folder in ("/proc", "/tmp", "/dev/shm"):
        os.makedirs(root + folder)
    ns.tmpfs(root + "/tmp", 64, mode="1777")  # before what is shown, which may be below it
    ns.tmpfs(root + "/dev/shm", 64, mode="1777")
    for path in plan["shown"]:
        if os.path.islink(path) and os.path.dirname(path) == "/":
            os.symlink(os.readlink(path), root + path)
        else:
            ns.bind(path, ns.place(root + path, path))
    for path in plan["masked"]:
        ns.tmpfs(root + path, 1, ns.NOSUID | ns.NODEV | ns.RDONLY)
    for device in DEVICES:
        ns.bind(f"/dev/{device}", ns.place(f"{root}/dev/{device}", f"/dev/{device}"), read_only=False)
    os.symlink("/proc/self/fd", root + "/dev/fd")
    ns.mount("proc", root + "/proc", "proc", ns.NOSUID | ns.NODEV | ns.NOEXEC)
    ns.pivot(root)
    ns.mount("", "/", None, ns.REMOUNT | ns.BIND | ns.RDONLY | ns.NOSUID | ns.NODEV)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
