"""Judging one notebook, as a task that any process can do: plain texts in, a plain text out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import nbformat

from ..judging import judge_notebook
from ..judging.warmth import Warmth
from ..sandbox.limits import Limits
from ..sandbox.walls import choose


@dataclass(frozen=True)
class Task:
    """One sanitised notebook to judge.

    Attributes
    ----------
    learner, lesson : whose, and which
    notebook, release : the sanitised one and the one that was handed out, as JSON
    salt : of the grading run
    files : what was handed in beside the notebook
    run : ``needed`` or ``all`` cells
    modules : what a warm process loads beforehand
    """

    learner: str
    lesson: str
    notebook: str
    release: str
    salt: str
    key: str
    files: dict[str, bytes] = field(default_factory=dict)
    run: str = "needed"
    modules: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    unsafe: bool = False


def judge(task: Task) -> str:
    """Judge `task` in this process; the notebook with its verdicts, as JSON."""
    nb = nbformat.reads(task.notebook, as_version=4)
    release = nbformat.reads(task.release, as_version=4) if task.release else None
    warmth = Warmth.shared(wall=choose(task.unsafe), limits=task.limits, modules=task.modules)
    judge_notebook(nb, learner=task.learner, salt=task.salt, release=release, run=task.run, files=task.files, warmth=warmth)
    return nbformat.writes(nb)


def limits_of(preprocessor) -> Limits:
    """The limits that nbgrader's configuration sets."""
    return Limits(**asdict(Limits()) | {name: getattr(preprocessor, name)
                                        for name in ("cell_seconds", "notebook_seconds", "memory_mb")})
