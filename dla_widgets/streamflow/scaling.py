"""Scaling without leakage: fitted once, on the training period, and it says which days it saw."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .arrays import (
    ATTRIBUTES,
    SequenceError,
    attribute_array,
    day,
    discharge_array,
    forcing_array,
    known_or_raise,
    nothing_measured,
    with_basin,
)
from .basins import INPUTS, TARGET
from .basins import attributes as attributes_of


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

    @classmethod
    def fit(
        cls, train_basins: xr.Dataset, forcings: Sequence[str] | None = None, attributes: Sequence[str] | None = None
    ):
        """Measure mean and standard deviation of forcings, static attributes and discharge over `train_basins`.

        Parameters
        ----------
        train_basins : the basins cut to the training period, ``by_period(basins)["train"]``
        forcings, attributes : names; by default :data:`~.basins.INPUTS` and those of :data:`ATTRIBUTES` that there are

        A column that never varies gets the spread 1, so that it becomes 0 and not infinity.
        """
        forcings = tuple(INPUTS if forcings is None else forcings)
        static = tuple(
            [a for a in ATTRIBUTES if a in attributes_of(train_basins)] if attributes is None else attributes
        )
        train_basins = with_basin(train_basins)
        columns = list(forcing_array(train_basins, forcings).reshape(-1, len(forcings)).T)
        columns += list(attribute_array(train_basins, static).T) if static else []
        columns += [_measured(train_basins)]
        names = (*forcings, *static, TARGET)
        spread = [float(np.std(c, dtype="float64")) for c in columns]
        return cls(names, tuple(str(train_basins[n].attrs.get("units", "?")) for n in names),
                   tuple(float(np.mean(c, dtype="float64")) for c in columns),
                   tuple(s if s > 1e-6 else 1.0 for s in spread),
                   (day(train_basins, 0), day(train_basins, -1)), train_basins.sizes["basin"])  # fmt: skip

    def __post_init__(self) -> None:
        # An instance hides the class's fit(): numbers that were measured once must not be measured again on other days.
        object.__setattr__(self, "fit", self._refuse)

    def _refuse(self, *_, **__):
        raise SequenceError(
            f"this scaler was fitted on {self.saw}; fitting it again, on test days say, would let the model see "
            "them. Use it as it is, or make a new one with Scaler.fit(train_basins)."
        )

    @property
    def saw(self) -> str:
        """The days and basins that the numbers come from, in words."""
        return f"{self.period[0]} ... {self.period[1]}, {self.basins} basin{'s' * (self.basins != 1)}"

    def of(self, names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and spread of these columns, in this order."""
        known_or_raise(None, names := list(names), list(self.names), "column of this scaler")
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


def _measured(basins: xr.Dataset) -> np.ndarray:
    """All measured discharge in one row."""
    discharge = discharge_array(basins)
    if not np.isfinite(discharge).any():
        raise SequenceError(nothing_measured(basins))
    return discharge[np.isfinite(discharge)]
