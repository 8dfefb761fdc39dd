"""What a learner's machine can ask of the leaderboard. It runs as the learner, so it never sees what is held out.

The token goes to the service alone: never along a redirect, never in clear text through a network, never into a text.
"""

from __future__ import annotations

import ipaddress
import os
import random
import re
import threading
import time
import zoneinfo
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from .. import accounts
from ..errors import CourseError
from . import inputs, unpacking

KEPT = "leaderboard"  #: name of the file that `dla board --service` writes
CONNECT, STALL = 10, 60  #: seconds that are waited for a connection, and for the next byte
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  #: seconds before each new try; the last one again and again
PATIENCE = 5.0  #: seconds that tries go on for, where nothing more is at stake than an answer

#: Stands around each question until it is answered; `dla` tells there that it waits.
asking: Callable[[], AbstractContextManager] = nullcontext

BUSY = (429, 500, 502, 503, 504)
SAID = {"name", "title", "project", "phase", "formats", "inputs_sha256"}  #: of every competition


class LeaderboardError(CourseError):
    """The leaderboard cannot be asked, or says no; the message says why, and what to do.

    Attributes
    ----------
    status : of the answer, None if none came
    wait : seconds after which coming again helps, if the service said so
    offset : where an upload stands, if a piece was misplaced
    """

    def __init__(self, text: str, status: int | None = None, wait: float | None = None, offset: int | None = None):
        super().__init__(text)
        self.status, self.wait, self.offset = status, wait, offset

    @property
    def passing(self) -> bool:
        """Whether it may be otherwise in a moment."""
        return self.status is None or self.status in BUSY


class Unreachable(LeaderboardError):
    """No answer came; whether the service got the question is not known."""


class Leaderboard:
    """The leaderboard at an address.

    Parameters
    ----------
    service : its address, such as ``https://hub.example.org/services/board``
    token : the one that your advisor gave you; without one, boards can be looked at

    Raises
    ------
    LeaderboardError : the token would travel in clear text, or this is no address
    """

    def __init__(self, service: str, token: str = ""):
        self.service, self.__signed = _address(service, bool(token.strip())), _Signed(token)
        self._own = threading.local()

    @classmethod
    def remembered(cls) -> Leaderboard:
        """The one that this machine is set up for: by DLA_BOARD and a token, by the JupyterHub, or by ``dla board --service``.

        Raises
        ------
        LeaderboardError : it is set up for none
        """
        service, (kept, token) = os.environ.get("DLA_BOARD", ""), accounts.remembered(KEPT)
        if service:
            own = token if kept.rstrip("/") == service.rstrip("/") else ""
            return cls(service, os.environ.get("DLA_BOARD_TOKEN") or os.environ.get("JUPYTERHUB_API_TOKEN") or own)
        if not kept:
            raise LeaderboardError("which leaderboard? Say once the address that your advisor gave you, in a terminal: "
                                   "dla board --service https://...")  # fmt: skip
        return cls(kept, token)

    def remember(self) -> None:
        """Keep address and token for :meth:`remembered`, in a file that only you can read."""
        accounts.remember(KEPT, self.service, self.__signed.token)

    @property
    def signed(self) -> bool:
        """Whether a token goes along."""
        return bool(self.__signed.token)

    def __repr__(self) -> str:
        return f"Leaderboard({self.service!r})"

    def __reduce__(self):
        raise TypeError("a Leaderboard holds a token and is not written to files; open it anew with Leaderboard.remembered()")

    def me(self) -> dict[str, Any]:
        """Who the service takes you for: name, scope, and your team in each competition."""
        return self.request("GET", "me").json()

    def competitions(self) -> list[dict[str, Any]]:
        """The rules of all competitions."""
        known = self.request("GET", "competitions").json()
        if not isinstance(known, list) or not all(isinstance(one, dict) and one.keys() >= SAID for one in known):
            raise LeaderboardError(f"{self.service} answers, and not as a leaderboard does. Is the address right?")
        return known

    def competition(self, name: str | None = None) -> Contest:
        """The competition called `name`, or that of a project (``streamflow``, ``landcover``); without either the only one.

        Of several the one that is open is meant, if there is one such.

        Raises
        ------
        LeaderboardError : there is none, or there are several
        """
        known = self.competitions()
        found = [one for one in known if name in (None, one["name"], one["project"])]
        if name is not None and any(one["name"] == name for one in found):
            found = [one for one in found if one["name"] == name]
        if len(found) > 1 and len(still := [one for one in found if one["phase"] == "open"]) == 1:
            found = still
        if len(found) == 1:
            return Contest(self, found[0])
        listed = ", ".join(f"{one['name']} ({one['title']})" for one in found or known) or "none"
        if found:
            raise LeaderboardError(f"which competition? {self.service} has {listed}. Say its name; in a terminal: "
                                   "dla board NAME, and --competition NAME elsewhere")
        close = get_close_matches(name or "", [one["name"] for one in known], n=1)
        guess = f"did you mean {close[0]!r}?" if close else f"there are: {listed}."
        raise LeaderboardError(f"{self.service} has no competition" + (f" {name!r}; {guess}" if name else " yet"))

    def request(
        self, method: str, path: str, *, patience: float | None = None, again: bool = True, **options
    ) -> requests.Response:
        """The service's answer to a request below ``api/``; while it is busy or away, it is asked again.

        Parameters
        ----------
        patience : seconds for which it is; by default :data:`PATIENCE`
        again : whether the request does no harm if it arrives twice
        **options : for ``requests``: json, data, headers, stream

        Raises
        ------
        LeaderboardError : the service refuses, or does not answer
        """
        until, pauses = time.monotonic() + (PATIENCE if patience is None else patience), waits()
        with asking():
            while True:
                try:
                    return self._answered(method, path, options)
                except LeaderboardError as fault:
                    wait = next(pauses) if fault.wait is None else fault.wait
                    lost = isinstance(fault, Unreachable) and not again
                    if lost or not fault.passing or time.monotonic() + wait > until:
                        raise
                time.sleep(wait)

    def _answered(self, method: str, path: str, options: dict[str, Any]) -> requests.Response:
        try:
            answer = self._session().request(method, f"{self.service}/api/{path}", timeout=(CONNECT, STALL),
                                             allow_redirects=False, **options)  # fmt: skip
        except requests.RequestException as reason:
            raise Unreachable(f"{self.service} does not answer: {_why(reason)}") from None
        if answer.status_code in (304, 416) or (answer.status_code < 300 and (options.get("stream") or _is_json(answer))):
            return answer
        with answer:
            raise self._fault(answer) from None

    def _session(self) -> requests.Session:
        """One for each thread, so that a connection is used again."""
        if not hasattr(self._own, "session"):
            session = self._own.session = requests.Session()
            session.auth = self.__signed  # also keeps ~/.netrc out
            session.headers["User-Agent"] = "dla-course-kit (Deep Learning Academy)"
            session.trust_env = not _is_loopback(self.service)  # no proxy stands between a machine and itself
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        return self._own.session

    def _fault(self, answer: requests.Response) -> LeaderboardError:
        """What the service says, and what to do."""
        status = answer.status_code
        try:
            told = answer.json()
            said, offset = str(told["error"]), told.get("offset")
        except (ValueError, KeyError, TypeError, requests.RequestException):
            said, offset = "", None
        if 300 <= status < 400:
            elsewhere = urlsplit(answer.headers.get("Location", "")).netloc or "another page"
            said = (f"{self.service} sends you on to {elsewhere[:100]}, and a token is never sent along. Is this the board's own "
                    "address? Ask your advisor for it")  # fmt: skip
        elif status == 401:
            said = (f"{self.service} does not know you: {said or 'it wants a token'}. With a token from your advisor: "
                    f"dla board --service {self.service}")  # fmt: skip
        elif not said:
            said = (f"{self.service} answers {status} {answer.reason}, and not as a leaderboard does. Is the address right, or "
                    "does the network want you to sign in first?")  # fmt: skip
        wait = answer.headers.get("Retry-After", "")
        return LeaderboardError(said, status, float(wait) if wait.isdigit() else None, offset)


class Contest:
    """A competition, as the team sees it that you are in. ``rules`` is what anybody may know of it."""

    def __init__(self, leaderboard: Leaderboard, rules: dict[str, Any]):
        self.leaderboard, self.rules = leaderboard, rules
        self._folder: Path | None = None
        self._asked: tuple[Path, inputs.Expected] | None = None
        self._seen: tuple[str, dict[str, Any], float] | None = None  # tag, board, when

    @property
    def name(self) -> str:
        return self.rules["name"]

    def __repr__(self) -> str:
        return f"<{self.rules['title']}: {self.name}, {self.rules['phase']}, at {self.leaderboard.service}>"

    def request(self, method: str, path: str = "", **options) -> requests.Response:
        """The service's answer to a request about this competition; see :meth:`Leaderboard.request`."""
        return self.leaderboard.request(method, f"competitions/{quote(self.name, safe='')}/{path}".rstrip("/"), **options)

    def refresh(self) -> dict[str, Any]:
        """The rules as they are now; the phase changes with time."""
        self.rules = self.request("GET").json()
        return self.rules

    def board(self) -> dict[str, Any]:
        """The board as it stands. While nothing has changed, hardly anything is sent."""
        known = {"If-None-Match": self._seen[0]} if self._seen else {}
        answer = self.request("GET", "board", headers=known)
        now = time.monotonic()
        if answer.status_code == 304 and self._seen:
            _, board, when = self._seen
            return board | {"seconds_left": max(0, round(board["seconds_left"] - (now - when)))}
        board = answer.json()
        self._seen = (answer.headers["ETag"], board, now) if "ETag" in answer.headers else None
        return board

    # the team

    def team(self) -> dict[str, Any] | None:
        """Your team as its members see it, None if you are in none."""
        try:
            return self.request("GET", "team").json()
        except LeaderboardError as fault:
            if fault.status == 404:
                return None
            raise

    def make_team(self, name: str, time_zone: str | None = None) -> dict[str, Any]:
        """Make a team; its days begin at midnight in `time_zone`, by default this machine's."""
        try:
            return self.request("POST", "teams", json={"name": name, "time_zone": time_zone or own_time_zone()}).json()
        except LeaderboardError as fault:
            made = self.team() if fault.status == 409 else None  # the first answer may have been lost
            if made and made["name"] == name.strip():
                return made
            raise

    def join(self, code: str) -> dict[str, Any]:
        """Join the team whose code it is."""
        return self.request("POST", "team/join", json={"code": code}).json()

    def merge(self, code: str) -> dict[str, Any]:
        """Make one team of yours and the one whose code it is."""
        return self._in_team("POST", "team/merge", json={"code": code}, again=False).json()

    def leave(self) -> None:
        """Leave your team; its entries stay with it."""
        self._in_team("POST", "team/leave", json={}, again=False)

    def renew_code(self) -> str:
        """Another code for your team: the old one lets nobody in any more."""
        return self._in_team("POST", "team/code", json={}).json()["code"]

    def write_notes(self, text: str) -> dict[str, Any]:
        """Replace the notes that the members of your team read."""
        return self._in_team("PUT", "team/notes", json={"text": text}).json()

    def choose_finals(self, entries: Iterable[int | dict]) -> list[dict[str, Any]]:
        """Choose the entries of which the best private score counts."""
        return self._in_team("PUT", "team/finals", json={"entries": [_id(one) for one in entries]}).json()

    def in_team(self) -> dict[str, Any]:
        """Your team.

        Raises
        ------
        LeaderboardError : you are in none
        """
        if (team := self.team()) is None:
            raise LeaderboardError(f"you are in no team of {self.name} yet. Make one: dla team make NAME; or join one with the "
                                   "code that its members can give you: dla team join CODE", 404)  # fmt: skip
        return team

    def _in_team(self, method: str, path: str, **options) -> requests.Response:
        try:
            return self.request(method, path, **options)
        except LeaderboardError as fault:
            if fault.status == 404:
                self.in_team()
            raise

    # files

    def inputs(self, folder: str | os.PathLike | None = None, progress: bool = True) -> Path:
        """The folder of the competition's inputs, fetched if they are not there yet; an interrupted download goes on.

        Parameters
        ----------
        folder : by default ``competition/NAME/inputs`` below the working directory

        Raises
        ------
        LeaderboardError : they cannot be fetched, or the folder holds something else
        """
        if folder is not None or self._folder is None:
            self._folder = Path("competition", self.name, "inputs") if folder is None else Path(folder).expanduser()
            self._folder = self._folder.absolute()

        def answer(_url: str, headers: dict[str, str]) -> requests.Response:
            return self.request("GET", "inputs.zip", headers={"Accept-Encoding": "identity", **headers}, stream=True, patience=30)

        try:
            return unpacking.fetched(self._folder, self.rules["inputs_sha256"], answer, progress, what=self.name)
        except unpacking.UnpackingError as fault:
            raise LeaderboardError(str(fault)) from None

    def expected(self) -> inputs.Expected:
        """What a file to hand in must hold."""
        folder = self.inputs()
        if self._asked is None or self._asked[0] != folder:
            self._asked = folder, inputs.expected(folder)
        return self._asked[1]

    def submit(self, file: str | os.PathLike, tried: str = "", learned: str = "", **options) -> dict[str, Any]:
        """Hand in a file; see :func:`.sending.submit`."""
        from .sending import submit

        return submit(self, file, tried, learned, **options)

    # entries and cards

    def entry(self, entry: int | dict) -> dict[str, Any]:
        """An entry of your team, as it stands: received, scored or refused."""
        return self._in_team("GET", f"entries/{_id(entry)}").json()

    def entries(self) -> list[dict[str, Any]]:
        """All entries of your team, the oldest first."""
        return self.in_team()["entries"]

    def wait(self, entry: int | dict, timeout: float = 300) -> dict[str, Any]:
        """The entry once it is scored or refused; as it stands if that takes longer than `timeout` seconds."""
        until, pause = time.monotonic() + timeout, 0.1
        while (found := self.entry(entry))["state"] == "received" and time.monotonic() + pause < until:
            time.sleep(pause)
            pause = min(1.6 * pause, 3.0)
        return found

    def write_card(self, entry: int | dict, tried: str, learned: str) -> dict[str, Any]:
        """Say of an entry what was tried and what was learned: teammates read it now, everybody after the end."""
        return self._in_team("PUT", f"entries/{_id(entry)}/card", json={"tried": tried, "learned": learned}).json()

    def cards(self) -> list[dict[str, Any]]:
        """What all teams tried and learned, after the end."""
        return self.request("GET", "cards").json()

    # messages

    def messages(self) -> list[dict[str, Any]]:
        """Announcements, questions and answers, the newest last."""
        return self.request("GET", "messages").json()

    def ask(self, text: str) -> dict[str, Any]:
        """Ask a question that everybody reads."""
        return self.request("POST", "messages", json={"kind": "question", "text": text, "about": None}, again=False).json()


def joined(project: str) -> Contest | None:
    """The competition of `project` that this machine is signed in to; None where there is none, and the reason is printed."""
    try:
        return Leaderboard.remembered().competition(project)
    except LeaderboardError as reason:
        print(reason)
        return None


class _Signed(requests.auth.AuthBase):
    """Shows the token, and does not tell it."""

    __slots__ = ("token",)

    def __init__(self, token: str):
        self.token = token.strip()
        if not re.fullmatch("[!-~]*", self.token):
            raise LeaderboardError("this is no token: it has letters that none has, such as spaces. Copy it once more")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def __repr__(self) -> str:
        return "<a token>"


def waits():
    """Seconds to wait, longer each time, and not the same for everybody."""
    for pause in PAUSES:
        yield pause * random.uniform(0.75, 1.25)
    while True:
        yield PAUSES[-1] * random.uniform(0.75, 1.25)


def own_time_zone() -> str:
    """The name of this machine's time zone; UTC if it does not say."""
    named = os.environ.get("TZ", "").lstrip(":")
    linked = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return next((zone for zone in (named, linked) if zone in zoneinfo.available_timezones()), "UTC")


def _is_json(answer: requests.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def _id(entry: int | dict) -> int:
    return int(entry["id"] if isinstance(entry, dict) else entry)


def _address(service: str, with_token: bool) -> str:
    try:
        parts = urlsplit(service.strip())
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise LeaderboardError(f"{service[:100]!r} is not the address of a leaderboard; one begins with https://")
    service = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    allowed = os.environ.get("DLA_BOARD_INSECURE", "") not in ("", "0")
    if parts.scheme == "http" and with_token and not allowed and not _is_loopback(service):
        raise LeaderboardError(f"{service} is not encrypted: whoever is on the way would read your token. Use https://; where "
                               "the network is your own, such as inside a JupyterHub, set DLA_BOARD_INSECURE=1")  # fmt: skip
    return service


def _is_loopback(service: str) -> bool:
    host = urlsplit(service).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _why(reason: requests.RequestException) -> str:
    """What stands between, in words."""
    text = str(reason)
    if "wrong version number" in text.lower():
        return "it speaks http there, not https. Is the address right?"
    if isinstance(reason, requests.exceptions.SSLError):
        return ("its certificate is not trusted here. If your advisor made it, REQUESTS_CA_BUNDLE names the file with it; "
                "otherwise send nothing")  # fmt: skip
    if isinstance(reason, requests.Timeout):
        return "it takes too long. Is there a network? Try again in a minute"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "no machine has this name. Is the address right, and is there a network?"
    if "refused" in text:
        return "nothing listens there. Is the address right, and has your advisor started the service?"
    return "the connection broke off. Is there a network? Try again in a minute"
