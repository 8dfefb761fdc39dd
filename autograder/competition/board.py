"""The board: who leads, by what is let out during the competition and by the private scores after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import entries, ladder, teams
from .contest import Contest
from .people import Caller
from .rules import iso
from .tables import Competition, Entry, Event, Message, Person, Team

#: A team has moved by so many ranks since this long ago [s].
RECENT = 86400.0

#: What a board needs to know of thousands of entries.
RANKED = (Entry.team_id, Entry.id, Entry.at, Entry.state, Entry.improved, Entry.shown, Entry.public, Entry.private, Entry.final)


@dataclass
class Standing:
    """A team and what ranks its entries, oldest first: of entries the columns :data:`RANKED`, and no others."""

    team: Team
    entries: list[Entry] = field(default_factory=list)

    @cached_property
    def scored(self) -> list[Entry]:
        return [one for one in self.entries if one.state == "scored"]

    @cached_property
    def counted(self) -> list[Entry]:
        """Entries that cost one."""
        return [one for one in self.entries if one.state != "refused"]

    @cached_property
    def climbed(self) -> list[Entry]:
        """What the Ladder let out."""
        return [one for one in self.scored if one.improved]

    def heard(self, until: float = float("inf")) -> Entry | None:
        """The best entry by what the Ladder let out until then; the earlier of two that are equal."""
        return max((one for one in self.climbed if one.at <= until), key=lambda one: (one.shown, -one.at), default=None)

    def last_word(self, finals: int) -> Entry | None:
        """The best of the finals by its private score. Who chose none has those that were the last to climb, or sent first."""
        last = sorted(self.climbed, key=lambda one: (-one.shown, one.at))[:finals]
        chosen = [one for one in self.scored if one.final] or last or self.scored[:finals]
        return max(chosen, key=lambda one: (one.private, -one.at), default=None)

    def value(self, final: bool, finals: int, until: float = float("inf")) -> tuple[float, float] | None:
        """Score and the time of its entry, by which teams are ranked."""
        best = self.last_word(finals) if final else self.heard(until)
        return best and ((best.private if final else best.shown), best.at)


def standings(contest: Contest, session: Session) -> list[Standing]:
    """The teams of a competition with their entries."""
    found = {team.id: Standing(team) for team in session.scalars(
        select(Team).where(Team.competition == contest.name, Team.merged_into.is_(None)).order_by(Team.id))}
    for entry in session.execute(select(*RANKED).where(Entry.competition == contest.name).order_by(Entry.id)).all():
        if (mine := found.get(entry[0])) is not None:
            mine.entries.append(entry)
    return list(found.values())


def ranked(known: list[Standing], final: bool, finals: int, until: float = float("inf")) -> list[tuple[Standing, float]]:
    """Teams that have a score and may be ranked, the best first; of two that are equal the earlier."""
    values = [(one, one.value(final, finals, until)) for one in known if one.team.disqualified is None]
    values = sorted(((one, value) for one, value in values if value), key=lambda row: (-row[1][0], row[1][1], row[0].team.id))
    return [(one, score) for one, (score, _) in values]


def board(contest: Contest) -> dict:
    """What anybody may see."""
    with contest.store.reading() as session:
        phase, finals = contest.phase(session), contest.rules.finals
        final = phase == "final"
        known = standings(contest, session)
        order = ranked(known, final, finals)
        before = ranked(known, False, finals, contest.store.now() - RECENT)
        was = {one.team.id: rank for rank, (one, _) in enumerate(before, 1)}
        rows = [_row(one, rank, score, was.get(one.team.id, rank) - rank) for rank, (one, score) in enumerate(order, 1)]
        since = min((iso(one.entries[0].at) for one in known if one.entries), default=None)
        rows += [_benchmark(name, public, private, final, since) for name, (public, private) in contest.benchmarks.items()]
        rows.sort(key=lambda row: (-row["score"], row["kind"] == "team"))  # a team is above a benchmark only if it beat it
        there = {one.team.id for one, _ in order}
        rows += [_row(one, None, None, 0) for one in known
                 if one.team.id not in there and (one.team.members or one.counted)]
        said = session.scalars(select(Message).where(Message.competition == contest.name, Message.kind == "announcement")
                               .order_by(Message.id.desc()).limit(5))
        return {"competition": contest.name, "title": contest.rules.title, "metric": contest.metric.label, "phase": phase,
                "seconds_left": round(contest.seconds_left()), "deadline": iso(contest.rules.deadline.timestamp()),
                "version": session.get(Competition, contest.name).version, "final": final, "rows": rows,
                "announcements": [{"at": iso(one.at), "author": one.author, "text": one.text} for one in said]}  # fmt: skip


def team_page(contest: Contest, caller: Caller) -> dict:
    """What the caller's team sees of itself."""
    with contest.store.reading() as session:
        team = teams.of(contest, session, caller)
        known = standings(contest, session)
        order = ranked(known, contest.phase(session) == "final", contest.rules.finals)
        rank = next((k for k, (one, _) in enumerate(order) if one.team.id == team.id), None)
        mine = session.scalars(select(Entry).where(Entry.team_id == team.id).order_by(Entry.id)).all()
        _kept = session.get(Competition, contest.name)  # as long as it is held, it is not read again for each entry
        today, total, wait = entries.left(contest, session, team, caller.person_id)
        return {"name": team.name, "members": [one.person.name for one in team.members], "code": team.code, "notes": team.notes,
                "time_zone": team.time_zone, "left_today": today, "left_total": total, "resets_in": round(wait),
                "score": None if rank is None else order[rank][1], "rank": None if rank is None else rank + 1,
                "gap": round(order[rank - 1][1] - order[rank][1], 6) if rank else None, "disqualified": team.disqualified,
                "entries": [entries.told(contest, session, one) for one in mine]}  # fmt: skip


def advisor(contest: Contest) -> dict:
    """What an advisor sees: of the scores too what is told to nobody."""
    with contest.store.reading() as session:
        known, finals = standings(contest, session), contest.rules.finals
        placed = {member.person_id for one in known for member in one.team.members}
        people = session.scalars(select(Person).where(Person.is_advisor.is_(False)).order_by(Person.name))
        same = _same_files(contest, session)
        return {"teams": [_seen_by_advisor(one, finals, same) for one in known],
                "without_team": [one.name for one in people if one.id not in placed],
                "not_submitted": [one.team.name for one in known if not one.counted],
                "over_time": _over_time(known), "flags": _flags(contest, session),
                "queue": session.scalar(select(func.count()).where(Entry.competition == contest.name,
                                                                   Entry.state == "received"))}  # fmt: skip


def audit(contest: Contest) -> list[dict]:
    """The audit log, the newest line last."""
    with contest.store.reading() as session:
        return [{"id": one.id, "at": iso(one.at), "who": one.who, "what": one.what, "details": one.details}
                for one in session.scalars(select(Event).where(Event.competition == contest.name).order_by(Event.id))]


def _row(one: Standing, rank: int | None, score: float | None, moved: int) -> dict:
    return {"rank": rank, "team": one.team.name, "members": [member.person.name for member in one.team.members],
            "score": score, "entries": len(one.counted), "last": iso(one.counted[-1].at) if one.counted else None,
            "history": _rises(one.climbed), "kind": "team", "moved": moved,
            "note": f"disqualified: {one.team.disqualified}" if one.team.disqualified else ""}  # fmt: skip


def _benchmark(name: str, public: float, private: float, final: bool, since: str | None) -> dict:
    told = ladder.let_out(public)
    return {"rank": None, "team": name, "members": [], "score": private if final else told, "entries": 0, "last": None,
            "history": [[since, told]] if since else [], "kind": "benchmark", "moved": 0, "note": ""}  # fmt: skip


def _seen_by_advisor(one: Standing, finals: int, same: dict[str, list[str]]) -> dict:
    heard, last = one.heard(), one.last_word(finals)
    return {"team": one.team.name, "members": [member.person.name for member in one.team.members],
            "entries": len(one.entries), "score": heard and heard.shown, "public": heard and heard.public,
            "private": last and last.private, "duplicates": same.get(one.team.name, []), "disqualified": one.team.disqualified,
            "points": one.team.points, "comment": one.team.comment,
            "refused": sum(entry.state == "refused" for entry in one.entries)}  # fmt: skip


def _same_files(contest: Contest, session: Session) -> dict[str, list[str]]:
    """team -> other teams that handed in the same file"""
    by_file: dict[str, set[str]] = {}
    for sha256, team in session.execute(select(Entry.sha256, Team.name).join(Team, Team.id == Entry.team_id).where(
            Entry.competition == contest.name, Team.merged_into.is_(None))):
        by_file.setdefault(sha256, set()).add(team)
    found: dict[str, set[str]] = {}
    for names in by_file.values():
        for name in names if len(names) > 1 else ():
            found.setdefault(name, set()).update(names - {name})
    return {name: sorted(others) for name, others in found.items()}


def _flags(contest: Contest, session: Session) -> list[dict]:
    lines = session.scalars(select(Event).where(Event.competition == contest.name, Event.what == "same file").order_by(Event.id))
    return [{"at": iso(one.at), "text": f"entry {one.details['entry']} of {one.details['team']} is the same file as one of "
                                        f"{', '.join(one.details['others'])}"} for one in lines]


def _over_time(known: list[Standing]) -> list[list]:
    """The best score of all that was let out, whenever it rose."""
    return _rises(sorted((entry for one in known for entry in one.climbed), key=lambda entry: entry.at))


def _rises(climbed: list[Entry]) -> list[list]:
    """When the best score that was let out rose, and to what: a team that was merged climbed two Ladders."""
    rises, best = [], float("-inf")
    for entry in climbed:
        if entry.shown > best:
            best = entry.shown
            rises.append([iso(entry.at), best])
    return rises
