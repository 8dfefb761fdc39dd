"""``autograder dashboard``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def dashboard(
    course: Annotated[Path, typer.Option("--course", help="nbgrader's course folder")] = Path("build/nbgrader"),
    port: Annotated[int, typer.Option(help="a free one from here on is taken")] = 8890,
    role: Annotated[str, typer.Option("--as", help="advisor, or grader: who marks and sees no similarities")] = "advisor",
    browser: Annotated[bool, typer.Option(help="open it in the browser")] = True,
) -> None:
    """Show the cohort in the browser: who handed in, who is stuck, which mistake how many made. Formgrader is one click away."""
    from jupyter_server.serverapp import ServerApp

    if not (course / "nbgrader_config.py").is_file():
        typer.secho(f"{course} is no course folder: it has no nbgrader_config.py; `autograder build` makes one", err=True,
                    fg=typer.colors.RED)
        raise typer.Exit(1)
    if role not in ("advisor", "grader"):
        typer.secho(f"--as is advisor or grader, not {role!r}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1)
    os.chdir(course)  # Formgrader looks for its configuration in the current folder
    ServerApp.launch_instance(argv=[
        "--ServerApp.jpserver_extensions={'autograder.desk': True, 'nbgrader.server_extensions.formgrader': True}",
        f"--ServerApp.root_dir={Path.cwd()}", "--ServerApp.default_url=/dla/desk", f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}", f"--Desk.role={role}", "--ServerApp.ip=127.0.0.1",
        *(["--ServerApp.allow_root=True"] if os.geteuid() == 0 else [])])
