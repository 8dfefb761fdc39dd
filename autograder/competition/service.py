"""What runs: the competitions with their database, the worker that scores, and the courier to the channels."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from dla_widgets.errors import CourseError

from .channels import Courier
from .contest import Contest
from .store import Refused, Store
from .worker import Worker


class Service:
    """The competitions in `folders`, kept in the database at `url`.

    Raises
    ------
    RulesError : a folder is no competition
    Refused : a benchmark's file cannot be used, or the database does not answer
    ServiceError : two competitions have the same name
    """

    def __init__(self, folders: Iterable[Path], url: str):
        self.store = Store(url)
        self.contests: dict[str, Contest] = {}
        for folder in folders:
            contest = Contest(folder, self.store)
            if contest.name in self.contests:
                raise ServiceError(f"two competitions are called {contest.name!r}: {self.contests[contest.name].folder} and "
                                   f"{contest.folder}; change `name` in one of them")
            contest.score_benchmarks()
            contest.told()  # packs the inputs now, not when all ask at once
            self.contests[contest.name] = contest
        self.worker = Worker(list(self.contests.values()))
        self.courier = Courier(list(self.contests.values()))
        self.key = secrets.token_bytes(32)  #: for what lives no longer than this process

    def contest(self, name: str) -> Contest:
        """The competition called `name`.

        Raises
        ------
        Refused : 404
        """
        if name not in self.contests:
            raise Refused(f"there is no competition {name[:50]!r} here; there are {', '.join(self.contests)}", 404)
        return self.contests[name]

    def start(self) -> None:
        self.worker.start()
        self.courier.start()

    def stop(self) -> None:
        self.courier.stop()
        self.worker.stop()
        self.store.engine.dispose()


class ServiceError(CourseError):
    """The service cannot be started like this."""
