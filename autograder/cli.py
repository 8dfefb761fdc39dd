"""``autograder``: the advisor's command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cohort_commands import demo_cohort
from .competition.board_commands import app as board
from .competition.commands import app as competition
from .desk.commands import dashboard, lab
from .grading import commands as grading
from .would_pass.commands import app as would_pass

app = typer.Typer(name="autograder", help="The Deep Learning Academy course kit, an advisor's commands.",
                  no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def _autograder() -> None:
    """Keeps `autograder` a command with subcommands."""


app.command("grade")(grading.grade)
app.command("preflight")(grading.check_machine)
app.command("doctor")(grading.doctor)
app.command("dashboard")(dashboard)
app.command("lab")(lab)
app.command("demo-cohort")(demo_cohort)
app.add_typer(would_pass, name="would-pass")
app.add_typer(competition, name="competition")
app.add_typer(board, name="board")


@app.command()
def build(
    course: Annotated[Path, typer.Argument(help="folder of lessons, or one lesson file")] = Path("course"),
    out: Annotated[Path, typer.Option(help="where the notebooks go")] = Path("build"),
    static: Annotated[bool, typer.Option("--static", help="also run the lessons and write them as pages that need no "
                                         "notebook and no internet")] = False,
    solutions: Annotated[bool, typer.Option("--solutions", help="with --static: pages for advisors, with solutions "
                                            "and notes, in a folder of their own")] = False,
) -> None:
    """Build the lessons: learner's, solution and advisor's notebooks, nbgrader's course folder, the syllabus."""
    from rich.console import Console
    from rich.progress import Progress

    from .demo_scripts import update_guide
    from .lessons import LessonError, find_lessons
    from .notebooks import build as build_notebooks
    from .notebooks import write
    from .syllabus import update_readme, welcome

    console = Console()
    try:
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Building lessons", total=len(find_lessons(course)))
            lessons = build_notebooks(course, out, lambda lesson: progress.update(
                task, advance=1, description=f"Building {lesson.project}/{lesson.name}"))
        readme = course / "README.md"
        updated = readme.is_file() and update_readme(readme, lessons)
        if (guide := course / "advisor_guide.md").is_file() and update_guide(guide, lessons):
            console.print(f"{guide}: the live-demo scripts were brought up to date")
        if (template := course / "welcome.md").is_file():
            write(out / "learner" / "Welcome.md", welcome(template.read_text(encoding="utf-8"), lessons))
    except LessonError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    console.print(_table(lessons))
    if updated:
        console.print(f"{readme}: the syllabus was brought up to date")
    console.print(f"Notebooks in {out}: learner, solution, advisor; nbgrader's course folder is {out / 'nbgrader'}",
                  soft_wrap=True)
    if static or solutions:
        _export(course, out / ("static-advisor" if solutions else "static"), solutions)


def _export(course: Path, folder: Path, solutions: bool) -> None:
    """Run the lessons and write their pages."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from .lessons import LessonError
    from .pages.export import export

    console = Console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("Running lessons", total=None)
            pages = export(course, folder, solutions, lambda lesson: progress.update(
                task, description=f"Running {lesson.project}/{lesson.name}"
                + (f", which takes about {lesson.seconds} s" if lesson.seconds else "")))
    except LessonError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None
    console.print(f"{len(pages)} pages; begin with {folder / 'index.html'}", soft_wrap=True)


def _table(lessons):
    """What was built, a line per lesson."""
    from rich.table import Table

    table = Table("lesson", "title", "minutes", "exercises", "points")
    for lesson in lessons:
        table.add_row(f"{lesson.project}/{lesson.name}", lesson.title, str(lesson.minutes),
                      str(len(lesson.exercises)), f"{lesson.points:g}")
    return table
