"""Linux namespaces from Python: what `unshare`, `mount` and `capset` do, without a program to call.

Used where a program cannot be: in the fork that becomes one submission. Each function raises OSError where the kernel
says no; man pages: unshare(2), mount(2), pivot_root(2), prctl(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_AMBIENT, _AMBIENT_CLEAR = 1, 4, 24, 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` for new ones."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def map_user(uid: int, gid: int, outer_uid: int, outer_gid: int) -> None:
    """Be `uid` and `gid` in the user namespace that was just made."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    """Mount; `kind` None changes or binds what is there."""
    data = options.encode() if options else None
    _checked(_libc.mount(source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), data),
             f"mount {target}")


def tmpfs(target: str, megabytes: int, flags: int = NOSUID | NODEV, mode: str = "755") -> None:
    """An empty folder in memory at `target`, with an end to its size and to its number of files."""
    mount("tmpfs", target, "tmpfs", flags, f"size={megabytes}m,nr_inodes={max(64, megabytes * 64)},mode={mode}")


def tmpfs_around(target: str, aside: str, megabytes: int, mode: str) -> None:
    """A fresh tmpfs at `target` in which what was mounted below it stays where it was; `aside` is a free name elsewhere."""
    below = mounted_below(target)
    kept = [path for path in below if not any(path.startswith(other + "/") for other in below)]
    for n, path in enumerate(kept):
        mount(path, place(f"{aside}/{n}", path), None, BIND | REC)
    tmpfs(target, megabytes, mode=mode)
    for n, path in enumerate(kept):
        mount(f"{aside}/{n}", place(path, f"{aside}/{n}"), None, BIND | REC)
        _checked(_libc.umount2(f"{aside}/{n}".encode(), _DETACH), f"umount {aside}/{n}")
    if kept:
        shutil.rmtree(aside)


def place(target: str, like: str) -> str:
    """An empty file or folder at `target`, whichever `like` is, to bind on."""
    if os.path.isdir(like):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    return target


def mounted_below(folder: str) -> list[str]:
    """Where something is mounted below `folder`."""
    with open("/proc/self/mountinfo") as mounts:
        return [path for line in mounts if (path := line.split()[4]).startswith(folder + "/")]


def bind(source: str, target: str, read_only: bool = True) -> None:
    """Show `source` at `target` too."""
    mount(source, target, None, BIND | REC)
    if read_only:
        kept = os.statvfs(target).f_flag & (NOSUID | NODEV | NOEXEC)  # flags that a namespace may not take away
        mount(source, target, None, BIND | REMOUNT | RDONLY | kept)


def uncover(folder: str) -> None:
    """Take away what is mounted below `folder`."""
    for path in reversed(mounted_below(folder)):
        _checked(_libc.umount2(path.encode(), _DETACH), f"umount {path}")


def pivot(root: str) -> None:
    """Make `root` the root folder, and let go of the old one."""
    os.chdir(root)
    _checked(_libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", _DETACH), "umount /")
    os.chdir("/")


def die_with_parent() -> None:
    """Be killed when the parent dies."""
    import signal

    _checked(_libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def traceable(yes: bool) -> None:
    """Whether processes of the same user may trace this one and read its memory; its files in /proc are its own only then."""
    _checked(_libc.prctl(_SET_DUMPABLE, int(yes), 0, 0, 0), "prctl")


def drop_capabilities() -> None:
    """Give up all capabilities, for good."""
    _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    for capability in range(64):
        if _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one, or not ours to drop: then there is nothing to give up either
    _libc.prctl(_CAP_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
