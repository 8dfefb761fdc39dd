"""One question: the tests cell of an author runs here, on the judge's side, on what the submission answers.

``check("nse", nse)`` puts the probes of the grading salt to the submission's function and names the mistake. Any other
tests, hidden ones too, run as they are written: names that they use are the author's imports, else what the submission
defined (see :mod:`.remote`), never a learner's own ``len`` or ``isclose``.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import linecache
import re
import time
from collections.abc import Iterable

from nbformat import NotebookNode
from nbformat.v4 import new_output

from dla_widgets.attempt import PutAway, TimeUp
from dla_widgets.exercise import find
from dla_widgets.variants import seed
from dla_widgets.verdict import CheckFailed, Verdict

from ..sandbox.session import Ended, Session
from .record import Judged
from .remote import Side

#: how a submission's process may end -> the status of the question that it ended in, and what the learner reads
ENDS = {
    "time-out": ("time-out", "It did not come to an end, and could not be interrupted: a loop without an end?"),
    "memory": ("memory", "It took more memory than there is for one notebook: an array much larger than meant?"),
    "output": ("crashed", "It put out more than anybody can read: a print in a loop without an end?"),
    "crashed": ("crashed", "It ended Python itself: a call of exit, or a library that crashed?"),
}
LONGEST = 2000
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"

#: A machine that grades a cohort has much to do: a call gets so many times the seconds that a learner's own check gives it.
PATIENCE = 3


class Judge:
    """Judges the questions of one notebook.

    Parameters
    ----------
    session : the submission's session
    learner, salt : for the seeds of the checks
    imports : the author's import statements; names that tests take from there are not asked of the submission
    answers : the names that the submission is to define, which are asked of it in any case
    """

    def __init__(self, session: Session, learner: str, salt: str, imports: Iterable[str] = (), answers: Iterable[str] = ()):
        self.session, self.learner, self.salt, self.imports = session, learner, salt, list(imports)
        self.answers = set(answers)
        self.trouble: dict[str, tuple[str, str]] = {}

    def remember(self, name: str | None, status: str, error: dict | None) -> None:
        """Remember how the cell `name` that defines an answer ended, to say so where the answer is missing."""
        if name and status in ENDS:
            self.trouble[name] = ENDS[status]
        elif name and status == "error":
            told = error or {}
            words = f"The cell that should define it stopped: {told.get('name', 'Error')}: {told.get('words', '')}"[:LONGEST]
            self.trouble[name] = ("not attempted", "") if told.get("kind") == "NotImplementedError" else ("failed", words)
        elif name:
            self.trouble.pop(name, None)

    def judge(self, cell: NotebookNode) -> Judged:
        """Run the tests in `cell` and put the verdict in the place of its outputs."""
        began, question = time.monotonic(), cell.metadata.nbgrader["grade_id"]
        points = float(cell.metadata.nbgrader.get("points") or 0)
        tests = _Tests(self, question, points)
        verdict = tests.verdict(cell.source)
        judged = Judged(question, points, verdict, tests.exercise, time.monotonic() - began)
        cell.outputs = outputs(verdict, points, tests.printed)
        cell.execution_count = None
        judged.write(cell)
        return judged


class _Tests(dict):
    """The namespace in which the tests of one cell run."""

    def __init__(self, judge: Judge, question: str, points: float):
        super().__init__(__name__="__tests__", check=self.check)
        self.judge, self.question, self.points = judge, question, points
        self.side = Side(judge.session)
        self.verdicts: list[Verdict] = []
        self.exercise: str | None = None
        self.printed = ""

    def __missing__(self, name: str):
        if hasattr(builtins, name):  # a learner's own `len` is not the author's
            raise KeyError(name)
        if name not in self.judge.answers and name in (imported := self._imported()):
            self.update(imported)
            return self[name]
        try:
            return self.side.look(name)
        except NameError:
            raise KeyError(name) from None

    def check(self, name: str, answer) -> None:
        """What an author's ``check(name, answer)`` does here."""
        exercise = find(name)
        self.exercise = name
        self.side.away = [list(place) for place in exercise.away]
        self.side.seconds = min(PATIENCE * exercise.seconds, self.judge.session.limits.cell_seconds)
        verdict = exercise.judge(answer, seed(self.judge.learner, name, self.judge.salt), guard=False)
        if verdict.status == "time-out" and self.side.died:
            status, message = ENDS[self.side.died]
            verdict = Verdict(name, 0.0, status, message, hint=verdict.hint)
        self.verdicts.append(_short(verdict))
        if not verdict.right:
            raise CheckFailed(verdict)

    def verdict(self, source: str) -> Verdict:
        """Run the tests; the worst of what they say."""
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                earned = self._run(source)
        except CheckFailed:
            pass
        except (TimeUp, PutAway, Exception) as error:
            self.verdicts.append(self._of_error(error, source))
        else:
            if not self.verdicts:
                self.verdicts.append(self._of_number(earned))
        self.printed = printed.getvalue()[:LONGEST]
        return min(self.verdicts, key=lambda verdict: verdict.score)

    def _run(self, source: str):
        """Run the cell; the value of its last line, if that is an expression."""
        file = f"<tests {self.question}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        tree = ast.parse(source, file)
        last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, file, "exec"), self)
        return eval(compile(last, file, "eval"), self) if last else None

    def _of_number(self, earned) -> Verdict:
        """Tests in plain Python that passed; a number in their last line is points, as nbgrader has it."""
        is_number = isinstance(earned, (int, float)) and not isinstance(earned, bool)
        score = min(max(float(earned) / self.points, 0.0), 1.0) if is_number and self.points else 1.0
        if score == 1:
            return Verdict(self.question, 1.0, "right", "All tests pass.")
        return Verdict(self.question, score, "partial" if score else "wrong", "Some of the tests do not pass yet.")

    def _of_error(self, error: BaseException, source: str) -> Verdict:
        if isinstance(error, (TimeUp, Ended)):
            why = self.side.died or getattr(error, "why", "time-out")
            return Verdict(self.question, 0.0, *ENDS[why])
        if isinstance(error, NotImplementedError):
            return Verdict(self.question, 0.0, "not attempted", "Replace the placeholder with your own code and run the cell.")
        if isinstance(error, NameError):
            return self._missing(error)
        hidden, line = _line(error, source, self.question)
        if isinstance(error, AssertionError):
            words = "" if hidden else str(error)[:LONGEST]
            return Verdict(self.question, 0.0, "wrong", words or "One of the tests does not hold.", line)
        words = f"{type(error).__name__}" + (", in a test that is not shown" if hidden else f": {error}"[:LONGEST])
        return Verdict(self.question, 0.0, "failed", words, line)

    def _missing(self, error: NameError) -> Verdict:
        name = error.name or (re.search("'(.+?)'", str(error)) or [None, "answer"])[1]
        status, message = self.judge.trouble.get(name, ("not attempted", ""))
        return Verdict(self.question, 0.0, status, message or f"There is no {name} in your notebook. The cell that defines it is "
                       "empty, was deleted, or calls it something else.")

    def _imported(self) -> dict:
        """What the author's imports bind, without what cannot be imported here."""
        if (names := getattr(self.judge, "_names", None)) is None:
            names = self.judge._names = {}
            for statement in self.judge.imports:
                with contextlib.suppress(Exception):
                    exec(statement, names)
            for ours in ("check", "hint", "__builtins__"):
                names.pop(ours, None)
        return names


def outputs(verdict: Verdict, points: float, printed: str = "") -> list[NotebookNode]:
    """What stands under a tests cell: the verdict, and what makes nbgrader give the points that it says."""
    shown = verdict._repr_mimebundle_()
    made = [new_output("stream", name="stdout", text=printed)] if printed else []
    made.append(new_output("display_data", data=shown))
    if verdict.score >= 1:
        return made
    if verdict.score > 0:
        earned = verdict.score * points
        return [*made, new_output("execute_result", execution_count=None, data={
            "text/plain": repr(round(earned, 6)),
            "text/html": f"<p>{earned:g} of {points:g} points for the part that is right.</p>"})]
    words = CheckFailed(verdict)._render_traceback_()
    return [*made, new_output("error", ename="CheckFailed", evalue="not right yet", traceback=words)]


def without_hidden(source: str) -> str:
    """The text of a tests cell as a learner may see it."""
    lines, hidden = [], False
    for line in source.split("\n"):
        if BEGIN_HIDDEN in line:
            hidden = True
            lines.append("# hidden tests ran here")
        elif END_HIDDEN in line:
            hidden = False
        elif not hidden:
            lines.append(line)
    return "\n".join(lines)


def _line(error: BaseException, source: str, question: str) -> tuple[bool, str]:
    """Whether the line of the tests in which `error` was raised is hidden, and the line if it is not."""
    step, number = error.__traceback__, None
    while step is not None:
        if step.tb_frame.f_code.co_filename == f"<tests {question}>":
            number = step.tb_lineno
        step = step.tb_next
    lines = source.split("\n")
    if number is None or number > len(lines):
        return False, ""
    marks = [BEGIN_HIDDEN in line for line in lines[:number] if BEGIN_HIDDEN in line or END_HIDDEN in line]
    if marks and marks[-1]:
        return True, ""
    return False, f"In the test: {lines[number - 1].strip()[:300]}"


def _short(verdict: Verdict) -> Verdict:
    """`verdict` with texts that a page can show, whatever a learner returned."""
    return Verdict(verdict.exercise, verdict.score, verdict.status, verdict.message[:LONGEST], verdict.detail[:LONGEST],
                   verdict.mistake, verdict.hint)
