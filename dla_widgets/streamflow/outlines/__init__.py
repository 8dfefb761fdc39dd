"""Coast and state borders of the contiguous United States, in the package: maps need no internet."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from ...errors import CourseError


def outlines(kind: str | None = None) -> list[np.ndarray]:
    """Lines to draw a map with.

    Parameters
    ----------
    kind : ``"border"`` between two states, ``"coast"`` (and border with Canada and Mexico), or both by default

    Returns
    -------
    list of (n, 2) arrays : longitude and latitude [degrees], simplified by up to about 1 km

    Raises
    ------
    CourseError : there is no such kind
    """
    lines = _lines()
    if kind is not None and kind not in lines:
        raise CourseError(f"no outlines of kind {kind!r}; there are {' and '.join(map(repr, lines))}")
    return [line.copy() for name in ([kind] if kind else lines) for line in lines[name]]


@cache
def _lines() -> dict[str, list[np.ndarray]]:
    packed = json.loads(files(__package__).joinpath("us.json").read_text())
    unit = packed.pop("unit")
    return {kind: [np.cumsum(np.reshape(line, (-1, 2)), axis=0) * unit for line in lines]
            for kind, lines in packed.items()}
