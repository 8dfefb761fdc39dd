"""Teams: made by a learner, joined by a code, left, merged, disqualified with a reason, marked."""

from __future__ import annotations

import contextlib
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import rules as said
from .contest import Contest
from .people import Caller
from .store import Refused, plain
from .tables import Entry, Member, Team

#: Letters of a code: none that looks like another.
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"

#: Letters of a name as it is compared, at most.
KEY = 120

#: Letters that look like others, of which names are compared by the latter: Cyrillic, Greek, and digits.
LOOKS = str.maketrans("авекмнорстухіјѕԁһαβεζηικμνορτυχ01iı", "abekmhopctyxljsdhabezhlkmnoptyxolll")


def create(contest: Contest, caller: Caller, name: str, time_zone: str) -> dict:
    """A new team with the caller in it."""
    caller.must("submit")
    try:
        name, key = said.team_name(name)[0], _key(name)
        said.time_zone(time_zone)
    except said.RulesError as fault:
        raise Refused(str(fault), 422) from None
    if len(key) > KEY:
        raise Refused("a team's name is written in plain letters; some of these stand for whole words", 422)
    with contest.store.writing(contest.name) as session:
        _not_ended(contest, session)
        _in_none(contest, session, caller)
        taken = select(Team.id).where(Team.competition == contest.name, Team.key == key)
        if _is_a_benchmarks(contest, key) or session.scalar(taken):
            raise Refused(f"there is a team {name!r} already, or one that looks like it; choose another name")
        team = Team(competition=contest.name, name=name, key=key, code=_code(), time_zone=time_zone, made=contest.store.now())
        session.add(team)
        session.flush()
        _add(contest, session, team, caller)
        contest.store.note(session, contest.name, caller.name, "team made", team=team.id, name=name)
    return _page(contest, caller)


def join(contest: Contest, caller: Caller, code: str) -> dict:
    """Put the caller into the team whose code it is."""
    caller.must("submit")
    with contest.store.writing(contest.name) as session:
        _not_ended(contest, session)
        team = _by_code(contest, session, code)
        if any(member.person_id == caller.person_id for member in team.members):
            return _page(contest, caller)  # asked twice
        _in_none(contest, session, caller)
        if len(team.members) >= contest.rules.team_size:
            raise Refused(f"{team.name} is full: a team has at most {contest.rules.team_size} members")
        _add(contest, session, team, caller)
        contest.store.note(session, contest.name, caller.name, "joined", team=team.id)
    return _page(contest, caller)


def leave(contest: Contest, caller: Caller) -> None:
    """Take the caller out of their team. Entries stay with the team, and keep counting for whoever sent them.

    A team that nobody is in and that sent nothing was none: else names could be taken and boards filled with empty rows.
    """
    caller.must("submit")
    with contest.store.writing(contest.name) as session:
        _not_ended(contest, session)
        team = of(contest, session, caller)
        if team.disqualified:
            raise Refused(f"{team.name} is disqualified ({team.disqualified}), and stays as it is; ask your advisor", 403)
        session.delete(session.get(Member, (contest.name, caller.person_id)))
        contest.store.note(session, contest.name, caller.name, "left", team=team.id)
        session.expire(team)
        sent = select(Entry.id).where(Entry.team_id == team.id).limit(1)
        merged = select(Team.id).where(Team.merged_into == team.id).limit(1)
        if not team.members and session.scalar(sent) is None and session.scalar(merged) is None:
            session.delete(team)


def renew_code(contest: Contest, caller: Caller) -> dict:
    """Another code: the old one lets nobody in any more."""
    caller.must("submit")
    with contest.store.writing(contest.name) as session:
        team = of(contest, session, caller)
        team.code = _code()
        contest.store.note(session, contest.name, caller.name, "code renewed", team=team.id)
        return {"code": team.code}


def write_notes(contest: Contest, caller: Caller, text: str) -> dict:
    """The team's notes, which its members read."""
    caller.must("submit")
    with contest.store.writing(contest.name) as session:
        team = of(contest, session, caller)
        team.notes = plain(text, 20_000, "notes")
        contest.store.note(session, contest.name, caller.name, "notes written", team=team.id)
    return _page(contest, caller)


def merge(contest: Contest, caller: Caller, code: str) -> dict:
    """Make one team of the caller's and the one whose code it is: its members have agreed, since they gave the code."""
    caller.must("submit")
    with contest.store.writing(contest.name) as session:
        _not_ended(contest, session)
        _merge(contest, session, caller, of(contest, session, caller), _by_code(contest, session, code))
    return _page(contest, caller)


def merge_by_advisor(contest: Contest, caller: Caller, first: str, second: str) -> None:
    """Make one team of the two called `first` and `second`."""
    caller.must("advisor")
    with contest.store.writing(contest.name) as session:
        _merge(contest, session, caller, _by_name(contest, session, first), _by_name(contest, session, second))


def disqualify(contest: Contest, caller: Caller, team: str, reason: str | None) -> None:
    """Take a team out of the ranking and say why; without a reason, put it back."""
    caller.must("advisor")
    reason = plain(reason, 1000, "a reason", least=3) if reason is not None else None
    with contest.store.writing(contest.name) as session:
        found = _by_name(contest, session, team)
        found.disqualified = reason
        contest.store.note(session, contest.name, caller.name, "disqualified" if reason else "qualified again", team=found.id,
                           reason=reason)


def mark(contest: Contest, caller: Caller, team: str, points: float, comment: str) -> None:
    """An advisor's points for a team's explanation: half of the grade at most."""
    caller.must("advisor")
    most = contest.rules.grade.points / 2
    if not 0 <= points <= most:
        raise Refused(f"an explanation has 0 to {most:g} points; {points:g} was given", 422)
    comment = plain(comment, 4000, "a comment")
    with contest.store.writing(contest.name) as session:
        found = _by_name(contest, session, team)
        found.points, found.comment = points, comment
        contest.store.note(session, contest.name, caller.name, "marked", team=found.id, points=points)


def of(contest: Contest, session: Session, caller: Caller) -> Team:
    """The caller's team.

    Raises
    ------
    Refused : 404, they are in none
    """
    found = session.get(Member, (contest.name, caller.person_id))
    if found is None:
        raise Refused("you are in no team yet: make one, or join one with the code that its members can give you", 404)
    return found.team


def _page(contest: Contest, caller: Caller) -> dict:
    from .board import team_page

    return team_page(contest, caller)


def _merge(contest: Contest, session: Session, caller: Caller, into: Team, other: Team) -> None:
    if into.id == other.id:
        raise Refused("this is your own team's code; ask the members of the other team for theirs")
    if reason := into.disqualified or other.disqualified:
        raise Refused(f"a disqualified team cannot be merged ({reason})")
    count = len(into.members) + len(other.members)
    if count > contest.rules.team_size:
        raise Refused(f"together you would be {count}; a team has at most {contest.rules.team_size} members")
    ours = {one.sha256: one for one in session.scalars(select(Entry).where(Entry.team_id == into.id))}
    theirs = {one.sha256: one for one in session.scalars(select(Entry).where(Entry.team_id == other.id))}
    sent = [one for one in (*ours.values(), *theirs.values()) if one.state != "refused"]
    if (spent := len({one.sha256 for one in sent})) > contest.rules.total:
        raise Refused(f"together you would have {spent} entries; a team has at most {contest.rules.total}")
    first = min(sent, key=lambda one: (one.at, one.id), default=None)
    if first is not None and first.team_id == other.id:
        into.time_zone = other.time_zone  # else a new team, merged with, would be a new day
    for entry in (*ours.values(), *theirs.values()):
        entry.final = False  # chosen anew by the whole team
    for sha256, entry in theirs.items():
        if sha256 not in ours:
            entry.team_id = into.id
    for member in list(other.members):
        member.team = into
    into.notes = "\n\n".join(filter(None, (into.notes, other.notes)))
    other.merged_into = into.id
    contest.store.note(session, contest.name, caller.name, "merged", into=into.id, other=other.id)


def _add(contest: Contest, session: Session, team: Team, caller: Caller) -> None:
    session.add(Member(competition=contest.name, person_id=caller.person_id, team_id=team.id, joined=contest.store.now()))


def _in_none(contest: Contest, session: Session, caller: Caller) -> None:
    if found := session.get(Member, (contest.name, caller.person_id)):
        raise Refused(f"you are in the team {found.team.name!r} already; leave it first, or merge the two teams")


def _not_ended(contest: Contest, session: Session) -> None:
    if contest.phase(session) in ("closed", "final"):
        raise Refused(f"{contest.name} has ended; teams stay as they are")


def _by_code(contest: Contest, session: Session, code: str) -> Team:
    wanted = "".join(letter for letter in code.upper() if letter in LETTERS)
    found = session.scalar(select(Team).where(Team.code == wanted, Team.competition == contest.name, Team.merged_into.is_(None)))
    if found is None:
        raise Refused("no team has this code; ask its members for the one that their team's page shows now", 404)
    return found


def _by_name(contest: Contest, session: Session, name: str) -> Team:
    with contextlib.suppress(said.RulesError):
        found = session.scalar(select(Team).where(Team.key == _key(name), Team.competition == contest.name,
                                                  Team.merged_into.is_(None)))
        if found is not None:
            return found
    raise Refused(f"there is no team {name[:40]!r} in {contest.name}", 404)


def _key(name: str) -> str:
    """A name as it is compared: names that look alike are one name."""
    return said.team_name(name)[1].translate(LOOKS)


def _is_a_benchmarks(contest: Contest, key: str) -> bool:
    for benchmark in contest.rules.benchmarks:
        with contextlib.suppress(said.RulesError):  # a name that no team can have
            if _key(benchmark.name) == key:
                return True
    return False


def _code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(12))
