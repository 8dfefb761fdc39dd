"""The board as bytes, made once for all who look at it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ..board import board
from ..contest import Contest
from ..tables import Competition

#: For so long [s] nobody asks the database, and for so long the board is not made again if nothing has happened.
CALM, OLD = 0.25, 5.0


class Page(NamedTuple):
    body: bytes
    etag: str


class Boards:
    """A board for each competition. It has a thread of its own, so that it answers while others wait for the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "board")
        self._kept: dict[str, tuple[Page, tuple, float, float]] = {}  # page, state, when made, when looked

    async def page(self, contest: Contest) -> Page:
        """The board of `contest`, at most a moment old."""
        kept = self._kept.get(contest.name)
        if kept and time.monotonic() - kept[3] < CALM:
            return kept[0]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._fresh, contest)

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _fresh(self, contest: Contest) -> Page:
        now, kept = time.monotonic(), self._kept.get(contest.name)
        if kept and now - kept[3] < CALM:  # somebody else looked while this one waited
            return kept[0]
        with contest.store.reading() as session:
            row = session.get(Competition, contest.name)
            state = (row.version, contest.phase(session))
        if kept and kept[1] == state and now - kept[2] < OLD:
            page, made = kept[0], kept[2]
        else:
            page, made = _made(contest), now
        self._kept[contest.name] = (page, state, made, now)
        return page


def _made(contest: Contest) -> Page:
    said = board(contest)
    lasting = json.dumps({name: value for name, value in said.items() if name != "seconds_left"}, sort_keys=True)
    return Page(json.dumps(said).encode(), f'"{hashlib.sha256(lasting.encode()).hexdigest()[:24]}"')
