"""A notebook that cannot be read or was not one: it scores 0, says why, and waits for the advisor."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade

MARK = "needs_advisor"


def for_the_advisor(name: str, problem: str, excerpt: str = "") -> NotebookNode:
    """The page that stands in the place of the notebook `name`; `excerpt` is text of the file around the fault."""
    text = f"# {_plain(name)}: needs an advisor\n\nThis notebook could not be read. {_plain(problem)}"
    if excerpt:  # indented, so that nothing in it is markup; `nbgrader` has no part in it
        text += "\n\n" + "\n".join("    " + line for line in excerpt.splitlines())
    nb = new_notebook(cells=[new_markdown_cell(text, id="needs-an-advisor")])
    nb.metadata["dla"] = {MARK: f"{name}: {problem}"[:1000]}
    return nb


def _plain(text: str) -> str:
    """Text that means nothing in Markdown or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_[]#|$" else {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(c, c) for c in text)


class NeedsAdvisor(NbGraderPreprocessor):
    """Ask for a look by hand at every question of such a notebook; stands after SaveAutoGrades."""

    def preprocess(self, nb, resources):
        about = nb.metadata.get("dla")
        if not isinstance(about, dict) or not about.get(MARK):
            return nb, resources
        of = resources["nbgrader"]
        with Gradebook(of["db_url"]) as gradebook:
            for cell in filter(is_grade, nb.cells):
                grade = gradebook.find_grade(cell.metadata.nbgrader["grade_id"], of["notebook"], of["assignment"], of["student"])
                grade.auto_score, grade.needs_manual_grade = 0.0, True
            gradebook.db.commit()
        return nb, resources
