"""``dla lab``: a learner's workspace, and JupyterLab open on its welcome page."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import kernel
from .workspace import deliver

WELCOME = "Welcome.md"

#: Settings of JupyterLab and nbgrader for a learner: patience with training cells, no advisor's panels.
SETTINGS = Path(__file__).parent / "jupyter_config"


def prepare(lessons: Path, workspace: Path) -> list[str]:
    """Install the kernel, bring the lessons; returns what there is to tell the learner, a line each."""
    if not kernel.is_installed():
        kernel.install()
    deliveries = deliver(lessons, workspace)
    lines = [
        f"Your {d.path} is as you left it; the lesson has changed since, its new version is beside it: {d.beside.name}"
        for d in deliveries
        if d.beside
    ]
    count = {what: sum(d.what == what for d in deliveries) for what in ("new", "updated", "kept", "same")}
    summary = ", ".join(f"{n} {what}" for what, n in count.items() if n)
    return [f"Lessons in {workspace.resolve()}: {summary}", *lines]


def command(workspace: Path, browser: bool = True, extra: tuple[str, ...] = ()) -> list[str]:
    """The command that starts JupyterLab on the welcome page: loopback only, with Jupyter's own token."""
    page = f"/lab/tree/{WELCOME}" if (workspace / WELCOME).exists() else "/lab"
    line = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={workspace.resolve()}",
        f"--LabApp.default_url={page}",
        "--ServerApp.ip=127.0.0.1",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
    ]
    if not browser:
        line.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # containers; Jupyter refuses root unless told
        line.append("--allow-root")
    return [*line, *extra]


def start(workspace: Path, browser: bool = True, extra: tuple[str, ...] = ()) -> None:
    """Replace this process by JupyterLab, so that Ctrl-C and signals reach it directly."""
    kernel.apply_limits()
    line = command(workspace, browser, extra)
    _put_first("PATH", Path(sys.executable).parent)
    _put_first("JUPYTER_CONFIG_PATH", SETTINGS)
    os.execv(line[0], line)


def _put_first(variable: str, folder: Path) -> None:
    os.environ[variable] = os.pathsep.join(filter(None, [str(folder), os.environ.get(variable)]))
