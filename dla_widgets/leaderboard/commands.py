"""``dla submit``, ``dla board``, ``dla team`` and ``dla inputs``."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import click
import typer

if TYPE_CHECKING:
    from .client import Contest, Leaderboard

team = typer.Typer(help="Your team: make or join one, its notes, entries and finals.", no_args_is_help=True)

WHICH = Annotated[str | None, typer.Option("--competition", help="its name, or its project; not needed if there is one")]
YES = Annotated[bool, typer.Option("--yes", help="do not ask whether it is meant")]

EVERY = 5  #: seconds after which a board that is watched is looked at again
LATE = 3.0  #: seconds without an answer after which it is said that one is waited for


def submit(
    file: Annotated[Path, typer.Argument(help="the file to hand in: CSV, Parquet, netCDF, NPZ or GeoTIFF")],
    competition: WHICH = None,
    tried: Annotated[str, typer.Option(help="what you tried; teammates read it now, everybody after the end")] = "",
    learned: Annotated[str, typer.Option(help="what you learned from it")] = "",
    wait: Annotated[bool, typer.Option(help="for the score")] = True,
) -> None:
    """Check a file and hand it in. Broken off? The same command goes on where it stopped, and counts once."""
    with _sentences():
        contest = _contest(competition)
        if sys.stdin.isatty() and not (tried or learned):
            from .sending import look

            look(contest, file.expanduser())  # nobody is asked for the sake of no file
            tried = typer.prompt("What did you try? (one line; Enter for nothing)", default="", show_default=False)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            entry = contest.submit(file, tried, learned)
        for each in found:
            typer.secho(str(each.message), fg=typer.colors.YELLOW, err=True)
        typer.echo(f"Received as entry {entry['id']} of {entry['team']}. Receipt {entry['receipt']}")
        typer.echo(f"SHA-256 {entry['sha256']}")
        if not (is_new := entry["new"]):
            typer.echo("Your team has handed in this very file before: it costs nothing and counts once.")
            if tried.strip() or learned.strip():
                typer.echo("What you say of it now stands on its card.")
        if wait and entry["state"] == "received":
            typer.echo("It is being scored; if you do not want to wait, Ctrl-C: the entry is safe.")
            entry = contest.wait(entry)
        from .tables import entry_says, left_says

        climbed = entry["improved"] and is_new
        typer.secho(entry_says(entry, is_new), fg=typer.colors.GREEN if climbed else None)
        typer.echo(f"Left: {left_says(contest.in_team(), contest.rules)}.")
    if entry["state"] == "refused":
        raise typer.Exit(1)


def board(
    name: Annotated[str | None, typer.Argument(help="of the competition, or its project; not needed if there is one")] = None,
    service: Annotated[str, typer.Option(help="address that your advisor gave you; kept for the next time")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="stay, and show what changes; Ctrl-C ends it")] = False,
) -> None:
    """Show the board: who leads, where you are, and how far it is to the next."""
    with _sentences():
        if service:
            known = _set_up(service).competitions()
            if name is None and len(known) > 1:
                names = ", ".join(one["name"] for one in known)
                typer.echo(f"It has {names}. Look at one: dla board NAME. Elsewhere say --competition NAME.")
                return
        contest = _contest(name)
        from rich.console import Console

        console = Console()
        if watch:
            _watch(contest, console)
        else:
            console.print(_board(contest, console.width))


def inputs(
    folder: Annotated[Path | None, typer.Argument(help="where to; by default competition/NAME/inputs")] = None,
    competition: WHICH = None,
) -> None:
    """Fetch what a competition gives you: data, without what is held out. Goes on where it was broken off."""
    with _sentences():
        from ..download import sized

        path = _contest(competition).inputs(folder)
        typer.echo(f"The inputs are in {path}:")
        for each in sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")):
            typer.echo(f"  {each.relative_to(path)}  {sized(each.stat().st_size)}")


@team.command()
def show(competition: WHICH = None) -> None:
    """Your team: members, code, entries, notes."""
    with _sentences():
        _show(_contest(competition))


@team.command("make")
def make_team(
    name: Annotated[str, typer.Argument(help="of the team, 2 to 40 characters")],
    time_zone: Annotated[str | None, typer.Option(help="in which its days begin, such as Europe/Berlin; or yours")] = None,
    competition: WHICH = None,
) -> None:
    """Make a team with you in it."""
    with _sentences():
        contest = _contest(competition)
        made = contest.make_team(name, time_zone)
        from .tables import grouped

        typer.echo(f"{made['name']} is made. Whoever you give its code can join: dla team join {grouped(made['code'])}")
        typer.echo(f"Its days begin at midnight in {made['time_zone']}.")


@team.command("join")
def join_team(code: Annotated[str, typer.Argument(help="of the team; its members know it")], competition: WHICH = None) -> None:
    """Join a team by its code."""
    with _sentences():
        joined = _contest(competition).join(code)
        typer.echo(f"You are in {joined['name']}, with {_others(joined['members'])}.")


@team.command("leave")
def leave_team(competition: WHICH = None, yes: YES = False) -> None:
    """Leave your team. Its entries stay with it, and keep counting against you."""
    with _sentences():
        contest = _contest(competition)
        name = contest.in_team()["name"]
        _meant(f"Leave {name}? What you sent stays with it, and keeps counting against you.", yes)
        contest.leave()
        typer.echo(f"You have left {name}.")


@team.command("merge")
def merge_teams(
    code: Annotated[str, typer.Argument(help="of the other team; its members give it if they agree")],
    competition: WHICH = None,
    yes: YES = False,
) -> None:
    """Make one team of yours and another one."""
    with _sentences():
        contest = _contest(competition)
        name = contest.in_team()["name"]
        _meant(f"Merge the other team into {name}? This cannot be undone; finals are chosen anew.", yes)
        merged = contest.merge(code)
        typer.echo(f"{merged['name']} is now {', '.join(merged['members'])}.")


@team.command("code")
def renew_code(competition: WHICH = None) -> None:
    """Another code for your team: the old one lets nobody in any more."""
    with _sentences():
        from .tables import grouped

        typer.echo(f"The code is now {grouped(_contest(competition).renew_code())}")


@team.command("notes")
def write_notes(
    text: Annotated[str | None, typer.Argument(help="replaces the notes; - reads them from standard input")] = None,
    edit: Annotated[bool, typer.Option("--edit", help="open them in your editor")] = False,
    competition: WHICH = None,
) -> None:
    """Show your team's notes, or write them."""
    with _sentences():
        contest = _contest(competition)
        notes = contest.in_team()["notes"]
        if edit:
            text = click.edit(notes if text is None else text)
        elif text == "-":
            text = sys.stdin.read()
        if text is None:
            typer.echo(notes or "No notes yet. Write some: dla team notes --edit")
        else:
            contest.write_notes(text)
            typer.echo("The notes are written.")


@team.command("finals")
def choose_finals(
    entries: Annotated[list[int] | None, typer.Argument(help="numbers of entries, as `dla team show` has them")] = None,
    none: Annotated[bool, typer.Option("--none", help="choose none: then your best on the board count")] = False,
    competition: WHICH = None,
) -> None:
    """Show or choose the finals: of them the best private score counts in the end."""
    with _sentences():
        if entries and none:
            from .client import LeaderboardError

            raise LeaderboardError("finals are the entries that you name, or none with --none, and not both. Nothing was changed")
        contest = _contest(competition)
        chosen = contest.choose_finals(entries or []) if entries or none else [e for e in contest.entries() if e["final"]]
        listed = ", ".join(f"{one['id']} ({one['name']})" for one in chosen)
        most = contest.rules["finals"]
        typer.echo(f"Finals: {listed}." if listed else f"No finals are chosen: your best {most} on the board count. Choose up to "
                   f"{most}: dla team finals ENTRY ...")  # fmt: skip


def _contest(name: str | None) -> Contest:
    from .client import Leaderboard

    return Leaderboard.remembered().competition(name)


def _set_up(service: str) -> Leaderboard:
    """Know the service from now on, if it is one and knows the token."""
    from .client import Leaderboard, LeaderboardError

    token = os.environ.get("DLA_BOARD_TOKEN", "")
    try:
        Leaderboard(service, token).competitions()  # is there one at all?
    except LeaderboardError as fault:
        base, _, page = service.rstrip("/").rpartition("/")
        if fault.status != 404 or base.endswith("/"):
            raise
        raise LeaderboardError(f"{service} is a page, and no leaderboard's address. Is it {base}, without /{page}?") from None
    token = token or typer.prompt(
        "Your token (Enter for none: you can look, and hand in nothing)", default="", show_default=False,
        hide_input=sys.stdin.isatty())  # fmt: skip
    known = Leaderboard(service, token)
    if token:
        typer.echo(f"{known.service} knows you as {known.me()['name']}.")
    known.remember()
    return known


def _board(contest: Contest, width: int):
    """The board as it stands, with the caller's own team."""
    from .client import LeaderboardError
    from .tables import board_table

    try:
        own = contest.team()
    except LeaderboardError as fault:  # who only looks has no token
        if fault.status not in (401, 403) or (fault.status == 401 and contest.leaderboard.signed):
            raise
        own = None
    return board_table(contest.board(), own and own["name"], width)


def _watch(contest: Contest, console) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from .client import LeaderboardError

    shown = _board(contest, console.width)
    with Live(shown, console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        try:
            while True:
                time.sleep(EVERY)
                try:
                    shown = _board(contest, console.width)
                    live.update(shown, refresh=True)
                except LeaderboardError as fault:
                    if not fault.passing:
                        raise
                    live.update(Group(shown, Text(f"{fault} The board above is the last one that came.", "yellow")), refresh=True)
        except KeyboardInterrupt:
            pass


def _show(contest: Contest) -> None:
    from rich.console import Console

    from .tables import team_view

    Console().print(team_view(contest.in_team(), contest.rules))


def _others(members: list[str]) -> str:
    return ", ".join(members[:-1]) or "nobody else yet"


def _meant(question: str, yes: bool) -> None:
    if not (yes or typer.confirm(question)):
        raise typer.Exit(1)


@contextmanager
def _sentences() -> Iterator[None]:
    """What goes wrong is said in red, and not as a traceback."""
    from ..errors import CourseError

    try:
        with _patience():
            yield
    except (CourseError, OSError) as fault:
        typer.secho(str(fault), err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("\nBroken off.", err=True)
        raise typer.Exit(130) from None


@contextmanager
def _patience() -> Iterator[None]:
    """It is said once if the leaderboard takes long."""
    from . import client

    since, over = float("inf"), threading.Event()

    @contextmanager
    def asking() -> Iterator[None]:
        nonlocal since
        since = monotonic()
        try:
            yield
        finally:
            since = float("inf")

    def watch() -> None:
        while not over.wait(LATE / 10):
            if monotonic() - since > LATE:
                # over a line of progress; and above a board that is watched, for which rich takes the place of stderr
                print("\r" * sys.stderr.isatty() + "waiting for the leaderboard ...", file=sys.stderr)
                return

    threading.Thread(target=watch, daemon=True).start()
    client.asking = asking
    try:
        yield
    finally:
        client.asking = nullcontext
        over.set()
