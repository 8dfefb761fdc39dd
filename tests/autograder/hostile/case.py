"""A case of the hostile table: one submission, what it tries, and what must come of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

#: points of each judged question of the first lesson in arena.py
POINTS = {"nse": 2.0, "percent_bias": 2.0, "slope": 1.0}
NOT_RIGHT = frozenset({"wrong", "mistake", "failed", "not attempted", "crashed", "memory", "time-out", "course answer"})

WRONG = "def nse(observed, simulated):\n    return 0.0\n"
RIGHT = """\
def nse(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = observed[both], simulated[both]
    return 1 - ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum()
"""


@dataclass(frozen=True)
class Place:
    """Where a submission is graded: what a learner who has read nbgrader's manual knows of the advisor's machine.

    Attributes
    ----------
    course : nbgrader's course folder
    loot : a file outside of everything; should it exist afterwards, the submission got out
    port : of a listener on the loopback; the abstract socket ``dla-hostile-<port>`` is another
    until : time after which every loop of the corpus ends by itself, in seconds since 1970
    """

    course: Path
    loot: Path
    port: int
    until: float


@dataclass(frozen=True)
class Case:
    """One submission; what is not said is the author's right solution.

    Attributes
    ----------
    tries : one sentence
    nse, slope : what stands in these solution cells instead
    network : what stands in the one solution cell of the second lesson, which is handed in only then
    first, last : code in a cell before and after all others
    answer : the written answer
    twist : changes the notebook in place or gives the bytes to hand in; runs after the above
    folder : adds to the submitted folder, which holds the notebook already
    points : per question where they are not the full ones; `status`: those allowed per question
    by_hand : whether an advisor has to look at the judged questions
    walls_only : too rough to be run without walls, for the comparison with plain nbgrader
    """

    tries: str
    nse: str | None = None
    slope: str | None = None
    network: str | None = None
    first: str = ""
    last: str = ""
    answer: str | None = None
    twist: Callable[[dict, Place], bytes | None] | None = None
    folder: Callable[[Path, Place], None] | None = None
    points: dict[str, float] = field(default_factory=dict)
    status: dict[str, frozenset[str]] = field(default_factory=dict)
    by_hand: bool = False
    walls_only: bool = False

    def expected(self, question: str) -> float:
        """The points that `question` must get."""
        return self.points[question] if question in self.points else POINTS[question]

    def submission(self, solution: dict, place: Place) -> bytes:
        """The notebook of this case, made from the author's `solution`."""
        notebook = copy.deepcopy(solution)
        for question in ("nse", "slope"):
            if (code := getattr(self, question)) is not None:
                find(notebook, question)["source"] = dedent(code)
        if self.answer is not None:
            find(notebook, "in_words")["source"] = dedent(self.answer)
        notebook["cells"].insert(0, code_cell("twist-place", preamble(place)))
        if self.first:
            notebook["cells"].insert(1, code_cell("twist-first", dedent(self.first)))
        if self.last:
            notebook["cells"].append(code_cell("twist-last", dedent(self.last)))
        made = self.twist(notebook, place) if self.twist else None
        return json.dumps(notebook).encode() if made is None else made

    def second_submission(self, solution: dict, place: Place) -> bytes:
        """The notebook of the lesson about a network."""
        notebook = copy.deepcopy(solution)
        notebook["cells"].insert(0, code_cell("twist-place", preamble(place)))
        find(notebook, "build_lstm")["source"] = dedent(self.network)
        return json.dumps(notebook).encode()


def instead(tries: str, code: str, status: set[str] | frozenset[str] = NOT_RIGHT, **more) -> Case:
    """`code` stands in the place of `nse`, which must not get a point, while everything else keeps all of its own."""
    return Case(tries, nse=dedent(code), points={"nse": 0.0} | more.pop("points", {}), status={"nse": frozenset(status)}, **more)


def trick(tries: str, code: str = "", status: set[str] | frozenset[str] = frozenset({"wrong"}), **more) -> Case:
    """`code`, then a wrong `nse`, which must not get a point."""
    return instead(tries, dedent(code) + WRONG, status, **more)


def honest(tries: str, nse: str | None = None, **more) -> Case:
    """A case that is right and must score in full, however odd it looks."""
    status = {question: frozenset({"right"}) for question in POINTS}
    return Case(tries, nse=nse, status=status, **more)


def find(notebook: dict, grade_id: str) -> dict:
    """The cell of `notebook` with this name of nbgrader's."""
    return next(cell for cell in notebook["cells"]
                if (cell["metadata"].get("nbgrader") or {}).get("grade_id") == grade_id)


def code_cell(name: str, source: str, outputs: list | None = None) -> dict:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": outputs or [],
            "source": source}


def markdown_cell(name: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def preamble(place: Place) -> str:
    """What the code of the cases may use; every loop of theirs ends at UNTIL."""
    return dedent(f"""\
        import os, signal, socket, sqlite3, subprocess, sys, threading, time
        from pathlib import Path

        import numpy as np

        COURSE, LOOT, PORT, UNTIL = Path({str(place.course)!r}), Path({str(place.loot)!r}), {place.port}, {place.until}

        def attempt(act, *arguments):
            try:
                print("went through:", act(*arguments))
            except BaseException as problem:
                print("did not work:", repr(problem)[:200])
        """)
