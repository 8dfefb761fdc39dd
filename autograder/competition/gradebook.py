"""The competition as an assignment in nbgrader's gradebook: one notebook with two cells, for the score and the explanation.

A page for each learner goes with it (``submitted/`` and ``autograded/``), as Formgrader shows nothing without a notebook,
and the dashboard reads the verdict from there. Nobody can hand it in or have it graded again: it is never released.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
from sqlalchemy.exc import SAWarning

from ..notebooks import write as write_text
from .grades import Grade
from .store import Refused

#: The notebook, and its cells: the half that the score gives, and the half that an advisor gives.
NOTEBOOK, SCORE, EXPLANATION = "competition", "score", "explanation"


def write(rows: list[Grade], root: Path, assignment: str, add: bool) -> list[str]:
    """See :func:`.grades.to_gradebook`."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", assignment):
        raise Refused(f"{assignment[:40]!r} is no name for an assignment; use letters, digits and -")
    url, course = _settings(root)
    with Gradebook(url, course) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, of no use to an advisor
        _refuse_lessons(gradebook, root, assignment)
        if not rows:
            return ["no learner is known here; the gradebook was left as it is"]
        known = {student.id for student in gradebook.students}
        fit = [row for row in rows if _is_name(row.learner)]
        graded = [row for row in fit if row.team is not None and (add or row.learner in known)]
        _make_assignment(gradebook, root, assignment, rows[0].most)
        for row in graded:
            if row.learner not in known:
                gradebook.add_student(row.learner)
            _write_one(gradebook, root, assignment, row)
        before = {one.student.id for one in gradebook.assignment_submissions(assignment)} - {row.learner for row in graded}
    unknown = [row.learner for row in fit if row.team is not None and row.learner not in known and not add]
    return _lines(assignment, {
        "in the gradebook now": [row.learner for row in graded],
        "of them wait for marks": [row.learner for row in graded if row.waits],
        "are not in the gradebook, and were left out (--add adds them)": unknown,
        "are in no team, and have no grade": [row.learner for row in rows if row.team is None],
        "cannot be students of nbgrader, because of / or + in the name": sorted({row.learner for row in rows} - {
            row.learner for row in fit}),
        "keep a grade from before, and would have none now": sorted(before)})


def _lines(assignment: str, named: dict[str, list[str]]) -> list[str]:
    count, *rest = named.items()
    return [f"{assignment}: {len(count[1])} learners are {count[0]}",
            *(f"{len(who)} {what}: {', '.join(who[:20])}{', ...' * (len(who) > 20)}" for what, who in rest if who)]


def _settings(root: Path) -> tuple[str, str]:
    """Address of the gradebook and id of the course, as nbgrader's configuration in `root` has them."""
    from nbgrader.apps import NbGrader
    from nbgrader.coursedir import CourseDirectory

    if not (root / "nbgrader_config.py").is_file():
        raise Refused(f"{root} is no course folder: it has no nbgrader_config.py; `autograder build` makes one")
    root = root.resolve()
    with contextlib.chdir(root):
        NbGrader.clear_instance()
        app = NbGrader()
        app.initialize([])
        app.log.setLevel(logging.ERROR)
        found = CourseDirectory(parent=app, root=str(root))
        return found.db_url, found.course_id or "default_course"


def _refuse_lessons(gradebook: Gradebook, root: Path, assignment: str) -> None:
    """Keep away from an assignment that is another one."""
    try:
        there = {notebook.name for notebook in gradebook.find_assignment(assignment).notebooks}
    except MissingEntry:
        there = set()
    there |= {path.stem for path in (root / "source" / assignment).glob("*.ipynb")}
    if others := sorted(there - {NOTEBOOK}):
        raise Refused(f"{assignment} has the lesson {others[0]} in the gradebook: it is no competition's. Choose another name, "
                      f"such as {assignment}-competition")


def _make_assignment(gradebook: Gradebook, root: Path, assignment: str, most: float) -> None:
    gradebook.update_or_create_assignment(assignment)
    gradebook.update_or_create_notebook(NOTEBOOK, assignment)
    for name in (SCORE, EXPLANATION):
        gradebook.update_or_create_grade_cell(name, NOTEBOOK, assignment, max_score=most / 2, cell_type="markdown")
        gradebook.update_or_create_solution_cell(name, NOTEBOOK, assignment)
    # Formgrader lists what it finds there
    write_text(root / "source" / assignment / f"{NOTEBOOK}.ipynb", _page(Grade("", None, most), "What a team's score gives."))


def _write_one(gradebook: Gradebook, root: Path, assignment: str, row: Grade) -> None:
    when = datetime.fromtimestamp(int(row.handed_in), UTC) if row.handed_in else None
    for folder in ("submitted", "autograded"):
        path = root / folder / row.learner / assignment / f"{NOTEBOOK}.ipynb"
        write_text(path, _page(row, row.note))
        if when:
            write_text(path.with_name("timestamp.txt"), f"{when:%Y-%m-%d %H:%M:%S} UTC")
    try:
        gradebook.update_or_create_submission(assignment, row.learner, timestamp=when and when.replace(tzinfo=None))
    except InvalidEntry as error:
        raise Refused(f"the gradebook does not take {row.learner}: {error}") from None
    for cell, points in ((SCORE, row.score_points), (EXPLANATION, row.explanation_points)):
        grade = gradebook.find_grade(cell, NOTEBOOK, assignment, row.learner)
        grade.auto_score = points
        grade.needs_manual_grade = points is None and grade.manual_score is None
    gradebook.find_comment(EXPLANATION, NOTEBOOK, assignment, row.learner).auto_comment = row.comment or None
    gradebook.db.commit()


def _page(row: Grade, note: str) -> str:
    """The notebook of a learner, with what the dashboard and the feedback page read from it."""
    half = row.most / 2
    title = f"# The competition\n\nTeam: {_plain(row.team)}" if row.team else "# The competition"
    cells = [new_markdown_cell(title, id="title")]
    for name, text in ((SCORE, f"**Score.** {_plain(note)}"), (EXPLANATION, "**Explanation.** Marked by an advisor.")):
        marks = {"schema_version": 3, "grade_id": name, "grade": True, "solution": True, "task": False, "locked": False,
                 "points": half, "cell_type": "markdown"}  # fmt: skip
        cells.append(new_markdown_cell(text, id=name, metadata={"nbgrader": marks}))
    if row.score_points is not None:
        cells[1].metadata["dla"] = {"judged": {"question": SCORE, "points": half, "score": row.score_points / half,
                                               "status": row.status, "message": row.note, "seconds": 0.0}}  # fmt: skip
    notebook = new_notebook(cells=cells, metadata={
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}, "dla": {"title": "The competition"}})
    notebook.nbformat_minor = 5
    return nbformat.writes(notebook, version=4) + "\n"


def _plain(text: str) -> str:
    """A text that means nothing in Markdown or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_[]#|$~" else {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(c, c) for c in text)


def _is_name(learner: str) -> bool:
    """Whether it can be a student's id, which is a folder's name too."""
    return bool(re.fullmatch(r"[^/\\+\x00-\x1f]{1,128}", learner)) and learner.strip(". ") != ""
