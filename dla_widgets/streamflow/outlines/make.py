"""Make ``us.json`` from the state borders of the npm package us-atlas; the same input gives the same bytes.

Usage::

    npm pack us-atlas@3.0.1 && tar xzf us-atlas-3.0.1.tgz
    python -m dla_widgets.streamflow.outlines.make package/states-10m.json

TopoJSON stores each border once, as an *arc* that the states on either side refer to by number; a negative number
``~k`` means arc ``k`` backwards. Simplifying arc by arc therefore opens no gaps between neighbours.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

#: FIPS codes outside the contiguous United States: Alaska, Hawaii and the territories
ELSEWHERE = {"02", "15", "60", "66", "69", "72", "78"}

#: Degrees, square degrees, degrees. A map of New England alone, 8 inches wide, has 0.01 degrees per CSS pixel.
TOLERANCE, SMALLEST_ISLAND, STEP = 0.006, 0.003, 0.005


def decode_arcs(topology: dict) -> list[np.ndarray]:
    """The arcs of a quantised TopoJSON topology as (n, 2) longitude and latitude [degrees]."""
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def arc_uses(topology: dict) -> Counter:
    """How often each arc is used by the contiguous states: twice for a border between two of them, once for a coast."""
    states = topology["objects"]["states"]["geometries"]
    return Counter(k if k >= 0 else ~k for s in states if s["id"] not in ELSEWHERE for k in _flat(s["arcs"]))


def simplified(line: np.ndarray) -> np.ndarray | None:
    """Douglas-Peucker, on the grid of :data:`STEP`; None for an island too small to see."""
    from shapely import LineString

    if np.array_equal(line[0], line[-1]) and enclosed_area(line) < SMALLEST_ISLAND:
        return None
    coordinates = np.array(LineString(line).simplify(TOLERANCE, preserve_topology=True).coords)
    steps = np.round(coordinates / STEP).astype(int)
    moved = np.r_[True, np.any(np.diff(steps, axis=0) != 0, axis=1)]
    return steps[moved] if moved.sum() > 1 else None


def enclosed_area(ring: np.ndarray) -> float:
    """Shoelace formula, in square degrees."""
    x, y = ring.T
    return float(abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2)


def outline_json(topology: dict) -> str:
    """The text of ``us.json``: lines as a start and differences, in steps of :data:`STEP`."""
    lines: dict[str, list] = {"border": [], "coast": []}
    arcs = decode_arcs(topology)
    for k, uses in sorted(arc_uses(topology).items()):
        if (steps := simplified(arcs[k])) is not None:
            lines["border" if uses > 1 else "coast"].append(np.diff(steps, axis=0, prepend=[[0, 0]]).ravel().tolist())
    return json.dumps({"unit": STEP, **lines}, separators=(",", ":")) + "\n"


def _flat(nested: list) -> list[int]:
    return [k for item in nested for k in (_flat(item) if isinstance(item, list) else [item])]


if __name__ == "__main__":
    made = outline_json(json.loads(Path(sys.argv[1]).read_text()))
    Path(__file__).with_name("us.json").write_text(made)
    print(f"us.json: {len(made) / 1000:.0f} kB")
