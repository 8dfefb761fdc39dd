"""Before a cohort: does the author's own solution earn everything here, and is each named mistake rejected?

A package that is missing where submissions run would score a whole class 0, and a check that lets everything pass would
score it 100 %. Either stops the grading before it starts, with the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dla_widgets.exercise import exercises
from dla_widgets.variants import seed

from ..judging.kept import FOLDER, Kept
from ..judging.needed import needed
from ..judging.notebook import author_imports, run_cells
from ..judging.questions import Judge
from ..judging.warmth import Warmth
from ..sandbox.session import Session
from ..sandbox.walls import choose
from .course import Course

AUTHOR = "preflight"


class PreflightError(RuntimeError):
    """This machine would not grade the course rightly; each line says what is missing."""


def preflight(course: Course, lessons: list[str], tell: Callable[[str], None] = lambda lesson: None) -> tuple[str, ...]:
    """Judge the author's solutions of `lessons`; the modules that they load, for the warm processes.

    Raises
    ------
    PreflightError : a solution does not earn all points here, or a named mistake is not rejected by its name
    """
    wall, salt = choose(course.settings.unsafe), course.settings.salt()
    warmth = Warmth(wall)
    found, problems, modules = Found(course.root), [], {}
    try:
        for lesson in lessons:
            source = nbformat.read(course.root / "source" / course.assignment / f"{lesson}.ipynb", as_version=4)
            key = Kept(course.root).key(source, learner=AUTHOR, salt=salt, release=None, files={}, how=wall.name)
            if (known := found.get(lesson, key)) is None:
                tell(lesson)
                wrong, known = _fly(source, salt, warmth)
                problems += [f"{lesson}: {problem}" for problem in wrong]
                if not wrong:
                    found.put(lesson, key, known)
            modules |= dict.fromkeys(known)
    finally:
        warmth.close()
    if problems:
        raise PreflightError("\n".join(["nothing was graded, because this machine would not grade rightly:", *problems]))
    return tuple(modules)


def _fly(source: NotebookNode, salt: str, warmth: Warmth) -> tuple[list[str], list[str]]:
    """What is wrong with the author's solution and the named mistakes here, and the modules that the solution loads."""
    imports = author_imports(source)
    with Session(lambda: warmth.get(imports)) as session:
        judge = Judge(session, AUTHOR, salt, imports)
        judged, _ = run_cells(source, needed(source), judge, session)
        modules = session.ask("modules")["value"]
    problems = [f"the author's own answer to {verdict.exercise} is {verdict.status}: {verdict.message}"
                for verdict in judged.values() if not verdict.right]
    asked = {source.cells[n].metadata["dla"]["judged"]["exercise"] for n in judged} - {None}
    return problems + [problem for name in sorted(asked) for problem in _mistakes(name, salt)], _importable(modules)


def _mistakes(name: str, salt: str) -> list[str]:
    exercise = exercises()[name]
    verdicts = {mistake.name: exercise.judge(mistake.function, seed(AUTHOR, name, salt), guard=False)
                for mistake in exercise.mistakes}
    return [f"the check of {name} takes the mistake {made!r} for {verdict.mistake or verdict.status}"
            for made, verdict in verdicts.items() if verdict.mistake != made]


def _importable(modules) -> list[str]:
    return [name for name in modules if isinstance(name, str) and not name.startswith(("__", "autograder"))
            and ".exercises" not in name] if isinstance(modules, list) else []


class Found:
    """What earlier preflights found, by lesson: it holds as long as lesson, exercises, salt and wall are the same."""

    def __init__(self, root: Path):
        self.path = root / FOLDER / "preflight.json"
        try:
            self.known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def get(self, lesson: str, key: str) -> list[str] | None:
        known = self.known.get(lesson, {})
        return known["modules"] if known.get("key") == key + _environment() else None

    def put(self, lesson: str, key: str, modules: list[str]) -> None:
        self.known[lesson] = {"key": key + _environment(), "modules": modules}
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        self.path.write_text(json.dumps(self.known), encoding="utf-8")


def _environment() -> str:
    """The packages that are installed where submissions run."""
    from importlib.metadata import distributions

    names = sorted(f"{one.metadata['Name']} {one.version}" for one in distributions())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
