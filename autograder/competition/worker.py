"""The process that reads teams' files: apart from the service, bounded, and replaced when a file stops it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool

from ..lifeline import end_with
from . import entries
from .contest import Contest
from .scoring import Scored, score_file
from .store import Refused

log = logging.getLogger(__name__)

#: Of one file: seconds, bytes of memory, and how often its process may die before it is the file's fault.
SECONDS, MEMORY, TRIES = 60, 8 << 30, 2

#: Seconds after which it looks for entries by itself, as another service may have died with some.
LOOK = 5


class Worker:
    """Scores the entries of `contests`: of each team in the order in which they came, as the Ladder needs it, team by team.

    So whoever sends files that take long keeps nobody else waiting for more than one of them.
    """

    def __init__(self, contests: list[Contest]):
        self.contests = contests
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="scoring", daemon=True)
        self._pool: ProcessPoolExecutor | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def nudge(self) -> None:
        """There is something new to score."""
        self._wake.set()

    def stop(self) -> None:
        """End; what has no score yet gets it after the next start."""
        self._ended.set()
        self._wake.set()
        self._end_pool()
        if self._thread.is_alive():
            self._thread.join(10)

    def score(self, folder: str, file: str, name: str, tries: int = TRIES) -> Scored:
        """Score a file in a process of its own."""
        for _ in range(tries):
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(os.getpid(),))
            try:
                return self._pool.submit(score_file, folder, file, name).result(SECONDS)
            except Late:
                self._end_pool()
                return Scored(fault=f"{name}: it took more than {SECONDS} s to read; write it anew, or in another format: these "
                                    "very bytes are not read again")
            except BrokenProcessPool:
                self._end_pool()
            except MemoryError:
                break
            except Exception:
                if self._ended.is_set():
                    break
                log.exception("an entry cannot be scored")
                return Scored(fault=f"{name}: it cannot be read; write it with write_submission(). If that is how it was made, "
                                    "tell your advisor")
        return Scored(fault=f"{name}: it cannot be read within {MEMORY >> 30} GB of memory; write it with write_submission()")

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            try:
                found = sum([self._score_all(contest) for contest in self.contests])
            except Refused as trouble:  # the database is away or full; entries wait
                log.warning("scoring waits: %s", trouble)
                found = 0
            except Exception:
                if self._ended.is_set():
                    return
                log.exception("scoring failed and is tried again")
                found = 0
            if not found:
                self._wake.wait(LOOK)

    def _score_all(self, contest: Contest) -> int:
        waiting = {}
        for entry, team, file, name in entries.waiting(contest):
            waiting.setdefault(team, (entry, file, name))
        for entry, file, name in waiting.values():
            if self._ended.is_set():
                break
            scored = self.score(str(contest.folder), file, name)
            if self._ended.is_set():  # it may be our own end that broke it off
                break
            entries.keep(contest, entry, scored)
        return len(waiting)

    def _end_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):  # no public way to end one that hangs
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(master: int) -> None:
    """What a file can use up is bounded, and nobody's process outlives the service."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    end_with(master)
