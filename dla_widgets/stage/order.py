"""What `dla demo` can show, and in which order: the script of a session, or one explorer with all of its presets."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..demos import EXPLORERS, SCRIPTS, DemoError, explorer_class

if TYPE_CHECKING:
    from rich.table import Table

PROJECTS = {"streamflow": "Streamflow", "landcover": "Land cover"}


@dataclass(frozen=True)
class Step:
    """One explorer in the state of one of its presets; without a preset, as it opens."""

    explorer: str
    preset: str = ""


def running_order(name: str) -> list[Step]:
    """The steps of a demo: those of a session's script, or all presets of an explorer.

    Raises
    ------
    DemoError : no explorer and no script has that name
    """
    check(name)
    if name in SCRIPTS:
        return [Step(*step) for step in SCRIPTS[name]]
    return [Step(name, preset.name) for preset in explorer_class(name).presets] or [Step(name)]


def check(name: str) -> None:
    """Complain about a name that nothing has.

    Raises
    ------
    DemoError : no explorer and no script has that name
    """
    if name in EXPLORERS or name in SCRIPTS:
        return
    near = get_close_matches(name, [*EXPLORERS, *SCRIPTS], 1)
    raise DemoError(
        f"no explorer and no session's script is called {name!r}"
        + (f"; did you mean {near[0]!r}?" if near else "")
        + " `dla demo --list` shows all of them."
    )


def title(name: str) -> str:
    """What the page of a demo is called: the explorer's own title, or the session."""
    if name in EXPLORERS:
        return explorer_class(name).title
    project, _, number = name.partition("-")
    return f"{PROJECTS.get(project, project)}, session {int(number)}"


def table() -> Table:
    """Everything that can be shown: the explorers with their presets, and the scripts of the sessions."""
    from rich.table import Table

    made = Table("name", "title", "presets", title="dla demo NAME", title_justify="left")
    for name in EXPLORERS:
        found = explorer_class(name)
        made.add_row(name, found.title, ", ".join(preset.name for preset in found.presets))
    made.add_section()
    for name, steps in SCRIPTS.items():
        shown: dict[str, list[str]] = {}
        for explorer, preset in steps:
            shown.setdefault(explorer, []).append(preset or "as it opens")
        made.add_row(name, title(name), "; ".join(f"{one}: {', '.join(presets)}" for one, presets in shown.items()))
    return made
