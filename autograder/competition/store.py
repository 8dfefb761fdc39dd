"""The database: SQLite in a file of the service's own, or PostgreSQL by its address. Nothing is half-written."""

from __future__ import annotations

import hashlib
import json
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, InternalError, OperationalError, TimeoutError
from sqlalchemy.orm import Session

from dla_widgets.errors import CourseError

from .tables import Base, Competition, Event

MIGRATIONS = Path(__file__).parent / "migrations"

#: The clock may go back by so many seconds, when it is set right; more is a fault that would upset deadlines.
SET_BACK = 60

#: PostgreSQL's number of the lock under which its tables are brought up to date.
UPGRADE = 0x646C61


class Refused(CourseError):
    """What was asked for is against the rules, or not possible now; the message says why and what to do."""

    def __init__(self, text: str, status: int = 409, come_again: float | None = None):
        super().__init__(text)
        self.status, self.come_again = status, come_again


class Store:
    """The database at `url`, brought up to date when it is opened.

    Parameters
    ----------
    url : ``sqlite:///PATH`` or ``postgresql+psycopg2://...``
    """

    def __init__(self, url: str):
        one_file = url.startswith("sqlite")
        waits = {"timeout": 30} if one_file else {"connect_timeout": 10}
        try:
            self.engine = create_engine(url, pool_size=20, pool_pre_ping=not one_file, connect_args=waits)
        except (ArgumentError, ImportError) as error:
            raise Refused(f"this is no address of a database ({error}); one is sqlite:////srv/cups/board.sqlite or "
                          "postgresql+psycopg2://user@host/name") from None
        self._changes, self._looks = self.engine.execution_options(writes=True), self.engine
        if one_file:
            _of_one_file(self.engine)
        else:
            self._looks = self.engine.execution_options(isolation_level="REPEATABLE READ")
        with _told():
            self._upgrade()

    def _upgrade(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._changes.begin() as connection:  # all of it, or none
            if connection.dialect.name == "postgresql":  # one at a time, as SQLite does by itself
                connection.exec_driver_sql(f"select pg_advisory_xact_lock({UPGRADE})")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @staticmethod
    def now() -> float:
        """Seconds since 1970: the one clock that counts."""
        return time.time()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with _told(), Session(self._looks) as session:
            yield session

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A session whose changes are all kept when it ends, or none."""
        with _told(), Session(self._changes) as session, session.begin():
            yield session

    @contextmanager
    def writing(self, competition: str) -> Iterator[Session]:
        """As :meth:`changing`, one at a time for each competition.

        Raises
        ------
        Refused : the database does not answer, or this machine's clock went back
        """
        with self.changing() as session:
            if session.get(Competition, competition, with_for_update=True) is None:
                _known(session, competition)
                session.get(Competition, competition, with_for_update=True)
            last = session.scalar(select(func.max(Event.at)).where(Event.competition == competition))
            if last is not None and (back := last - self.now()) > SET_BACK:
                raise Refused(f"the server's clock went back by {back:.0f} s since the last entry; nothing is taken until it is "
                              "right. Tell your advisor", 503, come_again=60)
            yield session

    def know(self, competition: str) -> None:
        """From now on there is a row of the competition, to be locked and read."""
        with self.changing() as session:
            _known(session, competition)

    def note(self, session: Session, competition: str, who: str, what: str, **details) -> None:
        """Add a line to the audit log, and let the board know that it has changed."""
        session.get(Competition, competition).version += 1
        last = session.scalar(select(Event.chain).where(Event.competition == competition).order_by(Event.id.desc()).limit(1))
        line = Event(competition=competition, at=self.now(), who=who, what=what, details=details, chain="")
        line.chain = _chained(last or "", line)
        session.add(line)
        session.flush()

    def broken_line(self, competition: str) -> int | None:
        """The first line of the audit log that was changed, or that follows one that is missing; None if it is whole.

        That the last lines are missing tells the competition's version, which rises with each.
        """
        chain, last, lines = "", 0, 0
        with self.reading() as session:
            for line in session.scalars(select(Event).where(Event.competition == competition).order_by(Event.id)):
                if line.chain != (chain := _chained(chain, line)):
                    return line.id
                last, lines = line.id, lines + 1
            known = session.get(Competition, competition)
        return None if lines == (known.version if known else 0) else last + 1


def row(session: Session, table: type[Base], number: int) -> Base | None:
    """The row of this number; None too for a number that no database could hold."""
    return session.get(table, number) if 0 < number < 2**31 else None


def plain(text: str, most: int, what: str, least: int = 0) -> str:
    """A text of people, without letters that no one can see or that turn the line round.

    Raises
    ------
    Refused : 422, it is too long or too short, or heaps marks on a letter
    """
    text = seen(text)
    if any(len(list(run)) > MARKS for marks, run in groupby(text, lambda letter: unicodedata.combining(letter) > 0) if marks):
        raise Refused(f"{what} has at most {MARKS} accents on a letter", 422)
    text = unicodedata.normalize("NFC", text).strip()
    if not least <= len(text) <= most:
        raise Refused(f"{what} has {least} to {most} letters; this has {len(text)}", 422)
    return text


def seen(text: str) -> str:
    """`text` without letters that no one can see or that turn the line round."""
    text = text.replace("\r\n", "\n")
    return "".join(c for c in text if c in "\n\t" or not (unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") or c in _TURNS))


#: Accents on one letter, as in the stream-safe format of Unicode (UAX 15): bringing them in order takes their number squared.
MARKS = 30

#: Marks that make the letters after them run the other way.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\u200e\u200f")


def _known(session: Session, competition: str) -> None:
    """Two services may begin at once, so that it may be there by now."""
    session.execute(text("insert into competitions (name, version) values (:name, 0) on conflict do nothing"),
                    {"name": competition})


def _chained(before: str, line: Event) -> str:
    said = [before, line.competition, repr(line.at), line.who, line.what, line.details]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@contextmanager
def _told() -> Iterator[None]:
    """What databases raise, as a sentence."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        if any(words in str(error.orig).lower() for words in ("disk is full", "no space left")):
            raise Refused("the server's disk is full; nothing was counted. Tell your advisor, and send it again later",
                          507) from error
        raise _away(error) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # a fault of ours
            raise
        raise _away(error) from error
    except TimeoutError as error:
        raise Refused("the database is very busy; nothing was counted. Try again in a minute", 503, come_again=30) from error


def _away(error: DatabaseError) -> Refused:
    return Refused(f"the database does not answer ({type(error.orig).__name__}); nothing was counted. Try again in a minute",
                   503, come_again=30)


def _of_one_file(engine: Engine) -> None:
    """SQLite: readers do not wait for writers, a commit survives a power cut, and who will write says so at once."""

    @event.listens_for(engine, "connect")
    def _set_up(connection, _record) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        connection.exec_driver_sql("begin immediate" if connection.get_execution_options().get("writes") else "begin")
