"""Judged notebooks that wait for the gradebook's one writer, each under a key of everything that it depends on."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
from pathlib import Path

import nbformat

from dla_widgets import attempt, compare, variants
from dla_widgets import exercise as exercise_module
from dla_widgets.exercise import exercises

FOLDER = ".grading"


class Kept:
    """The folder ``.grading/judged`` of a course folder."""

    def __init__(self, root: Path):
        self.folder = Path(root) / FOLDER / "judged"

    def key(self, nb: nbformat.NotebookNode, *, learner: str, salt: str, release: nbformat.NotebookNode | None,
            files: dict[str, bytes], how: str) -> str:
        """What the verdict on a sanitised notebook depends on, as one word; `how` is what the judging was told."""
        digest = hashlib.sha256()
        for part in (learner, salt, how, _text(nb), _text(release) if release else "", _exercises(nb)):
            digest.update(part.encode(errors="replace") + b"\0")
        for name in sorted(files):
            digest.update(name.encode(errors="replace") + b"\0" + hashlib.sha256(files[name]).digest())
        return digest.hexdigest()

    def put(self, key: str, nb: nbformat.NotebookNode) -> None:
        """Keep a judged notebook; whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{key}.{os.getpid()}"
        temporary.write_text(nbformat.writes(nb), encoding="utf-8")
        os.replace(temporary, self.folder / f"{key}.ipynb")

    def take(self, key: str) -> nbformat.NotebookNode | None:
        """The judged notebook under `key`; None if there is none."""
        path = self.folder / f"{key}.ipynb"
        try:
            return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        except (OSError, ValueError):
            return None

    def __contains__(self, key: str) -> bool:
        return (self.folder / f"{key}.ipynb").exists()


def _text(nb: nbformat.NotebookNode) -> str:
    """Of a notebook what matters for its verdict: the cells' kinds, texts and marks."""
    return json.dumps([[cell.cell_type, cell.source, cell.metadata.get("nbgrader")] for cell in nb.cells], sort_keys=True)


def _exercises(nb: nbformat.NotebookNode) -> str:
    """The state of the exercises that `nb` asks and of what judges them: after a change, it is judged again."""
    names = sorted({name for cell in nb.cells for name in re.findall(r"""check\(["'](\w+)["']""", cell.source)})
    known = exercises()
    files = {Path(inspect.getfile(thing)) for name in names if (exercise := known.get(name))
             for thing in (exercise.answer, exercise.probe_maker, *(mistake.function for mistake in exercise.mistakes))}
    files |= {Path(module.__file__) for module in (attempt, compare, exercise_module, variants)}
    files |= set(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
