"""nbgrader's feedback as a page of a few kilobytes: the questions, not the lesson again; nothing on it runs or is fetched.

``nbgrader generate_feedback`` and Formgrader use it through ``c.GenerateFeedback.exporter_class``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets import default

from dla_widgets.verdict import LOOKS, emphasised

HERE = Path(__file__).parent
#: Nothing may run, nothing is fetched, whatever a learner wrote.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LONGEST = 20_000


@dataclass(frozen=True)
class Question:
    """One question on the page: its verdict, or the advisor's marks, and what the learner wrote."""

    name: str
    score: float | None
    points: float
    status: str = ""
    message: str = ""
    detail: str = ""
    hint: str = ""
    answer: str = ""
    is_code: bool = True
    comment: str = ""

    @property
    def sign(self) -> str:
        return LOOKS[self.status][0] if self.status in LOOKS else "✎"

    @property
    def words(self) -> str:
        if self.status in LOOKS:
            return LOOKS[self.status][1]
        return "Marked by your advisor" if self.score is not None else "Your advisor has not marked this yet"

    @property
    def kind(self) -> str:
        """For the colour: the words say the same."""
        return {"right": "right", "partial": "partial", "not attempted": "open", "": "open"}.get(self.status, "wrong")


class FeedbackPage(Exporter):
    """Writes an autograded notebook as a feedback page."""

    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb, resources=None, **kw):
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        about, told = resources["nbgrader"], nb.metadata.get("dla")
        told = told if isinstance(told, dict) else {}
        page = _template().render(
            title=_text(told.get("title")) or about["notebook"], lesson=about["notebook"], questions=questions(nb),
            score=about.get("score", 0), most=about.get("max_score", 0), late=about.get("late_penalty", 0), policy=POLICY,
            repairs=[_text(one.get("text")) for one in told.get("repairs") or [] if isinstance(one, dict)],
            stopped=_stopped(nb), css=Markup((HERE / "page.css").read_text(encoding="utf-8")))
        return page, resources


def questions(nb) -> list[Question]:
    """The questions of an autograded notebook, in its order."""
    answers = {_marks(cell).get("grade_id"): cell for cell in nb.cells if _marks(cell).get("solution")}
    return [_question(cell, answers) for cell in nb.cells if _marks(cell).get("grade")]


def _question(cell, answers: dict) -> Question:
    marks = _marks(cell)
    name = str(marks.get("grade_id", "")).removesuffix("-tests")
    judged = cell.metadata.get("dla", {}).get("judged", {}) if isinstance(cell.metadata.get("dla"), dict) else {}
    answer = cell if marks.get("solution") else answers.get(name)
    told = {key: _text(judged.get(key)) for key in ("status", "message", "detail", "hint")}
    waits = marks.get("solution") and marks.get("score") in (None, 0) and not _text(marks.get("comment"))
    return Question(name, None if waits else float(marks.get("score") or 0), float(marks.get("points") or 0), **told,
                    answer=_text(answer.source) if answer is not None else "", is_code=cell.cell_type == "code",
                    comment=_comment(answer))


def _comment(answer) -> str:
    """What the advisor wrote; nbgrader's own "No response." only repeats the verdict."""
    comment = _text((_marks(answer) if answer is not None else {}).get("comment"))
    return "" if comment == "No response." else comment


def _stopped(nb) -> list[str]:
    """What is said of cells that had to be stopped."""
    return [output.traceback[0] for cell in nb.cells if cell.cell_type == "code" for output in cell.outputs
            if output.output_type == "error" and output.ename == "Stopped" and output.traceback]


def _marks(cell) -> dict:
    return cell.metadata.get("nbgrader") or {}


def _text(value) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


class _AnswerRenderer(IPythonRenderer):
    """A learner's Markdown: HTML is text, pictures are their names, links lead only to the web."""

    def __init__(self):
        super().__init__(escape=True)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f"<em>[picture: {text}]</em>"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, url, title) if url.startswith(("https://", "http://")) else text

    def block_math(self, body: str) -> str:
        return f"<p>{_formula(body, 'block')}</p>"

    def inline_math(self, body: str) -> str:
        return _formula(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return _formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def _formula(body: str, display: str) -> str:
    from html import escape

    from latex2mathml.converter import convert

    try:
        return convert(body.strip()[:1000], display=display)
    except Exception:  # whatever it makes of a learner's LaTeX
        return f"<code>{escape(body)}</code>"


def _markdown(text: str) -> Markup:
    return Markup(MarkdownWithMath(renderer=_AnswerRenderer()).render(text))


@cache
def _template():
    made = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    made.filters |= {"markdown": _markdown, "emphasised": lambda text: Markup(emphasised(text))}
    return made.get_template("page.html")
