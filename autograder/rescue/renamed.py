"""Which lesson is it? A notebook that was saved under another name, by its metadata, its name, or what is in it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from rapidfuzz import fuzz

from .advisor import MARK
from .file import read_notebook
from .marks import grade_id

#: ``02_skill (1)``, ``02_skill-Copy1``, ``Copy of 02_skill``, ``02_skill_ada``
_ADDED = re.compile(r"^(copy[ _-]of[ _-])|([ _-]*\(\d+\)|[ _-]*copy\d*|[ _-]*final|[ _-]*v?\d*)$", re.IGNORECASE)
_LIKE = 60  # of 100: cells in common with what was handed out


def lesson_of(path: Path, release: Path, lessons: list[str]) -> str | None:
    """Which of `lessons`, as they lie in `release`, the notebook at `path` is; None if it is none of them."""
    nb = read_notebook(path)
    about = nb.metadata.get("dla")
    if not isinstance(about, dict):
        about = {}
    if about.get(MARK):
        return _by_name(path.stem, lessons)
    said = str(about.get("lesson", "")).rsplit("/", 1)[-1]
    return said if said in lessons else _by_content(nb, release, lessons) or _by_name(path.stem, lessons)


def _by_name(name: str, lessons: list[str]) -> str | None:
    bare = _ADDED.sub("", name).strip()
    found = [lesson for lesson in lessons if lesson.lower() == bare.lower() or name.lower().startswith(lesson.lower())]
    return found[0] if len(found) == 1 else None


def _by_content(nb, release: Path, lessons: list[str]) -> str | None:
    """The lesson that has the same questions, or mostly the same text."""
    best, score = None, float(_LIKE)
    names, text = {grade_id(cell) for cell in nb.cells} - {None}, _prose(nb)
    for lesson in lessons:
        handed_out = nbformat.read(release / f"{lesson}.ipynb", as_version=4)
        asked = {grade_id(cell) for cell in handed_out.cells} - {None}
        like = 100 * len(names & asked) / len(asked) if names and asked else fuzz.ratio(text, _prose(handed_out))
        if like > score:
            best, score = lesson, like
    return best


def _prose(nb) -> str:
    return "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")[:50_000]
