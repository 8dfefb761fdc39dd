"""From basins to what a network eats: windows without copies, splits by time and by place.

A window is a view of the record, so thirty basins of 365-day windows take the memory of thirty basins. Arrays come from
:mod:`.arrays`, scaling from :mod:`.scaling`; their public names are here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .arrays import (
    ATTRIBUTES,
    SequenceError,
    attribute_array,
    coverage,
    day,
    days_of,
    discharge_array,
    forcing_array,
    nothing_measured,
    with_basin,
)
from .basins import INPUTS, PERIODS
from .scaling import Scaler

__all__ = [
    "ATTRIBUTES",
    "Scaler",
    "SequenceError",
    "Windows",
    "attribute_array",
    "by_basin",
    "by_period",
    "coverage",
    "days_of",
    "discharge_array",
    "forcing_array",
    "nothing_measured",
    "windows",
]


def by_period(basins: xr.Dataset, periods: Mapping[str, slice] = PERIODS) -> dict[str, xr.Dataset]:
    """The basins once per period, ``{"train": ..., "test": ...}``; periods that share a day are an error.

    Raises
    ------
    SequenceError : two periods overlap, or one lies outside the record
    """
    days = {name: days_of(basins, period) for name, period in periods.items()}
    for name, a in days.items():
        for other, b in days.items():
            if name < other and a.start < b.stop and b.start < a.stop:
                first = day(basins, max(a.start, b.start))
                raise SequenceError(
                    f"periods {name!r} and {other!r} share days, the first of them {first}; a score on days that "
                    "were trained on says nothing. Keep the periods apart."
                )
    return {name: basins.isel(time=rows) for name, rows in days.items()}


def by_basin(basins: xr.Dataset, folds: int = 5, seed: int = 0) -> list[tuple[xr.Dataset, xr.Dataset]]:
    """Pairs (basins to train on, basins never seen): each basin is unseen in exactly one of the `folds`."""
    n = basins.sizes["basin"]
    if not 2 <= folds <= n:
        raise SequenceError(f"folds must be between 2 and the number of basins ({n}), got {folds}")
    parts = np.array_split(np.random.default_rng(seed).permutation(n), folds)
    everyone = np.arange(n)
    return [(basins.isel(basin=np.setdiff1d(everyone, part)), basins.isel(basin=np.sort(part))) for part in parts]


@dataclass(frozen=True, eq=False)
class Windows:
    """Every run of `length` days, with the discharge of its last day as target; nothing is copied.

    forcings : (basin, window, day, input) view; discharge : (basin, window) [mm/day]; attributes : (basin, attribute)
    time : (window,) the last day of each; measured : (sample,) positions in `discharge`, flattened, that have a target
    """

    forcings: np.ndarray
    attributes: np.ndarray
    discharge: np.ndarray
    time: np.ndarray
    basins: np.ndarray
    measured: np.ndarray

    def __len__(self) -> int:
        return len(self.measured)

    def place(self, rows) -> tuple[np.ndarray, np.ndarray]:
        """Basin and window of these samples."""
        return np.divmod(np.atleast_1d(self.measured[rows]), self.discharge.shape[1])

    def __getitem__(self, rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Forcings (sample, day, input), attributes (sample, attribute) and discharge (sample,) of these samples."""
        b, w = self.place(rows)
        return self.forcings[b, w], self.attributes[b], self.discharge[b, w]

    def __repr__(self) -> str:
        b, w, length, inputs = self.forcings.shape
        megabytes = b * (w + length - 1) * inputs * self.forcings.itemsize / 1e6
        return (
            f"Windows of {length} days: {b} basins x {w} days, {inputs} forcings, {self.attributes.shape[1]} "
            f"attributes; {len(self)} of {b * w} end on a day with measured discharge ({len(self) / (b * w):.1%}); "
            f"views of {megabytes:.1f} MB"
        )


def windows(
    basins: xr.Dataset,
    length: int = 365,
    inputs: Sequence[str] = INPUTS,
    attributes: Sequence[str] = (),
    period: slice | str | None = None,
) -> Windows:
    """All windows of `length` days that end in `period`; they may begin before it, for the forcings of earlier days
    are known.

    Raises
    ------
    SequenceError : the record is shorter than a window, no target was measured, or a forcing is missing
    """
    rows = days_of(basins, period)
    first = max(0, rows.start - length + 1)
    part = with_basin(basins).isel(time=slice(first, rows.stop))
    if part.sizes["time"] < length:
        raise SequenceError(
            f"a window of {length} days does not fit into {part.sizes['time']} days, {day(part, 0)} ... "
            f"{day(part, -1)}; take a shorter window or a longer period"
        )
    discharge = discharge_array(part)[:, length - 1 :]
    measured = np.flatnonzero(np.isfinite(discharge)).astype("int32")
    if not len(measured):
        raise SequenceError(nothing_measured(part))
    view = np.lib.stride_tricks.sliding_window_view(forcing_array(part, inputs), length, axis=1)
    static = attribute_array(part, attributes) if attributes else np.empty((part.sizes["basin"], 0), "float32")
    return Windows(
        np.moveaxis(view, -1, 2), static, discharge, part["time"].values[length - 1 :], part["basin"].values, measured
    )
