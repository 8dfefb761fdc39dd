"""``dla``: the learner's command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="dla", help="The Deep Learning Academy course kit, a learner's commands.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_show_locals=False)
fetch = typer.Typer(help="Download real data: checked, resumable.", no_args_is_help=True)
app.add_typer(fetch, name="fetch")


@app.callback()
def _dla() -> None:
    """Keeps `dla` a command with subcommands."""


@app.command()
def lab(
    workspace: Annotated[Path, typer.Argument(help="your folder of lessons")] = Path("workspace"),
    lessons: Annotated[Path, typer.Option(help="where the lessons come from: the folder your advisor released")] = Path("build/learner"),
    browser: Annotated[bool, typer.Option(help="open a browser")] = True,
    port: Annotated[int, typer.Option(help="port on this machine")] = 8888,
) -> None:
    """Bring the lessons into your workspace and open JupyterLab on them."""
    from .lab import prepare, start

    if not lessons.is_dir() and not workspace.is_dir():
        _fail(f"no lessons in {lessons} and no workspace {workspace} yet; "
              "say where your advisor put the lessons with --lessons FOLDER, or run `make lab` in the course kit")
    for line in prepare(lessons, workspace):
        typer.echo(line)
    typer.echo("Starting JupyterLab; stop it with Ctrl-C.")
    start(workspace, browser, (f"--ServerApp.port={port}",))


@app.command()
def doctor() -> None:
    """Look over this machine: is everything ready for the lessons?"""
    from .doctor import examine

    levels = []
    for finding in examine():
        typer.echo(str(finding))
        levels.append(finding.level)
    if "fix" in levels:
        raise typer.Exit(1)
    typer.echo("Ready.")


def _fail(message: str) -> None:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)
if __name__ == "__main__":
    app()
