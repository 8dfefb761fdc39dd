"""Land classes: the legend of Copernicus LC100, what this course makes of it, and who else calls them what.

The discrete classification of Copernicus Global Land Service LC100 (PROBA-V; Buchhorn et al. 2020,
doi:10.3390/rs12061044, and its product user manual, doi:10.5281/zenodo.3938963) has 23 classes, twelve of them kinds of
forest that one radar image cannot tell apart. The course groups them to nine.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import ArrayLike

from ..errors import CourseError

#: The label of a pixel that nobody can score: unknown, outside the scene, or no data. Losses, scores and samplers skip it.
IGNORE = 255

#: LC100 code -> (name, official colour)
LC100 = {
    0: ("Unknown", "#282828"),
    20: ("Shrubs", "#FFBB22"),
    30: ("Herbaceous vegetation", "#FFFF4C"),
    40: ("Cultivated and managed vegetation / agriculture", "#F096FF"),
    50: ("Urban / built up", "#FA0000"),
    60: ("Bare / sparse vegetation", "#B4B4B4"),
    70: ("Snow and ice", "#F0F0F0"),
    80: ("Permanent water bodies", "#0032C8"),
    90: ("Herbaceous wetland", "#0096A0"),
    100: ("Moss and lichen", "#FAE6A0"),
    111: ("Closed forest, evergreen needle leaf", "#58481F"),
    112: ("Closed forest, evergreen broad leaf", "#009900"),
    113: ("Closed forest, deciduous needle leaf", "#70663E"),
    114: ("Closed forest, deciduous broad leaf", "#00CC00"),
    115: ("Closed forest, mixed", "#4E751F"),
    116: ("Closed forest, other", "#007800"),
    121: ("Open forest, evergreen needle leaf", "#666000"),
    122: ("Open forest, evergreen broad leaf", "#8DB400"),
    123: ("Open forest, deciduous needle leaf", "#8D7400"),
    124: ("Open forest, deciduous broad leaf", "#A0DC00"),
    125: ("Open forest, mixed", "#929900"),
    126: ("Open forest, other", "#648C00"),
    200: ("Oceans, seas", "#000080"),
}


class LegendError(CourseError):
    """A label or a class name that the legend does not know."""


@dataclass(frozen=True)
class LandClass:
    """One of the nine classes of the course.

    Attributes
    ----------
    name : as in texts and tables
    lc100 : the codes of LC100 that it gathers
    worldcover : those of ESA WorldCover (Zanaga et al. 2022, doi:10.5281/zenodo.7254221)
    terramesh : those of the ten-class land cover in TerraMesh (Blumenstiel et al. 2025, doi:10.48550/arXiv.2504.11172)
    colour : the official LC100 colour of its commonest member
    safe : a colour that a colour-blind reader can tell from the others: the two nearest of the nine are 28 apart in CIELAB
        for protanopes, deuteranopes and everybody else, the official ones 13
    """

    name: str
    lc100: tuple[int, ...]
    worldcover: tuple[int, ...]
    terramesh: tuple[int, ...]
    colour: str
    safe: str


#: The classes in the order of their labels, 0 to 8. Forest is 0 because there is so much of it.
CLASSES = (
    LandClass("forest", tuple(range(111, 117)) + tuple(range(121, 127)), (10, 95), (2,), "#009900", "#196250"),
    LandClass("shrubs", (20,), (20,), (), "#FFBB22", "#AA6D3B"),
    LandClass("grassland", (30, 100), (30, 100), (9,), "#FFFF4C", "#FFD580"),
    LandClass("cropland", (40,), (40,), (4,), "#F096FF", "#B292B0"),
    LandClass("built-up", (50,), (50,), (5,), "#FA0000", "#EF7D00"),
    LandClass("bare", (60,), (60,), (6,), "#B4B4B4", "#B0B791"),
    LandClass("water", (80, 200), (80,), (1,), "#0032C8", "#0051AF"),
    LandClass("wetland", (90,), (90,), (3,), "#0096A0", "#60A9FF"),
    LandClass("snow and ice", (70,), (70,), (7,), "#F0F0F0", "#F2F2F2"),
)

NAMES = tuple(c.name for c in CLASSES)
SOURCES = ("lc100", "worldcover", "terramesh")


def label(name: str) -> int:
    """The label 0 to 8 of the class `name`."""
    if name not in NAMES:
        close = get_close_matches(str(name), NAMES, n=1)
        raise LegendError(
            f"no land class {name!r}" + (f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(NAMES)}")
        )
    return NAMES.index(name)


def colours(safe: bool = True) -> list[str]:
    """Colours of the nine classes: colour-blind-safe, or the official ones of LC100."""
    return [c.safe if safe else c.colour for c in CLASSES]


def regroup(codes: ArrayLike, source: str = "lc100") -> np.ndarray:
    """The labels 0 to 8 of a map in another legend; what it calls unknown, cloud or no data becomes :data:`IGNORE`.

    Parameters
    ----------
    codes : any shape, the codes of the source; whole numbers from 0 to 255
    source : ``"lc100"``, ``"worldcover"`` or ``"terramesh"``

    Raises
    ------
    LegendError : there is no such legend, or it has no such code
    """
    if source not in SOURCES:
        raise LegendError(f"no legend {source!r}; there are {', '.join(SOURCES)}")
    codes = np.asarray(codes)
    if codes.dtype.kind not in "ui" or (codes.size and (codes.min() < 0 or codes.max() > 255)):
        raise LegendError(f"codes of a legend are whole numbers from 0 to 255; these are {codes.dtype} "
                          f"from {codes.min()} to {codes.max()}")  # fmt: skip
    table = np.full(256, -1, np.int16)
    table[[0, 255]] = IGNORE
    if source == "terramesh":
        table[8] = IGNORE  # cloud in the optical image that the label was made from
    for number, land in enumerate(CLASSES):
        table[list(getattr(land, source))] = number
    labels = table[codes]
    if (labels < 0).any():
        strange = np.unique(codes[labels < 0])
        raise LegendError(f"the legend {source} has no code {', '.join(map(str, strange[:5]))}: is it another product's map?")
    return labels.astype(np.uint8)


def legend_attrs() -> dict:
    """The legend as attributes of a label variable, after the CF conventions (flag_values, flag_meanings)."""
    return {
        "long_name": "land cover",
        "units": "1",
        "flag_values": np.arange(len(CLASSES), dtype=np.uint8),
        "flag_meanings": " ".join(name.replace(" ", "_") for name in NAMES),
        "flag_colors": " ".join(colours(safe=False)),
        "missing_value": np.uint8(IGNORE),
    }
