"""Entries: handed in within the limits, scored in the order in which they came, told as far as the Ladder lets out."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from math import isfinite
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from dla_widgets.leaderboard.times import span

from . import ladder, teams, uploads
from .contest import Contest
from .people import Caller
from .rules import iso, time_zone
from .scoring import Scored, unpack
from .store import Refused, plain, row, seen
from .tables import Entry, Member, Team

CARD = 4000

#: Files of one person and day that cannot be used: they cost no entry, but reading them costs the service.
FAULTY = 50


class Allowance(NamedTuple):
    """Entries left today and in all, the seconds until the next day, and where that day begins."""

    today: int
    total: int
    wait: float
    zone: str


def hand_in(contest: Contest, caller: Caller, upload: str, tried: str = "", learned: str = "") -> tuple[dict, bool]:
    """Make an entry of a whole upload; returns it and whether it is new. A file that the team sent before costs nothing.

    When this returns, the entry survives whatever happens to the service: its file and then its line are on the disk.

    Raises
    ------
    Refused : not within the time or the limits, in no team, disqualified, or the file is not whole
    """
    caller.must("submit")
    tried, learned = (plain(text, CARD, "a model card's text") for text in (tried, learned))
    announced = uploads.announced(contest, caller, upload)
    with contest.store.reading() as session:
        team = teams.of(contest, session, caller)
        if known := uploads.answered(session, team.id, announced):
            return told(contest, session, known), False
        _within_limits(contest, session, team, caller)
    uploads.settle(contest, caller, upload)
    with contest.store.writing(contest.name) as session:
        team = teams.of(contest, session, caller)
        if known := uploads.answered(session, team.id, announced):
            return told(contest, session, known), False
        _within_limits(contest, session, team, caller)
        uploads.keep(contest, announced)
        entry = Entry(competition=contest.name, team_id=team.id, person_id=caller.person_id, name=announced.name,
                      sha256=announced.sha256, size=announced.size, at=contest.store.now(), tried=tried, learned=learned)
        session.add(entry)
        session.flush()
        contest.store.note(session, contest.name, caller.name, "handed in", entry=entry.id, team=team.id, sha256=entry.sha256)
        if others := session.scalars(select(Team.name).join(Entry, Entry.team_id == Team.id).where(
                Entry.competition == contest.name, Entry.sha256 == entry.sha256, Entry.team_id != team.id,
                Team.merged_into.is_(None))).all():
            contest.store.note(session, contest.name, "the service", "same file", entry=entry.id, team=team.name,
                               others=sorted(others))
        answer = told(contest, session, entry)
    uploads.drop(contest, announced)
    return answer, True


def waiting(contest: Contest) -> list[tuple[int, int, str, str]]:
    """Id, team, file and its name of the entries that have no score yet, in the order in which they came."""
    with contest.store.reading() as session:
        found = session.scalars(select(Entry).where(Entry.competition == contest.name, Entry.state == "received")
                                .order_by(Entry.id))
        return [(one.id, one.team_id, str(contest.folder / "entries" / one.sha256), one.name) for one in found]


def keep(contest: Contest, entry_id: int, scored: Scored) -> None:
    """Keep what an entry scores. Of a team's entries the oldest has to be kept first, as the Ladder needs them in order."""
    with contest.store.writing(contest.name) as session:
        entry = session.get(Entry, entry_id)
        if entry is None or entry.state != "received":
            return  # kept before
        if scored.fault:
            entry.state, entry.message = "refused", seen(scored.fault)  # it may quote the file
        else:
            best, elsewhere = _rivals(session, entry)
            public = unpack(scored.units)[contest.public]
            number = _number_of(session, entry)
            climbs = [ladder.climbs(contest.metric, unpack(one.units)[contest.public], public, number)
                      for one in (best, elsewhere) if one is not None]
            entry.improved = all(climbs)
            entry.shown = ladder.let_out(scored.public) if entry.improved else best and best.shown
            if elsewhere is not None and not climbs[-1]:
                entry.message = ("it is not better than what its sender sent for an earlier team, so that nothing is told of it; "
                                 "it can be chosen as a final")
            entry.state, entry.units = "scored", scored.units
            entry.public, entry.private = scored.public, scored.private
        contest.store.note(session, contest.name, "the service", entry.state, entry=entry.id, shown=_number(entry.shown),
                           public=_number(entry.public), private=_number(entry.private))
        sha256 = entry.sha256
    if scored.fault:
        uploads.drop_refused(contest, sha256)


def _number_of(session: Session, entry: Entry) -> int:
    """Which entry it is of its team, or of its sender if that is more: whoever has tried more often has had more luck."""
    scored = Entry.competition == entry.competition, Entry.state == "scored"
    return 1 + max(session.scalar(select(func.count()).where(*scored, whose)) or 0
                   for whose in (Entry.team_id == entry.team_id, Entry.person_id == entry.person_id))


def told(contest: Contest, session: Session, entry: Entry) -> dict:
    """What the team of an entry may know of it."""
    over = contest.phase(session) == "final"
    return {"id": entry.id, "team": session.get(Team, entry.team_id).name, "by": entry.person.name, "name": entry.name,
            "sha256": entry.sha256, "size": entry.size, "at": iso(entry.at), "state": entry.state, "message": entry.message,
            "score": _number(entry.shown), "improved": entry.improved, "private": _number(entry.private) if over else None,
            "final": entry.final, "tried": entry.tried, "learned": entry.learned,
            "receipt": contest.receipt(entry.id, entry.person_id, entry.sha256, entry.at)}  # fmt: skip


def one(contest: Contest, caller: Caller, entry: int) -> dict:
    """An entry of the caller's team."""
    with contest.store.reading() as session:
        return told(contest, session, _mine(contest, session, caller, entry))


def write_card(contest: Contest, caller: Caller, entry: int, tried: str, learned: str) -> dict:
    """What was tried and what was learned: teammates read it now, everybody after the end."""
    caller.must("submit")
    tried, learned = (plain(text, CARD, "a model card's text") for text in (tried, learned))
    with contest.store.writing(contest.name) as session:
        found = _mine(contest, session, caller, entry)
        found.tried, found.learned = tried, learned
        contest.store.note(session, contest.name, caller.name, "card written", entry=found.id)
        return told(contest, session, found)


def choose_finals(contest: Contest, caller: Caller, chosen: list[int]) -> list[dict]:
    """Choose the entries of which the best private score counts."""
    caller.must("submit")
    if len(set(chosen)) > contest.rules.finals:
        raise Refused(f"a team chooses at most {contest.rules.finals} finals; these are {len(set(chosen))}", 422)
    with contest.store.writing(contest.name) as session:
        if contest.phase(session) != "open":
            raise Refused("finals are chosen while the competition is open")
        team = teams.of(contest, session, caller)
        mine = session.scalars(select(Entry).where(Entry.team_id == team.id, Entry.state == "scored").order_by(Entry.id)).all()
        if strange := set(chosen) - {entry.id for entry in mine}:
            raise Refused(f"your team has no scored entry {min(strange)}", 404)
        for entry in mine:
            entry.final = entry.id in chosen
        contest.store.note(session, contest.name, caller.name, "finals chosen", team=team.id, entries=sorted(set(chosen)))
        return [told(contest, session, entry) for entry in mine if entry.final]


def cards(contest: Contest) -> list[dict]:
    """Everybody's model cards, once the competition has ended."""
    with contest.store.reading() as session:
        if contest.phase(session) not in ("closed", "final"):
            raise Refused("the cards of all teams are shown when the competition has ended", 403)
        found = session.execute(select(Entry, Team).join(Team, Team.id == Entry.team_id).where(
            Entry.competition == contest.name, Entry.state == "scored", Team.merged_into.is_(None)).order_by(Entry.id))
        return [{"team": team.name, "at": iso(entry.at), "score": _number(entry.shown), "tried": entry.tried,
                 "learned": entry.learned} for entry, team in found if entry.tried or entry.learned]  # fmt: skip


def left(contest: Contest, session: Session, team: Team, person: int) -> tuple[int, int, float]:
    """How many entries are left today and in all, and the seconds until that is another day."""
    return _allowance(contest, session, team, person)[:3]


def _allowance(contest: Contest, session: Session, team: Team, person: int) -> Allowance:
    """What a person sent for an earlier team counts as well: else a new team would be a new allowance.

    A team's day is that of its time zone. A person's is that of the team for which they sent first: else a new team in a zone
    where it is past midnight would be a new day.
    """
    spent = session.execute(select(Entry.team_id, Entry.person_id, Entry.at).where(
        Entry.competition == contest.name, Entry.state != "refused", or_(Entry.team_id == team.id, Entry.person_id == person))
        .order_by(Entry.at, Entry.id)).all()  # fmt: skip
    own = [one for one in spent if one.person_id == person]
    first = session.get(Team, own[0].team_id) if own else team
    allowed = [_of(contest, zone, sent) for zone, sent in (
        (team.time_zone, [one for one in spent if one.team_id == team.id]), (first.time_zone, own))]  # fmt: skip
    tightest = max((one for one in allowed if not one.today), key=lambda one: one.wait, default=allowed[0])
    return tightest._replace(today=min(one.today for one in allowed), total=min(one.total for one in allowed))


def _of(contest: Contest, zone: str, sent: list) -> Allowance:
    """What is left of an allowance whose days are those of `zone`."""
    today, tomorrow = _day(contest, zone)
    spent = sum(one.at >= today for one in sent)
    return Allowance(max(0, contest.rules.daily - spent), max(0, contest.rules.total - len(sent)),
                     tomorrow - contest.store.now(), zone)  # fmt: skip


def _day(contest: Contest, zone: str) -> tuple[float, float]:
    """When today began in a time zone, and when tomorrow does; such a day has 23 to 25 hours."""
    now = datetime.fromtimestamp(contest.store.now(), time_zone(zone))
    return tuple(datetime.combine(now.date() + timedelta(days=n), time(), now.tzinfo).timestamp() for n in (0, 1))


def _within_limits(contest: Contest, session: Session, team: Team, caller: Caller) -> None:
    phase, name = contest.phase(session), contest.name
    if phase == "before":
        raise Refused(f"{name} opens in {span(contest.rules.opens.timestamp() - contest.store.now())}; nothing was counted")
    if phase != "open":
        late = contest.store.now() - contest.rules.deadline.timestamp()
        raise Refused(f"the deadline of {name} passed {span(late)} ago; nothing was counted" if late >= 0 else
                      f"{name} was closed by an advisor; nothing was counted")
    if team.disqualified:
        raise Refused(f"{team.name} is disqualified ({team.disqualified}); ask your advisor", 403)
    today, total, wait, zone = _allowance(contest, session, team, caller.person_id)
    ends = f"{name} ends in {span(contest.seconds_left())}"
    if not total:
        raise Refused(f"all {contest.rules.total} entries are spent, {team.name}'s or yours; nothing was counted. {ends}: choose "
                      "your finals among them")
    if not today:
        raise Refused(f"the {contest.rules.daily} entries of today are spent; nothing was counted. The next is free in "
                      f"{span(wait)}, at midnight in {zone}; {ends}", 429, come_again=wait)
    today, tomorrow = _day(contest, team.time_zone)
    if session.scalar(select(func.count()).where(Entry.competition == contest.name, Entry.person_id == caller.person_id,
                                                 Entry.state == "refused", Entry.at >= today)) >= FAULTY:
        wait = tomorrow - contest.store.now()
        raise Refused(f"{FAULTY} files of yours could not be used today; nothing was counted. The next is taken in "
                      f"{span(wait)}; `dla submit` says what is wrong with a file before it is sent", 429, come_again=wait)


def _rivals(session: Session, entry: Entry) -> tuple[Entry | None, Entry | None]:
    """What the Ladder compares an entry with: the best that its team was told, and that its sender was told in another team.

    Without the latter, each new team would be a new Ladder, of which the first rung tells what a file scores. A file that its
    sender knows the score of is compared with its new team's only.
    """
    sent = (Entry.competition == entry.competition, Entry.person_id == entry.person_id, Entry.team_id != entry.team_id)
    knows = session.scalar(select(Entry.id).where(*sent, Entry.sha256 == entry.sha256, Entry.improved.is_(True)).limit(1))
    return _best(session, Entry.team_id == entry.team_id), None if knows else _best(session, *sent)


def _best(session: Session, *whose: ColumnElement[bool]) -> Entry | None:
    """The best entry that was let out."""
    return session.scalar(select(Entry).where(*whose, Entry.improved.is_(True)).order_by(Entry.shown.desc(), Entry.at).limit(1))


def _mine(contest: Contest, session: Session, caller: Caller, entry: int) -> Entry:
    found, member = row(session, Entry, entry), session.get(Member, (contest.name, caller.person_id))
    if found is None or member is None or found.team_id != member.team_id:
        raise Refused(f"your team has no entry {entry}", 404)
    return found


def _number(value: float | None) -> float | None:
    """A number as JSON can say it."""
    return value if value is not None and isfinite(value) else None

