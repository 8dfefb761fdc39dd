"""What grading leaves behind in an autograded notebook, for feedback pages and the dashboard."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from nbformat import NotebookNode

from dla_widgets.verdict import Verdict


@dataclass(frozen=True)
class Judged:
    """The verdict on one question.

    Attributes
    ----------
    question : nbgrader's name of the tests cell
    exercise : what its check is called; None for tests in plain Python
    points, score : how many it is worth, and the share of them that was earned, 0 to 1
    status : one of :data:`dla_widgets.verdict.LOOKS`
    message, detail, hint, mistake : as in :class:`dla_widgets.verdict.Verdict`
    seconds : that judging took
    """

    question: str
    points: float
    verdict: Verdict
    exercise: str | None = None
    seconds: float = 0.0

    def write(self, cell: NotebookNode) -> None:
        """Keep it in the metadata of `cell`."""
        told = asdict(self.verdict)
        told.pop("exercise")
        kept = cell.metadata.get("dla")
        cell.metadata["dla"] = (dict(kept) if isinstance(kept, dict) else {}) | {"judged": {
            "question": self.question, "exercise": self.exercise, "points": self.points, "seconds": round(self.seconds, 3),
            **told}}


def note(nb: NotebookNode, **facts) -> None:
    """Keep what is said about grading the whole notebook."""
    kept = nb.metadata.get("dla")
    nb.metadata["dla"] = (dict(kept) if isinstance(kept, dict) else {}) | {"grading": facts}
