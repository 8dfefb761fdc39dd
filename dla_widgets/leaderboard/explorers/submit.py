"""Handing in a file from the lesson: sign in, team, check, send, score, finals."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets as t

from ... import accounts
from ...errors import CourseError
from ...landcover.submission import SubmissionWarning
from ...panels.explorer import Explorer, bundle
from .. import sending
from ..client import KEPT, Contest, Leaderboard, LeaderboardError, Unreachable
from ..times import at
from .entry_words import entry_row, in_list, left, offered, received, standing, verdict

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
#: stages in which the kernel works for the panel
BUSY = ("checking", "sending", "waiting")
#: seconds between two words of progress, that a score is waited for, and within which the panel is fresh
BEAT, PATIENCE, FRESH = 0.1, 1800.0, 5.0


class SubmitPanel(Explorer):
    """Hand in a prediction without leaving the lesson: sign in, make or join a team, check the file, send it, see its score.

    Parameters
    ----------
    contest : a competition as `Leaderboard.competition` returns it; by default that of whoever is signed in
    file : path of the file to hand in; can be changed in the panel

    Raises nothing: what is wrong is said in the panel.
    """

    _esm = bundle(HERE / "submit.js")
    title = "Hand in"

    file = t.Unicode("", help="the file to hand in").tag(sync=True)
    tried = t.Unicode("", help="model card: what was tried").tag(sync=True)
    learned = t.Unicode("", help="model card: what was learned").tag(sync=True)

    words = {
        "not-signed-in": "Nobody is signed in to a leaderboard here. It takes the address and the token that your advisor gave "
                         "you; the token is kept in a file that only you can read, and never in the notebook.",
        "which": "{who} is signed in. There are several competitions: choose one.",
        "unreachable": "The leaderboard does not answer. Nothing is lost: try again. A file that was being sent goes on from "
                       "there when it is handed in again.",
        "in-no-team": "{who} is signed in to {title}, in no team yet. Make one, or join one with the code of its members.",
        "ready": "{team} in {title}. {left} {standing}",
        "checking": "{team} in {title}. The file is being checked; nothing is sent.",
        "sending": "{team} in {title}. The file is being sent.",
        "waiting": "{team} in {title}. The file was received and waits for its score. {left}",
        "scored": "{team} in {title}. {left} {standing}",
        "refused": "{team} in {title}. {left} {standing}",
        "ended": "{title} has ended. {standing}",
    }  # fmt: skip

    def load(self, contest: Contest | None = None, file: str | os.PathLike | None = None) -> None:
        if contest is not None and not callable(getattr(contest, "team", None)):
            raise LeaderboardError("contest is a competition as Leaderboard.remembered().competition() returns it; received "
                                   f"{type(contest).__name__}")  # fmt: skip
        if file is not None:
            self.file = os.fspath(file)
        self._contest: Contest | None = contest
        self._leaderboard: Leaderboard | None = contest and contest.leaderboard
        self._wanted: str | None = None  # name of the competition that was chosen
        self._stage, self._said, self._tone = "unreachable", "", ""
        self._unsent = False  # whether a file was being handed in when the service was lost
        self._who, self._team, self._choices, self._files = "", None, [], []
        self._sent: dict[str, Any] | None = None
        self._receipt: dict[str, Any] | None = None
        self._looked = 0.0
        self._tried(self._open)

    # what the page asks for

    def asked(self, what: str, content: dict[str, Any]) -> None:
        if what == "look" and (self._stage in BUSY or self.cancelled() or time.monotonic() - self._looked < FRESH):
            return  # a look takes the place of nothing that a hand asked for
        work = {
            "look": self._open, "retry": self._open, "sign in": self._sign_in, "which": self._choose, "make": self._make,
            "join": self._join, "code": self._tell_code, "browse": self._browse, "check": self._check, "submit": self._submit,
            "finals": self._choose_finals,
        }[what]  # fmt: skip
        self.newest(self._tried, work, *content.get("with", []))

    def _tried(self, work: Callable[..., None], *args: Any) -> None:
        """Do it; whatever stands in the way is a sentence in the panel."""
        try:
            work(*args)
        except Exception as error:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        said = str(error) if isinstance(error, CourseError) else f"That did not work. {type(error).__name__}: {error}"
        status = getattr(error, "status", None)
        if status == 401:
            self._stage = "not-signed-in"
            said = said.partition(" With a token from your advisor: dla board")[0]  # the panel has a form for it
        elif isinstance(error, Unreachable) or (status or 0) >= 500:
            if self._stage != "unreachable":
                self._unsent = self._stage in ("checking", "sending")
            self._stage = "unreachable"
        elif self._stage in BUSY:
            self._stage = "ready"
        if 401 < (status or 0) < 500 and self._contest is not None:  # it is not as it was: the deadline may have passed
            with suppress(LeaderboardError):
                self._look()
        self._sent = None
        self._tell(said, "bad")

    def _open(self) -> None:
        """Find the service, the competition and the team as they are now; what was said stays."""
        lost, entries = self._stage == "unreachable" and self._said, len(self._team["entries"]) if self._team else 0
        if self._stage == "not-signed-in":
            self._said = self._tone = ""
        if self._leaderboard is None:
            if not (os.environ.get("DLA_BOARD") or accounts.remembered(KEPT)[0]):
                self._stage = "not-signed-in"
                return self._tell()
            self._leaderboard = Leaderboard.remembered()
        self._who = self._leaderboard.me()["name"]
        if self._contest is None and not self._found():
            return None
        self._look()
        if not lost:
            return self._tell(self._said, self._tone)
        unsent = self._unsent and self._stage == "ready" and len(self._team["entries"]) == entries
        return self._tell("It answers again." + " Nothing was handed in yet: press Hand in." * unsent)

    def _found(self) -> bool:
        """Find the competition; if there are several, the page asks for one."""
        try:
            self._contest = self._leaderboard.competition(self._wanted)
        except LeaderboardError as fault:
            if fault.status is not None or isinstance(fault, Unreachable):
                raise
            self._choices = [[one["name"], one["title"]] for one in self._leaderboard.competitions()]
            self._stage = "which" if self._choices else "unreachable"
            self._tell("" if self._choices else str(fault), "bad")
            return False
        return True

    def _look(self) -> None:
        """Rules and team as they are now."""
        rules, self._team = self._contest.refresh(), self._contest.team()
        self._looked = time.monotonic()
        if rules["phase"] in ("closed", "final"):
            self._stage = "ended"
        elif self._team is None:
            self._stage = "in-no-team"
        elif self._stage not in ("scored", "refused"):
            self._stage = "ready"

    def _sign_in(self, service: str, token: str) -> None:
        leaderboard = Leaderboard(service, token)
        try:
            leaderboard.me()
        except LeaderboardError as fault:
            if fault.status == 401:
                raise
            return self._tell(str(fault), "bad")  # the form stays, with what was written into it
        leaderboard.remember()
        self._leaderboard, self._contest, self._wanted = leaderboard, None, self._contest and self._contest.name
        self._said = self._tone = ""
        return self._open()

    def _choose(self, name: str) -> None:
        self._wanted, self._contest = name, None
        self._open()

    def _make(self, name: str, time_zone: str) -> None:
        self._contest.make_team(name, time_zone or None)
        self._look()
        self._tell(f"You have made the team {self._team['name']}. With its code others can join.", "good")

    def _join(self, code: str) -> None:
        self._contest.join(code)
        self._look()
        self._tell(f"You are in the team {self._team['name']} now.", "good")

    def _tell_code(self) -> None:
        """To the page that asks, and into no trait: a saved notebook is no place for it."""
        self._look()
        self.send({"code": self._team["code"]})
        self._tell(self._said, self._tone)

    def _browse(self) -> None:
        kinds = self._contest.rules["formats"]
        self._files = [[str(found[0]), in_list(*found)] for found in offered(Path(), tuple(kinds))]
        none = f"There is no file of the right kind below the working directory: {' or '.join(kinds)}."
        self._tell("" if self._files else none, "bad")

    def _check(self, file: str) -> None:
        self._stage = "checking"
        self._tell()
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            self._contest.inputs(progress=False)
            sending.judge(self._contest, self._path(file))
        self._stage = "ready"
        self._tell(" ".join([f"{Path(file).name} can be handed in; nothing was sent.", *_remarks(remarks)]), "good")

    def _submit(self, file: str, tried: str, learned: str) -> None:
        path, tried, learned, self._receipt = self._path(file), tried.strip(), learned.strip(), None
        before = max((one["score"] for one in self._team["entries"] if one["improved"]), default=None)
        self._stage, self._sent = "checking", None
        self._tell()
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            self._contest.inputs(progress=False)
            entry = sending.submit(self._contest, path, tried, learned, progress=self._progress())
        self._receipt, self._sent, self._stage = entry, None, "waiting"
        self._team = self._contest.team()
        self._tell(" ".join([received(entry), *_remarks(remarks)]))
        until = time.monotonic() + PATIENCE
        while entry["state"] == "received" and time.monotonic() < until and not self.cancelled():
            entry = self._contest.wait(entry, 2) | {"new": entry["new"]}
        self._stage = {"scored": "scored", "refused": "refused"}.get(entry["state"], "ready")
        said, tone = verdict(entry, before)
        if not entry["new"] and (tried or learned):
            said += " What you wrote is its model card now."
        self._look()
        if entry["new"] and entry["state"] == "scored":
            self.tried = self.learned = ""  # the next entry has a card of its own
        self._tell(said, tone)

    def _choose_finals(self, entry: int, on: bool) -> None:
        """One more or one less; what teammates have chosen meanwhile stays."""
        finals = {one["id"] for one in self._contest.entries() if one["final"]}
        chosen = sorted(finals | {entry} if on else finals - {entry})
        self._contest.choose_finals(chosen)
        self._look()
        names = " and ".join(f"entry {one}" for one in chosen)
        self._tell(f"The better private score of {names} counts." if len(chosen) > 1 else f"The private score of {names} counts."
                   if chosen else "No final is chosen: your entries that climbed last count.", "good")

    def _path(self, file: str) -> Path:
        if not file.strip():
            raise LeaderboardError(f"which file? Write its path, such as submission{self._contest.rules['formats'][0]}")
        return Path(file.strip()).expanduser()

    def _progress(self) -> Callable[[str, int, int], None]:
        told = [0.0]

        def tell(step: str, done: int, total: int) -> None:
            if step == "checking":
                return
            if self._stage != "sending" or time.monotonic() - told[0] > BEAT or done == total:
                self._stage, told[0] = "sending", time.monotonic()
                self._sent = {"done": done, "total": total, "text": f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"}
                self._tell()

        return tell

    # what the page gets

    def numbers(self) -> dict[str, Any]:
        """All texts of the panel; the page shows them as they are."""
        rules, team = self._contest.rules if self._contest else {}, self._team
        return {
            "saying": self._stage, "who": self._who, "title": rules.get("title", ""), "team": team["name"] if team else "",
            "left": left(rules, team) if team else "", "standing": standing(rules, team) if rules else "",
        }  # fmt: skip

    def _tell(self, said: str = "", tone: str = "") -> None:
        """The present state into the trait that the page has. No token and no code is in it."""
        self._said, self._tone = said, tone
        rules, team = self._contest.rules if self._contest else {}, self._team or {}
        self.result = {
            "stage": self._stage, "said": said, "tone": tone, "numbers": self.numbers(), "choices": self._choices,
            "service": self._leaderboard.service if self._leaderboard else _address(), "files": self._files, "sent": self._sent,
            "receipt": self._receipt and {"code": self._receipt["receipt"], "sha256": self._receipt["sha256"]},
            "rules": {name: rules.get(name) for name in ("title", "phase", "formats", "finals", "team_size")},
            "members": team.get("members", []), "disqualified": team.get("disqualified"),
            "entries": [entry_row(one) for one in reversed(team.get("entries", []))],
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        """The team's entries, the oldest first."""
        import pandas as pd

        names = ["id", "at", "name", "by", "state", "score", "improved", "final", "message", "tried", "learned", "sha256"]
        entries = (self._team or {}).get("entries", [])
        return pd.DataFrame([[one[name] for name in names] for one in entries], columns=names).set_index("id")

    def figure(self) -> Picture:
        """The scores that the team's entries climbed to."""
        from matplotlib.dates import ConciseDateFormatter

        from ...panels.picture import Picture

        picture = Picture(8, 2.6, alt=self.describe())
        ax = picture.subplots()
        climbed = [one for one in (self._team or {}).get("entries", []) if one["improved"]]
        ax.step([at(one["at"]) for one in climbed], [one["score"] for one in climbed], where="post", marker="o")
        ax.set(ylabel=self._contest.rules["metric"] if self._contest else "score", title=self.title)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
        return picture

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict, dict]:
        """The panel, and for a notebook that is opened without a kernel its words: a picture would be of no use there."""
        data, metadata = super(Explorer, self)._repr_mimebundle_(**options)
        return data | {"text/plain": self.describe()}, metadata


def _address() -> str:
    return os.environ.get("DLA_BOARD") or accounts.remembered(KEPT)[0]


def _remarks(found: list[warnings.WarningMessage]) -> list[str]:
    return [f"Mind: {one.message}" for one in found if issubclass(one.category, SubmissionWarning)]
