"""A competition with a clock that tests set, people in it, and files that score what a test wants."""

from __future__ import annotations

import hashlib
import shutil
from datetime import datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import yaml
from served_wells import of_skill

from autograder.competition import entries, people, teams, uploads
from autograder.competition.contest import Contest
from autograder.competition.people import Caller
from autograder.competition.scoring import score_file
from autograder.competition.store import Store

#: In the middle of the day, in the middle of the competition.
NOON = datetime(2026, 3, 20, 12, tzinfo=ZoneInfo("Europe/Berlin"))
NUMBERS = count(1)
RULES = {"opens": "2026-03-01T00:00:00+01:00", "deadline": "2026-04-10T18:00:00+02:00"}


class Clocked(Store):
    """A store whose clock stands until it is set."""

    def __init__(self, url: str):
        self.at = NOON.timestamp()
        super().__init__(url)

    def now(self) -> float:
        return self.at


class Arena:
    """A copy of the competition `made` in `folder`, kept in `store`; `rules` as this test wants them.

    Tests share a store, as opening one costs more than a test; each has a competition of its own.
    """

    def __init__(self, made: Path, folder: Path, store: Clocked, at: datetime = NOON, **rules):
        self.folder = Path(shutil.copytree(made, folder / made.name))
        path = self.folder / "competition.yaml"
        said = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump(said | RULES | {"name": f"{said['name']}-{next(NUMBERS)}"} | rules))
        self.store = store
        self.store.at = at.timestamp()
        self.contest = Contest(self.folder, self.store)
        self.advisor = self.person("Prof. Ohm", "advisor")
        self.truth = pd.read_csv(self.folder / "secret" / "truth.csv") if self.contest.rules.project == "table" else None

    def set(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0, zone: str = "Europe/Berlin", fold: int = 0):
        """Set the clock."""
        self.store.at = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold).timestamp()

    def wait(self, seconds: float) -> None:
        self.store.at += seconds

    def person(self, name: str, scope: str = "submit") -> Caller:
        return people.caller(self.store, people.invite(self.store, name, scope))

    def team(self, name: str, *members: str, zone: str = "Europe/Berlin") -> list[Caller]:
        """A team of these people; a person of the team's name if none is named."""
        callers = [self.person(member) for member in members or (name.lower(),)]
        code = teams.create(self.contest, callers[0], name, zone)["code"]
        for one in callers[1:]:
            teams.join(self.contest, one, code)
        return callers

    def file(self, score: float, seed: int = 1) -> bytes:
        """A table whose NSE is `score` at every site; another seed is another file of this score."""
        return of_skill(self.truth, score, seed)

    def send(self, who: Caller, content: bytes, name: str = "mine.csv") -> str:
        """Upload; returns the upload's id."""
        upload = uploads.begin(self.contest, who, hashlib.sha256(content).hexdigest(), len(content), name)
        if upload["offset"] < len(content):
            uploads.add(self.contest, who, upload["id"], upload["offset"], content[upload["offset"]:])
        return upload["id"]

    def enter(self, who: Caller, content: bytes, name: str = "mine.csv", **card) -> dict:
        """Upload and hand in; the entry has no score yet."""
        return entries.hand_in(self.contest, who, self.send(who, content, name), **card)[0]

    def score(self) -> None:
        """Score what waits, as the worker does."""
        for entry, _team, file, name in entries.waiting(self.contest):
            entries.keep(self.contest, entry, score_file(str(self.folder), file, name))

    def try_out(self, who: Caller, score: float, seed: int = 1) -> dict:
        """Hand in a file that scores so much, and hear what is told of it."""
        entry = self.enter(who, self.file(score, seed))
        self.score()
        return entries.one(self.contest, who, entry["id"])
