"""What the panel says of files and entries."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...panels.explorer import say
from ..times import ago, since, span
from .standing import distance

#: files that are offered at most, and how deep below the working directory they are looked for
OFFERED, DEEP = 60, 4


def offered(folder: Path, kinds: tuple[str, ...]) -> list[tuple[Path, int, float]]:
    """Files of the right kinds in and below `folder`, with size and time, the newest first; not what is hidden, not inputs."""

    def below(folder: Path, depth: int) -> Iterator[tuple[Path, int, float]]:
        try:
            inside = sorted(os.scandir(folder), key=lambda found: found.name)
        except OSError:
            return
        for found in inside:
            if found.name.startswith(".") or found.name in ("node_modules", "__pycache__"):
                continue
            path = folder / found.name
            if found.is_dir(follow_symlinks=False):
                if depth < DEEP and not (path / ".inputs.json").exists():
                    yield from below(path, depth + 1)
            elif found.is_file() and path.suffix.lower() in kinds:
                known = found.stat()
                yield path, known.st_size, known.st_mtime

    return sorted(below(folder, 0), key=lambda found: -found[2])[:OFFERED]


def verdict(entry: dict[str, Any], before: float | None) -> tuple[str, str]:
    """What came of an entry, against the team's best score before it; and how it should look."""
    name, score = f"Entry {entry['id']}", say(entry["score"], ".3f")
    if entry["state"] == "refused":
        return f"{name} was refused and costs nothing: {entry['message']}", "bad"
    if entry["state"] == "received":
        return f"{name} has no score yet. It is in good hands: come back later, nothing has to be sent again.", ""
    if not entry.get("new", True):
        then = f" It has {score}." if entry["improved"] else " It did not climb then."
        return f"{name}: your team had sent this very file before, so it was not counted again.{then}", "same"
    if entry["score"] is None:  # its sender knows a better one from another team
        return f"{name}: {entry['message']}.", "same"
    if before is None:
        return f"{name}: your first score is {score}.", "good"
    if entry["improved"]:
        return f"{name} climbed from {say(before, '.3f')} to {score}.", "good"
    return f"{name} is not better than your {say(before, '.3f')} by more than chance, so that score stays.", "same"


def received(entry: dict[str, Any]) -> str:
    if entry["state"] == "received":
        return f"Received as entry {entry['id']}; it waits for its score."
    return f"Entry {entry['id']} is here already."


def left(rules: dict[str, Any], team: dict[str, Any]) -> str:
    if rules["phase"] == "before":
        return f"It has not opened yet; its deadline is in {span(rules['seconds_left'])}."
    if rules["phase"] != "open":
        return ""
    next_day = f"the next day begins in {span(team['resets_in'])}"
    if not team["left_today"]:
        return f"All {rules['daily']} entries of today are spent; {next_day}."
    return (f"{team['left_today']} of {rules['daily']} entries are left today, {team['left_total']} in all; {next_day}. The "
            f"deadline is in {span(rules['seconds_left'])}.")  # fmt: skip


def standing(rules: dict[str, Any], team: dict[str, Any] | None) -> str:
    if team is None:
        return "You were in no team." if rules["phase"] in ("closed", "final") else ""
    if team["disqualified"]:
        return f"The team is disqualified: {team['disqualified']}."
    if team["rank"] is None:
        return "It has no score yet."
    gap = f", {distance(team['gap'], 'behind')} the next" if team["gap"] is not None else ", in the lead"
    final = " by the private scores" if rules["phase"] == "final" else ""
    return f"Rank {team['rank']}{final} with {say(team['score'], '.3f')}{gap}."


def entry_row(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as the page lists it."""
    score = "" if entry["score"] is None else say(entry["score"], ".3f")
    came = {"received": "waits for its score", "refused": f"refused, costs nothing: {entry['message']}",
            "scored": f"climbed to {score}" if entry["improved"] else f"not better than {score} by more than chance"}  # fmt: skip
    private = "" if entry["private"] is None else f"; private {say(entry['private'], '.3f')}"
    card = [f"{label}: {text}" for label, text in (("Tried", entry["tried"]), ("Learned", entry["learned"])) if text]
    return {name: entry[name] for name in ("id", "name", "by", "state", "final")} | {
        "when": since(entry["at"]), "came": came[entry["state"]] + private, "card": card}  # fmt: skip


def in_list(path: Path, size: int, when: float) -> str:
    """A file that can be chosen, with what tells it from others."""
    large = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
    return f"{path}  ({large}, {ago(time.time() - when)})"
