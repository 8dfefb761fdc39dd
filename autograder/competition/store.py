"""The database: SQLite in a file of the service's own, or PostgreSQL by its address. Nothing is half-written."""

from __future__ import annotations

import hashlib
import json
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, TimeoutError
from sqlalchemy.orm import Session

from dla_widgets.errors import CourseError

from .tables import Competition, Event

MIGRATIONS = Path(__file__).parent / "migrations"

#: The clock may go back by so many seconds, when it is set right; more is a fault that would upset deadlines.
SET_BACK = 60


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
        waits = {"connect_args": {"timeout": 30}} if url.startswith("sqlite") else {"pool_pre_ping": True}
        self.engine = create_engine(url, pool_size=20, **waits)
        if self.engine.dialect.name == "sqlite":
            _of_one_file(self.engine)
        with _told():
            self._upgrade()

    def _upgrade(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.connect().execution_options(writes=True) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    @staticmethod
    def now() -> float:
        """Seconds since 1970: the one clock that counts."""
        return time.time()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with _told(), Session(self.engine) as session:
            yield session

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """A session whose changes are all kept when it ends, or none."""
        with _told(), Session(self.engine.execution_options(writes=True)) as session, session.begin():
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
                session.add(Competition(name=competition, version=0))
                session.flush()
            last = session.scalar(select(func.max(Event.at)).where(Event.competition == competition))
            if last is not None and (back := last - self.now()) > SET_BACK:
                raise Refused(f"the server's clock went back by {back:.0f} s since the last entry; nothing is taken until it is "
                              "right. Tell your advisor", 503, come_again=60)
            yield session

    @staticmethod
    def note(session: Session, competition: str, who: str, what: str, **details) -> None:
        """Add a line to the audit log, and let the board know that it has changed."""
        session.get(Competition, competition).version += 1
        last = session.scalar(select(Event.chain).where(Event.competition == competition).order_by(Event.id.desc()).limit(1))
        line = Event(competition=competition, at=Store.now(), who=who, what=what, details=details, chain="")
        line.chain = _chained(last or "", line)
        session.add(line)
        session.flush()

    def broken_line(self, competition: str) -> int | None:
        """The first line of the audit log that was changed, or that follows one that is missing; None if it is whole."""
        chain = ""
        with self.reading() as session:
            for line in session.scalars(select(Event).where(Event.competition == competition).order_by(Event.id)):
                if line.chain != (chain := _chained(chain, line)):
                    return line.id
        return None


def plain(text: str, most: int, what: str, least: int = 0) -> str:
    """A text of people, without letters that no one can see or that turn the line round.

    Raises
    ------
    Refused : 422, it is too long or too short
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    hidden = [c for c in text if c not in "\n\t" and (unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") or c in _TURNS)]
    text = text.translate(dict.fromkeys(map(ord, hidden)))
    if not least <= len(text) <= most:
        raise Refused(f"{what} has {least} to {most} letters; this has {len(text)}", 422)
    return text


#: Marks that make the letters after them run the other way.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\u200e\u200f")


def _chained(before: str, line: Event) -> str:
    said = [before, line.competition, repr(line.at), line.who, line.what, line.details]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@contextmanager
def _told() -> Iterator[None]:
    """What databases raise, as a sentence."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        if any(word in str(error.orig).lower() for word in ("full", "no space")):
            raise Refused("the server's disk is full; nothing was counted. Tell your advisor, and send it again later",
                          507) from error
        raise Refused(f"the database does not answer ({type(error.orig).__name__}); nothing was counted. Try again in a "
                      "minute", 503, come_again=30) from error
    except TimeoutError as error:
        raise Refused("the database is very busy; nothing was counted. Try again in a minute", 503, come_again=30) from error


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
