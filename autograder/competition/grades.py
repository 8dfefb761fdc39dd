"""The grade of each learner: half from their team's score, half from its explanation; as CSV or in nbgrader's gradebook.

The half of the score goes by the private score of the team's last word (the better of its finals), from nothing to all:

- as good as a trivial forecast (:data:`TRIVIAL`), or worse: nothing,
- as good as the benchmark: ``grade.at_benchmark`` of it. Of several benchmarks the best counts, as that is the one to beat,
- as good as the best team, if that beats the benchmark: all of it,

and in between on straight lines. Where there is no benchmark, or one that is no better than trivial, there is one line, from the
trivial forecast to the best team.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from .board import Standing, standings
from .contest import Contest
from .store import Refused
from .tables import Person

#: metric -> what a forecast scores that knows nothing but the mean (Knoben et al. 2019, doi:10.5194/hess-23-4323-2019, for
#: KGE), or of classes one that has none of them right. An error has no such number: twice the benchmark's counts as one.
TRIVIAL = {"nse": 0.0, "log_nse": 0.0, "kge": 1 - 2**0.5, "kge2012": 1 - 2**0.5, "macro_f1": 0.0, "accuracy": 0.0}


@dataclass(frozen=True)
class Grade:
    """What a learner gets. Without a team there is no number yet; `total` lacks the explanation while it `waits` for marks."""

    learner: str
    team: str | None
    most: float  #: of the whole grade
    score: float | None = None
    score_points: float | None = None
    explanation_points: float | None = None
    total: float | None = None
    waits: bool = False
    note: str = ""  #: how the score became points, or why it did not
    comment: str = ""  #: an advisor's, on the explanation
    handed_in: float | None = None  #: the last time, in seconds since 1970

    @property
    def status(self) -> str:
        """As in the verdict on an exercise."""
        if not self.score_points:
            return "not attempted" if self.score is None else "wrong"
        return "right" if self.score_points >= self.most / 2 else "partial"


def grades(contest: Contest) -> list[Grade]:
    """The grades of all learners by name: of those in a team of this competition, and of those in none."""
    if len(contest.benchmarks) < len(contest.rules.benchmarks):
        contest.score_benchmarks()
    with contest.store.reading() as session:
        known, finals = standings(contest, session), contest.rules.finals
        scores = {one.team.id: last.private for one in known if (last := one.last_word(finals)) is not None}
        of_learners = [scores[one.team.id] for one in known if one.team.id in scores and one.team.disqualified is None
                       and not all(member.person.is_advisor for member in one.team.members)]  # fmt: skip
        best = max(of_learners, default=None)
        team_of = {member.person_id: one for one in known for member in one.team.members}
        learners = session.scalars(select(Person).where(Person.is_advisor.is_(False)).order_by(Person.name))
        return [_grade(contest, one.name, team_of[one.id], scores, best) if one.id in team_of else
                Grade(one.name, None, contest.rules.grade.points, note="in no team yet") for one in learners]


def share(score: float, benchmark: float | None, best: float, at_benchmark: float, trivial: float | None) -> float:
    """The part of the score's half that `score` earns, from 0 to 1; `best` is the best team's.

    >>> [share(score, 0.6, 0.8, 0.5, 0.0) for score in (-2, 0.3, 0.6, 0.7, 0.8)]
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if trivial is not None and score <= trivial:
        return 0.0
    if benchmark is None or (trivial is not None and benchmark <= trivial):
        low, high, part = _trivial(trivial, best), best, 1.0
        earned = 0.0
    elif score < benchmark or best <= benchmark:
        low, high, part = _trivial(trivial, benchmark), benchmark, at_benchmark
        earned = 0.0
    else:
        low, high, part, earned = benchmark, best, 1 - at_benchmark, at_benchmark
    if score >= high:
        return earned + part
    return earned + part * (score - low) / (high - low) if low < score else earned


def as_csv(rows: list[Grade], system: str = "generic", assignment: str = "competition") -> str:
    """A table with a line for each learner, in the form that `system` reads: generic, moodle or canvas.

    Raises
    ------
    Refused : the system is not known
    """
    from ..desk import lms

    if system not in lms.SYSTEMS:
        raise Refused(f"there is no export for {system[:40]!r}; there are {', '.join(lms.SYSTEMS)}", 422)
    if system != "generic":
        from ..desk import records

        return lms.export([records.Submission(row.learner, row.learner, score=row.total, most=row.most) for row in rows],
                          assignment, system)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["learner", "team", "score", "points for the score", "points for the explanation", "total", "of",
                    "handed in", "waits for marks", "note"])
    for row in rows:
        numbers = ["" if number is None else f"{number:.6g}" for number in (
            row.score, row.score_points, row.explanation_points, row.total, row.most)]  # fmt: skip
        when = datetime.fromtimestamp(row.handed_in, UTC).isoformat(timespec="seconds") if row.handed_in else ""
        table.writerow([lms._safe(row.learner), lms._safe(row.team or ""), *numbers, when, "yes" if row.waits else "no",
                        lms._safe(row.note)])  # fmt: skip
    return out.getvalue()


def to_gradebook(rows: list[Grade], course_root: Path, assignment: str, add: bool = False) -> list[str]:
    """Write the grades into nbgrader's gradebook, and say what was done. What else is in there stays as it is.

    The board gives the points; marks and comments that somebody has typed into Formgrader count more than those, and stay.

    Parameters
    ----------
    course_root : nbgrader's course folder
    assignment : its name there, such as ``streamflow-competition``
    add : add learners that the gradebook does not know; else they are named and left out

    Raises
    ------
    Refused : there is no course folder, or the assignment has lessons
    """
    from .gradebook import write

    return write(rows, Path(course_root), assignment, add)


def _grade(contest: Contest, learner: str, one: Standing, scores: dict[int, float], best: float | None) -> Grade:
    rules, team, half = contest.rules.grade, one.team, contest.rules.grade.points / 2
    score, handed_in = scores.get(team.id), one.counted[-1].at if one.counted else None
    benchmark = max((private for _, private in contest.benchmarks.values()), default=None)
    if team.disqualified is not None:
        points, note = 0.0, f"disqualified: {team.disqualified}"
    elif score is None:
        points, note = 0.0, "nothing was handed in that could be scored"
    else:
        top = score if best is None else max(score, best)
        points = half * share(score, benchmark, top, rules.at_benchmark, TRIVIAL.get(contest.rules.metric))
        note = f"{contest.metric.label} {score:.4g}; " + ("" if benchmark is None else f"benchmark {benchmark:.4g}, ") + (
            f"best team {top:.4g}")  # fmt: skip
    points = round(points, 2)
    return Grade(learner, team.name, rules.points, score, points, team.points, points + (team.points or 0), team.points is None,
                 note, team.comment, handed_in)


def _trivial(score: float | None, measure: float) -> float:
    """The score that earns nothing; of an error, which is below 0 here, twice that of `measure`."""
    return score if score is not None else 2 * measure
