"""The live-demo script of each session, made of the explorers' presets and kept between two markers of the advisor's guide."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dla_widgets.demos import SCRIPTS, explorer_class

from .lessons import Lesson, LessonError
from .syllabus import between, update

BEGIN, END = "<!-- demos: begin -->", "<!-- demos: end -->"
HEAD = "| | preset | say | the room should see |\n|--:|---|---|---|"
PROJECTS = {"streamflow": "Streamflow", "landcover": "Land cover"}


def session(lesson: Lesson) -> str:
    """The name of a lesson's script: ``streamflow-02``."""
    return f"{lesson.project}-{lesson.name[:2]}"


def demo_scripts(lessons: Iterable[Lesson]) -> str:
    """A section per session: the command, and for each preset what to say and what should be seen.

    Raises
    ------
    LessonError : a script names a preset that its explorer doesn't have
    """
    ordered = sorted(lessons, key=lambda lesson: (lesson.project != "streamflow", lesson.name))
    return "\n\n".join(_section(lesson) for lesson in ordered if session(lesson) in SCRIPTS)


def _section(lesson: Lesson) -> str:
    name = session(lesson)
    rows = [_row(name, number, *step) for number, step in enumerate(SCRIPTS[name], 1)]
    titles = dict.fromkeys(explorer_class(explorer).title for explorer, _ in SCRIPTS[name])
    head = f"#### {PROJECTS.get(lesson.project, lesson.project)} {lesson.name[:2]}, {lesson.title}: `dla demo {name}`"
    return "\n".join([f"{head}\n\n{' · '.join(titles)}\n", HEAD, *rows])


def _row(name: str, number: int, explorer: str, preset: str) -> str:
    presets = {known.name: known for known in explorer_class(explorer).presets}
    if preset not in presets:
        raise LessonError(f"the script {name} shows {preset!r} of {explorer!r}, which has only {', '.join(presets)}")
    cells = [str(number), f"{explorer}: {preset}", presets[preset].caption, presets[preset].expect]
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def with_scripts(guide: str, lessons: Iterable[Lesson]) -> str:
    """`guide` with the scripts of `lessons` between its markers.

    Raises
    ------
    LessonError : the markers are missing
    """
    return between(guide, BEGIN, END, f"{demo_scripts(lessons)}\n\n", "course/advisor_guide.md", "the live-demo scripts")


def update_guide(path: Path, lessons: Iterable[Lesson]) -> bool:
    """Bring the scripts in the file `path` up to date; whether they were not."""
    return update(path, lambda guide: with_scripts(guide, lessons))
