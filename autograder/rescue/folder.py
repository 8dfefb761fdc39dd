"""The folder that was handed in: what could harm is put aside, a renamed notebook is found, nothing is followed.

Put aside means moved to ``put_aside/<learner>/<assignment>`` of the course folder, as it is.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.utils import parse_utc

from .advisor import for_the_advisor
from .renamed import lesson_of

#: A file larger than this is not copied beside the graded notebook.
MOST_BYTES = 50_000_000
MOST_FILES = 500
ASIDE = "put_aside"


def receive_all(course: Path, assignment: str) -> dict[str, list[str]]:
    """:func:`receive` for everybody who has handed in: learner -> what was done, in sentences."""
    said = {}
    for folder in sorted(Path(course, "submitted").glob("*")):
        if not folder.is_symlink() and (folder / assignment).is_dir() and (done := receive(course, folder.name, assignment)):
            said[folder.name] = done
    return said


def receive_before(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's hook before it grades one learner; it goes on with the `notebooks` of this list."""
    folder = Path(notebooks[0]).parent
    receive(Path.cwd(), folder.parent.name, assignment)
    there = {path.name: str(path) for path in sorted(folder.glob("*.ipynb")) if _is_plain(path)}
    notebooks[:] = [path for path in notebooks if os.path.basename(path) in there]
    notebooks += [path for name, path in there.items() if name not in {os.path.basename(path) for path in notebooks}]


def receive(course: Path, student: str, assignment: str) -> list[str]:
    """Make the folder of one learner fit to be graded; what was done, in sentences."""
    folder, aside = Path(course, "submitted", student, assignment), Path(course, ASIDE, student, assignment)
    lessons = sorted(path.stem for path in Path(course, "release", assignment).glob("*.ipynb"))
    said = []
    for path, problem in list(_problems(folder)):
        _put_aside(path, aside / path.relative_to(folder))
        said.append(f"{_shown(path)} {problem}; it was put aside.")
        if path.parent == folder and path.suffix == ".ipynb" and path.stem in lessons:
            page = for_the_advisor(path.name, f"What was handed in {problem}.")
            path.write_text(nbformat.writes(page), encoding="utf-8")
    said += _find_renamed(folder, Path(course, "release", assignment), lessons)
    if said:
        _write(aside.parent / f"{assignment}.json", json.dumps(said, indent=1))
    return said


def _problems(folder: Path) -> Iterator[tuple[Path, str]]:
    """What in `folder` must not be there, and why; nothing is followed."""
    files = 0
    for here, folders, names in os.walk(folder, followlinks=False):
        for name in sorted(folders + names):
            path = Path(here, name)
            if problem := _problem(path, top=Path(here) == folder):
                if name in folders:
                    folders.remove(name)
                yield path, problem
            elif name in names and (files := files + 1) > MOST_FILES:
                yield path, f"is one of more than {MOST_FILES} files"


def _problem(path: Path, top: bool) -> str:
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return "is a link"
    if stat.S_ISDIR(about.st_mode):
        return "is a folder where a notebook should be" if top and path.suffix == ".ipynb" else ""
    if not stat.S_ISREG(about.st_mode):
        return "is a pipe, a socket or a device"
    if about.st_size > MOST_BYTES and path.suffix != ".ipynb":
        return f"has {about.st_size / 1e6:,.0f} MB"
    if top and path.name == "timestamp.txt" and not _is_time(path):
        return "does not say a time"
    return "" if _is_name(path.name) else "has a name that is none for a file"


def _is_time(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8").strip()
        return not text or bool(parse_utc(text))
    except (ValueError, OverflowError):
        return False


def _is_name(name: str) -> bool:
    return name.isprintable() and not re.search(r'[<>"|*\\$`]|^-|^\s|\s$', name) and len(name) <= 200


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _put_aside(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    n = 1
    while os.path.lexists(target):
        target = target.with_name(f"{target.name[:150]}.{n}")
        n += 1
    os.rename(path, target)


def _find_renamed(folder: Path, release: Path, lessons: list[str]) -> list[str]:
    """Copy a notebook under another name to the name of the lesson that it is, if that was not handed in."""
    said = []
    missing = [lesson for lesson in lessons if not (folder / f"{lesson}.ipynb").exists()]
    others = [path for path in folder.glob("*.ipynb") if path.stem not in lessons and _is_plain(path)] if missing else []
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True):  # of two copies, the newer
        if (lesson := lesson_of(path, release, missing)) is not None:
            missing.remove(lesson)
            _write_bytes(folder / f"{lesson}.ipynb", path.read_bytes())
            said.append(f"{_shown(path)} is the lesson {lesson} under another name; it was copied to that name.")
    return said


def _shown(path: Path) -> str:
    return repr(path.name[:80])


def _write(path: Path, text: str) -> None:
    _write_bytes(path, text.encode(errors="replace"))


def _write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    os.replace(temporary, path)
