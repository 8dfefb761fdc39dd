"""A thread that asks the service for the board again and again, for as long as a page shows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime

from ..client import BUSY, Contest, LeaderboardError, Unreachable

#: A page says from time to time that it still shows the board; one that said nothing for so long [s] does not.
PATIENCE = 600.0
#: so many times as long it waits between two askings at most, while the service does not answer
LONGEST = 6


class Watch:
    """Ask a competition for its board.

    Parameters
    ----------
    found : returns the competition; called again until it can
    refresh : seconds between two askings
    tell : called with the board, the service's time now and the name of the caller's team
    lost : called with a sentence when the service does not answer, with an empty one when it answers again
    """

    def __init__(self, found: Callable[[], Contest], refresh: float, tell: Callable[[dict, float, str | None], None],
                 lost: Callable[[str], None]):
        self._found, self._contest = found, None
        self._refresh, self._tell, self._lost = refresh, tell, lost
        self._lock, self._asking, self._awake = threading.Lock(), threading.Lock(), threading.Event()
        self._until, self._thread, self._over = 0.0, None, False
        self._ahead: float | None = None  # the service's clock against ours
        self._team, self._seen = None, None
        self._fails, self._since = 0, ""

    def shown(self, seconds: float = PATIENCE) -> None:
        """A page shows the board: go on for so long."""
        with self._lock:
            if self._over:
                return
            self._until = time.monotonic() + seconds
            if self._thread is None:
                # in a copy of this context: ipykernel 7.0 can't send anything from a thread without
                self._thread = threading.Thread(target=copy_context().run, args=(self._loop,), daemon=True, name="board")
                self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._over = True
        self._awake.set()

    @property
    def running(self) -> bool:
        """Whether the thread asks."""
        return self._thread is not None

    def first(self) -> None:
        """Ask for the first time.

        Raises
        ------
        LeaderboardError : asking again would not help
        """
        try:
            self._contest = self._found()
        except LeaderboardError as fault:
            if not (isinstance(fault, Unreachable) or fault.status in BUSY):
                raise
            return self._missed(fault)
        return self.once()

    def once(self) -> None:
        """Ask now."""
        with self._asking:
            try:
                self._contest = self._contest or self._found()
                board = self._contest.board()
                self._tell(board, self._now(board), self._mine(board))
            except Exception as error:  # whatever it is: the last board stays, and the next answer may be a good one
                self._missed(error)
                return
            if self._fails:
                self._fails, self._since = 0, ""
                self._lost("")

    def _missed(self, error: Exception) -> None:
        self._fails += 1
        self._since = self._since or f"{datetime.now():%H:%M}"
        told = "The board below is as it was then." if self._seen is not None else "There is no board to show yet."
        reason = " ".join(str(error).split())[:300]
        self._lost(f"The leaderboard has not answered since {self._since}. {told} It is asked again and again. ({reason})")

    def _now(self, board: dict) -> float:
        """The service's time. An answer that is kept tells an old time, so the latest that was ever told is right."""
        told = datetime.fromisoformat(board["deadline"].replace("Z", "+00:00")).timestamp() - board["seconds_left"]
        ahead = told - time.monotonic()
        self._ahead = ahead if self._ahead is None else max(ahead, self._ahead)
        return time.monotonic() + self._ahead

    def _mine(self, board: dict) -> str | None:
        """The caller's team: asked for again when the board has changed and it is not on it."""
        if self._seen != board["version"] and self._team not in [row["team"] for row in board["rows"]]:
            self._team = self._asked_team()
        self._seen = board["version"]
        return self._team

    def _asked_team(self) -> str | None:
        try:
            team = self._contest.team()
        except LeaderboardError as fault:
            if fault.status in (401, 403):  # nobody is signed in: anybody may look at the board
                return None
            raise
        return team and team["name"]

    def _loop(self) -> None:
        while True:
            self._awake.wait(self._refresh * min(2**self._fails, LONGEST))
            with self._lock:
                if self._over or time.monotonic() > self._until:
                    self._thread = None
                    return
            self.once()
