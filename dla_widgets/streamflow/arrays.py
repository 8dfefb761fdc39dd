"""Forcings, attributes and discharge as plain arrays; what is unknown, missing or outside the record is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import CourseError
from .basins import INPUTS, PERIODS, TARGET
from .basins import forcings as forcings_of

#: The 27 static attributes of Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019: climate, land, plants, soil, rock;
#: none of them is computed from discharge.
ATTRIBUTES = (
    "p_mean", "pet_mean", "p_seasonality", "frac_snow", "aridity",
    "high_prec_freq", "high_prec_dur", "low_prec_freq", "low_prec_dur",
    "elev_mean", "slope_mean", "area_gages2",
    "frac_forest", "lai_max", "lai_diff", "gvf_max", "gvf_diff",
    "soil_depth_pelletier", "soil_depth_statsgo", "soil_porosity", "soil_conductivity", "max_water_content",
    "sand_frac", "silt_frac", "clay_frac", "carbonate_rocks_frac", "geol_permeability",
)  # fmt: skip


class SequenceError(CourseError):
    """Basins cannot be made into sequences as asked; the message says what to do."""


def forcing_array(basins: xr.Dataset, inputs: Sequence[str] = INPUTS) -> np.ndarray:
    """Forcings as one array (basin, time, input), float32, in physical units and in the order of `inputs`.

    Raises
    ------
    SequenceError : a forcing is unknown, or a value is missing (basin and day are named)
    """
    known_or_raise(basins, inputs, forcings_of(basins), "forcing")
    basins = with_basin(basins)
    array = np.empty((basins.sizes["basin"], basins.sizes["time"], len(inputs)), "float32")
    for i, name in enumerate(inputs):
        array[..., i] = basins[name].transpose("basin", "time").values
    if not np.isfinite(array).all():
        b, t, i = np.argwhere(~np.isfinite(array))[0]
        raise SequenceError(
            f"{inputs[i]!r} is missing at basin {basins['basin'].values[b]} on {day(basins, t)} (the first of "
            f"{(~np.isfinite(array)).sum()} gaps). An LSTM passes a NaN on to every later day: fill it with "
            f"basins[{inputs[i]!r}].interpolate_na('time'), or choose a period without gaps."
        )
    return array


def attribute_array(basins: xr.Dataset, attributes: Sequence[str] = ATTRIBUTES) -> np.ndarray:
    """Static attributes as one array (basin, attribute), float32; a missing value is an error that names the basin."""
    basins = with_basin(basins)
    known_or_raise(
        basins, attributes, [str(n) for n, v in basins.data_vars.items() if v.dims == ("basin",)], "static attribute"
    )
    array = np.stack([basins[name].values for name in attributes], -1).astype("float32")
    if not np.isfinite(array).all():
        b, a = np.argwhere(~np.isfinite(array))[0]
        raise SequenceError(
            f"attribute {attributes[a]!r} of basin {basins['basin'].values[b]} is missing; "
            "leave the attribute or the basin out"
        )
    return array


def discharge_array(basins: xr.Dataset) -> np.ndarray:
    """Measured discharge (basin, time) [mm/day], float32, NaN where nothing was measured."""
    if TARGET not in basins:
        raise SequenceError(f"no {TARGET!r} among {sorted(map(str, basins.data_vars))}: there is nothing to learn from")
    return with_basin(basins)[TARGET].transpose("basin", "time").values.astype("float32")


def coverage(basins: xr.Dataset) -> pd.DataFrame:
    """How much discharge was measured at each basin: days, measured, fraction, first and last measured day."""
    known = np.isfinite(discharge_array(basins))
    days = basins["time"].values
    table = pd.DataFrame({"days": known.shape[1], "measured": known.sum(1), "fraction": known.mean(1)})
    table["first"] = [days[row.argmax()] if row.any() else pd.NaT for row in known]
    table["last"] = [days[len(days) - 1 - row[::-1].argmax()] if row.any() else pd.NaT for row in known]
    return table.set_index(pd.Index(with_basin(basins)["basin"].values, name="basin"))


def days_of(basins: xr.Dataset, period: slice | str | None) -> slice:
    """The rows of `basins` that lie in `period`: a slice of dates, a name of PERIODS, or None for the whole record."""
    if period is None:
        return slice(0, basins.sizes["time"])
    if isinstance(period, str):
        known_or_raise(basins, [period], list(PERIODS), "period")
        period = PERIODS[period]
    time = basins.indexes["time"]
    start, stop = time.slice_locs(period.start, period.stop)
    if start >= stop:
        raise SequenceError(f"the period {period.start} ... {period.stop} lies outside the record, "
                            f"{day(basins, 0)} ... {day(basins, -1)}; choose days that it has")  # fmt: skip
    return slice(start, stop)


def nothing_measured(basins: xr.Dataset) -> str:
    """The sentence for basins without a single measured day of discharge."""
    return (
        f"no discharge was measured at any of the {with_basin(basins).sizes['basin']} basins between "
        f"{day(basins, 0)} and {day(basins, -1)}; there is nothing to learn from. "
        "coverage(basins) shows which days have any."
    )


def known_or_raise(basins: xr.Dataset | None, wanted: Iterable[str], known: list[str], what: str) -> None:
    """Raise for the first of `wanted` that is not among `known`, with its likely meaning."""
    where = f" in {basins.attrs.get('source', 'these basins')}" if basins is not None else ""
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            raise SequenceError(f"no {what} {name!r}{where}; there are {', '.join(known) or 'none'}"
                                + (f"; did you mean {close[0]!r}?" if close else ""))  # fmt: skip


def with_basin(basins: xr.Dataset) -> xr.Dataset:
    """A single selected basin has lost its dimension; give it back."""
    return basins if "basin" in basins.dims else basins.expand_dims("basin")


def day(basins: xr.Dataset, row: int) -> str:
    return str(basins["time"].values[row].astype("datetime64[D]"))
