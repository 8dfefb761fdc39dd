"""Which flips and turns are right for a radar that looks to one side: a hilly piece of forest, lit by the sensor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...errors import CourseError
from ...panels.explorer import Explorer, Preset, bundle

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
SIDE = 96
#: slopes steeper than this face one way or the other [-]
STEEP = 0.12
#: a difference between slopes that stands out from speckle [dB]
SEEN = 0.5


class AugmentationError(CourseError):
    """Heights that can't be shown; the message says why."""


class AugmentationExplorer(Explorer):
    """Turn and mirror a radar image of hills: is what comes out something that a satellite could have measured?

    An illustration by a stated geometry, not a measurement: every facet of the ground scatters by Lambert's law,
    :math:`\\sigma^0 \\propto \\cos^2 \\theta_i`, with the angle :math:`\\theta_i` between its normal and the direction to the
    sensor; facets turned away by more than a right angle lie in shadow. Layover and the size of a pixel on a slope are left out.

    Parameters
    ----------
    heights : (y, x) heights of a piece of ground over the width of a pixel [-], square, up to 128 x 128; hills by default
    """

    _esm = bundle(HERE / "augmentation.js")
    title = "May a radar image be turned?"

    turns = t.Enum((0, 1, 2, 3), 0, help="quarter turns, against the clock").tag(sync=True, label="Quarter turns")
    mirrored = t.Bool(False, help="mirrored left to right before it is turned").tag(sync=True, label="Mirrored east to west")
    direction = t.Enum(("ascending", "descending"), "ascending", help="the pass: where the sensor stands").tag(
        sync=True, label="Pass", names={"ascending": "ascending, looks east", "descending": "descending, looks west"})
    incidence = t.Float(38.0, min=20, max=46, help="incidence angle on flat ground [degree]").tag(
        sync=True, label="Incidence angle [°]", step=1)
    relief = t.Float(1.5, min=0, max=2, help="factor on the heights; 0 is flat land [-]").tag(
        sync=True, label="Relief, times", step=0.1)
    flattened = t.Bool(False, help="terrain-flattened: the effect of the slope is divided out").tag(
        sync=True, label="Terrain-flattened")
    speckle = t.Bool(True, help="speckle of four looks").tag(sync=True, label="Speckle, 4 looks", detail=True)
    offset = t.Float(0.0, min=-3, max=3, help="radiometric jitter: the same for every pixel [dB]").tag(
        sync=True, label="Brightness [dB]", step=0.1, detail=True)

    formats = {"turns": "d", "incidence": ".0f", "relief": ".1f", "east_west": "+.1f", "north_south": "+.1f", "before": "+.1f",
               "before_ns": "+.1f", "offset": "+.1f"}  # fmt: skip
    words = (
        "{position}, {direction} pass, incidence angle {incidence} degrees, relief times {relief}{flat}, brightness {offset} dB. "
        "As it came, slopes that face west are brighter than those that face east by {before} dB, north over south by "
        "{before_ns} dB. Afterwards it is {east_west} dB and {north_south} dB: {verdict}."
    )
    presets = (
        Preset("as_it_came", "", "An ascending pass: the sensor stands in the west. Which slopes are bright?",
               "Those that face west, by 3 dB or more; north and south make no difference."),
        Preset("quarter_turn", "turns=1", "The same image, turned by a quarter, as if it were a photograph.",
               "Now north and south differ. The satellite flies nearly north: no pass has ever seen that."),
        Preset("half_turn", "turns=2", "Turned by a half.",
               "East-facing slopes are bright: this is what the descending pass measures."),
        Preset("mirror", "mirrored=yes", "Mirrored east to west.",
               "The same: the light comes from the other side, as in the descending pass."),
        Preset("mirror_north_south", "mirrored=yes;turns=2", "Mirrored north to south, along the flight.",
               "West-facing slopes stay bright: an ascending pass could have measured it."),
        Preset("flat", "relief=0;turns=1", "Flat land, turned by a quarter.",
               "No slope tells how it was turned: as far as slopes go, all eight positions are harmless."),
        Preset("flattened", "flattened=yes;turns=1", "Hills, but terrain-flattened backscatter, turned by a quarter.",
               "The slopes' brightness is divided out, and the harm with it; only speckle is left."),
    )  # fmt: skip

    def load(self, heights: Any = None) -> None:
        ground = _hills() if heights is None else _checked(heights)
        rng = np.random.default_rng(0)
        noise = 10 * np.log10(rng.gamma(4, 1 / 4, ground.shape))
        self.data = {"heights": ground, "noise": noise, "side": ground.shape[0]}

    def image(self) -> np.ndarray:
        """Backscatter (y, x) [dB] as it came, over that of flat ground."""
        down, right = np.gradient(self.relief * self.data["heights"])
        theta = np.deg2rad(self.incidence)
        sign = 1 if self.direction == "ascending" else -1
        facing = (sign * np.sin(theta) * right + np.cos(theta)) / np.sqrt(1 + right**2 + down**2)
        decibels = 20 * np.log10(np.maximum(facing, 0.1) / np.cos(theta))
        if self.flattened:
            decibels = np.where(facing > 0.1, 0.0, decibels)
        return decibels + (self.data["noise"] if self.speckle else 0.0)

    def augmented(self, values: np.ndarray) -> np.ndarray:
        """`values` (y, x), mirrored and turned."""
        return np.rot90(values[:, ::-1] if self.mirrored else values, self.turns)

    def numbers(self) -> dict[str, Any]:
        before = self.image()
        after = self.augmented(before) + self.offset
        ground = self.relief * self.data["heights"]
        before_ew, before_ns = _contrasts(before, ground)
        east_west, north_south = _contrasts(after, np.ascontiguousarray(self.augmented(ground)))
        position = f"{'Mirrored, ' * self.mirrored}{self.turns} quarter turns"
        return {
            "position": position[0].upper() + position[1:], "direction": self.direction, "incidence": self.incidence,
            "relief": self.relief, "flat": ", terrain-flattened" * self.flattened, "offset": self.offset, "turns": self.turns,
            "before": before_ew, "before_ns": before_ns, "east_west": east_west, "north_south": north_south,
            "verdict": _verdict(east_west, north_south),
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        """All eight positions."""
        import pandas as pd

        image, ground = self.image(), self.relief * self.data["heights"]
        rows = {}
        for mirrored in (False, True):
            for turns in range(4):
                turned = [np.rot90(values[:, ::-1] if mirrored else values, turns) for values in (image, ground)]
                east_west, north_south = _contrasts(*turned)
                row = {"west over east [dB]": east_west, "north over south [dB]": north_south}
                rows[f"{'mirrored, ' * mirrored}{turns} quarters"] = row | {"": _verdict(east_west, north_south)}
        return pd.DataFrame(rows).T.rename_axis("position")

    def figure(self) -> Picture:
        from ...panels.picture import Picture

        picture = Picture(7, 3.4, alt=self.describe())
        before = self.image()
        after = self.augmented(before) + self.offset
        for ax, image, title in zip(picture.subplots(1, 2), (before, after), ("as it came", "augmented")):
            ax.imshow(image, cmap="gray", vmin=-10, vmax=6, interpolation="nearest")
            ax.set(title=title, xticks=[], yticks=[])
            ax.grid(visible=False)
        return picture


def _hills() -> np.ndarray:
    """Heights (SIDE, SIDE) over the width of a pixel: nine round hills."""
    y, x = np.mgrid[:SIDE, :SIDE]
    hills = [(18, 16, 8, 5.0), (20, 48, 7, 4.0), (14, 78, 8, 5.0), (46, 24, 9, 6.0), (52, 58, 9, 6.0), (42, 84, 6, 3.5),
             (78, 14, 7, 4.0), (82, 46, 8, 5.0), (76, 76, 9, 6.0)]  # fmt: skip
    return sum(high * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * wide**2)) for row, column, wide, high in hills)


def _contrasts(decibels: np.ndarray, ground: np.ndarray) -> tuple[float, float]:
    """How much brighter slopes are that face west than those that face east, and north than south [dB]."""
    down, right = np.gradient(ground)

    def differ(slope: np.ndarray) -> float:
        rising, falling = slope > STEEP, slope < -STEEP
        return float(decibels[rising].mean() - decibels[falling].mean()) if rising.any() and falling.any() else 0.0

    return differ(right), differ(down)


def _verdict(east_west: float, north_south: float) -> str:
    if max(abs(east_west), abs(north_south)) < SEEN:
        return "no slope tells how it was turned, so it does no harm"
    if abs(east_west) >= abs(north_south):
        return f"{'an ascending' if east_west > 0 else 'a descending'} pass could have measured this"
    return f"lit from the {'north' if north_south > 0 else 'south'}, as no pass sees it"


def _checked(heights: Any) -> np.ndarray:
    try:
        ground = np.asarray(heights, float)
    except (TypeError, ValueError):
        raise AugmentationError(f"heights are numbers (y, x); received {heights!r}") from None
    if ground.ndim != 2 or ground.shape[0] != ground.shape[1] or not 8 <= ground.shape[0] <= 128:
        raise AugmentationError(f"heights are a square piece of ground, from 8 x 8 to 128 x 128; received the shape "
                                f"{ground.shape}")  # fmt: skip
    if not np.isfinite(ground).all():
        raise AugmentationError("heights must be known everywhere; some are NaN or infinite")
    return ground
