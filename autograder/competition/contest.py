"""A competition that runs: its rules, its folder and its place in the database."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from .making import zip_inputs
from .people import Caller
from .rules import iso, read_rules
from .scoring import score_file
from .store import Refused, Store
from .tables import Competition
from .truth import SECRET, open_truth


class Contest:
    """The competition in `folder`; what happens in it is kept in `store`, which several competitions may share.

    Raises
    ------
    RulesError : its file or its truth cannot be used
    """

    def __init__(self, folder: Path, store: Store):
        self.folder, self.store = Path(folder).resolve(), store
        self.rules = read_rules(self.folder)
        truth = open_truth(self.folder, self.rules)
        self.metric, self.public = truth.metric, truth.public
        self.max_bytes = min(truth.expected.max_bytes, 2**31 - 1)  # as a database can count
        for kept in ("entries", "uploads"):
            (self.folder / kept).mkdir(mode=0o700, exist_ok=True)
        self.zip = self.folder / SECRET / "inputs.zip"
        self._key = _key(self.folder / SECRET / "receipts.key")
        self.benchmarks: dict[str, tuple[float, float]] = {}  #: name -> public and private score
        store.know(self.name)

    @property
    def name(self) -> str:
        return self.rules.name

    @cached_property
    def inputs_sha256(self) -> str:
        """Of :attr:`zip`, which is packed when this is asked for first."""
        return zip_inputs(self.folder, self.zip)

    def score_benchmarks(self) -> None:
        """Score the files that teams are to beat.

        Raises
        ------
        Refused : one of them cannot be used
        """
        for benchmark in self.rules.benchmarks:
            scored = score_file(str(self.folder), str(self.folder / benchmark.file), benchmark.file)
            if scored.fault:
                why = scored.fault.removesuffix(" No entry was used.")
                raise Refused(f"the benchmark {benchmark.name!r} cannot be used: {why}")
            self.benchmarks[benchmark.name] = (scored.public, scored.private)

    def phase(self, session: Session | None = None) -> str:
        """``before`` it opens, ``open``, ``closed``, or ``final`` when the private scores are shown."""
        if session is None:
            with self.store.reading() as fresh:
                return self.phase(fresh)
        state, now = session.get(Competition, self.name), self.store.now()
        if state.published is not None:
            return "final"
        if state.closed is not None or now >= self.rules.deadline.timestamp():
            return "final" if self.rules.publish == "deadline" else "closed"
        return "before" if self.rules.opens and now < self.rules.opens.timestamp() else "open"

    def seconds_left(self) -> float:
        """Until the deadline."""
        return max(0.0, self.rules.deadline.timestamp() - self.store.now())

    def told(self) -> dict:
        """What anybody may know of the rules."""
        rules, units = self.rules, {"streamflow": "basins", "landcover": "blocks"}
        return {"name": rules.name, "title": rules.title, "about": rules.about, "project": rules.project,
                "metric": self.metric.label, "unit": units.get(rules.project, rules.unit),
                "opens": iso(rules.opens.timestamp()) if rules.opens else None, "deadline": iso(rules.deadline.timestamp()),
                "phase": self.phase(), "seconds_left": round(self.seconds_left()), "daily": rules.daily, "total": rules.total,
                "team_size": rules.team_size, "finals": rules.finals, "formats": list(rules.formats),
                "max_bytes": self.max_bytes, "inputs_sha256": self.inputs_sha256, "points": rules.grade.points}  # fmt: skip

    def close(self, caller: Caller) -> None:
        """End the competition now, before its deadline."""
        caller.must("advisor")
        with self.store.writing(self.name) as session:
            if self.phase(session) in ("closed", "final"):
                raise Refused(f"{self.name} has ended already")
            session.get(Competition, self.name).closed = self.store.now()
            self.store.note(session, self.name, caller.name, "closed")

    def publish(self, caller: Caller) -> None:
        """Show the private scores: the final board."""
        caller.must("advisor")
        with self.store.writing(self.name) as session:
            if (phase := self.phase(session)) in ("before", "open"):
                raise Refused(f"{self.name} still runs: close it first, or wait for the deadline")
            if phase == "final":
                raise Refused(f"the final board of {self.name} is published already")
            session.get(Competition, self.name).published = self.store.now()
            self.store.note(session, self.name, caller.name, "published")

    def receipt(self, entry: int, person: int, sha256: str, at: float) -> str:
        """What proves that an entry was received: nobody without the service's key can make it up."""
        digest = hmac.digest(self._key, f"{self.name}|{entry}|{person}|{sha256}|{at!r}".encode(), "sha256").hex()[:24].upper()
        return "RCPT-" + "-".join(digest[at : at + 6] for at in range(0, 24, 6))


def _key(path: Path) -> bytes:
    """A key of the service's own, drawn when it is first needed."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # of two services that begin at once the first draws it
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()
