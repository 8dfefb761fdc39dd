"""``dla``: the learner's command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .leaderboard import commands as competition

app = typer.Typer(
    name="dla",
    help="The Deep Learning Academy course kit, a learner's commands.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
fetch = typer.Typer(help="Download real data: checked, resumable.", no_args_is_help=True)
app.add_typer(fetch, name="fetch")


@app.callback()
def _dla() -> None:
    """Keeps `dla` a command with subcommands."""


@app.command()
def lab(
    workspace: Annotated[Path, typer.Argument(help="your folder of lessons")] = Path("workspace"),
    lessons: Annotated[Path, typer.Option(help="where the lessons come from: the folder your advisor released")] = Path(
        "build/learner"
    ),
    browser: Annotated[bool, typer.Option(help="open a browser")] = True,
    port: Annotated[int, typer.Option(help="port on this machine")] = 8888,
) -> None:
    """Bring the lessons into your workspace and open JupyterLab on them."""
    from .lab import prepare, start

    if not lessons.is_dir() and not workspace.is_dir():
        _fail(
            f"no lessons in {lessons} and no workspace {workspace} yet; "
            "say where your advisor put the lessons with --lessons FOLDER, or run `make lab` in the course kit"
        )
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


@app.command("would-pass")
def would_pass(
    notebook: Annotated[Path, typer.Argument(help="the notebook of a lesson, as you would hand it in")],
    service: Annotated[str, typer.Option(help="address that your advisor gave you; kept for the next time")] = "",
) -> None:
    """Ask your advisor's service: would this pass? Yes or no for each question, a few times an hour."""
    from .would_pass import WouldPassError, ask, remember, remembered

    known, token = remembered()
    if not (service or known):
        _fail("ask whom? Say the address that your advisor gave you: dla would-pass NOTEBOOK --service https://...")
    if not token or service not in ("", known):
        token = typer.prompt("Your token", hide_input=True)
    try:
        answer = ask(notebook, service or known, token)
    except WouldPassError as error:
        _fail(str(error))
    remember(service or known, token)
    for question, passes in answer.questions.items():
        typer.secho(f"{'✓ would pass' if passes else '✗ not yet   '}  {question}", fg=typer.colors.GREEN if passes else None)
    typer.echo(f"You can ask {answer.left} more times about this lesson for now.")


@app.command()
def demo(
    name: Annotated[str | None, typer.Argument(help="an explorer, or the script of a session: see --list")] = None,
    listing: Annotated[bool, typer.Option("--list", help="say what can be shown")] = False,
    port: Annotated[int, typer.Option(help="port on this machine; the next free one if it is taken")] = 8866,
    browser: Annotated[bool, typer.Option(help="open a browser")] = True,
    dark: Annotated[bool, typer.Option("--dark", help="light letters on a dark page")] = False,
) -> None:
    """Show an explorer, or all that a session shows, full screen. PageDown and PageUp step, F fills the screen."""
    from .demos import DemoError
    from .stage.order import check, table

    if listing:
        from rich.console import Console

        Console().print(table())
        return
    if name is None:
        _fail("which demo? `dla demo --list` shows all of them; for example `dla demo skill`")
    try:
        check(name)
    except DemoError as error:
        _fail(str(error))
    from .stage.server import serve

    serve(name, port, browser, dark)


@fetch.command("camels")
def fetch_camels(
    basins: Annotated[
        list[str] | None, typer.Option(help="gauge id; repeat it for several; all 671 if left out")
    ] = None,
    product: Annotated[list[str] | None, typer.Option(help="daymet, maurer or nldas; repeat it for several")] = None,
    folder: Annotated[Path | None, typer.Option(help="where to; by default where open_basins('camels') looks")] = None,
    mirror: Annotated[str | None, typer.Option(help="address of a copy of the archive; or DLA_MIRROR")] = None,
) -> None:
    """Download CAMELS-US: attributes, forcing and discharge. Resumes where an earlier download stopped."""
    from .streamflow.archives import fetch_camels

    try:
        root = fetch_camels(folder, basins or None, product or ("daymet",), mirror)
    except ValueError as error:
        _fail(str(error))
    typer.echo(f"CAMELS-US is in {root}. In a lesson: open_basins(" + ('"camels")' if folder is None else f'"{root}")'))


@fetch.command("landcover")
def fetch_landcover(
    bbox: Annotated[str, typer.Option(help="west,south,east,north in degrees: --bbox 8.5,49.2,8.9,49.5")],
    time: Annotated[str, typer.Option(help="2021, 2021-06, or 2021-06/2021-08")],
    catalogue: Annotated[
        str,
        typer.Option(
            help="planetary-computer, planetary-computer-io, digital-earth-africa, the address of a STAC catalogue, or datacube"
        ),
    ] = "planetary-computer",
    folder: Annotated[Path | None, typer.Option(help="where to; by default this machine's folder for such data")] = None,
    name: Annotated[str | None, typer.Option(help="of the scene; by default its place and time")] = None,
    dates: Annotated[int | None, typer.Option(help="no more than so many dates, evenly chosen")] = None,
    orbit: Annotated[str | None, typer.Option(help="only ascending or descending passes")] = None,
    crs: Annotated[str | None, typer.Option(help="of the grid, such as EPSG:32632; by default the radar's own")] = None,
    resolution: Annotated[float | None, typer.Option(help="pixel size in metres; by default the radar's own")] = None,
    coverage: Annotated[float, typer.Option(help="leave out dates that cover less of the place than this part")] = 0.95,
    year: Annotated[int | None, typer.Option(help="of the land-cover map; by default the nearest")] = None,
) -> None:
    """Bring Sentinel-1 radar and land cover of a place and a time into a checked Zarr. Goes on where it was broken off."""
    from .landcover.fetch import fetch_landcover

    options = {"crs": crs, "resolution": resolution, "orbit": orbit, "coverage": coverage, "dates": dates, "year": year}
    try:
        path = fetch_landcover(bbox, time, folder, catalogue, name, **options)
    except ValueError as error:
        _fail(str(error))
    typer.echo(f'The scene is in {path}. In a lesson: open_scenes("{path}")')


app.add_typer(competition.team, name="team")
for command in (competition.submit, competition.board, competition.inputs):
    app.command()(command)


def _fail(message: str) -> None:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
