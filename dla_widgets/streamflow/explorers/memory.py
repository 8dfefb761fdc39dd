"""What an LSTM remembers: change one day's weather and see for how long the discharge knows of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..arrays import attribute_array, forcing_array
from ..basins import BasinError
from ..numpy_lstm import NumpyLSTM, load

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...panels.picture import Picture

HERE = Path(__file__).parent
YEAR = 365
#: simulated basins with little in common: much snow, much rain, much groundwater
CHOSEN = ("sim-02", "sim-05", "sim-11")
GATES = ("input", "forget", "candidate", "output")

AFTER = ("Half of all change has come after {half} days; after {memory} days the difference stays below 5 % of its largest. "
         "30 days later {awake} of {cells} cells still know of it.")  # fmt: skip


class MemoryExplorer(Explorer):
    """One day with more rain, or some warmer ones: discharge, its difference and the network's cells from then on.

    Parameters
    ----------
    basins : three years or more of daily forcings in the one schema, up to eight basins; three simulated ones by default
    model : a bundled LSTM by its name, or the path of one that was saved as ``.keras``
    """

    _esm = bundle(HERE / "memory.js")
    title = "How long does the network remember a day?"

    basin = t.Int(0, min=0, max=7, help="which basin").tag(sync=True, label="Basin")
    day = t.Int(105, min=0, max=YEAR - 1, help="the day that is changed, counted from 1 October [days]").tag(
        sync=True, label="Changed day")
    what = t.Enum(("rain", "warmth"), "rain", help="what is changed").tag(
        sync=True, label="Add", names={"rain": "rain", "warmth": "warmth"})
    rain = t.Float(30.0, min=-50, max=100, help="rain added to the day, which does not fall below none [mm]").tag(
        sync=True, label="Rain added [mm]", step=5)
    warmth = t.Float(5.0, min=-10, max=10, help="warmth added to minimum and maximum temperature [°C]").tag(
        sync=True, label="Warmth added [°C]", step=0.5)
    days = t.Int(1, min=1, max=30, help="for how many days it is added [days]").tag(sync=True, label="For so many days")
    view = t.Enum(("change", "cell", "forget", "input", "output"), "change", help="what of the cells is shown").tag(
        sync=True, label="Cells", detail=True,
        names={"change": "change of the cells", "cell": "cell states", "forget": "forget gates", "input": "input gates",
               "output": "output gates"})  # fmt: skip
    log = t.Bool(False, help="logarithmic axis for the difference").tag(sync=True, label="Difference on a log axis", detail=True)

    formats = {"peak": "+.2f", "lag": "d", "total": "+.1f", "share": ".0%", "memory": "d", "half": "d", "awake": "d",
               "cells": "d", "amount": "+.1f", "days": "d"}  # fmt: skip
    words = {
        "rain": "{name}: {amount} mm of rain on {date} (days: {days}). Discharge changes by {peak} mm/day at most, {lag} days "
                "later, and by {total} mm in a year, {share} of the rain. " + AFTER,
        "warmth": "{name}: {amount} °C of warmth on {date} (days: {days}). Discharge changes by {peak} mm/day at most, {lag} "
                  "days later, and by {total} mm in a year. " + AFTER,
    }  # fmt: skip
    presets = (
        Preset("snow", "day=80", "30 mm fall on the Rocky Mountains on 20 December. When does the river know?",
               "Next to nothing at first: the largest difference comes 120 days later, with the melt."),
        Preset("spring", "day=200", "The same 30 mm on 19 April.",
               "A peak of nearly 4 mm/day on the same day; half of the change has come within three weeks."),
        Preset("flashy", "basin=1;day=80", "A Californian winter storm on a river without snow.",
               "69 % of the rain runs off, half of it within a day or two; the slow cells keep something for weeks."),
        Preset("dry_soil", "basin=1;day=300", "The same storm at the end of July.",
               "2 % of the rain: the dry soil drinks it. The network has learnt that without ever seeing soil."),
        Preset("warm_spell", "what=warmth;day=200;days=5", "Five warm days in spring, no rain added.",
               "The melt comes early: first more water, then less, and hardly any in the sum."),
        Preset("not_physics", "basin=2;day=300", "A summer storm in the Mid-Atlantic. Look at the first day.",
               "The network answers more rain with less discharge at first: it fits data, and nothing forces it to keep water."),
    )  # fmt: skip

    def load(self, basins: xr.Dataset | None = None, model: str = "simulated") -> None:
        network = load(model)
        if basins is None:
            from ..simulated import simulated_basins

            basins = simulated_basins(12, 3).sel(basin=list(CHOSEN))
        elif not hasattr(basins, "data_vars"):
            raise BasinError(f"this picture needs a Dataset of basins, such as open_basins() gives; received {basins!r}")
        basins = (basins if "basin" in basins.dims else basins.expand_dims("basin")).isel(basin=slice(0, 8))
        basins = basins.transpose("basin", "time", ...)
        if basins.sizes["time"] < 3 * YEAR:
            raise BasinError(f"the memory of a day is followed for a year, after two years of weather; these basins have "
                             f"{basins.sizes['time']} days, {3 * YEAR} are needed")  # fmt: skip
        seen = basins.isel(time=slice(0, 3 * YEAR))
        forcings = forcing_array(seen, network.inputs).astype("float32")
        scaled = {"mean": _vector(network, 0), "spread": _vector(network, 1)}
        kernel = network.weights["lstm", 0].astype(float)
        steady = np.tile(network.weights["lstm", 2].astype(float), (len(forcings), 1))
        if network.attributes:
            known = network._scaled("scale_attributes", attribute_array(seen, network.attributes))
            steady += known.astype(float) @ kernel[forcings.shape[-1] :]
        scale, shift = (float(network.weights["discharge", k][0]) for k in (1, 0))
        self.data = {
            "forcings": forcings, **scaled, "kernel": kernel[: forcings.shape[-1]].astype("float32"), "steady": steady,
            "recurrent": network.weights["lstm", 1], "head": network.weights["head", 0][:, 0],
            "head_bias": float(network.weights["head", 1][0]), "scale": scale, "shift": shift,
            "inputs": list(network.inputs), "names": _names(seen), "hidden": network.hidden,
            "first": int(seen.time.values[0].astype("datetime64[D]").astype(int)),
        }  # fmt: skip

    # the network, in float64 and day by day, as the page runs it

    def weather(self, changed: bool = True) -> np.ndarray:
        """Forcings (time, input) of the basin, with the change or without."""
        values = self.data["forcings"][self._basin].astype(float)
        if changed:
            rows = slice(YEAR + self.day, YEAR + self.day + self.days)
            inputs = self.data["inputs"]
            if self.what == "rain":
                column = inputs.index("prcp")
                values[rows, column] = np.maximum(values[rows, column] + self.rain, 0)
            else:
                for column in (inputs.index(name) for name in ("tmax", "tmin") if name in inputs):
                    values[rows, column] += self.warmth
        return values

    def run(self, weather: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Discharge (time,) [mm/day], and (time, hidden) of the gates and of ``cell``."""
        data = self.data
        ahead = (weather - data["mean"]) / data["spread"] @ data["kernel"].astype(float) + data["steady"][self._basin]
        recurrent, n = data["recurrent"].astype(float), data["hidden"]
        hidden, cell, kept = np.zeros(n), np.zeros(n), np.empty((len(weather), 6, n))
        for step, now in enumerate(ahead):
            z = now + hidden @ recurrent
            i, f, o = (1 / (1 + np.exp(-z[k * n : (k + 1) * n])) for k in (0, 1, 3))
            g = np.tanh(z[2 * n : 3 * n])
            cell = f * cell + i * g
            hidden = o * np.tanh(cell)
            kept[step] = i, f, g, o, cell, hidden
        raw = kept[:, 5] @ data["head"].astype(float) + data["head_bias"]
        inside = {name: kept[:, k] for k, name in enumerate((*GATES, "cell"))}
        return np.maximum(raw * data["scale"] + data["shift"], 0), inside

    def followed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict, dict]:
        """Difference, discharge without and with (each (365,) from the changed day on), cells without and with."""
        rows = slice(YEAR + self.day, 2 * YEAR + self.day)
        without, cells = self.run(self.weather(changed=False)[: rows.stop])
        with_, changed = self.run(self.weather()[: rows.stop])
        pick = lambda inside: {name: values[rows] for name, values in inside.items()}  # noqa: E731
        return (with_ - without)[rows], without[rows], with_[rows], pick(cells), pick(changed)

    def numbers(self) -> dict[str, Any]:
        difference, _, _, cells, changed = self.followed()
        size = np.abs(difference)
        peak = int(size.argmax())
        added = self.weather()[:, :].sum(axis=0) - self.weather(changed=False).sum(axis=0)
        rain = added[self.data["inputs"].index("prcp")]
        running, total = np.cumsum(size), float(difference.sum())
        moved = np.abs(changed["cell"] - cells["cell"])
        known = (moved[30] > 0.05 * moved.max(axis=0)) & (moved.max(axis=0) > 0)
        return {
            "saying": self.what, "name": self.data["names"][self._basin], "date": self._date(),
            "amount": self.rain if self.what == "rain" else self.warmth, "days": self.days,
            "peak": float(difference[peak]), "lag": peak, "total": total,
            "share": total / rain if self.what == "rain" and abs(rain) > 1e-9 else np.nan,
            "half": int(np.searchsorted(running, running[-1] / 2)) if running[-1] > 0 else 0,
            "memory": int(np.flatnonzero(size > 0.05 * size[peak]).max()) + 1 if size[peak] > 0 else 0,
            "awake": int(known.sum()), "cells": self.data["hidden"],
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        import pandas as pd

        difference, without, with_, _, _ = self.followed()
        time = pd.date_range(np.datetime64(self._start(), "D"), periods=YEAR)
        return pd.DataFrame({"without": without, "with": with_, "difference": difference}, time).rename_axis("time")

    def figure(self) -> Picture:
        from ...panels.picture import CYCLE, OKABE_ITO, Picture

        table = self.table()
        picture = Picture(8, 4.4, alt=self.describe())
        above, below = picture.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        above.plot(table.index, table["without"], color=OKABE_ITO["black"], label="as it was")
        above.plot(table.index, table["with"], color=CYCLE[1], label=f"with {self.what} added")
        above.set(ylabel="Discharge [mm/day]", title=f"{self.title} {self.data['names'][self._basin]}")
        above.legend(loc="upper right")
        below.plot(table.index, table["difference"], color=CYCLE[1])
        below.set(ylabel="Difference [mm/day]")
        return picture

    @property
    def _basin(self) -> int:
        return min(self.basin, len(self.data["names"]) - 1)

    def _start(self) -> int:
        return self.data["first"] + YEAR + self.day

    def _date(self) -> str:
        date = np.datetime64(self._start(), "D").item()
        return f"{date.day} {date:%b}"


def _vector(network: NumpyLSTM, which: int) -> np.ndarray:
    size = len(network.inputs)
    stored = network.weights.get(("scale_forcings", which))
    return np.full(size, float(which)) if stored is None else stored.astype(float)


def _names(basins: xr.Dataset) -> list[str]:
    """Ids, with the climate or the snow for those who don't know the ids by heart."""
    names = [str(name) for name in basins.basin.values]
    if "climate" in basins:
        return [f"{name}, {where}" for name, where in zip(names, basins.climate.values)]
    return names
