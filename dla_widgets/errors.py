"""The base of every error that the kit raises for a learner's own mistake: a sentence in a notebook, not a traceback."""

from __future__ import annotations

import linecache
from pathlib import Path

_PACKAGE = str(Path(__file__).parent)


class CourseError(ValueError):
    """What is wrong, what was expected, what was received, what to do.

    In a notebook it shows its sentence and the learner's own line, and nothing from inside the kit.
    """

    def _render_traceback_(self) -> list[str]:
        lines = [f"{type(self).__name__}: {self}"]
        if at := self._last_line_outside():
            lines.append(f"  in your line: {at}")
        return lines

    def _last_line_outside(self) -> str:
        step, line = self.__traceback__, ""
        while step is not None and not (file := step.tb_frame.f_code.co_filename).startswith(_PACKAGE):
            line = linecache.getline(file, step.tb_lineno).strip()
            step = step.tb_next
        return line
