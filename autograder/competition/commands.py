"""``autograder competition new``, ``make`` and ``score``."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="A competition between teams: its rules, inputs and secret truth.", no_args_is_help=True)
FOLDER = Annotated[Path, typer.Argument(help="the competition's folder; never inside one that learners can read")]


@app.command()
def new(
    project: Annotated[str, typer.Argument(help="streamflow, landcover, or table for data of your own")],
    folder: FOLDER,
    name: Annotated[str | None, typer.Option(help="as it stands in addresses; by default the folder's")] = None,
    days: Annotated[int, typer.Option(help="until the deadline", min=1, max=3650)] = 28,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="write the rules, to be edited before `make`")] = False,
) -> None:
    """Make a competition: its rules, what learners get, and the truth that only you have."""
    from dla_widgets.errors import CourseError

    from .making import new as write_rules

    try:
        write_rules(folder, project, name, days)
    except (CourseError, OSError) as error:
        _fail(error)
    if rules_only or project == "table":  # a table needs its truth first
        typer.echo(f"{folder / 'competition.yaml'} has the rules. Edit them, then: autograder competition make {folder}")
        return
    make(folder)


@app.command()
def make(folder: FOLDER) -> None:
    """Make inputs, truth and the benchmark's file by the rules: once, for the split is drawn here. Half a minute."""
    from dla_widgets.errors import CourseError

    from .making import make as make_truth
    from .truth import open_truth

    try:
        rules = make_truth(folder)
        truth = open_truth(folder, rules)
    except (CourseError, OSError, shutil.Error) as error:
        _fail(error)
    if rules.deadline < datetime.now(UTC):
        typer.secho(f"Its deadline, {rules.deadline}, has passed: change it in {folder / 'competition.yaml'}", err=True,
                    fg=typer.colors.YELLOW)
    units = {"streamflow": "basins", "landcover": "blocks", "table": "groups"}[rules.project]
    typer.echo(f"{folder / 'inputs'} is for learners; {folder / 'secret'} is for nobody.\n"
               f"{truth.public.sum()} of {truth.public.size} {units} are scored in public, the others decide in the end.")


@app.command()
def score(
    folder: FOLDER,
    files: Annotated[list[Path], typer.Argument(help="files of teams, or a benchmark's")],
) -> None:
    """Score files by hand, best first: public and private score, or why a file cannot be used. For your eyes only."""
    from rich.console import Console
    from rich.table import Table

    from dla_widgets.errors import CourseError

    from .rules import read_rules
    from .scoring import score_file
    from .truth import open_truth

    try:
        label = open_truth(folder, read_rules(folder)).metric.label
    except CourseError as error:
        _fail(error)
    table = Table("file", f"{label}, public", "private")
    scored = sorted(((score_file(str(folder), str(file), str(file)), file) for file in files), key=lambda row: -row[0].private)
    for found, file in scored:
        if not found.fault:
            table.add_row(str(file), f"{found.public:.4f}", f"{found.private:.4f}")
    Console().print(table)
    for found, _ in scored:
        if found.fault:
            typer.secho(found.fault, err=True, fg=typer.colors.RED)
    if any(found.fault for found, _ in scored):
        raise typer.Exit(1)


def _fail(error: Exception) -> None:
    typer.secho(str(error), err=True, fg=typer.colors.RED)
    raise typer.Exit(1) from None
