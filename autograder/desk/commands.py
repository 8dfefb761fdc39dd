"""``autograder dashboard`` and ``autograder lab``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

COURSE = Annotated[Path, typer.Option("--course", help="nbgrader's course folder")]
SETTINGS = Path(__file__).parent / "jupyter_config"


def dashboard(
    course: COURSE = Path("build/nbgrader"),
    port: Annotated[int, typer.Option(help="a free one from here on is taken")] = 8890,
    role: Annotated[str, typer.Option("--as", help="advisor, or grader: who marks and sees no similarities")] = "advisor",
    browser: Annotated[bool, typer.Option(help="open it in the browser")] = True,
) -> None:
    """Show the cohort in the browser: who handed in, who is stuck, which mistake how many made. Formgrader is one click away."""
    if role not in ("advisor", "grader"):
        typer.secho(f"--as is advisor or grader, not {role!r}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1)
    _start(course, "jupyter_server", "--ServerApp.default_url=/dla/desk", f"--ServerApp.port={port}",
           f"--ServerApp.open_browser={browser}", f"--Desk.role={role}")


def lab(
    course: COURSE = Path("build/nbgrader"),
    browser: Annotated[bool, typer.Option(help="open it in the browser")] = True,
) -> None:
    """Open the course folder in an advisor's JupyterLab: nbgrader's panels, and the cohort's desk as a tab."""
    _start(course, "jupyterlab", f"--ServerApp.open_browser={browser}", "--LabApp.news_url=None",
           "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")


def _start(course: Path, module: str, *options: str) -> None:
    """Replace this process by a server of `course`: on loopback, behind its own token, with the desk."""
    if not (course / "nbgrader_config.py").is_file():
        typer.secho(f"{course} is no course folder: it has no nbgrader_config.py; `autograder build` makes one", err=True,
                    fg=typer.colors.RED)
        raise typer.Exit(1)
    os.chdir(course)  # Formgrader looks for its configuration in the current folder
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH")]))
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    os.execv(sys.executable, [sys.executable, "-m", module, f"--ServerApp.root_dir={Path.cwd()}", "--ServerApp.ip=127.0.0.1",
                              *as_root, *options])
