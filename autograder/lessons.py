"""A lesson is one text file: `py:percent` cells, a header, one short role per cell. Here it is read and checked.

The header stands under ``jupyter: dla:`` and says title, objectives, minutes and prerequisites (:data:`HEADER`). Roles:

=====================================  ===============================================================================
``# %% solution="nse"``                what the learner writes, between ``### BEGIN SOLUTION`` and ``### END SOLUTION``
``# %% tests="nse" points=2``          what checks it: ``check("nse", nse)``
``# %% [markdown] answer="why"         a question that is answered in words and marked by an advisor; a model answer
points=2``                             may stand between the same two markers
``# %% advisor``, ``# %% [markdown]    for the advisor's eyes only
advisor``
``# %% demo="skill"``                  shown in live sessions; an ordinary cell for the learner
=====================================  ===============================================================================
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

#: field of the header -> what it must be
HEADER = {
    "title": "a text",
    "objectives": "a list of texts",
    "minutes": "a whole number above 0",
    "prerequisites": "a list of texts (may be empty)",
}
#: field of the header that may be left out -> what it must be
OPTIONAL = {"seconds": "how long the solution takes to run on two cores, a whole number above 0"}

#: role -> kinds of cell that may have it
ROLES = {
    "solution": ("code",),
    "tests": ("code",),
    "answer": ("markdown",),
    "demo": ("code",),
    "advisor": ("code", "markdown"),
}
GRADED = ("tests", "answer")
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"

_MARKER = re.compile(r"^\s*#\s*%%")
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_OF_JUPYTEXT = {"title", "cell_marker", "lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_depth"}

Problem = tuple[int, str]


class LessonError(ValueError):
    """A lesson cannot be built; every line of the message names a file and a line and says what to do there."""


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the lines where its ``# %%`` and its text stand in the file, its role, name and points."""

    kind: str
    source: str
    line: int
    body: int
    role: str = ""
    name: str = ""
    points: float = 0


@dataclass(frozen=True)
class Lesson:
    """One lesson as its author wrote it."""

    path: Path
    title: str
    objectives: tuple[str, ...]
    minutes: int
    prerequisites: tuple[str, ...]
    seconds: int | None
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def project(self) -> str:
        return self.path.parent.name

    @property
    def points(self) -> float:
        return sum(cell.points for cell in self.cells)

    @property
    def exercises(self) -> list[str]:
        return [cell.name for cell in self.cells if cell.role == "solution"]


def find_lessons(course: Path) -> list[Path]:
    """The lessons of a course folder, ``<project>/NN_name.py``, in order; or the one lesson that `course` is itself.

    Raises
    ------
    LessonError : there is none
    """
    course = Path(course)
    found = [course] if course.is_file() else sorted(course.glob("*/[0-9][0-9]_*.py"))
    if not found:
        raise LessonError(f"{course}: no lesson found; expected files such as {course / 'streamflow' / '01_basins.py'}")
    return found


def read_lesson(path: Path) -> Lesson:
    """Read a lesson and check it.

    Raises
    ------
    LessonError : with one line per fault: an unknown role or key, missing points, a name that is used twice, ``tests``
        without their ``solution``, a missing header field, markers that do not match, a solution that shows, ...
    """
    import jupytext  # takes a second

    path, problems = Path(path), []
    text = path.read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # whatever the YAML reader raises
        raise LessonError(f"{path}:1: the header cannot be read as YAML: {' '.join(str(error).split())}") from None
    lines = text.splitlines()
    markers = [number for number, line in enumerate(lines, 1) if _MARKER.match(line)]
    header = notebook.metadata.get("dla")
    problems += _header_problems(header, next((n for n, line in enumerate(lines, 1) if re.match(r"#\s+dla:", line)), 1))
    if len(markers) != len(notebook.cells):
        problems.append((markers[0] if markers else 1,
                         f"{len(markers)} lines start with '# %%' but there are {len(notebook.cells)} cells: is there "
                         "text before the first '# %%', or such a line inside a string?"))
        _raise(path, problems)
    cells = [_cell(raw, line, lines, problems) for raw, line in zip(notebook.cells, markers)]
    for check in (_name_problems, _marker_problems, _leak_problems, _attachment_problems):
        problems += check(cells)
    if problems:
        _raise(path, problems)
    return Lesson(path, header["title"], tuple(header["objectives"]), header["minutes"], tuple(header["prerequisites"]),
                  header.get("seconds"), tuple(cells))


def without_solution(cell: Cell, stub: str) -> str:
    """The text of `cell` with `stub`, indented like the marker, in place of each solution."""
    lines, inside = [], False
    for line in cell.source.split("\n"):
        if BEGIN in line:
            indent = line[:len(line) - len(line.lstrip())]
            lines += [indent + part for part in stub.split("\n")]
        if BEGIN in line or END in line:
            inside = BEGIN in line
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def without_markers(cell: Cell) -> str:
    """The text of `cell` with its solution, but without the two marker lines."""
    return "\n".join(line for line in cell.source.split("\n") if BEGIN not in line and END not in line)


def _raise(path: Path, problems: list[Problem]) -> None:
    raise LessonError("\n".join(f"{path}:{line}: {text}" for line, text in sorted(problems)))


def _header_problems(header, line: int) -> Iterator[Problem]:
    if not isinstance(header, dict):
        yield line, (f"no header; expected '# jupyter:', '#   dla:' with {', '.join(HEADER)} "
                     "(see course/template_lesson.py)")
        return
    for key in header:
        if key not in HEADER | OPTIONAL:
            yield line, f"unknown header field {key!r}" + _did_you_mean(key, HEADER | OPTIONAL)
    for key, kind in HEADER.items():
        if key not in header:
            yield line, f"the header has no {key}; expected {kind}"
    for key, kind in (HEADER | OPTIONAL).items():
        if key in header and not _fits(header[key], kind):
            yield line, f"{key} in the header must be {kind}, is {header[key]!r}" + (
                "; put a text with a colon in quotes" if "list" in kind else "")


def _fits(value, kind: str) -> bool:
    if "whole number" in kind:
        return type(value) is int and value > 0
    if "list" in kind:
        return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value) and (
            bool(value) or "empty" in kind)
    return isinstance(value, str) and bool(value.strip())


def _cell(raw, line: int, lines: list[str], problems: list[Problem]) -> Cell:
    """The cell that jupytext read, with its role; what is wrong with its options goes to `problems`."""
    options = {key: value for key, value in raw.metadata.items() if key not in _OF_JUPYTEXT}
    if "title" in raw.metadata:  # a bare word behind '# %%'
        options |= {"advisor": "advisor"} if raw.metadata["title"] == "advisor" else {raw.metadata["title"]: None}
    problems += [(line, text) for text in _option_problems(raw.cell_type, options)]
    role = next((key for key in options if key in ROLES), "")
    points = options.get("points", 0)
    top = raw.source.split("\n")[0]
    body = next((n for n in range(line + 1, len(lines) + 1) if top in lines[n - 1]), line)  # r""" may take a line
    return Cell(raw.cell_type, raw.source.rstrip(), line, body, role,
                str(options[role]) if role not in ("", "advisor") else "", points if _is_points(points) else 0)


def _option_problems(kind: str, options: dict) -> Iterator[str]:
    if "incorrectly_encoded_metadata" in options:
        yield f"cannot read {options['incorrectly_encoded_metadata']!r}; write it as solution=\"nse\" or points=2"
        return
    if kind not in ("code", "markdown"):
        yield f"a {kind} cell; a lesson has code and [markdown] cells"
    roles = [key for key in options if key in ROLES]
    for key in options:
        if key not in ROLES and key != "points":
            yield f"unknown role or key {key!r}" + _did_you_mean(key, [*ROLES, "points"])
    if len(roles) > 1:
        yield f"one role per cell, not {' and '.join(roles)}"
    for role in roles:
        if kind not in ROLES[role]:
            yield f"a cell with {role} must be a {' or '.join(ROLES[role])} cell, this one is {kind}"
        if role != "advisor" and not _NAME.match(str(options[role])):
            yield f"{role}={options[role]!r}: expected a short name of small letters, digits and underscores"
    if set(roles) & set(GRADED):
        if "points" not in options:
            yield f"{roles[0]} without points; write for example {roles[0]}=\"{options[roles[0]]}\" points=2"
        elif not _is_points(options["points"]):
            yield f"points must be a number above 0, is {options['points']!r}"
    elif "points" in options:
        yield f"only a cell with {' or '.join(GRADED)} has points"


def _is_points(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1000


def _name_problems(cells: list[Cell]) -> Iterator[Problem]:
    """Names that are used twice, and solutions and tests that do not come in pairs."""
    first: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        if not cell.name:
            continue
        family = "solution" if cell.role == "answer" else cell.role  # these two share the gradebook's names
        if (before := first.setdefault((family, cell.name), cell)) is not cell:
            yield cell.line, (f"the name {cell.name!r} is taken by the {before.role} on line {before.line}; "
                              "choose another")
        if cell.role == "tests" and getattr(first.get(("solution", cell.name)), "role", "") != "solution":
            yield cell.line, f"tests={cell.name!r} without a cell solution={cell.name!r} above it" + _did_you_mean(
                cell.name, [c.name for c in cells if c.role == "solution" and c.name != cell.name])
    for (_, name), cell in first.items():
        if cell.role == "solution" and ("tests", name) not in first:
            yield cell.line, f"solution={name!r} has no cell tests={name!r}: nobody would ever check it"


def _marker_problems(cells: list[Cell]) -> Iterator[Problem]:
    """Markers that are missing, do not match, stand where they do not belong, or leave a broken cell behind."""
    for cell in cells:
        marks = [(n, BEGIN if BEGIN in line else END) for n, line in _numbered(cell) if BEGIN in line or END in line]
        if cell.role not in ("solution", "answer"):
            for line, mark in marks:
                yield line, f"{mark} in a cell that is no solution: learners would see what stands there"
        elif [mark for _, mark in marks] != [BEGIN, END] * (len(marks) // 2):
            yield marks[0][0], f"every ### {BEGIN} needs one ### {END} after it; found {', '.join(m for _, m in marks)}"
        elif cell.role == "solution" and not marks:
            yield cell.line, f"solution={cell.name!r} has no ### {BEGIN} ... ### {END}: what is the learner to write?"
        elif cell.role == "solution":
            yield from _syntax_problems(cell)


def _syntax_problems(cell: Cell) -> Iterator[Problem]:
    code = without_solution(cell, CODE_STUB)
    if any(line.lstrip().startswith(("%", "!")) for line in code.split("\n")):
        return  # magics: not for Python's parser to judge
    try:
        ast.parse(code)
    except SyntaxError as error:
        where = str(error.text).strip()
        yield cell.line, f"without its solution the cell is not valid Python: {error.msg} at {where!r}"


def _leak_problems(cells: list[Cell]) -> Iterator[Problem]:
    """Lines of a solution that stand in a tests cell too, and tests that only feedback would show."""
    secret = {line for cell in cells if cell.role == "solution" for line in _solution_lines(cell)}
    for cell in cells:
        for n, line in _numbered(cell):
            if cell.role == "tests" and line.strip() in secret:
                yield n, f"this line of the tests is a line of the solution, and learners see it: {line.strip()}"
            if "BEGIN HIDDEN TESTS" in line:
                yield n, "no hidden tests: feedback pages show them; check() draws other numbers when it grades"


def _solution_lines(cell: Cell) -> Iterator[str]:
    inside = False
    for line in (line.strip() for line in cell.source.split("\n")):
        if BEGIN in line or END in line:
            inside = BEGIN in line
        elif inside and len(line) >= 12 and not line.startswith(("#", "import ", "from ")):
            yield line


def _numbered(cell: Cell) -> Iterator[tuple[int, str]]:
    return enumerate(cell.source.split("\n"), cell.body)


def _attachment_problems(cells: list[Cell]) -> Iterator[Problem]:
    for cell in cells:
        for n, line in _numbered(cell):
            if cell.kind == "markdown" and "](attachment:" in line:
                yield n, "an attachment is lost in a text file; draw the figure in a code cell"


def _did_you_mean(word: str, known) -> str:
    close = get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; expected one of {', '.join(known)}" if known else ""
