"""Who may ask, and how often they did: tokens as hashes, and the times of asking, in one SQLite file."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_TABLES = """
create table if not exists tokens (learner text primary key, digest text not null unique);
create table if not exists asked (learner text not null, lesson text not null, at real not null);
create index if not exists asked_by on asked (learner, lesson, at);
"""


class Store:
    """The file at `path`.

    Parameters
    ----------
    most : how often a learner may ask about a lesson within `window` seconds
    """

    def __init__(self, path: Path, most: int = 5, window: float = 3600.0):
        self.path, self.most, self.window = Path(path), most, window
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        with self._open() as db:
            db.executescript(_TABLES)

    def invite(self, learner: str) -> str:
        """A new token for `learner`; an older one of theirs is good no longer."""
        token = secrets.token_urlsafe(24)
        with self._open() as db:
            db.execute("insert or replace into tokens values (?, ?)", (learner, _digest(token)))
        return token

    def learner(self, token: str) -> str | None:
        """Whose token it is; None if nobody's."""
        with self._open() as db:
            found = db.execute("select learner from tokens where digest = ?", (_digest(token),)).fetchone()
        return found[0] if found else None

    def take(self, learner: str, lesson: str) -> tuple[int, float]:
        """Count one asking: how many are left now, and 0; or -1 and the seconds until the next is free."""
        now = time.time()
        with self._open() as db:
            db.execute("begin immediate")
            times = [at for (at,) in db.execute("select at from asked where learner = ? and lesson = ? and at > ? order by at",
                                                (learner, lesson, now - self.window))]
            if len(times) >= self.most:
                return -1, times[0] + self.window - now
            db.execute("insert into asked values (?, ?, ?)", (learner, lesson, now))
        return self.most - len(times) - 1, 0.0

    def give_back(self, learner: str, lesson: str) -> None:
        """The last asking did not count: the service failed."""
        with self._open() as db:
            db.execute("delete from asked where rowid = (select rowid from asked where learner = ? and lesson = ? "
                       "order by at desc limit 1)", (learner, lesson))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as db, db:
            yield db


def _digest(token: str) -> str:
    """A token is long and random, so that a plain hash keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()
