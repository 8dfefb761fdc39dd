"""``autograder would-pass invite`` and ``serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The service that learners ask whether their answers would pass.", no_args_is_help=True)
COURSE = Annotated[Path, typer.Option("--course", help="nbgrader's course folder")]
FILE = Path(".grading") / "would_pass.sqlite"


@app.command()
def invite(
    learners: Annotated[list[str], typer.Argument(help="who may ask, by the name under which they hand in")],
    course: COURSE = Path("build/nbgrader"),
) -> None:
    """Print a token for each learner. It is shown once; a new one replaces the old."""
    from .store import Store

    store = Store(_course(course) / FILE)
    for learner in learners:
        typer.echo(f"{learner},{store.invite(learner)}")


@app.command()
def serve(
    course: COURSE = Path("build/nbgrader"),
    port: Annotated[int, typer.Option(help="on this machine only; a proxy with TLS makes it known to others")] = 8891,
    most: Annotated[int, typer.Option(help="how often an hour a learner may ask about a lesson")] = 5,
    workers: Annotated[int, typer.Option(help="how many notebooks are judged at once")] = 2,
) -> None:
    """Answer learners until stopped. On loopback only."""
    import asyncio

    from ..sandbox.walls import NoWall, choose
    from .service import Examiner, application
    from .store import Store

    root = _course(course)
    try:
        typer.echo(f"Learners' code runs behind {choose().words}")
    except NoWall as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from None

    async def run() -> None:
        examiner = Examiner(root, workers)
        try:
            server = application(Store(root / FILE, most), examiner).listen(port, "127.0.0.1", max_body_size=50_000_000)
            typer.echo(f"http://127.0.0.1:{port} answers; stop it with Ctrl-C")
            await asyncio.Event().wait()
        finally:
            server.stop()
            examiner.close()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        typer.echo("Stopped")


def _course(course: Path) -> Path:
    if not (course / "nbgrader_config.py").is_file():
        typer.secho(f"{course} is no course folder: it has no nbgrader_config.py; `autograder build` makes one", err=True,
                    fg=typer.colors.RED)
        raise typer.Exit(1)
    return course.resolve()
