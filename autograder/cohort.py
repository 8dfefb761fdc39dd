"""A synthetic cohort: learners of all kinds hand in the real lessons, and the whole way is walked, from release to feedback.

A new advisor sees everything in two minutes without waiting for a cohort; with a large number it is the load test. Everything
is drawn from a seed: each learner has an ability, each question a difficulty, and who gets a question wrong makes one of its
named mistakes, leaves it alone, or stumbles in a way of their own.
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import numpy as np
from nbgrader.api import Gradebook

from dla_widgets.exercise import exercises

from .notebooks import build
from .wrong_answers import written_out

FIRST = """Ada Amina Anders Bao Carla Chidi Dmitri Elif Esther Farid Grace Hana Ines Ivan Jun Kofi Lena Li Luca Maite Mei Milan
    Nadia Noor Olga Omar Pia Priya Quim Rosa Ravi Sami Sofia Tariq Uma Vera Wen Ximena Yara Zoe""".split()  # noqa: SIM905 - names
LAST = """Adeyemi Berg Castro Diallo Eriksen Fischer Gupta Haddad Ito Jansen Kim Laine Moreau Novak Okafor Pereira Quispe Rossi
    Sato Tanaka Usman Vega Weber Xu Yilmaz Zeman""".split()  # noqa: SIM905
DUE = datetime(2026, 3, 2, 12, tzinfo=UTC)
#: kind of learner -> share of the cohort; the rest are ordinary: some right, some wrong
KINDS = {"right": 0.2, "late": 0.1, "hostile": 0.08, "damaged": 0.08, "untouched": 0.05}
HOSTILE = {
    "never ends": "while True:\n    pass",
    "ends Python": "import os\nos._exit(0)",
    "prints for ever": "while True:\n    print('x' * 100_000)",
    "takes all memory": "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))",
    "patches the check": "def check(*_):\n    print('Right!')\nimport dla_widgets\ndla_widgets.check = check",
    "looks for secrets": "import pathlib\n[print(p) for p in pathlib.Path('/').rglob('grading_salt.txt')]",
}


@dataclass(frozen=True)
class Learner:
    """A made-up learner: what kind, and how able (0 is average)."""

    id: str
    first: str
    last: str
    kind: str
    ability: float


def learners(number: int, seed: int = 0) -> list[Learner]:
    """`number` learners; each kind is there if the number is at least that of the kinds."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind, share in KINDS.items() for _ in range(max(1, round(share * number)))][:number]
    kinds += ["ordinary"] * (number - len(kinds))
    rng.shuffle(kinds)
    made = []
    for n, kind in enumerate(kinds):
        first, last = FIRST[n % len(FIRST)], LAST[(n * 7 + n // len(FIRST)) % len(LAST)]
        made.append(Learner(f"{first}-{last}-{n:03d}".lower(), first, last, kind, float(rng.normal())))
    return made


def make(course: Path, out: Path, assignment: str, lessons: list[str], number: int, seed: int = 0) -> Path:
    """Build and release `lessons` of `course` below `out`, and hand in for `number` learners; nbgrader's course folder.

    Raises
    ------
    FileExistsError : `out` is there already and not a cohort of this kind
    FileNotFoundError : there is no such lesson
    """
    if out.exists() and not (out / "cohort.json").exists():
        raise FileExistsError(f"{out} is there already; name a folder that is not, or one that `autograder demo-cohort` made")
    shutil.rmtree(out, ignore_errors=True)
    (out / "course" / assignment).mkdir(parents=True)
    for lesson in lessons:
        if not (source := course / assignment / f"{lesson}.py").is_file():
            known = ", ".join(sorted(path.stem for path in (course / assignment).glob("[0-9]*.py")))
            raise FileNotFoundError(f"no lesson {source}; {assignment} has {known or 'none'}")
        shutil.copy(source, out / "course" / assignment)
    build(out / "course", out / "build")
    root = out / "build" / "nbgrader"
    nbgrader(root, "generate_assignment", assignment)
    made = learners(number, seed)
    (out / "cohort.json").write_text(json.dumps([vars(one) for one in made], indent=1), encoding="utf-8")
    _enrol(root, assignment, made)
    for n, learner in enumerate(made):
        hand_in(root, out / "build", assignment, learner, np.random.default_rng([seed, n]))
    return root


def nbgrader(root: Path, *arguments: str) -> None:
    """Run one of nbgrader's own commands in the course folder.

    Raises
    ------
    RuntimeError : it failed; the message is the end of what it said
    """
    done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"nbgrader {' '.join(arguments)} failed: {done.stderr[-800:]}")


def _enrol(root: Path, assignment: str, made: list[Learner]) -> None:
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(assignment, duedate=DUE.replace(tzinfo=None))
        for learner in made:
            gradebook.update_or_create_student(learner.id, first_name=learner.first, last_name=learner.last)


def hand_in(root: Path, built: Path, assignment: str, learner: Learner, rng: np.random.Generator) -> None:
    """Write what `learner` hands in."""
    folder = root / "submitted" / learner.id / assignment
    folder.mkdir(parents=True)
    hours = rng.uniform(1, 60) if learner.kind == "late" else -rng.exponential(20)
    (folder / "timestamp.txt").write_text((DUE + timedelta(hours=float(hours))).strftime("%Y-%m-%d %H:%M:%S UTC"))
    for path in sorted((root / "release" / assignment).glob("*.ipynb")):
        solved = nbformat.read(built / "solution" / assignment / path.name, as_version=4)
        notebook = nbformat.read(path, as_version=4)
        _fill_in(notebook, solved, learner, rng)
        (folder / path.name).write_bytes(_twisted(notebook, learner, rng))


def _fill_in(notebook: nbformat.NotebookNode, solved: nbformat.NotebookNode, learner: Learner, rng: np.random.Generator) -> None:
    """Answer the questions of `notebook` as `learner` would."""
    right = {_name(cell): cell.source for cell in solved.cells if _name(cell)}
    known = exercises()
    for n, cell in enumerate(notebook.cells):
        name = _name(cell)
        marks = cell.metadata.get("nbgrader", {})
        if not marks.get("solution") or learner.kind == "untouched":
            continue
        if cell.cell_type == "markdown":
            cell.source = f"{cell.source}\n\nIn my words: the record is shorter than the floods it should hold."
            continue
        easy = 1.2 - 0.35 * n / len(notebook.cells) * 4
        if learner.kind in ("right", "hostile", "damaged") or rng.random() < 1 / (1 + np.exp(-learner.ability - easy)):
            cell.source = right[name]
        elif rng.random() < 0.75 and name in known and known[name].mistakes:
            cell.source = written_out(name, str(rng.choice([one.name for one in known[name].mistakes])))
        elif rng.random() < 0.3:
            cell.source = right[name].replace("return", "retrun", 1)


def _twisted(notebook: nbformat.NotebookNode, learner: Learner, rng: np.random.Generator) -> bytes:
    """The bytes of the file, after what hostile or damaging hands have done to it."""
    if learner.kind == "hostile":
        notebook.cells.insert(2, nbformat.v4.new_code_cell(HOSTILE[str(rng.choice(list(HOSTILE)))]))
    if learner.kind == "damaged":
        return DAMAGES[str(rng.choice(list(DAMAGES)))](notebook)
    return _bytes(notebook)


def _name(cell: nbformat.NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _bytes(notebook: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


def _copied(notebook: nbformat.NotebookNode) -> bytes:
    tests = [copy.deepcopy(cell) for cell in notebook.cells if _name(cell).endswith("-tests")]
    notebook.cells += tests[:1]
    return _bytes(notebook)


def _without_tests(notebook: nbformat.NotebookNode) -> bytes:
    notebook.cells = [cell for cell in notebook.cells if not _name(cell).endswith("-tests")]
    return _bytes(notebook)


#: What happens to files of honest people.
DAMAGES: dict[str, Callable[[nbformat.NotebookNode], bytes]] = {
    "a copied cell": _copied,
    "deleted tests": _without_tests,
    "Windows line ends": lambda notebook: _bytes(notebook).replace(b"\n", b"\r\n"),
    "cut off": lambda notebook: _bytes(notebook)[:5000],
}
