"""What nbgrader's gradebook says after grading."""

from pathlib import Path

from nbgrader.api import Gradebook


def scores(course: Path, url: str = "", question: str = "runoff_ratio-tests") -> dict[str, float]:
    """learner -> points of `question`; fails if a learner has it twice."""
    with Gradebook(url or f"sqlite:///{course}/gradebook.db") as gradebook:
        found = [(one.student.id, grade.auto_score) for one in gradebook.assignment_submissions("streamflow")
                 for notebook in one.notebooks for grade in notebook.grades if grade.name == question]
    assert len(found) == len(dict(found)), f"graded twice: {found}"
    return dict(found)


def graded(course: Path) -> list[str]:
    """Whose graded notebook is there."""
    return sorted(path.parts[-3] for path in course.glob("autograded/*/streamflow/01_rain.ipynb"))
