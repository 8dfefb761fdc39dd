"""A hydrograph to look into: any part of the record, its weather, its score, and where the score was lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..basins import TARGET, BasinError
from .scored import scored

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...panels.picture import Picture

HERE = Path(__file__).parent
SHOWN = ("nse", "log_nse", "kge", "r")
CHOSEN = ("sim-02", "sim-03", "sim-05", "sim-11")
RIVER = ("{name}, {days} days from {date}: {rain} mm of rain, {flow} mm of discharge, a runoff ratio of {ratio}; highest flow "
         "{highest} mm/day, {missing} days without a measurement.")  # fmt: skip


class HydrographExplorer(Explorer):
    """Zoom into discharge and weather; the scores are those of what is shown.

    The runoff ratio is discharge over rain of the days on which both are known.

    Parameters
    ----------
    basins : discharge and forcings in the one schema, up to eight basins; four simulated ones by default, with two simulations
    simulated : name -> discharge (basin, time) [mm/day], or one DataArray; matched to `basins` by basin and by day
    """

    _esm = bundle(HERE / "hydrograph.js")
    title = "A river, its weather and its score"

    basin = t.Int(0, min=0, max=7, help="which basin").tag(sync=True, label="Basin")
    simulation = t.Int(0, min=0, max=7, help="which simulation").tag(sync=True, label="Simulation")
    start = t.Int(0, min=0, max=40_000, help="first day shown, from the beginning of the record [days]").tag(
        sync=True, label="First day")
    length = t.Int(365, min=14, max=15_000, help="days shown [days]").tag(sync=True, label="Days shown")
    scale = t.Enum(("linear", "log"), "linear", help="axis of the discharge").tag(
        sync=True, label="Discharge axis", names={"linear": "Linear", "log": "Log"})
    weather = t.Enum(("rain", "both"), "rain", help="what hangs above the river").tag(
        sync=True, label="Weather", names={"rain": "Rain", "both": "Rain, warmth"}, detail=True)

    formats = dict.fromkeys(SHOWN, ".2f") | {"bias": "+.0%", "lost": ".2f", "alpha": ".2f", "days": "d", "rain": ",.0f",
        "flow": ",.0f", "ratio": ".0%", "missing": "d", "highest": ".1f", "highest_simulated": ".1f"}  # fmt: skip
    words = {
        "river": RIVER,
        "scored": RIVER + " {simulation}: NSE {nse}, log NSE {log_nse}, KGE {kge}, correlation {r}, variability ratio {alpha}, "
                          "bias {bias}, highest flow {highest_simulated} mm/day. Of the perfect 1, NSE lost "
                          "{lost.correlation} to timing, {lost.variability} to variability and {lost.bias} to volume.",
    }  # fmt: skip
    presets = (
        Preset("snow", "", "A year in the Rocky Mountains. When does it rain, and when does the river flow?",
               "Rain and snow fall all year; most of the discharge comes in spring. The network has the timing, and too much."),
        Preset("storms", "basin=2;start=60;length=150", "A Californian winter: the river answers each storm within a day.",
               "Peaks stand right under the rain bars. The network sees every one (correlation 0.92) and gives 125 % too much."),
        Preset("low_flow", "basin=3;scale=log", "A river in the Mid-Atlantic on a log axis: what happens between the floods?",
               "Straight falling lines: between floods the river loses the same share of its water every day."),
        Preset("climatology", "simulation=1", "Climatology: the usual discharge of each day of the year. What can it not know?",
               "That this year is dry: it has the season, 239 % too much water, and an NSE of -8.5."),
        Preset("dry_days", "basin=2;start=300;length=100;simulation=1", "A dry summer in California, and climatology again.",
               "It looks close, and NSE is 0.04: where little happens, the observed mean is hard to beat."),
        Preset("long", "length=1461", "Four years at once. Where are most of the errors?",
               "In the peaks: a score over years is mostly a score of a few days."),
    )  # fmt: skip

    def load(self, basins: xr.Dataset | None = None, simulated: Any = None) -> None:
        if basins is None:
            basins, simulated = _bundled()
        elif not hasattr(basins, "data_vars"):
            raise BasinError(f"this picture needs a Dataset of basins, such as open_basins() gives; received {basins!r}")
        else:
            self.presets = ()  # they speak of the bundled rivers
        basins = (basins if "basin" in basins.dims else basins.expand_dims("basin")).isel(basin=slice(0, 8))
        if missing := [name for name in (TARGET, "prcp") if name not in basins]:
            there = ", ".join(map(str, basins.data_vars))
            raise BasinError(f"a hydrograph needs {' and '.join(missing)}; this Dataset has {there}")
        if basins.sizes["time"] < 30:
            raise BasinError(f"a hydrograph needs 30 days or more; received {basins.sizes['time']}")
        given = {} if simulated is None else simulated if isinstance(simulated, Mapping) else {"simulated": simulated}
        names = [str(basin) for basin in basins.basin.values]
        if "climate" in basins:
            names = [f"{name}, {where}" for name, where in zip(names, basins.climate.values)]
        warm = (basins["tmax"] + basins["tmin"]) / 2 if {"tmax", "tmin"} <= {*basins.data_vars} else None
        self.data = {
            "names": names, "simulations": list(map(str, given)) or ["no simulation"], "scored": bool(given),
            "observed": _matrix(basins[TARGET], basins), "rain": _matrix(basins["prcp"], basins),
            "warmth": np.zeros((0, 0), "float32") if warm is None else _matrix(warm, basins),
            "simulated": np.stack([_on_the_days_of(basins, values, name) for name, values in given.items()])
            if given else np.full((1, basins.sizes["basin"], basins.sizes["time"]), np.nan, "float32"),
            "first": int(basins.time.values[0].astype("datetime64[D]").astype(int)),
        }  # fmt: skip

    def selection(self) -> tuple[int, int, slice]:
        """Basin, simulation and days that are shown."""
        size = self.data["observed"].shape[1]
        start = min(self.start, max(size - 14, 0))
        return (min(self.basin, len(self.data["names"]) - 1), min(self.simulation, len(self.data["simulations"]) - 1),
                slice(start, min(start + self.length, size)))  # fmt: skip

    def numbers(self) -> dict[str, Any]:
        basin, simulation, days = self.selection()
        o = self.data["observed"][basin, days].astype(float)
        s = self.data["simulated"][simulation, basin, days].astype(float)
        rain = self.data["rain"][basin, days].astype(float)
        there = np.isfinite(o)
        both = there & np.isfinite(rain)
        fallen = float(rain[both].sum())
        found = scored(o, s, SHOWN)
        date = np.datetime64(self.data["first"] + days.start, "D").item()
        return found | {
            "name": self.data["names"][basin], "simulation": self.data["simulations"][simulation], "days": o.size,
            "date": f"{date.day} {date:%b} {date.year}", "rain": float(np.nansum(rain)),
            "flow": float(o[there].sum()) if there.any() else np.nan,
            "ratio": float(o[both].sum()) / fallen if fallen > 0 else np.nan,
            "saying": "scored" if self.data["scored"] else "river",
            "missing": int((~there).sum()), "highest": float(o[there].max()) if there.any() else np.nan,
            "highest_simulated": float(np.nanmax(s)) if np.isfinite(s).any() else np.nan,
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        import pandas as pd

        basin, simulation, days = self.selection()
        time = np.datetime64(self.data["first"], "D") + np.arange(days.start, days.stop)
        columns = {"rain": self.data["rain"][basin, days], "observed": self.data["observed"][basin, days],
                   self.data["simulations"][simulation]: self.data["simulated"][simulation, basin, days]}  # fmt: skip
        return pd.DataFrame(columns, pd.DatetimeIndex(time, name="time"))

    def figure(self) -> Picture:
        from ...panels.picture import CYCLE, OKABE_ITO, Picture

        table = self.table()
        picture = Picture(8, 4.2, alt=self.describe())
        above, below = picture.subplots(2, 1, sharex=True, height_ratios=(1, 3))
        above.bar(table.index, table["rain"], width=1.0, color=CYCLE[0])
        above.set(ylabel="Rain [mm]", title=self.written("name"))
        above.invert_yaxis()
        below.plot(table.index, table["observed"], color=OKABE_ITO["black"], label="observed")
        name = table.columns[-1]
        if table[name].notna().any():
            below.plot(table.index, table[name], color=CYCLE[1], label=f"{name}, NSE {self.written('nse')}")
        below.set(ylabel="Discharge [mm/day]", yscale=self.scale)
        below.legend(loc="upper right")
        return picture


def _bundled() -> tuple[xr.Dataset, dict[str, xr.DataArray]]:
    """Four years of four simulated rivers, with what the bundled network and the climatology of the years before say."""
    from ..baselines import Climatology
    from ..numpy_lstm import load
    from ..simulated import simulated_basins

    basins = simulated_basins(12, 8).sel(basin=list(CHOSEN))
    half = basins.sizes["time"] // 2
    seen = basins.isel(time=slice(half, None))
    network = load().predict(basins.isel(time=slice(half - 365, None)))
    usual = Climatology().fit(basins.isel(time=slice(0, half))).predict(seen)
    return seen, {"bundled LSTM": network, "climatology": usual}


def _matrix(values: xr.DataArray, basins: xr.Dataset) -> np.ndarray:
    return values.transpose("basin", "time").values.astype("float32")


def _on_the_days_of(basins: xr.Dataset, values: Any, name: str) -> np.ndarray:
    """A simulation (basin, time) on the basins and days of `basins`, NaN where it has none."""
    if not hasattr(values, "dims") or "time" not in values.dims:
        raise BasinError(f"the simulation {name!r} needs to know its days: a DataArray (basin, time), such as predict() gives; "
                         f"received {type(values).__name__}")  # fmt: skip
    if "basin" not in values.dims:
        values = values.expand_dims(basin=[values.basin.item() if "basin" in values.coords else basins.basin.values[0]])
    return _matrix(values.reindex(basin=basins.basin.values, time=basins.time.values), basins)
