"""``autograder board``: the service, its people, and what an advisor does with a competition that runs."""

from __future__ import annotations

import resource
import socket
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The leaderboard: serve it, invite people, close, publish, back up.", no_args_is_help=True)

FOLDERS = Annotated[list[Path], typer.Argument(help="folders of competitions that are served together")]
SERVED = Annotated[Path, typer.Option("--folder", help="a folder of the competitions that are served")]
FOLDER = Annotated[Path, typer.Argument(help="the competition's folder")]
DATABASE = Annotated[str, typer.Option(envvar="DLA_BOARD_DATABASE", help="address of a PostgreSQL, or of an SQLite file; by "
                                       "default board.sqlite beside the first competition")]  # fmt: skip
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@app.command()
def serve(
    folders: FOLDERS,
    host: Annotated[str, typer.Option(help="address to listen at; others than this machine's own need TLS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8990,
    database: DATABASE = "",
    prefix: Annotated[str, typer.Option(envvar="JUPYTERHUB_SERVICE_PREFIX", help="of all addresses, behind a proxy")] = "",
    name: Annotated[list[str] | None, typer.Option(help="by which it is called from elsewhere, such as board.example.org; "
                                                   "repeat it for several")] = None,
    hub: Annotated[bool, typer.Option("--hub/--tokens", envvar="DLA_BOARD_HUB", help="ask the JupyterHub who asks")] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="certificate, PEM", exists=True, dir_okay=False)] = None,
    tls_key: Annotated[Path | None, typer.Option(help="its key, PEM", exists=True, dir_okay=False)] = None,
    proxy: Annotated[str, typer.Option(help="address of a proxy whose X-Forwarded headers are believed")] = "127.0.0.1",
) -> None:
    """Serve the board of one or several competitions. It alone holds the truth; learners reach it by its address only."""
    import uvicorn

    from dla_widgets.errors import CourseError

    if host not in LOOPBACK and not (tls_cert and tls_key):
        _fail(f"tokens would travel to {host} in clear text. Give --tls-cert and --tls-key, or stay at 127.0.0.1 behind a proxy "
              "that has TLS (see the advisor's guide)")
    if (tls_cert is None) != (tls_key is None):
        _fail("--tls-cert and --tls-key belong together; give both, or none")
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        _fail(f"nothing can listen at {host}, port {port} ({error.strerror}); --port takes another")
    try:
        service = _service(folders, database)
        from .web.app import application
        from .web.guard import IDLE, Impatient
        from .web.identity import Hub, Tokens

        door = Hub(service.store) if hub else Tokens(service.store)
        made = application(service, door, prefix, tuple(name or ()) + (("*",) if hub else LOOPBACK))
    except (CourseError, ValueError) as error:
        _fail(str(error))
    address = f"{'https' if tls_cert else 'http'}://{host}:{port}{made.state.prefix}/"
    for contest in service.contests.values():
        _warn(contest)
    typer.echo(f"Serving {', '.join(service.contests)} at {address}; stop it with Ctrl-C")
    _many_files()
    uvicorn.run(made, host=host, port=port, http=Impatient, proxy_headers=True, forwarded_allow_ips=proxy, ssl_certfile=tls_cert,
                ssl_keyfile=tls_key, log_level="warning", server_header=False, timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=15, ws="none")


@app.command()
def invite(
    names: Annotated[list[str], typer.Argument(help="learners or advisors, by the names that the gradebook knows them by")],
    folder: SERVED = Path(),
    database: DATABASE = "",
    advisor: Annotated[bool, typer.Option("--advisor", help="may see and judge everything")] = False,
    read: Annotated[bool, typer.Option("--read", help="may look, and hand in nothing")] = False,
    days: Annotated[float, typer.Option(help="until the token expires")] = 180,
) -> None:
    """Make tokens, one for each name. They are shown once, and only their hashes are kept."""
    from .people import invite as make

    if advisor and read:
        _fail("--advisor and --read exclude each other")
    store = _store([folder], database)
    for name in names:
        typer.echo(f"{name}  {_tried(make, store, name, 'advisor' if advisor else 'read' if read else 'submit', days)}")


@app.command()
def revoke(
    names: Annotated[list[str], typer.Argument(help="whose tokens are good no longer")],
    folder: SERVED = Path(),
    database: DATABASE = "",
) -> None:
    """Take all tokens of these people back."""
    from .people import revoke as take_back

    store = _store([folder], database)
    for name in names:
        typer.echo(f"{name}: {_tried(take_back, store, name)} tokens taken back")


@app.command()
def advisor(
    names: Annotated[list[str], typer.Argument(help="names of Hub users")],
    folder: SERVED = Path(),
    database: DATABASE = "",
    no_more: Annotated[bool, typer.Option("--no-more", help="they are advisors no longer")] = False,
) -> None:
    """Say who is an advisor, where a JupyterHub says who is who."""
    from .people import person

    store = _store([folder], database)
    with store.changing() as session:
        for name in names:
            person(session, name, not no_more)
    typer.echo(f"{', '.join(names)}: {'no advisor any more' if no_more else 'advisor'}")


@app.command()
def close(folder: FOLDER, database: DATABASE = "") -> None:
    """End a competition before its deadline."""
    contest = _contest(folder, database)
    _tried(contest.close, _advisor())
    typer.echo(f"{contest.name} is closed. `autograder board publish {folder}` shows the private scores")


@app.command()
def publish(folder: FOLDER, database: DATABASE = "") -> None:
    """Show the private scores: the final board."""
    contest = _contest(folder, database)
    _tried(contest.publish, _advisor())
    typer.echo(f"The final board of {contest.name} is published")


@app.command()
def check(folder: FOLDER, database: DATABASE = "") -> None:
    """Say whether the audit log is whole."""
    contest = _contest(folder, database)
    if (line := contest.store.broken_line(contest.name)) is not None:
        _fail(f"the audit log of {contest.name} was changed: line {line} does not follow the line before it")
    typer.echo(f"The audit log of {contest.name} is whole")


@app.command()
def hook(folder: FOLDER, channel: Annotated[str, typer.Argument(help="as competition.yaml calls it")]) -> None:
    """Where a channel of Teams or Slack sends what is said in it. Whoever has the address can write on the board."""
    from .channels import hook as secret

    contest = _contest(folder, "sqlite://")  # nothing is kept
    typer.echo(f"hooks/{contest.name}/{_tried(secret, contest, channel)}   below the board's own address")


@app.command("grades")
def the_grades(
    folder: FOLDER,
    database: DATABASE = "",
    gradebook: Annotated[Path | None, typer.Option(help="nbgrader's course folder, to write them into its gradebook")] = None,
    assignment: Annotated[str, typer.Option(help="its name there; by default the competition's")] = "",
    add: Annotated[bool, typer.Option("--add", help="add learners that the gradebook does not know")] = False,
    system: Annotated[str, typer.Option(help="generic, moodle or canvas")] = "generic",
) -> None:
    """Each learner's grade as CSV, or into the gradebook: half the score, half the explanation."""
    from .grades import as_csv, grades, to_gradebook

    contest = _contest(folder, database)
    _tried(contest.score_benchmarks)
    rows = grades(contest)
    if contest.phase() in ("before", "open"):
        typer.secho(f"{contest.name} still runs: these grades may change", err=True, fg=typer.colors.YELLOW)
    if gradebook is None:
        typer.echo(_tried(as_csv, rows, system, assignment or contest.name), nl=False)
        return
    for line in _tried(to_gradebook, rows, gradebook, assignment or contest.name, add=add):
        typer.echo(line)


@app.command("backup")
def back_up(
    folders: FOLDERS,
    out: Annotated[Path, typer.Option(help="file to write, such as board.zip, or a folder")],
    database: DATABASE = "",
) -> None:
    """Write everything into one file, while the service runs. It holds the truth: keep it as you keep that."""
    from .backup import backup

    said = _tried(backup, folders, _url(folders, database), out)
    typer.echo(said)
    if "MISSING: " in said:
        raise typer.Exit(1)


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="what `backup` wrote")],
    into: Annotated[Path, typer.Argument(help="an empty folder")],
    database: DATABASE = "",
) -> None:
    """Bring a backup back, every file checked."""
    from .backup import restore as bring_back

    typer.echo(_tried(bring_back, archive, into, database or None))


def _warn(contest) -> None:
    """Of what an advisor would otherwise wonder at for days."""
    from .channels import problem

    told = [f"it has ended: its deadline was {contest.rules.deadline}"] if contest.phase() in ("closed", "final") else []
    told += [f"nothing goes to the channel {name}: {what}" for name in contest.rules.channels if (what := problem(contest, name))]
    for each in told:
        typer.secho(f"{contest.name}: {each}", err=True, fg=typer.colors.YELLOW)


def _many_files() -> None:
    """Each connection is an open file, and 1024 of them are soon used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1 << 16 if hard == resource.RLIM_INFINITY else min(hard, 1 << 16)
    if resource.RLIM_INFINITY != soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _url(folders: list[Path], database: str) -> str:
    """Of the database; by default a file beside the first competition, which nobody else may read."""
    from .rules import FILE as RULES

    if database:
        return database
    folder = folders[0].resolve()
    path = (folder.parent if (folder / RULES).is_file() else folder) / "board.sqlite"
    if path.parent == folder and not path.exists() and not any(folder.glob(f"*/{RULES}")):
        _fail(f"{folder} holds no competition; say by --folder where one is")
    path.touch(mode=0o600)
    return f"sqlite:///{path}"


def _store(folders: list[Path], database: str):
    from .store import Store

    return _tried(Store, _url(folders, database))


def _service(folders: list[Path], database: str):
    from .rules import read_rules
    from .service import Service

    for folder in folders:
        read_rules(folder)  # before a database is made beside what is no competition
    return Service(folders, _url(folders, database))


def _contest(folder: Path, database: str):
    from .contest import Contest

    return _tried(lambda: Contest(folder, _store([folder], database)))


def _advisor():
    """Whoever has the competition's folder may do what an advisor may."""
    import getpass

    from .people import Caller

    return Caller(0, f"{getpass.getuser()} (command line)", "advisor")


def _tried(what, *args, **options):
    """What comes of it, or what is wrong in a sentence."""
    from dla_widgets.errors import CourseError

    try:
        return what(*args, **options)
    except CourseError as error:
        _fail(str(error))


def _fail(text: str) -> None:
    typer.secho(text, err=True, fg=typer.colors.RED)
    raise typer.Exit(1) from None
