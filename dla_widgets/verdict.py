"""What a check says: a sign, a sentence, the numbers behind it; for a notebook, for a terminal and for grading."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import asdict, dataclass
from html import escape

#: status -> (sign, words, colour); the words carry the meaning, the colour only repeats it
LOOKS = {
    "right": ("✓", "Right", "#00795c"),
    "partial": ("◐", "Partly right", "#9a6200"),
    "mistake": ("✗", "Not yet", "#b3400e"),
    "wrong": ("✗", "Not yet", "#b3400e"),
    "not attempted": ("○", "Not attempted yet", "#5a6b78"),
    "failed": ("✗", "It stopped with an error", "#b3400e"),
    "time-out": ("✗", "It did not come to an end", "#b3400e"),
    "memory": ("✗", "It took too much memory", "#b3400e"),
    "crashed": ("✗", "It ended the whole notebook", "#b3400e"),
    "course answer": ("✗", "Write your own", "#b3400e"),
}

MIME = "application/vnd.dla.verdict+json"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.

    Attributes
    ----------
    exercise : its name
    score : share of the exercise's parts that are right, 0 to 1
    status : one of :data:`LOOKS`
    message : one sentence that teaches
    detail : the numbers behind it: for which input, what came, what was expected
    mistake : the name of the known mistake that was made, if it is one
    hint : how to go on
    """

    exercise: str
    score: float
    status: str
    message: str
    detail: str = ""
    mistake: str | None = None
    hint: str = ""

    @property
    def right(self) -> bool:
        return self.status == "right"

    def __str__(self) -> str:
        sign = LOOKS[self.status][0]
        head = f"{sign} {self.exercise}   "
        lines = [line for line in (self.message, self.detail, self.hint) if line]
        return head + ("\n" + " " * len(head)).join(lines)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/plain": str(self), "text/html": self._html(), MIME: asdict(self)}

    def _html(self) -> str:
        sign, words, colour = LOOKS[self.status]
        score = f" · {self.score:.0%}" if self.status == "partial" else ""
        rest = "".join(
            f'<div style="margin-top:.35em">{escape(line)}</div>' for line in (self.detail, self.hint) if line
        )
        return (
            f'<div role="status" style="border-left:.4em solid {colour};padding:.5em .9em;margin:.3em 0;'
            f'max-width:60em;line-height:1.45">'
            f'<b><span aria-hidden="true">{sign}</span> {escape(self.exercise)}: {words}{score}.</b> '
            f"{emphasised(self.message)}{rest}</div>"
        )


def emphasised(text: str) -> str:
    """`text` as HTML, with the ``*stressed*`` words and the ```code``` of our messages shown as such."""
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"(?<![\w*])\*([^\s*][^*\n]*?)\*(?![\w*])", r"<em>\1</em>", text)


class CheckFailed(AssertionError):
    """Raised after a verdict that is not right has been shown; it has no traceback to read, the verdict says it all."""

    def __init__(self, verdict: Verdict):
        self.verdict = verdict
        super().__init__(str(verdict))

    def _render_traceback_(self) -> list[str]:
        if os.environ.get("NBGRADER_EXECUTION") == "validate":  # its dialogue shows these lines and no box
            return str(self.verdict).splitlines()
        sign, words, _ = LOOKS[self.verdict.status]
        return [
            f"{sign} {self.verdict.exercise}: {words.lower()}. The box above says why; "
            "change your cell and run both again."
        ]


def show(verdict: Verdict) -> None:
    """Display `verdict` in a notebook, or print it where there is none."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
        shell.display_pub.publish(verdict._repr_mimebundle_())
    else:
        print(verdict)
