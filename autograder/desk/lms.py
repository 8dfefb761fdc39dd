"""Scores as the CSV that a learning-management system reads."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it costs nbgrader, which the leaderboard's service does without
    from .records import Submission

#: system -> (head of the column that says who, head of the column of the score)
SYSTEMS = {"moodle": ("username", "{assignment}"), "canvas": ("SIS Login ID", "{assignment}"), "generic": ("learner", "score")}


def export(submissions: list[Submission], assignment: str, system: str) -> str:
    """A table with a line for each learner.

    Canvas wants its own five columns before the score and the most points in the second line; it matches learners by login.

    Raises
    ------
    KeyError : the system is not one of :data:`SYSTEMS`
    """
    who, head = SYSTEMS[system]
    head = head.format(assignment=assignment)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    most = max((one.most for one in submissions), default=0.0)
    if system == "canvas":
        table.writerow(["Student", "ID", who, "Section", head])
        table.writerow(["    Points Possible", "", "", "", f"{most:g}"])
    else:
        table.writerow([who, head, *(["of", "handed in", "late [s]", "waits for marks"] if system == "generic" else [])])
    for one in submissions:
        score = "" if one.score is None else f"{one.score:g}"
        if system == "canvas":
            table.writerow([_safe(one.name), "", _safe(one.learner), "", score])
        elif system == "moodle":
            table.writerow([_safe(one.learner), score])
        else:
            table.writerow([_safe(one.learner), score, f"{one.most:g}", one.handed_in.isoformat() if one.handed_in else "",
                            f"{one.late_seconds:.0f}", "yes" if one.waits else "no"])
    return out.getvalue()


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r") else text
