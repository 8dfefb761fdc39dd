"""``autograder grade``, ``preflight`` and ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

COURSE = Annotated[Path, typer.Option("--course", help="nbgrader's course folder")]
ASSIGNMENT = Annotated[str, typer.Argument(help="streamflow or landcover")]
UNSAFE = Annotated[bool, typer.Option("--unsafe", help="run learners' code as yourself where no wall holds")]


def grade(
    assignment: ASSIGNMENT,
    course: COURSE = Path("build/nbgrader"),
    student: Annotated[list[str] | None, typer.Option(help="only this one; may be given several times")] = None,
    workers: Annotated[int, typer.Option(help="how many at once; as many as there are cores if 0")] = 0,
    scheduler: Annotated[str, typer.Option(help="address of a Dask scheduler, tcp://host:8786")] = "",
    force: Annotated[bool, typer.Option("--force", help="grade everybody again")] = False,
    regrade: Annotated[bool, typer.Option("--regrade", help="after a lesson was mended: grade again what that changes")] = False,
    run: Annotated[str, typer.Option(help="cells to run: needed (for the questions) or all")] = "",
    skip_preflight: Annotated[bool, typer.Option("--skip-preflight", help="do not try the author's solution first")] = False,
    unsafe: UNSAFE = False,
) -> None:
    """Grade everybody who has handed in since the last time. Stop it whenever you like: it goes on where it was."""
    from rich.console import Console
    from rich.progress import Progress

    from ..sandbox.walls import NoWall, choose
    from .cohort import Busy
    from .cohort import grade as grade_cohort
    from .course import Course, CourseError
    from .preflight import PreflightError, preflight

    console = Console()
    try:
        found = Course(course, assignment)
        found.settings.run, found.settings.unsafe = run or found.settings.run, unsafe or found.settings.unsafe
        console.print(f"Learners' code runs behind {choose(found.settings.unsafe).words}")
        lessons = sorted({lesson for name in found.submitted() for lesson in found.notebooks(name)})
        with Progress(console=console, transient=True) as bar:
            tried = bar.add_task("Trying the author's solutions", total=None)
            modules = () if skip_preflight else preflight(
                found, lessons, lambda lesson: bar.update(tried, description=f"Trying the author's solution of {lesson}"))
            bar.remove_task(tried)
            task = bar.add_task("Grading", total=None)
            report = grade_cohort(found, student, workers=workers, scheduler=scheduler, force=force, regrade=regrade,
                                  modules=modules, tell=lambda p: bar.update(task, total=p["total"], completed=p["done"]))
    except (CourseError, PreflightError, Busy, NoWall, FileNotFoundError, ValueError) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    console.print(f"{len(report.graded)} graded ({report.judged} notebooks judged), {len(report.skipped)} as they were, "
                  f"in {report.seconds:.0f} s")
    for name, reason in report.failed.items():
        typer.secho(f"{name}: {reason}", err=True, fg=typer.colors.RED)
    if report.failed:
        raise typer.Exit(1)


def check_machine(assignment: ASSIGNMENT, course: COURSE = Path("build/nbgrader"), unsafe: UNSAFE = False) -> None:
    """Try the author's solutions and the named mistakes on this machine, behind the wall, as grading does before a cohort."""
    from .course import Course, CourseError
    from .preflight import PreflightError, preflight

    try:
        found = Course(course, assignment)
        found.settings.unsafe = unsafe or found.settings.unsafe
        preflight(found, found.lessons, lambda lesson: typer.echo(f"{lesson} ..."))
    except (CourseError, PreflightError, FileNotFoundError) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    typer.echo(f"{assignment}: every solution earns all points here, and every named mistake is rejected by its name")


def doctor() -> None:
    """Say behind which wall learners' code would run here, and why not behind a better one."""
    from ..sandbox.walls import NoWall, choose, why_not

    try:
        wall = choose()
    except NoWall as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    typer.echo(f"{wall.name}: {wall.words}")
    if wall.name != "bwrap":
        typer.echo(f"bwrap would be better: {why_not()}")
