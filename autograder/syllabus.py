"""The syllabus: a table made of the lessons' headers, kept between two markers of ``course/README.md``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from .lessons import Lesson, LessonError
from .notebooks import write

BEGIN, END = "<!-- syllabus: begin -->", "<!-- syllabus: end -->"
LESSONS = "<!-- lessons -->"
HEAD = "| lesson | when you are through, you can | minutes | points |\n|---|---|--:|--:|"


def syllabus(lessons: Iterable[Lesson]) -> str:
    """One Markdown table per project: lesson, what the learner can do after it, minutes, points."""
    parts = []
    for project, group in groupby(sorted(lessons, key=lambda lesson: lesson.path), lambda lesson: lesson.project):
        rows = [(lesson.minutes, _row(lesson)) for lesson in group]
        hours = max(1, round(sum(minutes for minutes, _ in rows) / 60))
        parts.append("\n".join([f"### {project}\n", HEAD, *(row for _, row in rows)]))
        parts.append(f"{_count(len(rows), 'lesson')}, about {_count(hours, 'hour')}.")
    return "\n\n".join(parts)


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _row(lesson: Lesson) -> str:
    cells = [f"[{lesson.title}]({lesson.project}/{lesson.path.name})", "; ".join(lesson.objectives),
             str(lesson.minutes), f"{lesson.points:g}"]
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def with_syllabus(readme: str, lessons: Iterable[Lesson]) -> str:
    """`readme` with the table of `lessons` between its markers.

    Raises
    ------
    LessonError : the markers are missing
    """
    table = f"{text}\n\n" if (text := syllabus(lessons)) else ""
    return between(readme, BEGIN, END, table, "course/README.md", "the syllabus")


def between(page: str, begin: str, end: str, made: str, name: str, what: str) -> str:
    """`page` with `made` between the two markers; `name` and `what` are for the message.

    Raises
    ------
    LessonError : the markers are missing
    """
    if begin not in page or end not in page.split(begin)[1]:
        raise LessonError(f"{name} has no place for {what}; add the lines {begin} and {end}")
    before, rest = page.split(begin, 1)
    return f"{before}{begin}\n\n{made}{end}{rest.split(end, 1)[1]}"


def update_readme(path: Path, lessons: Iterable[Lesson]) -> bool:
    """Bring the syllabus in the file `path` up to date; whether it was not."""
    return update(path, lambda readme: with_syllabus(readme, lessons))


def update(path: Path, renew: Callable[[str], str]) -> bool:
    """Bring what is made in the file `path` up to date; whether it was not."""
    before = path.read_text(encoding="utf-8")
    after = renew(before)
    if after != before:
        write(path, after)
    return after != before


def welcome(template: str, lessons: Iterable[Lesson]) -> str:
    """The learner's first page: `template` with links to the notebooks in place of its marker.

    Raises
    ------
    LessonError : the marker is missing
    """
    if LESSONS not in template:
        raise LessonError(f"course/welcome.md has no place for the lessons; add the line {LESSONS}")
    rows = [f"| [{lesson.name[:2]} {lesson.title}]({lesson.project}/{lesson.name}.ipynb) | {lesson.minutes} |"
            for lesson in sorted(lessons, key=lambda lesson: (lesson.project != "streamflow", lesson.name))]
    return template.replace(LESSONS, "\n".join(["| lesson | minutes |", "|---|--:|", *rows]))
