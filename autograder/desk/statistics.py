"""What a cohort's answers say about the questions: which mistake how many made, how hard they are, how well they tell
learners apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from .records import STATUSES, Submission

#: Fewer answers than this say nothing about discrimination.
FEWEST = 8


@dataclass(frozen=True)
class Mistake:
    """A named mistake and who made it."""

    lesson: str
    question: str
    name: str
    message: str
    learners: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One question over the cohort.

    Attributes
    ----------
    answers : how many were judged
    statuses : status -> how many
    easiness : mean share of the points, 0 (nobody has any) to 1 (all have all); called item difficulty in test theory
    discrimination : correlation of this question's score with that of all *other* questions (corrected item-total correlation);
        None where there are fewer than 8 answers, or where all are alike
    """

    lesson: str
    question: str
    points: float
    answers: int
    statuses: dict[str, int]
    easiness: float
    discrimination: float | None

    @property
    def words(self) -> str:
        """What the discrimination means."""
        if self.discrimination is None:
            return "too few answers to say" if self.answers < FEWEST else "everybody alike"
        if self.discrimination < 0:
            return "look at it: who is good elsewhere fails here"
        if self.discrimination < 0.2:
            return "tells little"
        return "tells well" if self.discrimination >= 0.4 else "tells something"


def mistakes(submissions: list[Submission]) -> list[Mistake]:
    """Named mistakes, the most frequent first."""
    made: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    message: dict[tuple[str, str, str], str] = {}
    for submission in submissions:
        for answer in submission.answers:
            if answer.mistake:
                key = (answer.lesson, answer.question, answer.mistake)
                made[key].append(submission.learner)
                message[key] = answer.message
    return sorted((Mistake(*key, message[key], tuple(learners)) for key, learners in made.items()),
                  key=lambda one: (-len(one.learners), one.lesson, one.question, one.name))


def items(submissions: list[Submission]) -> list[Item]:
    """The questions in the order of the lessons."""
    graded = [submission for submission in submissions if submission.graded]
    columns: dict[tuple[str, str], dict[int, object]] = {}
    for row, submission in enumerate(graded):
        for answer in submission.answers:
            columns.setdefault((answer.lesson, answer.question), {})[row] = answer
    order = {key: n for n, key in enumerate(columns)}
    scores = np.zeros((len(graded), len(columns)))
    for key, answers in columns.items():
        for row, answer in answers.items():
            scores[row, order[key]] = answer.score * answer.points
    total = scores.sum(axis=1)
    made = []
    for (lesson, question), answers in columns.items():
        rows, column = list(answers), scores[:, order[lesson, question]]
        counted = Counter(answer.status for answer in answers.values())
        made.append(Item(
            lesson, question, max(answer.points for answer in answers.values()), len(answers),
            {status: counted[status] for status in STATUSES if counted[status]},
            float(np.mean([answer.score for answer in answers.values()])), _correlation(column[rows], (total - column)[rows])))
    return sorted(made, key=lambda item: item.lesson)


def _correlation(item: np.ndarray, rest: np.ndarray) -> float | None:
    """Pearson's correlation; for an item that is right or wrong it is the point-biserial one."""
    if len(item) < FEWEST or np.ptp(item) == 0 or np.ptp(rest) == 0:
        return None
    return float(np.corrcoef(item, rest)[0, 1])
