"""The warm process: it has imported everything once, and forks a process of its own for each submission.

Runs inside the wall, knows no secret, and takes orders from outside over a socket of packets (a stream would merge two
orders, and with them the sockets that travel along). Each submission gets namespaces, a working folder in memory and
limits of its own; when its first process ends, the kernel ends all the others.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from . import namespaces as ns
from .limits import Limits

HOME, WORK = "/tmp/home", "/tmp/work"
#: Who a submission is when the grader was started as root: RLIMIT_NPROC and file rights are void for root.
NOBODY = 65534


def main(fd: int) -> None:
    """Serve the socket `fd` until it closes."""
    control = socket.socket(fileno=fd)
    with contextlib.suppress(OSError):
        ns.uncover("/proc")
    _drop_root()
    order = json.loads(control.recv(1 << 20))
    sys.path[:] = [p for p in sys.path if p]
    failed = _preload(order["modules"])
    _prepare_shell()
    gc.collect()
    gc.freeze()  # shared pages stay shared if the garbage collector leaves them alone
    threads = _threads()
    control.send(json.dumps({"ready": True, "threads": threads, "failed": failed}).encode())
    while True:
        packet, fds, _, _ = socket.recv_fds(control, 1 << 16, 1)
        if not packet:
            os._exit(0)
        order = json.loads(packet)
        control.send(json.dumps(_obey(order, fds, control, threads)).encode())


def _drop_root() -> None:
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    ns.drop_capabilities()
    ns.traceable(True)  # after a change of user it is not, and its uid_map could not be written


def _preload(modules: list[str]) -> dict[str, str]:
    """Import `modules`; what could not be imported, and why."""
    failed = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            failed[name] = f"{type(error).__name__}: {error}"[:300]
    return failed


def _prepare_shell() -> None:
    from . import shell

    shell.prepare()


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _obey(order: dict, fds: list[int], control: socket.socket, threads: int) -> dict:
    if order["op"] == "fork":
        if (now := _threads()) > threads:  # their locks would be copied as they are just now
            return {"error": f"the warm process has {now} threads instead of {threads} and can't be forked"}
        pid, child = _fork(fds[0], control, order["limits"])
        os.close(fds[0])
        return {"pid": pid, "child": child}
    if order["op"] == "signal":
        try:
            os.kill(order["pid"], order["signal"])
        except ProcessLookupError:
            pass
        return {}
    return {"code": _ended(order["child"], order["seconds"])}


def _ended(child: int, seconds: float) -> int | None:
    """The exit code of `child`; None if it still runs after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            pid, status = os.waitpid(child, os.WNOHANG)
        except ChildProcessError:
            return -1
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.005)


def _fork(fd: int, control: socket.socket, limits: dict) -> tuple[int, int]:
    """Fork a submission that talks over `fd`: the pid of its first process, and that of the one that waits for it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            control.close()
            os.close(reading)
            _enter(fd, writing, Limits(**limits))
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        os._exit(71)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], 20)
    said = os.read(reading, 20) if ready else b""
    os.close(reading)
    return int(said or -1), child


def _enter(fd: int, writing: int, limits: Limits) -> None:
    """Become a submission: new namespaces, then two forks: the namespace's first process, and the one that runs cells."""
    ns.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uid, gid = os.getuid(), os.getgid()
    ns.unshare(ns.NEWUSER | ns.NEWPID | ns.NEWNS | ns.NEWIPC | ns.NEWNET | ns.NEWUTS)
    ns.map_user(uid, gid, uid, gid)
    first = os.fork()
    if first:
        os.write(writing, str(first).encode())
        os.close(writing)
        os.close(fd)
        _, status = os.waitpid(first, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    os.close(writing)
    ns.die_with_parent()
    vast = _address_space()
    _furnish(limits)
    _limit(limits, vast)
    ns.drop_capabilities()
    cells = os.fork()
    if cells:
        os.close(fd)
        _be_first(cells)
    from . import shell

    signal.signal(signal.SIGINT, signal.default_int_handler)
    shell.serve(socket.socket(fileno=fd), limits)
    os._exit(0)


def _furnish(limits: Limits) -> None:
    """Folders of this submission's own, and nothing to see of other processes."""
    ns.mount("", "/", None, ns.REC | ns.PRIVATE)
    with contextlib.suppress(OSError):
        Path("/proc/sys/user/max_user_namespaces").write_text("0")  # no namespace within this one
    ns.tmpfs("/dev/shm", limits.work_mb, mode="1777")
    ns.tmpfs_around("/tmp", "/dev/shm/kept", limits.work_mb, mode="1777")
    try:
        ns.mount("proc", "/proc", "proc", ns.NOSUID | ns.NODEV | ns.NOEXEC)
    except OSError:  # some kernels and containers refuse it here: then there is no /proc at all
        ns.tmpfs("/proc", 1)
    os.mkdir(HOME)
    os.mkdir(WORK)
    os.chdir(WORK)


def _address_space() -> int:
    """What this process has mapped [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _limit(limits: Limits, mapped: int) -> None:
    for what, most in {
        resource.RLIMIT_AS: mapped + limits.memory_mb * 1_000_000 + 2_000_000_000,  # threads map more than they use
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.work_mb * 1_000_000,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(what, (most, most))


def _be_first(cells: int) -> None:
    """The first process of a namespace: passes an interrupt on, buries orphans, and ends when the cells' process does."""
    ns.traceable(False)
    signal.signal(signal.SIGINT, lambda *_: os.kill(cells, signal.SIGINT))
    while True:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        if pid == cells:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
