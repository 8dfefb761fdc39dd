"""``autograder demo-cohort``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def demo_cohort(
    number: Annotated[int, typer.Argument(min=1, help="of learners")] = 12,
    out: Annotated[Path, typer.Option(help="a new folder for it")] = Path("build/demo-cohort"),
    course: Annotated[Path, typer.Option(help="folder of lessons")] = Path("course"),
    assignment: Annotated[str, typer.Option(help="streamflow or landcover")] = "streamflow",
    lesson: Annotated[list[str] | None, typer.Option(help="which are handed in; may be given several times")] = None,
    seed: Annotated[int, typer.Option(help="another seed, another cohort")] = 0,
    feedback: Annotated[bool, typer.Option(help="also make the learners' feedback pages")] = True,
) -> None:
    """Make up a cohort, hand in for all of them, grade them, and say where to look: the whole way in two minutes."""
    from .cohort import make, nbgrader
    from .grading.commands import grade

    began = time.monotonic()
    try:
        root = make(course, out, assignment, lesson or ["02_skill"], number, seed)
        typer.echo(f"{number} learners handed in ({time.monotonic() - began:.0f} s)")
        try:
            grade(assignment, course=root)
        except typer.Exit:
            typer.echo("(whom it failed for is said above; nobody else was held up)")
        if feedback:
            typer.echo("Writing feedback pages")
            nbgrader(root, "generate_feedback", assignment)
    except (FileExistsError, FileNotFoundError, RuntimeError) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    typer.echo(f"Done in {time.monotonic() - began:.0f} s. Look at it:\n  autograder dashboard --course {root}\n"
               f"  the learners' pages: {root / 'feedback'}\n  the gradebook: {root / 'gradebook.db'}")
