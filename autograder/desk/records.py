"""What is known of a cohort: nbgrader's gradebook, and the verdicts in the autograded notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, MissingEntry, SubmittedAssignment

#: What a record of a question may say, and nothing else is taken from a notebook.
STATUSES = ("right", "partial", "mistake", "wrong", "not attempted", "failed", "time-out", "memory", "crashed", "course answer")
#: Statuses of an answer that did not even come to an end.
BROKEN = ("failed", "time-out", "memory", "crashed")
_LONGEST = 2000


@dataclass(frozen=True)
class Answer:
    """One learner's verdict on one question."""

    lesson: str
    question: str
    points: float
    score: float
    status: str
    message: str = ""
    mistake: str = ""
    exercise: str = ""
    seconds: float = 0.0


@dataclass
class Submission:
    """What one learner handed in for an assignment, and what came of it."""

    learner: str
    name: str
    handed_in: datetime | None = None
    late_seconds: float = 0.0
    score: float | None = None
    most: float = 0.0
    waits: bool = False
    answers: list[Answer] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)

    @property
    def graded(self) -> bool:
        return bool(self.answers)

    @property
    def stuck(self) -> bool:
        """At most a third right, and more than a third untouched or broken: somebody to talk to."""
        if not self.answers:
            return False
        right = sum(answer.status == "right" for answer in self.answers)
        lost = sum(answer.status == "not attempted" or answer.status in BROKEN for answer in self.answers)
        return right <= len(self.answers) / 3 < lost

    def broken(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status in BROKEN]


def assignments(db_url: str) -> list[str]:
    """The assignments that the gradebook knows."""
    with Gradebook(db_url) as gradebook:
        return sorted(assignment.name for assignment in gradebook.assignments)


def read(root: Path, db_url: str, assignment: str) -> list[Submission]:
    """All submissions of `assignment`, by learner; those that wait to be graded too.

    Raises
    ------
    KeyError : the gradebook knows no such assignment
    """
    found = {submission.learner: submission for submission in _from_gradebook(db_url, assignment)}
    for folder in sorted((root / "submitted").glob(f"*/{assignment}")):
        learner = folder.parent.name
        found.setdefault(learner, Submission(learner, learner)).handed_in = _timestamp(folder)
    for learner, submission in found.items():
        for path in sorted((root / "autograded" / learner / assignment).glob("*.ipynb")):
            stat = path.stat()
            answers, seconds, repairs = _from_notebook(path, stat.st_mtime_ns, stat.st_size)
            submission.answers += answers
            submission.seconds[path.stem] = seconds
            submission.repairs += repairs
    return [found[learner] for learner in sorted(found)]


def answers(root: Path, assignment: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What was written in the cells that ask for code: question -> learner -> source, and question -> what was handed out."""
    written: dict[str, dict[str, str]] = {}
    for path in sorted((root / "autograded").glob(f"*/{assignment}/*.ipynb")):
        for question, source in _solutions(path):
            written.setdefault(question, {})[path.parts[-3]] = source
    return written, {question: source for path in (root / "release" / assignment).glob("*.ipynb")
                     for question, source in _solutions(path)}


def _solutions(path: Path) -> list[tuple[str, str]]:
    """``lesson · question`` and its source, for each code cell of a notebook that is a solution."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    found = []
    for cell in cells if isinstance(cells, list) else []:
        marks = _dict(_dict(_dict(cell).get("metadata")).get("nbgrader"))
        if marks.get("solution") and _dict(cell).get("cell_type") == "code":
            source = cell.get("source", "")
            found.append((f"{path.stem} · {marks.get('grade_id')}", "".join(source) if isinstance(source, list) else str(source)))
    return found


def _from_gradebook(db_url: str, assignment: str) -> Iterator[Submission]:
    with Gradebook(db_url) as gradebook:
        try:
            gradebook.find_assignment(assignment)
        except MissingEntry:
            raise KeyError(assignment) from None
        rows = gradebook.db.query(SubmittedAssignment).join(SubmittedAssignment.assignment).filter(Assignment.name == assignment)
        for row in rows:
            name = " ".join(filter(None, (row.student.first_name, row.student.last_name))) or row.student.id
            score = max(0.0, float(row.score) - float(row.late_submission_penalty or 0))  # nbgrader keeps the two apart
            yield Submission(row.student.id, name, row.timestamp, row.total_seconds_late, score, float(row.max_score),
                             bool(row.needs_manual_grade), links={one.name: one.id for one in row.notebooks})


def _timestamp(folder: Path) -> datetime | None:
    from nbgrader.utils import parse_utc

    try:
        return parse_utc((folder / "timestamp.txt").read_text(encoding="utf-8")[:100].strip())
    except (OSError, ValueError, OverflowError):
        return None


@lru_cache(maxsize=20_000)
def _from_notebook(path: Path, _changed: int, _size: int) -> tuple[tuple[Answer, ...], float, tuple[str, ...]]:
    """The verdicts in one autograded notebook; read once for each state of the file."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells, about = notebook["cells"], _dict(notebook["metadata"].get("dla"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return (), 0.0, (f"{path.stem}: cannot be read",)
    answers = tuple(answer for cell in cells if (answer := _answer(path.stem, cell)))
    repairs = about.get("repairs") if isinstance(about.get("repairs"), list) else []
    texts = tuple(f"{path.stem}: {text[:300]}" for one in repairs if isinstance(text := _dict(one).get("text"), str))
    return answers, _number(_dict(about.get("grading")).get("seconds")), texts


def _answer(lesson: str, cell) -> Answer | None:
    judged = _dict(_dict(_dict(_dict(cell).get("metadata")).get("dla")).get("judged"))
    if judged.get("status") not in STATUSES or not isinstance(judged.get("question"), str):
        return None
    return Answer(lesson, judged["question"][:100], _number(judged.get("points")), min(_number(judged.get("score")), 1.0),
                  judged["status"], *(_text(judged.get(key)) for key in ("message", "mistake", "exercise")),
                  _number(judged.get("seconds")))


def _dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _text(value) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _number(value) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9 else 0.0
