"""Questions that lost their marks: an editor threw nbgrader's metadata away, a cell was typed anew, a name was edited."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from .marks import Released, grade_id
from .repairs import note

_DEFINED = re.compile(r"^(?:async +def|def|class) +(\w+)|^(\w+) *=(?!=)", re.MULTILINE)
_PLACEHOLDERS = ("YOUR ANSWER HERE", "# YOUR CODE HERE", "raise NotImplementedError()")


class LostMarks(Released):
    """Give the marks of a missing question to the cell that is most like what was handed out, if one is like it at all."""

    def put_right(self, nb, released):
        there = {grade_id(cell) for cell in nb.cells}
        free = [cell for cell in nb.cells if grade_id(cell) not in released and cell.source.strip()]
        for name, (metadata, text) in released.items():
            if name in there or not free:
                continue
            alike, cell = max(((_likeness(cell, metadata, text), cell) for cell in reversed(free)), key=lambda found: found[0])
            if alike >= 80:
                free = [other for other in free if other is not cell]
                cell.metadata["nbgrader"] = dict(metadata)
                note(nb, "LostMarks", f"The cell '{name}' had lost its marks; it was known again by what is in it.", name)
        return nb


def _likeness(cell, metadata: dict, text: str) -> float:
    """How much `cell` is like a cell that was handed out with this `text`, 0 to 100."""
    if metadata["solution"] and metadata["cell_type"] == "code":
        wanted = _defined(text)
        return 100.0 if wanted and wanted <= _defined(cell.source) else fuzz.ratio(_without_placeholders(text), cell.source)
    if metadata["solution"]:
        prompt = _without_placeholders(text)
        return fuzz.partial_ratio(prompt, cell.source) if len(prompt) > 20 <= len(cell.source) else 0.0
    return fuzz.ratio(text.strip(), cell.source.strip())


def _defined(code: str) -> set[str]:
    return {function or name for function, name in _DEFINED.findall(code)}


def _without_placeholders(text: str) -> str:
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, "")
    return text.strip()
