"""What a lesson is built into: the notebooks of the learner, the solution, the advisor and nbgrader.

Sole owner of nbgrader's cell metadata. Cell ids come from names and content, never from chance, so that two builds of
one lesson are equal to the byte. The learner's notebook is what ``nbgrader generate_assignment`` makes of the source.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .lessons import (
    BEGIN,
    CODE_STUB,
    END,
    TEXT_STUB,
    Cell,
    Lesson,
    LessonError,
    find_lessons,
    read_lesson,
    without_markers,
    without_solution,
)

#: role -> nbgrader's three switches
SWITCHES = {
    "solution": {"grade": False, "solution": True, "locked": False},
    "tests": {"grade": True, "solution": False, "locked": True},
    "answer": {"grade": True, "solution": True, "locked": False},
}


def learner(lesson: Lesson) -> nbformat.NotebookNode:
    """The notebook to hand out: stubs for solutions, nothing of the advisor's; equal to what nbgrader would release."""
    return _notebook(lesson, [_released(cell) for cell in _for_learners(lesson)])


def solution(lesson: Lesson) -> nbformat.NotebookNode:
    """The learner's notebook as the author would hand it in."""
    return _notebook(lesson, [_with_metadata(cell, without_markers(cell)) for cell in _for_learners(lesson)])


def advisor(lesson: Lesson) -> nbformat.NotebookNode:
    """The solution with the advisor's notes; these and the demos carry a tag."""
    return _notebook(lesson, [_with_metadata(cell, without_markers(cell)) for cell in lesson.cells])


def source(lesson: Lesson) -> nbformat.NotebookNode:
    """What ``nbgrader generate_assignment`` starts from: solutions between their markers."""
    return _notebook(lesson, [_with_metadata(cell, _marked(cell)) for cell in _for_learners(lesson)])


#: folder below the build folder -> what is written there
EDITIONS = {"learner": learner, "solution": solution, "advisor": advisor, "nbgrader/source": source}


def build(course: Path, out: Path, progress: Callable[[Lesson], None] = lambda lesson: None) -> list[Lesson]:
    """Build all lessons of `course` (or the one lesson file that it is) below `out`.

    Nothing is written unless every lesson is sound. A notebook that did not change is left as it is, one whose lesson
    is gone is removed. The folder ``nbgrader`` becomes a course folder with the shipped configuration.

    Raises
    ------
    LessonError : one line per fault, of all lessons
    """
    lessons, faults = [], []
    for path in find_lessons(course):
        try:
            lessons.append(read_lesson(path))
        except LessonError as error:
            faults.append(str(error))
    if faults:
        raise LessonError("\n".join(faults))
    for lesson in lessons:
        for folder, edition in EDITIONS.items():
            text = nbformat.writes(edition(lesson), version=4) + "\n"
            write(Path(out) / folder / lesson.project / f"{lesson.name}.ipynb", text)
        progress(lesson)
    if Path(course).is_dir():
        _remove_stale(lessons, Path(out))
    make_course_folder(Path(out) / "nbgrader")
    return lessons


def make_course_folder(folder: Path) -> None:
    """Give `folder` nbgrader's configuration, an exchange and the salt that makes grading draw other numbers."""
    exchange, salt = folder / "exchange", folder / "grading_salt.txt"
    write(folder / "nbgrader_config.py", (Path(__file__).parent / "nbgrader_config.py").read_text(encoding="utf-8"))
    if not exchange.exists():
        exchange.mkdir(parents=True)
        exchange.chmod(0o777)  # nbgrader wants it writable by everybody, whatever the umask
    if not salt.exists():
        write(salt, secrets.token_hex(16) + "\n", mode=0o600)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path` by way of a temporary name, unless it is there already."""
    if path.exists() and path.read_bytes() == text.encode():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode)
    temporary.write_bytes(text.encode())
    os.replace(temporary, path)


def _remove_stale(lessons: list[Lesson], out: Path) -> None:
    for project in {lesson.project for lesson in lessons}:
        names = {lesson.name for lesson in lessons if lesson.project == project}
        for folder in EDITIONS:
            for path in (out / folder / project).glob("*.ipynb"):
                if path.stem not in names:
                    path.unlink()


def _notebook(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    taken: dict[str, int] = {}
    for cell in (cells := [_title_cell(lesson), *cells]):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        stem = grade_id or "c-" + hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        taken[stem] = taken.get(stem, 0) + 1
        cell["id"] = stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"
    notebook = new_notebook(cells=cells, metadata={
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "dla": {"lesson": f"{lesson.project}/{lesson.name}", "title": lesson.title},
    })
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def _title_cell(lesson: Lesson) -> nbformat.NotebookNode:
    """The header in words, as the first thing on the page."""
    about = f"*{lesson.minutes} minutes*" + (f" · *runs in {lesson.seconds} s on two cores*" if lesson.seconds else "")
    parts = [f"# {lesson.title}", about, "**When you are through, you can**\n\n" + _bullets(lesson.objectives)]
    if lesson.prerequisites:
        parts.append("**You need**\n\n" + _bullets(lesson.prerequisites))
    return new_markdown_cell("\n\n".join(parts))


def _bullets(texts: tuple[str, ...]) -> str:
    return "\n".join(f"- {text.strip()}" for text in texts)


def _for_learners(lesson: Lesson) -> list[Cell]:
    return [cell for cell in lesson.cells if cell.role != "advisor"]


def _marked(cell: Cell) -> str:
    """The text for nbgrader's source: it would blank the question of an answer that has no marked place."""
    if cell.role == "answer" and BEGIN not in cell.source:
        return f"{cell.source}\n\n### {BEGIN}\n### {END}"
    return cell.source


def _released(cell: Cell) -> nbformat.NotebookNode:
    """`cell` as nbgrader releases it: stubbed, locked against deletion, with a checksum of what was handed out."""
    stub = CODE_STUB if cell.kind == "code" else TEXT_STUB
    marked = Cell(cell.kind, _marked(cell), cell.line, cell.body)
    made = _with_metadata(cell, without_solution(marked, stub) if cell.role in SWITCHES else cell.source)
    if cell.role in SWITCHES:
        from nbgrader.utils import compute_checksum  # costs a second

        made.metadata["deletable"] = False
        if cell.role == "tests":
            made.metadata["editable"] = False
        made.metadata.nbgrader |= {"cell_type": cell.kind, "checksum": compute_checksum(made)}
    return made


def _with_metadata(cell: Cell, text: str) -> nbformat.NotebookNode:
    metadata = {}
    if cell.role in SWITCHES:
        metadata["nbgrader"] = nbgrader_metadata(cell)
    if cell.role in ("demo", "advisor"):
        metadata["tags"] = [cell.role, *([cell.name] if cell.name else [])]
    make = new_code_cell if cell.kind == "code" else new_markdown_cell
    return make(text, metadata=metadata)


def nbgrader_metadata(cell: Cell) -> dict:
    """nbgrader's metadata, schema 3. A solution is ``nse`` in its gradebook, the cell that checks it ``nse-tests``."""
    made = {"schema_version": 3, "task": False, **SWITCHES[cell.role],
            "grade_id": f"{cell.name}-tests" if cell.role == "tests" else cell.name}
    return made | ({"points": cell.points} if SWITCHES[cell.role]["grade"] else {})
