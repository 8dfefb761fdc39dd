"""A copy of the board's database in one file, taken while it is in use, and put back where there is none."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from dla_widgets.errors import CourseError

from .tables import Entry

#: kind of database -> what its copy is called
COPIES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}


class BackupError(CourseError):
    """A backup cannot be made or brought back; nothing is left of the attempt."""


def address(text: str) -> URL:
    """The database at `text`, if it is one that can be copied.

    Raises
    ------
    BackupError : it is not
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BackupError("expected the database's address as sqlite:///PATH or postgresql+psycopg2://...") from None
    kind = url.get_backend_name()
    if kind not in COPIES or (kind == "sqlite" and url.database in (None, "", ":memory:")):
        raise BackupError(f"a database of the kind {kind} cannot be copied; expected a file of SQLite, or PostgreSQL")
    return url


def is_part_of(url: URL, path: Path) -> bool:
    """Whether a file belongs to the database itself."""
    if url.get_backend_name() != "sqlite":
        return False
    own = Path(url.database).resolve()
    return path.resolve() in {own.with_name(own.name + end) for end in ("", "-wal", "-shm", "-journal")}


def copy(url: URL, folder: Path) -> tuple[str, Path, set[tuple[str, str]]]:
    """Copy the database into `folder`; its kind, the copy, and competition and SHA-256 of all entries that have a file.

    Raises
    ------
    BackupError : it is not there, damaged, or no board's
    """
    kind = url.get_backend_name()
    to = folder / COPIES[kind]
    to.unlink(missing_ok=True)
    to.touch(0o600)
    if kind == "sqlite":
        _copy_sqlite(Path(url.database), to)
        return kind, to, _entries(URL.create("sqlite", database=str(to)))
    before = _entries(url)
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={to}", f"--dbname={url.database}")
    return kind, to, before | _entries(url)  # what was there in between is among them


def target(text: str | None, into: Path, kind: str) -> URL:
    """Where the copy of a `kind` of database shall be; by default in the folder `into`.

    Raises
    ------
    BackupError : something is there, or it is of another kind
    """
    if text is None and kind != "sqlite":
        raise BackupError("the archive has the copy of a PostgreSQL; say with --database which empty one shall have it")
    url = URL.create("sqlite", database=str(into / "board.sqlite")) if text is None else address(text)
    if url.get_backend_name() != kind:
        raise BackupError(f"the archive has the copy of a database of the kind {kind}, and the address is one of "
                          f"{url.get_backend_name()}; give another")
    if kind == "postgresql":
        _must_be_empty(url)
        return url
    url = url.set(database=str(Path(url.database).resolve()))
    if Path(url.database).exists():
        raise BackupError(f"the database {url.database} is there already; name another one")
    return url


def bring_back(copied: Path, url: URL, into: Path, draft: Path) -> None:
    """Move the copy to `url`; if that is in the folder `into`, to the same place of `draft`, which will become that folder.

    Raises
    ------
    BackupError : it is damaged, or cannot be put there
    """
    if url.get_backend_name() == "postgresql":
        _run("pg_restore", url, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges",
             f"--dbname={url.database}", str(copied))
        copied.unlink()
        return
    with closing(sqlite3.connect(copied)) as database:
        if fault := _fault(database):
            raise BackupError(f"the copy of the database is damaged ({fault}); nothing was brought back. Take another backup")
    copied.chmod(0o600)
    to = Path(url.database)
    if to.is_relative_to(into):
        inside = draft / to.relative_to(into)
        inside.parent.mkdir(parents=True, exist_ok=True)
        if inside.exists() and inside != copied:
            raise BackupError(f"{to} is the place of another file of the backup; name another one for the database")
        copied.rename(inside)
        return
    if not to.parent.is_dir():
        raise BackupError(f"there is no folder {to.parent} for the database; make it first")
    with whole_or_not(to) as part:
        shutil.copyfile(copied, part)
        part.chmod(0o600)
    copied.unlink()


@contextmanager
def whole_or_not(out: Path) -> Iterator[Path]:
    """A name to write to, which becomes `out` once it is whole and on the disk.

    Raises
    ------
    BackupError : it cannot be written, or `out` is there by then
    """
    draft = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        yield draft
        to_disk(draft)
        _give_name(draft, out)
        to_disk(out.parent)
    except OSError as error:
        raise BackupError(f"{out} cannot be written: {error.strerror or error}; nothing is left of it") from error
    finally:
        draft.unlink(missing_ok=True)


def _give_name(draft: Path, out: Path) -> None:
    try:
        os.link(draft, out)  # unlike a rename, it replaces nothing
    except OSError:
        if out.exists():
            raise BackupError(f"{out} is there already; name another file, or remove it") from None
        draft.rename(out)  # a disk that has no links, such as a stick


def to_disk(path: Path) -> None:
    """A file or folder as it is now survives a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _copy_sqlite(path: Path, to: Path) -> None:
    """SQLite's own way of copying a database that is in use: all of it, as it was at one moment."""
    if not path.is_file() or path.stat().st_size == 0:
        raise BackupError(f"there is no database {path}; say where it is with --database")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=30)) as source, \
                closing(sqlite3.connect(to)) as made:  # fmt: skip
            source.backup(made)
            made.execute("pragma journal_mode=delete")  # one file, without those that go with it
            if fault := _fault(made):
                raise BackupError(f"the database {path} is damaged ({fault}); bring an earlier backup back")
    except sqlite3.Error as error:
        raise BackupError(f"the database {path} cannot be copied: {error}") from None


def _fault(database: sqlite3.Connection) -> str:
    """What is wrong with a database; nothing if it is sound."""
    try:
        found = database.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    return "" if found == "ok" else " ".join(found.split())


def _entries(url: URL) -> set[tuple[str, str]]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return {tuple(row) for row in connection.execute(
                select(Entry.competition, Entry.sha256).where(Entry.state != "refused"))}  # fmt: skip
    except SQLAlchemyError as error:
        raise BackupError(f"the database does not answer or is no board's ({type(error).__name__}); nothing was packed") from None
    finally:
        engine.dispose()


def _must_be_empty(url: URL) -> None:
    engine = create_engine(url)
    try:
        tables = inspect(engine).get_table_names()
    except SQLAlchemyError as error:
        raise BackupError(f"the database does not answer ({type(error).__name__}); nothing was brought back") from None
    finally:
        engine.dispose()
    if tables:
        raise BackupError(f"the database has {len(tables)} tables already; make an empty one with createdb, and name that")


def _run(program: str, url: URL, *arguments: str) -> None:
    """Run a program of PostgreSQL's, with the password where no list of processes shows it."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not on PATH, without which a PostgreSQL cannot be copied: install postgresql-client")
    said = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    said |= {name: value for name, value in url.query.items() if name in ("host", "port", "sslmode", "sslrootcert")}
    environment = os.environ | {f"PG{name.upper()}": str(value) for name, value in said.items() if value is not None}
    done = subprocess.run([found, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it does not say why"])[0][:300]
        raise BackupError(f"{program} failed, nothing was done: {why}")
