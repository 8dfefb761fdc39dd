"""NSE by hand: make a simulation late, wet, tame or wrong on single days, and see which score forgives it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..pairs import SkillError, aligned
from .scored import scored

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
SHOWN = ("nse", "log_nse", "kge", "kge2012", "r", "alpha", "beta")
YEAR = 365
NAMES = {"nse": "NSE", "log_nse": "log NSE", "kge": "KGE", "kge2012": "KGE of 2012", "r": "correlation r",
         "alpha": "variability ratio", "beta": "volume ratio", "bias": "bias", "rmse": "RMSE [mm/day]"}  # fmt: skip


class SkillExplorer(Explorer):
    """Shift, scale and tame a simulated hydrograph, drag single days; see which skill score forgives what.

    Parameters
    ----------
    observed : (time,) discharge [mm/day]; a simulated river by default
    simulated : (time,) discharge [mm/day] to be spoiled; by default the observations themselves, a perfect start

    Raises nothing: series that do not fit together are explained in the frame.
    """

    _esm = bundle(HERE / "skill.js")
    title = "What does a skill score forgive?"

    lag = t.Int(0, min=-10, max=10, help="shift of the simulation [days]; positive is late").tag(
        sync=True, label="Late by [days]")
    volume = t.Float(1.0, min=0.2, max=3.0, help="factor on the simulated discharge [-]").tag(
        sync=True, label="Volume, times", step=0.05)
    damping = t.Float(0.0, min=-0.5, max=1.0, help="0 leaves the ups and downs, 1 leaves only the mean [-]").tag(
        sync=True, label="Damping", step=0.05)
    cap = t.Float(1.0, min=0.02, max=1.0, help="floods are cut off at this share of the highest flow [-]").tag(
        sync=True, label="Floods cut off at", step=0.02)
    scope = t.Enum(("year", "all"), "year", help="the days that the scores look at").tag(
        sync=True, label="Score over", names={"year": "This year", "all": "All years"}, detail=True)
    year = t.Int(0, min=0, max=80, help="which year is shown, from the first").tag(sync=True, label="Year shown", detail=True)
    scale = t.Enum(("linear", "log"), "linear", help="axis of the discharge").tag(
        sync=True, label="Discharge axis", names={"linear": "Linear", "log": "Log"})
    hand = t.Unicode("", help="days set by hand, as day:discharge with commas between").tag(sync=True, label="Days set by hand")

    formats = dict.fromkeys(SHOWN, ".2f") | {"lag": "d", "volume": ".2f", "damping": ".2f", "cap": ".0%", "bias": "+.0%",
        "rmse": ".2f", "lost": ".2f", "set": "d"}  # fmt: skip
    words = ("The simulation is shifted by {lag} days, its volume multiplied by {volume}, its ups and downs damped by "
             "{damping}, floods cut off at {cap} of the highest flow, {set} days set by hand. Over {days}: NSE {nse}, log NSE "
             "{log_nse}, KGE {kge}; correlation {r}, variability ratio {alpha}, bias {bias}. Of the perfect 1, NSE lost "
             "{lost.correlation} to timing, {lost.variability} to variability and {lost.bias} to volume.")  # fmt: skip
    presets = (
        Preset("perfect", "", "The simulation is the observation. Every score is perfect: 1.",
               "All scores are 1.00, nothing is lost."),
        Preset("late", "lag=1", "One day late, everything else perfect. Which score minds?",
               "NSE and KGE fall steeply though the volume and the floods' size are right; only timing is lost."),
        Preset("wet", "volume=1.2", "Twenty percent too much water, every day.",
               "NSE stays high. KGE falls more: the volume counts there, and twice, through the variability too."),
        Preset("coward", "lag=1;damping=0.4", "Late again, but now the model makes its floods smaller. Who likes that?",
               "NSE rises compared with 'late': it rewards tame forecasts. KGE sees the lost variability."),
        Preset("no_floods", "cap=0.2", "Floods are cut off; the rest of the year is perfect.",
               "NSE falls a lot because of a few days; log NSE hardly moves."),
        Preset("low_flows", "damping=0.35;scale=log", "Damped towards the mean, on a log axis: low flows are far too high.",
               "NSE stays near 0.9; log NSE falls much lower, because it looks at the low flows."),
    )  # fmt: skip

    def load(self, observed: Any = None, simulated: Any = None) -> None:
        if observed is None:
            from ..simulated import simulated_basins

            observed = simulated_basins(4, 4).discharge.isel(basin=3)
        o, s = aligned(observed, observed if simulated is None else simulated)
        if o.size < YEAR:
            raise SkillError(f"this picture shows a year at a time, so it needs {YEAR} days or more; received {o.size}")
        if not np.isfinite(o[:YEAR]).any() or not np.isfinite(s).any():
            raise SkillError("there is no discharge to show: all values of the first year are missing (NaN)")
        first = np.asarray(observed.time.values[0] if hasattr(observed, "time") else np.datetime64("2001-01-01"))
        self.data = {"observed": o, "simulated": s, "first": int(first.astype("datetime64[D]").astype(int)),
                     "years": o.size // YEAR}  # fmt: skip

    def spoiled(self) -> np.ndarray:
        """The simulation (time,) [mm/day] with all that was done to it."""
        s = _shifted(self.data["simulated"], self.lag) * self.volume
        mean = np.nanmean(s[self._days()])
        s = np.maximum(mean + (1 - self.damping) * (s - mean), 0)
        s = np.minimum(s, self.cap * np.nanmax(s))
        for day, value in self.days_by_hand().items():
            s[day] = value
        return s

    def days_by_hand(self) -> dict[int, float]:
        """Days that were dragged: day -> discharge [mm/day]."""
        size = self.data["observed"].size
        days = {int(day): float(value) for day, value in re.findall(r"(\d+):([\d.]+)", self.hand)}
        return {day: value for day, value in days.items() if day < size}

    def numbers(self) -> dict[str, Any]:
        days = self._days()
        o, s = self.data["observed"][days], self.spoiled()[days]
        found = scored(o, s, ("nse", "log_nse", "kge", "kge2012", "r", "rmse"))
        return found | {
            "beta": 1 + found["bias"], "lag": self.lag, "volume": self.volume, "damping": self.damping, "cap": self.cap,
            "set": len(self.days_by_hand()), "days": "the year shown" if self.scope == "year" else "all years",
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        import pandas as pd

        numbers = self.numbers()
        return pd.DataFrame({"score": {NAMES[name]: numbers[name] for name in NAMES}}).rename_axis(index="name")

    def figure(self) -> Picture:
        from ...panels.picture import CYCLE, OKABE_ITO, Picture

        picture = Picture(8, 4.6, alt=self.describe())
        above, below = picture.subplots(2, 1, height_ratios=(3, 1))
        days = self._shown()
        time = np.datetime64(self.data["first"], "D") + np.arange(days.start, days.stop)
        above.plot(time, self.data["observed"][days], color=OKABE_ITO["black"], label="observed")
        above.plot(time, self.spoiled()[days], color=CYCLE[1], label="simulated")
        above.set(ylabel="Discharge [mm/day]", yscale=self.scale, title=self.title)
        above.legend(loc="upper right")
        numbers = self.numbers()
        names = ["nse", "log_nse", "kge", "r"]
        bars = [np.clip(np.nan_to_num(numbers[name]), -1, 1) for name in names]
        below.barh([NAMES[name] for name in names], bars, color=CYCLE[0])
        for row, name in enumerate(names):
            below.text(0.02, row, self.written(name, numbers), va="center", color="white" if numbers[name] > 0.2 else "black")
        below.set(xlim=(-1, 1), xlabel="score [-]")
        below.invert_yaxis()
        return picture

    def _shown(self) -> slice:
        start = min(self.year, self.data["years"] - 1) * YEAR
        return slice(start, start + YEAR)

    def _days(self) -> slice:
        return self._shown() if self.scope == "year" else slice(0, self.data["observed"].size)


def _shifted(values: np.ndarray, lag: int) -> np.ndarray:
    """`values` later by `lag` days; the days that nothing was shifted into are NaN."""
    shifted = np.full(values.size, np.nan)
    if lag >= 0:
        shifted[lag:] = values[: values.size - lag]
    else:
        shifted[:lag] = values[-lag:]
    return shifted
