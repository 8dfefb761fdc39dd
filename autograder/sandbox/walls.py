"""What stands between a submission and everything else: a ladder of ways, of which the first that works here is taken.

===========  =========================================================================================================
``bwrap``    bubblewrap: a root folder of its own with nothing in it but the system, Python and the kit, read-only; no
             network; its own processes, mounts, IPC; no capability; no new privilege
``userns``   the same, made by the kit's own calls to the kernel, where bubblewrap is not installed
``uid``      another user, when the grader is root and the kernel allows no namespaces (a plain container): files that
             others may read can be read, and the network is there
``none``     no wall: only when somebody typed ``--unsafe``
===========  =========================================================================================================
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import autograder
import dla_widgets
from dla_widgets.kernel import limits as thread_limits

from .zygote import HOME, NOBODY

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts",
          "/etc/localtime", "/sys/devices/system/cpu")
#: Environment variables that name data of the course, shown inside read-only.
DATA = ("DLA_BASINS", "DLA_SCENES", "DLA_DATA")


class NoWall(RuntimeError):
    """There is no safe way here to run learners' code; the message says what to install."""


@dataclass(frozen=True)
class Wall:
    """One way to be apart: its name, in words, and how a Python program is started behind it."""

    name: str
    words: str
    command: Callable[[list[str]], list[str]]
    options: dict

    def start(self, arguments: list[str], give: socket.socket | None = None) -> subprocess.Popen:
        """Start ``python -I`` with `arguments` behind this wall; the child inherits `give`."""
        said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process; a pipe that nobody empties would fill
        process = _kept(lambda: subprocess.Popen(
            self.command([sys.executable, "-I", *arguments]), env=_environment(), cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=said, pass_fds=[give.fileno()] if give else [], start_new_session=True,
            **self.options))
        process.said = said
        return process


def choose(unsafe: bool = False, only: str = "") -> Wall:
    """The first wall of the ladder that holds here; `only` names one.

    Raises
    ------
    NoWall : none does; `unsafe` takes no wall instead of raising
    """
    for wall in _ladder():
        if only in ("", wall.name) and _holds(wall.name):
            return wall
    if unsafe:
        return Wall("none", "no wall at all: learners' code runs as you", lambda command: command, {})
    raise NoWall(
        f"no safe way to run learners' code here{f' by {only}' if only else ''}; expected bubblewrap or user namespaces, "
        f"found neither ({why_not() or 'not Linux?'}). Install bubblewrap (Debian: apt-get install bubblewrap), or allow user "
        "namespaces, or, for submissions that you trust as your own code, add --unsafe.")


def _ladder() -> list[Wall]:
    root = os.getuid() == 0
    return [
        Wall("bwrap", "bubblewrap: no network, own files and processes", _bwrap, {}),
        Wall("userns", "own namespaces: no network, own files and processes", _own_namespaces, {}),
        *([Wall("uid", "another user only: the network and readable files are open", lambda command: command,
                {"user": NOBODY, "group": NOBODY, "extra_groups": []})] if root else []),
    ]


@cache
def _tried(name: str) -> str:
    """What went wrong when the wall `name` was tried; empty if it holds."""
    wall = next(w for w in _ladder() if w.name == name)
    test = ("import os; os.getuid() or os.setresuid(*3 * [65534]); os.listdir(os.getcwd());"
            "import autograder.sandbox.shell, dla_widgets; os._exit(0)")
    if wall.name == "bwrap" and not shutil.which("bwrap"):
        return "bubblewrap is not installed"
    try:
        process = wall.start(["-c", test])
        process.wait(60)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{name}: {error}"
    return "" if process.returncode == 0 else f"{name}: {last_words(process).strip()[-300:]}"


def last_words(process: subprocess.Popen) -> str:
    """What a process that was started behind a wall has written to its stderr."""
    process.said.seek(0)
    return process.said.read().decode(errors="replace")


def _holds(name: str) -> bool:
    return sys.platform == "linux" and not _tried(name)


def why_not() -> str:
    """Why the rungs above the chosen one do not hold here."""
    return "; ".join(filter(None, (_tried(wall.name) for wall in _ladder()))) if sys.platform == "linux" else sys.platform


def shown() -> list[str]:
    """The paths that are there inside, read-only."""
    python = {sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))}
    kit = {str(Path(dla_widgets.__file__).parent), str(Path(__file__).parent), autograder.__file__}
    data = {path for name in DATA if (path := os.environ.get(name)) and os.path.isabs(path)}
    paths = [p for p in (*SYSTEM, *sorted(python), *sorted(kit), *sorted(data)) if os.path.exists(p)]
    return [p for p in paths if not any(p != q and p.startswith(q.rstrip("/") + "/") for q in paths)]


def masked() -> list[str]:
    """Folders that are empty inside: the exercises with their answers, and the course itself."""
    kit = Path(dla_widgets.__file__).parent
    hidden = [*kit.glob("*/exercises")]
    return [str(p) for p in hidden if p.is_dir()]


def _environment() -> dict[str, str]:
    """The little that a submission gets to know."""
    kept = {name: os.environ[name] for name in (*DATA, "TZ") if name in os.environ}
    return kept | thread_limits() | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": HOME, "USER": "learner", "LOGNAME": "learner",
        "LANG": "C.UTF-8", "MPLCONFIGDIR": f"{HOME}/.matplotlib", "PYTHONHASHSEED": "0", "NBGRADER_EXECUTION": "autograde",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": f"{HOME}/.ipython", "KERAS_HOME": f"{HOME}/.keras", "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
    }


def _bwrap(command: list[str]) -> list[str]:
    root = os.getuid() == 0
    made = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
            "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    # The warm process uncovers /proc (else none could be mounted for a submission), then gives all capabilities up. Real
    # root gives up its user id too: in a user namespace it would stay root for files and limits.
    made += ["--cap-add", "CAP_SYS_ADMIN"]
    made += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else ["--unshare-user"]
    made += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/dev/shm"):  # before what is shown, which may be below /tmp
        made += ["--perms", "1777", "--tmpfs", folder]
    for folder in sorted({str(parent) for path in shown() for parent in Path(path).parents} - {"/", "/tmp"}):
        made += ["--perms", "0755", "--dir", folder]  # root's would be closed to the user that root becomes
    for path in shown():
        made += ["--symlink", os.readlink(path), path] if os.path.islink(path) and path in SYSTEM else ["--ro-bind", path, path]
    for path in masked():
        made += ["--tmpfs", path, "--remount-ro", path]
    return [*made, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--", *command]


def _own_namespaces(command: list[str]) -> list[str]:
    plan = {"shown": shown(), "masked": masked(), "command": command}
    return [sys.executable, "-I", "-m", "autograder.sandbox.enter", json.dumps(plan)]


def _kept(start: Callable[[], subprocess.Popen]) -> subprocess.Popen:
    """Start a process from a thread that lives as long as this process.

    "Die with the parent" means the *thread* that started it: a worker's thread that ends would take the warm process along.
    """
    done, made = threading.Event(), []

    def keep() -> None:
        try:
            made.append(start())
        except OSError as error:
            made.append(error)
        done.set()
        if isinstance(made[0], subprocess.Popen):
            made[0].wait()

    threading.Thread(target=keep, daemon=True, name="keeps the wall").start()
    done.wait()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]
