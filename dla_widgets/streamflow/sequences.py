"""From basins to what a network eats: scaling without leakage, windows without copies, splits by time and by place.

Two ways of lying to oneself are closed here. Scaling is fitted once, on the training period, and says which days it saw.
A window is a view of the record, so thirty basins of 365-day windows take the memory of thirty basins.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import CourseError
from .basins import INPUTS, PERIODS, TARGET, attributes as attributes_of, forcings as forcings_of

#: The 27 static attributes of Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019: climate, land, plants, soil, rock;
#: none of them is computed from discharge.
ATTRIBUTES = (
    "p_mean", "pet_mean", "p_seasonality", "frac_snow", "aridity", "high_prec_freq", "high_prec_dur", "low_prec_freq",
    "low_prec_dur", "elev_mean", "slope_mean", "area_gages2", "frac_forest", "lai_max", "lai_diff", "gvf_max", "gvf_diff",
    "soil_depth_pelletier", "soil_depth_statsgo", "soil_porosity", "soil_conductivity", "max_water_content", "sand_frac",
    "silt_frac", "clay_frac", "carbonate_rocks_frac", "geol_permeability",
)  # fmt: skip


class SequenceError(CourseError):
    """Basins cannot be made into sequences as asked; the message says what to do."""


# ---------------------------------------------------------------------------------------------------------- arrays


def forcing_array(basins: xr.Dataset, inputs: Sequence[str] = INPUTS) -> np.ndarray:
    """Forcings as one array (basin, time, input), float32, in physical units and in the order of `inputs`.

    Raises
    ------
    SequenceError : a forcing is unknown, or a value is missing (basin and day are named)
    """
    _known(basins, inputs, forcings_of(basins), "forcing")
    basins = _with_basin(basins)
    array = np.empty((basins.sizes["basin"], basins.sizes["time"], len(inputs)), "float32")
    for i, name in enumerate(inputs):
        array[..., i] = basins[name].transpose("basin", "time").values
    if not np.isfinite(array).all():
        b, t, i = np.argwhere(~np.isfinite(array))[0]
        raise SequenceError(
            f"{inputs[i]!r} is missing at basin {basins['basin'].values[b]} on {_day(basins, t)} (the first of "
            f"{(~np.isfinite(array)).sum()} gaps). An LSTM passes a NaN on to every later day: fill it with "
            f"basins[{inputs[i]!r}].interpolate_na('time'), or choose a period without gaps."
        )
    return array


def attribute_array(basins: xr.Dataset, attributes: Sequence[str] = ATTRIBUTES) -> np.ndarray:
    """Static attributes as one array (basin, attribute), float32; a missing value is an error that names the basin."""
    basins = _with_basin(basins)
    _known(basins, attributes, [str(n) for n, v in basins.data_vars.items() if v.dims == ("basin",)], "static attribute")
    array = np.stack([basins[name].values for name in attributes], -1).astype("float32")
    if not np.isfinite(array).all():
        b, a = np.argwhere(~np.isfinite(array))[0]
        raise SequenceError(
            f"attribute {attributes[a]!r} of basin {basins['basin'].values[b]} is missing; leave the attribute or the basin out"
        )
    return array


def discharge_array(basins: xr.Dataset) -> np.ndarray:
    """Measured discharge (basin, time) [mm/day], float32, NaN where nothing was measured."""
    if TARGET not in basins:
        raise SequenceError(f"no {TARGET!r} among {sorted(map(str, basins.data_vars))}: there is nothing to learn from")
    return _with_basin(basins)[TARGET].transpose("basin", "time").values.astype("float32")


def coverage(basins: xr.Dataset) -> pd.DataFrame:
    """How much discharge was measured at each basin: days, measured, fraction, first and last measured day."""
    known = np.isfinite(discharge_array(basins))
    days = basins["time"].values
    table = pd.DataFrame({"days": known.shape[1], "measured": known.sum(1), "fraction": known.mean(1)})
    table["first"] = [days[row.argmax()] if row.any() else pd.NaT for row in known]
    table["last"] = [days[len(days) - 1 - row[::-1].argmax()] if row.any() else pd.NaT for row in known]
    return table.set_index(pd.Index(_with_basin(basins)["basin"].values, name="basin"))


# ---------------------------------------------------------------------------------------------------------- splits


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
                first = _day(basins, max(a.start, b.start))
                raise SequenceError(f"periods {name!r} and {other!r} share days, the first of them {first}; a score on days "
                                    "that were trained on says nothing. Keep the periods apart.")  # fmt: skip
    return {name: basins.isel(time=rows) for name, rows in days.items()}


def by_basin(basins: xr.Dataset, folds: int = 5, seed: int = 0) -> list[tuple[xr.Dataset, xr.Dataset]]:
    """Pairs (basins to train on, basins never seen): each basin is unseen in exactly one of the `folds`."""
    n = basins.sizes["basin"]
    if not 2 <= folds <= n:
        raise SequenceError(f"folds must be between 2 and the number of basins ({n}), got {folds}")
    parts = np.array_split(np.random.default_rng(seed).permutation(n), folds)
    everyone = np.arange(n)
    return [(basins.isel(basin=np.setdiff1d(everyone, part)), basins.isel(basin=np.sort(part))) for part in parts]


def days_of(basins: xr.Dataset, period: slice | str | None) -> slice:
    """The rows of `basins` that lie in `period`: a slice of dates, a name of PERIODS, or None for the whole record."""
    if period is None:
        return slice(0, basins.sizes["time"])
    if isinstance(period, str):
        _known(basins, [period], list(PERIODS), "period")
        period = PERIODS[period]
    time = basins.indexes["time"]
    start, stop = time.slice_locs(period.start, period.stop)
    if start >= stop:
        raise SequenceError(f"the period {period.start} ... {period.stop} lies outside the record, "
                            f"{_day(basins, 0)} ... {_day(basins, -1)}; choose days that it has")  # fmt: skip
    return slice(start, stop)


# --------------------------------------------------------------------------------------------------------- scaling


@dataclass(frozen=True)
class Scaler:
    """Mean and spread of what a network sees, from the training period alone. ``print(scaler)`` shows them with units.

    Make one with :meth:`fit`. A model keeps its own inside its file, so it takes mm, degC and Pa, and gives mm/day.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    period: tuple[str, str]
    basins: int
    _fitted: bool = field(default=True, repr=False)

    @classmethod
    def fit(cls, train_basins: xr.Dataset, forcings: Sequence[str] | None = None, attributes: Sequence[str] | None = None):
        """Measure mean and standard deviation of forcings, static attributes and discharge over `train_basins`.

        Parameters
        ----------
        train_basins : the basins cut to the training period, ``by_period(basins)["train"]``
        forcings, attributes : names; by default :data:`~.basins.INPUTS` and those of :data:`ATTRIBUTES` that there are

        A column that never varies gets the spread 1, so that it becomes 0 and not infinity.
        """
        forcings = tuple(INPUTS if forcings is None else forcings)
        static = tuple([a for a in ATTRIBUTES if a in attributes_of(train_basins)] if attributes is None else attributes)
        train_basins = _with_basin(train_basins)
        columns = list(forcing_array(train_basins, forcings).reshape(-1, len(forcings)).T)
        columns += list(attribute_array(train_basins, static).T) if static else []
        columns += [_measured(train_basins)]
        names = (*forcings, *static, TARGET)
        spread = [float(np.std(c, dtype="float64")) for c in columns]
        return cls(names, tuple(str(train_basins[n].attrs.get("units", "?")) for n in names),
                   tuple(float(np.mean(c, dtype="float64")) for c in columns),
                   tuple(s if s > 1e-6 else 1.0 for s in spread),
                   (_day(train_basins, 0), _day(train_basins, -1)), train_basins.sizes["basin"])  # fmt: skip

    def __post_init__(self) -> None:
        # An instance hides the class's fit(): numbers that were measured once must not be measured again on other days.
        object.__setattr__(self, "fit", self._refuse)

    def _refuse(self, *_, **__):
        raise SequenceError(f"this scaler was fitted on {self.saw}; fitting it again, on test days say, would let the model "
                            "see them. Use it as it is, or make a new one with Scaler.fit(train_basins).")  # fmt: skip

    @property
    def saw(self) -> str:
        """The days and basins that the numbers come from, in words."""
        return f"{self.period[0]} ... {self.period[1]}, {self.basins} basin{'s' * (self.basins != 1)}"

    def of(self, names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and spread of these columns, in this order."""
        _known(None, names := list(names), list(self.names), "column of this scaler")
        rows = [self.names.index(name) for name in names]
        return np.array(self.mean)[rows], np.array(self.spread)[rows]

    def transform(self, basins: xr.Dataset) -> xr.Dataset:
        """The same basins in standard units: every column of the scaler minus its mean, over its spread."""
        scaled = {}
        for name, mean, spread in zip(self.names, self.mean, self.spread, strict=True):
            if name in basins:
                scaled[name] = ((basins[name] - mean) / spread).assign_attrs(basins[name].attrs | {"units": "1"})
        return basins.assign(scaled)

    def inverse(self, discharge):
        """Discharge from standard units back to mm/day."""
        mean, spread = self.of([TARGET])
        return discharge * spread[0] + mean[0]

    def to_json(self) -> str:
        """All of it as text; :meth:`from_json` reads it back."""
        names = ("names", "units", "mean", "spread", "period", "basins")
        return json.dumps({name: getattr(self, name) for name in names}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Scaler:
        """A scaler from the text of :meth:`to_json`."""
        values = json.loads(text)
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    def __repr__(self) -> str:
        width = max(map(len, self.names))
        rows = [f"  {n:{width}}  {m:12.5g} {s:12.5g}  {u}"
                for n, m, s, u in zip(self.names, self.mean, self.spread, self.units, strict=True)]  # fmt: skip
        return "\n".join([f"Scaler fitted on {self.saw}", f"  {'':{width}}  {'mean':>12} {'spread':>12}  unit", *rows])


# --------------------------------------------------------------------------------------------------------- windows


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
        return (f"Windows of {length} days: {b} basins x {w} days, {inputs} forcings, {self.attributes.shape[1]} attributes; "
                f"{len(self)} of {b * w} end on a day with measured discharge ({len(self) / (b * w):.1%}); "
                f"views of {megabytes:.1f} MB")  # fmt: skip


def windows(
    basins: xr.Dataset,
    length: int = 365,
    inputs: Sequence[str] = INPUTS,
    attributes: Sequence[str] = (),
    period: slice | str | None = None,
) -> Windows:
    """All windows of `length` days that end in `period`; they may begin before it, for the forcings of earlier days are known.

    Raises
    ------
    SequenceError : the record is shorter than a window, no target was measured, or a forcing is missing
    """
    rows = days_of(basins, period)
    first = max(0, rows.start - length + 1)
    part = _with_basin(basins).isel(time=slice(first, rows.stop))
    if part.sizes["time"] < length:
        raise SequenceError(f"a window of {length} days does not fit into {part.sizes['time']} days, "
                            f"{_day(part, 0)} ... {_day(part, -1)}; take a shorter window or a longer period")  # fmt: skip
    discharge = discharge_array(part)[:, length - 1 :]
    measured = np.flatnonzero(np.isfinite(discharge)).astype("int32")
    if not len(measured):
        raise SequenceError(nothing_measured(part))
    view = np.lib.stride_tricks.sliding_window_view(forcing_array(part, inputs), length, axis=1)
    static = attribute_array(part, attributes) if attributes else np.empty((part.sizes["basin"], 0), "float32")
    return Windows(np.moveaxis(view, -1, 2), static, discharge, part["time"].values[length - 1 :], part["basin"].values, measured)


def nothing_measured(basins: xr.Dataset) -> str:
    """The sentence for basins without a single measured day of discharge."""
    return (f"no discharge was measured at any of the {_with_basin(basins).sizes['basin']} basins between {_day(basins, 0)} "
            f"and {_day(basins, -1)}; there is nothing to learn from. coverage(basins) shows which days have any.")  # fmt: skip


def _measured(basins: xr.Dataset) -> np.ndarray:
    """All measured discharge in one row."""
    discharge = discharge_array(basins)
    if not np.isfinite(discharge).any():
        raise SequenceError(nothing_measured(basins))
    return discharge[np.isfinite(discharge)]


def _known(basins: xr.Dataset | None, wanted: Iterable[str], known: list[str], what: str) -> None:
    """Raise for the first of `wanted` that is not among `known`, with its likely meaning."""
    where = f" in {basins.attrs.get('source', 'these basins')}" if basins is not None else ""
    for name in [wanted] if isinstance(wanted, str) else wanted:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            raise SequenceError(f"no {what} {name!r}{where}; there are {', '.join(known) or 'none'}"
                                + (f"; did you mean {close[0]!r}?" if close else ""))  # fmt: skip


def _with_basin(basins: xr.Dataset) -> xr.Dataset:
    """A single selected basin has lost its dimension; give it back."""
    return basins if "basin" in basins.dims else basins.expand_dims("basin")


def _day(basins: xr.Dataset, row: int) -> str:
    return str(basins["time"].values[row].astype("datetime64[D]"))
